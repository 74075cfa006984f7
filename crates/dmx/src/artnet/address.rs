//! ArtAddress: remote programming of a node, and commands to it.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadArtNet, OpCode};
use crate::text::Text;

/// What becomes of one part of a Port-Address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// It stays as it is.
    Keep,
    /// It becomes what the device's own switches say.
    Reset,
    /// It becomes this, 0..=127.
    To(u8),
}

impl Program {
    const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Reset,
            1..=0x7F => Self::Keep,
            0x80.. => Self::To(byte & 0x7F),
        }
    }
    const fn byte(self) -> u8 {
        match self {
            Self::Reset => 0,
            Self::Keep => 0x7F,
            Self::To(value) => 0x80 | value,
        }
    }
}

/// What a node is to do. Ports are 0..=3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing.
    None,
    /// The next ArtDmx ends merging.
    CancelMerge,
    /// Indicators as usual.
    LedsNormal,
    /// Indicators off.
    LedsMute,
    /// Indicators flash, so that people find it.
    LedsLocate,
    /// Forget what was wrong.
    ResetFlags,
    /// Analyse signals.
    AnalysisOn,
    /// Analyse signals no more.
    AnalysisOff,
    /// When data is lost: keep the last levels.
    FailHold,
    /// When data is lost: all slots to 0.
    FailZero,
    /// When data is lost: all slots to full.
    FailFull,
    /// When data is lost: the recorded scene.
    FailScene,
    /// Record what is put out now as that scene.
    FailRecord,
    /// The latest takes precedence.
    MergeLtp(u8),
    /// The port is an output.
    DirectionTx(u8),
    /// The port is an input.
    DirectionRx(u8),
    /// The highest takes precedence.
    MergeHtp(u8),
    /// The port puts out Art-Net.
    SelectArtNet(u8),
    /// The port puts out sACN.
    SelectAcn(u8),
    /// All slots to 0.
    Clear(u8),
    /// The port sends DMX512 when data comes.
    StyleDelta(u8),
    /// The port sends DMX512 all the time.
    StyleConstant(u8),
    /// RDM on.
    RdmEnable(u8),
    /// RDM off.
    RdmDisable(u8),
    /// Anything else, as it was read.
    Other(u8),
}

impl Command {
    /// Reads the command's byte.
    pub const fn from_byte(byte: u8) -> Self {
        let port = byte & 0x03;
        match byte {
            0x00 => Self::None,
            0x01 => Self::CancelMerge,
            0x02 => Self::LedsNormal,
            0x03 => Self::LedsMute,
            0x04 => Self::LedsLocate,
            0x05 => Self::ResetFlags,
            0x06 => Self::AnalysisOn,
            0x07 => Self::AnalysisOff,
            0x08 => Self::FailHold,
            0x09 => Self::FailZero,
            0x0A => Self::FailFull,
            0x0B => Self::FailScene,
            0x0C => Self::FailRecord,
            0x10..=0x13 => Self::MergeLtp(port),
            0x20..=0x23 => Self::DirectionTx(port),
            0x30..=0x33 => Self::DirectionRx(port),
            0x50..=0x53 => Self::MergeHtp(port),
            0x60..=0x63 => Self::SelectArtNet(port),
            0x70..=0x73 => Self::SelectAcn(port),
            0x90..=0x93 => Self::Clear(port),
            0xA0..=0xA3 => Self::StyleDelta(port),
            0xB0..=0xB3 => Self::StyleConstant(port),
            0xC0..=0xC3 => Self::RdmEnable(port),
            0xD0..=0xD3 => Self::RdmDisable(port),
            other => Self::Other(other),
        }
    }
    /// The command's byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::None => 0x00,
            Self::CancelMerge => 0x01,
            Self::LedsNormal => 0x02,
            Self::LedsMute => 0x03,
            Self::LedsLocate => 0x04,
            Self::ResetFlags => 0x05,
            Self::AnalysisOn => 0x06,
            Self::AnalysisOff => 0x07,
            Self::FailHold => 0x08,
            Self::FailZero => 0x09,
            Self::FailFull => 0x0A,
            Self::FailScene => 0x0B,
            Self::FailRecord => 0x0C,
            Self::MergeLtp(port) => 0x10 | port & 3,
            Self::DirectionTx(port) => 0x20 | port & 3,
            Self::DirectionRx(port) => 0x30 | port & 3,
            Self::MergeHtp(port) => 0x50 | port & 3,
            Self::SelectArtNet(port) => 0x60 | port & 3,
            Self::SelectAcn(port) => 0x70 | port & 3,
            Self::Clear(port) => 0x90 | port & 3,
            Self::StyleDelta(port) => 0xA0 | port & 3,
            Self::StyleConstant(port) => 0xB0 | port & 3,
            Self::RdmEnable(port) => 0xC0 | port & 3,
            Self::RdmDisable(port) => 0xD0 | port & 3,
            Self::Other(byte) => byte,
        }
    }
}

/// An ArtAddress packet. The node answers with its state (ArtPollReply).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Bits 14..8 of all Port-Addresses.
    pub net: Program,
    /// Bits 7..4 of all Port-Addresses.
    pub sub_net: Program,
    /// Which part of the device is meant.
    pub bind_index: u8,
    /// A new short name; empty: it stays.
    pub port_name: Text<18>,
    /// A new long name; empty: it stays.
    pub long_name: Text<64>,
    /// Bits 3..0 of the inputs' Port-Addresses.
    pub inputs: [Program; 4],
    /// Bits 3..0 of the outputs' Port-Addresses.
    pub outputs: [Program; 4],
    /// Priority of the sACN it makes, 0..=200; 255: it stays.
    pub acn_priority: u8,
    /// What else to do.
    pub command: Command,
}

impl Address {
    /// Bytes of a datagram.
    pub const LEN: usize = 107;

    /// Nothing but a command, to the part `bind_index` of a device.
    pub fn command(command: Command, bind_index: u8) -> Self {
        Self {
            net: Program::Keep,
            sub_net: Program::Keep,
            bind_index,
            port_name: Text::default(),
            long_name: Text::default(),
            inputs: [Program::Keep; 4],
            outputs: [Program::Keep; 4],
            acn_priority: u8::MAX,
            command,
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, BadArtNet> {
        let [net, bind_index] = r.take()?;
        let (port_name, long_name) = (Text::from_bytes(r.take()?), Text::from_bytes(r.take()?));
        let (inputs, outputs) = (r.take()?.map(Program::from_byte), r.take()?.map(Program::from_byte));
        let [sub_net, acn_priority, command] = r.take()?;
        Ok(Self {
            net: Program::from_byte(net),
            sub_net: Program::from_byte(sub_net),
            bind_index,
            port_name,
            long_name,
            inputs,
            outputs,
            acn_priority,
            command: Command::from_byte(command),
        })
    }

    /// Writes the datagram to the front of `buf`, returns its length, 107 bytes.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let w = &mut Writer::new(buf);
        packet::begin(w, OpCode::ADDRESS)?;
        w.put(&[self.net.byte(), self.bind_index])?;
        w.put(self.port_name.as_bytes())?;
        w.put(self.long_name.as_bytes())?;
        w.put(&self.inputs.map(Program::byte))?;
        w.put(&self.outputs.map(Program::byte))?;
        w.put(&[self.sub_net.byte(), self.acn_priority, self.command.byte()])?;
        Ok(w.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Packet;
    use super::*;

    #[test]
    fn every_byte_is_a_command_and_every_command_its_byte() {
        for byte in 0..=u8::MAX {
            assert_eq!(Command::from_byte(byte).byte(), byte);
        }
        assert_eq!(Command::from_byte(0x52), Command::MergeHtp(2));
        assert_eq!(Command::from_byte(0x14), Command::Other(0x14));
    }

    /// DMX-6, DMX-7
    #[test]
    fn programming_is_read_back_and_every_cut_of_it_is_refused() {
        let address = Address {
            net: Program::To(1),
            sub_net: Program::Reset,
            port_name: Text::new("door"),
            outputs: [Program::To(5), Program::Keep, Program::Reset, Program::To(15)],
            acn_priority: 120,
            ..Address::command(Command::MergeLtp(0), 3)
        };
        let mut buf = [0xEE; Address::LEN];
        assert_eq!(address.encode(&mut buf), Ok(Address::LEN));
        assert_eq!(Packet::decode(&buf), Ok(Packet::Address(address)));
        for cut in 0..Address::LEN {
            assert_eq!(Packet::decode(&buf[..cut]), Err(BadArtNet::Truncated), "{cut}");
        }
    }
}
