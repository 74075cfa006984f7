//! Synchronisation packets: show what you hold for this address.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadSacn, Cid, Kind};
use super::universe::Universe;

/// A synchronisation packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    /// Who sends it.
    pub cid: Cid,
    /// The packet's number: of all synchronisation packets that this source sends to this address.
    pub sequence: u8,
    /// The address that data packets name; the packet is sent to this universe's group.
    pub address: Universe,
}

impl Sync {
    /// Bytes of a datagram.
    pub const LEN: usize = 49;

    pub(super) fn read(mut framing: Reader<'_>, cid: Cid) -> Result<Self, BadSacn> {
        let (sequence, address) = (framing.u8()?, packet::universe(&mut framing)?);
        let _reserved: [u8; 2] = framing.take()?;
        Ok(Self { cid, sequence, address })
    }

    /// Writes the datagram to the front of `buf`, returns its length, 49 bytes.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let w = &mut Writer::new(buf);
        packet::begin(w, Kind::Sync, self.cid, Self::LEN)?;
        w.u8(self.sequence)?;
        w.u16_be(self.address.number())?;
        w.u16_be(0)?;
        Ok(w.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Packet;
    use super::*;

    proptest! {
        /// DMX-1, DMX-2
        #[test]
        fn a_synchronisation_packet_is_read_back_and_every_cut_of_it_is_refused(
            cid: [u8; 16], sequence: u8, address in 1..=63_999_u16, cut in 0..Sync::LEN,
        ) {
            let sync = Sync { cid: Cid(cid), sequence, address: Universe::new(address).unwrap() };
            let mut buf = [0xEE; Sync::LEN];
            prop_assert_eq!(sync.encode(&mut buf), Ok(Sync::LEN));
            prop_assert_eq!(Packet::decode(&buf), Ok(Packet::Sync(sync)));
            prop_assert_eq!(Packet::decode(&buf[..cut]), Err(BadSacn::Truncated));
        }
    }
}
