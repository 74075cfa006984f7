//! ArtPollReply: what a node is and does.
//!
//! ```text
//!   8 operation        26 port name [18]      174 port types [4]      194 sACN priority   211 bind index
//!  10 IP address        44 long name [64]     178 input states [4]    195 macros          212 status 2
//!  14 port, little-end. 108 report [64]       182 output states A [4] 196 remotes         213 output states B [4]
//!  16 firmware          172 number of ports   186 inputs [4]          197 spare [3]       217 status 3
//!  18 net, 19 sub-net                         190 outputs [4]         200 style           218 RDM responder [6]
//!  20 OEM code                                                        201 MAC [6]         224 for the user [2]
//!  22 UBEA  23 status 1                                               207 bound IP [4]    226 refresh rate
//!  24 ESTA code, little-endian                                                            228 queue policy, 229 filler
//! ```

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadArtNet, OpCode};
use super::port_address::PortAddress;
use crate::text::Text;

/// What a port can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortType(pub u8);

impl PortType {
    /// Takes data from the network and puts it out, as DMX512.
    pub const DMX_OUTPUT: Self = Self(0x80);
    /// Takes data from its input to the network, as DMX512.
    pub const DMX_INPUT: Self = Self(0x40);

    /// Whether every bit of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The state of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoodOutput(pub u8);

impl GoodOutput {
    /// Data is put out.
    pub const DATA: Self = Self(0x80);
    /// Data of two sources is merged.
    pub const MERGING: Self = Self(0x08);
    /// The latest takes precedence, not the highest.
    pub const LTP: Self = Self(0x02);
    /// It takes sACN.
    pub const SACN: Self = Self(0x01);

    /// Whether every bit of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// The bits of both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a node can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status2(pub u8);

impl Status2 {
    /// Port-Addresses have 15 bits (Art-Net 3 and later).
    pub const PORT_ADDRESS_15: Self = Self(0x08);
    /// Its outputs can be switched to sACN.
    pub const SACN: Self = Self(0x10);

    /// The bits of both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// An ArtPollReply packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollReply {
    /// Where to send its data to.
    pub ip: [u8; 4],
    /// Its UDP port, 6454.
    pub port: u16,
    /// Version of its firmware.
    pub firmware: u16,
    /// Bits 14..8 of its Port-Addresses.
    pub net: u8,
    /// Bits 7..4 of its Port-Addresses.
    pub sub_net: u8,
    /// Its kind.
    pub oem: u16,
    /// Version of its user bios.
    pub ubea: u8,
    /// Indicators, and who set its addresses.
    pub status_1: u8,
    /// Its manufacturer.
    pub esta: u16,
    /// Short name.
    pub port_name: Text<18>,
    /// Long name.
    pub long_name: Text<64>,
    /// `#xxxx [yyyy] text`: a code, how many replies there were, what it means.
    pub report: Text<64>,
    /// Inputs or outputs, whichever are more.
    pub ports: u16,
    /// What each port can do.
    pub port_types: [PortType; 4],
    /// States of inputs.
    pub good_input: [u8; 4],
    /// States of outputs.
    pub good_output: [GoodOutput; 4],
    /// Bits 3..0 of the inputs' Port-Addresses.
    pub inputs: [u8; 4],
    /// Bits 3..0 of the outputs' Port-Addresses.
    pub outputs: [u8; 4],
    /// Priority of the sACN it makes.
    pub acn_priority: u8,
    /// Macro keys.
    pub macros: u8,
    /// Remote triggers.
    pub remotes: u8,
    /// What it is: 0 node, 1 controller, 2 media server.
    pub style: u8,
    /// MAC address; zeros when it cannot tell.
    pub mac: [u8; 6],
    /// Address of the device it is part of.
    pub bind_ip: [u8; 4],
    /// Which part of it, from 1; 0 and 1 are the root.
    pub bind_index: u8,
    /// What it can do.
    pub status_2: Status2,
    /// More states of outputs.
    pub good_output_b: [u8; 4],
    /// What its outputs do when data is lost: bits 7..6 hold, zero, full, scene.
    pub status_3: u8,
    /// RDM: default responder.
    pub responder: [u8; 6],
    /// For the user.
    pub user: u16,
    /// How often its outputs can be refreshed, hertz; 0: as DMX512.
    pub refresh_hz: u16,
    /// RDM: policy of the background queue.
    pub queue_policy: u8,
}

impl Default for PollReply {
    /// A node without ports, names and features, on Art-Net's port.
    fn default() -> Self {
        Self {
            ip: [0; 4],
            port: super::PORT,
            firmware: 0,
            net: 0,
            sub_net: 0,
            oem: 0,
            ubea: 0,
            status_1: 0,
            esta: 0,
            port_name: Text::default(),
            long_name: Text::default(),
            report: Text::default(),
            ports: 0,
            port_types: [PortType::default(); 4],
            good_input: [0; 4],
            good_output: [GoodOutput::default(); 4],
            inputs: [0; 4],
            outputs: [0; 4],
            acn_priority: 0,
            macros: 0,
            remotes: 0,
            style: 0,
            mac: [0; 6],
            bind_ip: [0; 4],
            bind_index: 0,
            status_2: Status2::default(),
            good_output_b: [0; 4],
            status_3: 0,
            responder: [0; 6],
            user: 0,
            refresh_hz: 0,
            queue_policy: 0,
        }
    }
}

impl PollReply {
    /// Bytes of a datagram as Art-Net 4 has it.
    pub const LEN: usize = 239;
    /// Bytes of the shortest that is understood, as Art-Net 1 has it.
    pub const MIN_LEN: usize = 207;

    /// The universes its outputs take.
    pub fn output_addresses(&self) -> impl Iterator<Item = PortAddress> + '_ {
        let of_port = |i: usize| PortAddress::from_parts(self.net, self.sub_net, self.outputs[i]);
        (0..4).filter(|i| self.port_types[*i].has(PortType::DMX_OUTPUT)).map(of_port)
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, BadArtNet> {
        let mut reply = Self::read_first(r)?;
        // What older versions leave off is 0.
        reply.bind_ip = r.take().unwrap_or_default();
        reply.bind_index = r.u8().unwrap_or_default();
        reply.status_2 = Status2(r.u8().unwrap_or_default());
        reply.good_output_b = r.take().unwrap_or_default();
        reply.status_3 = r.u8().unwrap_or_default();
        reply.responder = r.take().unwrap_or_default();
        reply.user = r.u16_be().unwrap_or_default();
        reply.refresh_hz = r.u16_be().unwrap_or_default();
        reply.queue_policy = r.u8().unwrap_or_default();
        Ok(reply)
    }

    /// What every version has.
    fn read_first(r: &mut Reader<'_>) -> Result<Self, BadArtNet> {
        let (ip, port, firmware) = (r.take()?, r.u16_le()?, r.u16_be()?);
        let [net, sub_net] = r.take()?;
        let (oem, ubea, status_1, esta) = (r.u16_be()?, r.u8()?, r.u8()?, r.u16_le()?);
        let (port_name, long_name) = (Text::from_bytes(r.take()?), Text::from_bytes(r.take()?));
        let (report, ports) = (Text::from_bytes(r.take()?), r.u16_be()?);
        let (port_types, good_input) = (r.take()?.map(PortType), r.take()?);
        let (good_output, inputs, outputs) = (r.take()?.map(GoodOutput), r.take()?, r.take()?);
        let [acn_priority, macros, remotes, _, _, _, style] = r.take()?;
        let mac = r.take()?;
        Ok(Self {
            ip,
            port,
            firmware,
            net,
            sub_net,
            oem,
            ubea,
            status_1,
            esta,
            port_name,
            long_name,
            report,
            ports,
            port_types,
            good_input,
            good_output,
            inputs,
            outputs,
            acn_priority,
            macros,
            remotes,
            style,
            mac,
            ..Self::default()
        })
    }

    /// Writes the datagram to the front of `buf`, returns its length, 239 bytes.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let w = &mut Writer::new(buf);
        packet::begin(w, OpCode::POLL_REPLY)?;
        w.put(&self.ip)?;
        w.u16_le(self.port)?;
        w.u16_be(self.firmware)?;
        w.put(&[self.net, self.sub_net])?;
        w.u16_be(self.oem)?;
        w.put(&[self.ubea, self.status_1])?;
        w.u16_le(self.esta)?;
        w.put(self.port_name.as_bytes())?;
        w.put(self.long_name.as_bytes())?;
        w.put(self.report.as_bytes())?;
        w.u16_be(self.ports)?;
        w.put(&self.port_types.map(|PortType(bits)| bits))?;
        w.put(&self.good_input)?;
        w.put(&self.good_output.map(|GoodOutput(bits)| bits))?;
        w.put(&self.inputs)?;
        w.put(&self.outputs)?;
        w.put(&[self.acn_priority, self.macros, self.remotes, 0, 0, 0, self.style])?;
        w.put(&self.mac)?;
        w.put(&self.bind_ip)?;
        w.put(&[self.bind_index, self.status_2.0])?;
        w.put(&self.good_output_b)?;
        w.u8(self.status_3)?;
        w.put(&self.responder)?;
        w.u16_be(self.user)?;
        w.u16_be(self.refresh_hz)?;
        w.u8(self.queue_policy)?;
        w.put(&[0; 10])?;
        Ok(w.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::super::Packet;
    use super::*;

    proptest! {
        /// DMX-6, DMX-9: whatever the fields hold, what is read is what was written, from 207 bytes on.
        #[test]
        fn a_reply_of_any_bytes_is_written_as_it_was_read(fields in prop::collection::vec(any::<u8>(), 229), cut in 0..=239_usize) {
            let mut bytes = b"Art-Net\0\x00\x21".to_vec();
            bytes.extend(&fields);
            // Spare and filler are not kept.
            bytes[197..200].fill(0);
            bytes[229..].fill(0);
            let read = Packet::decode(&bytes[..cut]);
            if cut < PollReply::MIN_LEN {
                prop_assert_eq!(read, Err(BadArtNet::Truncated));
                return Ok(());
            }
            let Ok(Packet::PollReply(reply)) = read else { panic!("long enough: {read:?}") };
            let mut written = [0xEE; PollReply::LEN];
            prop_assert_eq!(reply.encode(&mut written), Ok(PollReply::LEN));
            prop_assert_eq!(&written[..PollReply::MIN_LEN], &bytes[..PollReply::MIN_LEN]);
            if cut == PollReply::LEN {
                prop_assert_eq!(&written[..], &bytes[..]);
            }
            prop_assert_eq!(Packet::decode(&written), Ok(Packet::PollReply(reply)));
        }
    }

    #[test]
    fn the_universes_of_outputs_are_made_of_net_sub_net_and_the_ports_own_bits() {
        let mut reply = PollReply { net: 1, sub_net: 2, outputs: [3, 4, 5, 6], ..PollReply::default() };
        reply.port_types = [PortType::DMX_OUTPUT, PortType::DMX_INPUT, PortType(0xC0), PortType(0)];
        let addresses: Vec<u16> = reply.output_addresses().map(PortAddress::number).collect();
        assert_eq!(addresses, [0x123, 0x125]);
    }
}
