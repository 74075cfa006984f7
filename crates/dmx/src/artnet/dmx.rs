//! ArtDmx: the levels of a universe.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadArtNet, OpCode};
use super::port_address::PortAddress;
use crate::MAX_SLOTS;

/// A packet's number, 1..=255, or 0 from a sender that does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence(pub u8);

impl Sequence {
    /// Not counted.
    pub const UNUSED: Self = Self(0);
    /// The first number.
    pub const FIRST: Self = Self(1);

    /// The number after this one: 255 is followed by 1.
    pub const fn next(self) -> Self {
        Self(self.0 % 255 + 1)
    }
}

/// An ArtDmx packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dmx<'a> {
    /// The packet's number: of all that this sender sends to this universe.
    pub sequence: Sequence,
    /// The sender's input that the levels come from; two inputs of one sender are two sources.
    pub physical: u8,
    /// The universe it is for.
    pub port_address: PortAddress,
    /// The levels, from slot 1 on; 1 to 512 (what is more is not written).
    pub slots: &'a [u8],
}

impl<'a> Dmx<'a> {
    /// Bytes before the slots.
    pub const HEADER_LEN: usize = 18;
    /// The longest datagram.
    pub const MAX_LEN: usize = Self::HEADER_LEN + MAX_SLOTS;

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, BadArtNet> {
        let (sequence, physical) = (Sequence(r.u8()?), r.u8()?);
        let number = r.u16_le()?;
        let port_address = PortAddress::new(number).ok_or(BadArtNet::PortAddress(number))?;
        let length = r.u16_be()?;
        // Some senders leave the number odd; that harms nobody.
        if length == 0 || usize::from(length) > MAX_SLOTS {
            return Err(BadArtNet::Length(length));
        }
        let slots = r.rest().get(..usize::from(length)).ok_or(BadArtNet::Truncated)?;
        Ok(Self { sequence, physical, port_address, slots })
    }

    /// Writes the datagram to the front of `buf`, returns its length: 18 bytes and the slots, which a zero makes an even
    /// number of at least 2.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let slots = &self.slots[..self.slots.len().min(MAX_SLOTS)];
        let even = slots.len().next_multiple_of(2).max(2);
        let w = &mut Writer::new(buf);
        packet::begin(w, OpCode::DMX)?;
        w.put(&[self.sequence.0, self.physical])?;
        w.u16_le(self.port_address.number())?;
        w.u16_be(even as u16)?;
        w.put(slots)?;
        w.put(&[0; 2][..even - slots.len()])?;
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
        /// DMX-6, DMX-7
        #[test]
        fn levels_that_were_written_are_read_back_and_every_cut_is_refused(
            sequence: u8, physical: u8, port_address in 0..=0x7FFF_u16,
            slots in prop::collection::vec(any::<u8>(), 1..=512), cut in any::<prop::sample::Index>(),
        ) {
            let port_address = PortAddress::new(port_address).unwrap();
            let dmx = Dmx { sequence: Sequence(sequence), physical, port_address, slots: &slots };
            let mut buf = [0xEE; Dmx::MAX_LEN];
            let len = dmx.encode(&mut buf).unwrap();
            let mut even: Vec<u8> = slots.clone();
            if slots.len() % 2 == 1 {
                even.push(0);
            }
            prop_assert_eq!(len, 18 + even.len());
            prop_assert_eq!(Packet::decode(&buf[..len]), Ok(Packet::Dmx(Dmx { slots: &even, ..dmx })));
            prop_assert_eq!(Packet::decode(&buf[..cut.index(len)]), Err(BadArtNet::Truncated));
        }
    }

    #[test]
    fn numbers_of_slots_that_do_not_exist_are_refused_and_odd_ones_are_read() {
        let mut bytes = [0; Dmx::MAX_LEN];
        let dmx =
            Dmx { sequence: Sequence::UNUSED, physical: 0, port_address: PortAddress::default(), slots: &[9; 512] };
        dmx.encode(&mut bytes).unwrap();
        for (length, expected) in [(0_u16, Err(BadArtNet::Length(0))), (513, Err(BadArtNet::Length(513))), (3, Ok(3))] {
            bytes[16..18].copy_from_slice(&length.to_be_bytes());
            let found = Packet::decode(&bytes).map(|packet| match packet {
                Packet::Dmx(dmx) => dmx.slots.len(),
                _ => 0,
            });
            assert_eq!(found, expected);
        }
        bytes[15] = 0x80;
        assert_eq!(Packet::decode(&bytes), Err(BadArtNet::PortAddress(0x8000)));
    }

    /// DMX-8
    #[test]
    fn the_sequence_skips_zero() {
        assert_eq!(Sequence::UNUSED.next(), Sequence::FIRST);
        assert_eq!(Sequence(254).next(), Sequence(255));
        assert_eq!(Sequence(255).next(), Sequence::FIRST);
    }
}
