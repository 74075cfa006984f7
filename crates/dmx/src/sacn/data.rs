//! Data packets: the levels of a universe, or their priorities.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadSacn, Cid, Kind, Layer, ROOT_LEN, SourceName};
use super::pdu::{self, PREAMBLE};
use super::universe::Universe;
use crate::MAX_SLOTS;
use crate::priority::Priority;

/// What the values of a packet are: the first of the values on a DMX512 line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartCode(pub u8);

impl StartCode {
    /// Levels of dimmers and everything else that is driven like them.
    pub const LEVELS: Self = Self(0x00);
    /// A priority for each slot, 1..=200; 0 where the source says nothing (ETC, registered with ESTA).
    pub const PRIORITIES: Self = Self(0xDD);
}

/// The options of a data packet. Reserved bits are neither kept nor written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// For visualisers only: not to be put on a stage.
    pub is_preview: bool,
    /// The source stops sending this universe; the values mean nothing.
    pub is_terminated: bool,
    /// When synchronisation is lost: whether to go on without it (`true`), or to keep the last look until it is back.
    pub is_forced: bool,
}

impl Options {
    const PREVIEW: u8 = 0x80;
    const TERMINATED: u8 = 0x40;
    const FORCE_SYNC: u8 = 0x20;

    const fn from_byte(byte: u8) -> Self {
        Self {
            is_preview: byte & Self::PREVIEW != 0,
            is_terminated: byte & Self::TERMINATED != 0,
            is_forced: byte & Self::FORCE_SYNC != 0,
        }
    }
    const fn byte(self) -> u8 {
        (if self.is_preview { Self::PREVIEW } else { 0 })
            | (if self.is_terminated { Self::TERMINATED } else { 0 })
            | (if self.is_forced { Self::FORCE_SYNC } else { 0 })
    }
}

/// A data packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<'a> {
    /// Who sends it.
    pub cid: Cid,
    /// What the sender calls itself.
    pub source_name: SourceName,
    /// How important it is, for all slots that have no priority of their own.
    pub priority: Priority,
    /// Whose synchronisation packet shows it; `None`: show it at once.
    pub sync: Option<Universe>,
    /// The packet's number: of all data packets that this source sends to this universe.
    pub sequence: u8,
    /// Its options.
    pub options: Options,
    /// The universe it is for.
    pub universe: Universe,
    /// What the values are.
    pub start_code: StartCode,
    /// The values, from slot 1 on; at most 512 (what is more is not written).
    pub slots: &'a [u8],
}

impl<'a> Data<'a> {
    pub(super) const VECTOR: u32 = 2;
    const DMP_SET_PROPERTY: u8 = 0x02;
    const DMP_ADDRESSING: [u8; 5] = [0xA1, 0, 0, 0, 1];
    /// Bytes before the values' layer.
    const FRAMING_END: usize = PREAMBLE.len() + ROOT_LEN + 77;
    /// Bytes before the slots.
    pub const HEADER_LEN: usize = Self::FRAMING_END + 11;
    /// The longest datagram.
    pub const MAX_LEN: usize = Self::HEADER_LEN + MAX_SLOTS;

    pub(super) fn read(mut framing: Reader<'a>, vector: u32, cid: Cid) -> Result<Self, BadSacn> {
        pdu::expect(Layer::Framing, vector, Self::VECTOR)?;
        let source_name = SourceName::from_bytes(framing.take()?);
        let priority = framing.u8()?;
        let sync = framing.u16_be()?;
        let (sequence, options) = (framing.u8()?, Options::from_byte(framing.u8()?));
        let universe = packet::universe(&mut framing)?;
        let mut dmp = pdu::take(framing.rest(), Layer::Dmp)?;
        pdu::expect(Layer::Dmp, dmp.u8()?.into(), Self::DMP_SET_PROPERTY.into())?;
        if dmp.take()? != Self::DMP_ADDRESSING {
            return Err(BadSacn::Addressing);
        }
        let count = dmp.u16_be()?;
        let slots = usize::from(count).checked_sub(1).filter(|slots| *slots <= MAX_SLOTS);
        let slots = slots.ok_or(BadSacn::Count(count))?;
        let start_code = StartCode(dmp.u8()?);
        Ok(Self {
            cid,
            source_name,
            priority: Priority::new(priority).ok_or(BadSacn::Priority(priority))?,
            sync: match sync {
                0 => None,
                number => Some(Universe::new(number).ok_or(BadSacn::Universe(number))?),
            },
            sequence,
            options,
            universe,
            start_code,
            slots: dmp.rest().get(..slots).ok_or(BadSacn::Truncated)?,
        })
    }

    /// Writes the datagram to the front of `buf`, returns its length: 126 bytes and the slots.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let slots = &self.slots[..self.slots.len().min(MAX_SLOTS)];
        let len = Self::HEADER_LEN + slots.len();
        let w = &mut Writer::new(buf);
        packet::begin(w, Kind::Data, self.cid, len)?;
        w.put(self.source_name.as_bytes())?;
        w.u8(self.priority.number())?;
        w.u16_be(self.sync.map_or(0, Universe::number))?;
        w.put(&[self.sequence, self.options.byte()])?;
        w.u16_be(self.universe.number())?;
        pdu::put(w, len - Self::FRAMING_END)?;
        w.u8(Self::DMP_SET_PROPERTY)?;
        w.put(&Self::DMP_ADDRESSING)?;
        w.u16_be(1 + slots.len() as u16)?;
        w.u8(self.start_code.0)?;
        w.put(slots)?;
        Ok(w.len())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use proptest::prelude::*;
    use std::vec::Vec;

    use super::super::Packet;
    use super::*;

    /// Everything of a packet but its slots.
    fn any_head() -> impl Strategy<Value = Data<'static>> {
        let options = (any::<bool>(), any::<bool>(), any::<bool>());
        let universes = (1..=63_999_u16, 0..=63_999_u16);
        (any::<[u8; 16]>(), any::<[u8; 32]>(), 0..=200_u8, universes, any::<u8>(), options, any::<u8>()).prop_map(
            |(cid, name, priority, (universe, sync), sequence, options, start_code)| {
                let (is_preview, is_terminated, is_forced) = options;
                let mut field = [0; 64];
                field[16..48].copy_from_slice(&name);
                Data {
                    cid: Cid(cid),
                    source_name: SourceName::from_bytes(field),
                    priority: Priority::new(priority).unwrap(),
                    sync: Universe::new(sync),
                    sequence,
                    options: Options { is_preview, is_terminated, is_forced },
                    universe: Universe::new(universe).unwrap(),
                    start_code: StartCode(start_code),
                    slots: &[],
                }
            },
        )
    }

    proptest! {
        /// DMX-1
        #[test]
        fn a_data_packet_that_was_written_is_read_back(
            head in any_head(),
            slots in prop::collection::vec(any::<u8>(), 0..=512),
            trailing in 0..4_usize,
        ) {
            let data = Data { slots: &slots, ..head };
            let mut buf = [0xEE; Data::MAX_LEN + 4];
            let len = data.encode(&mut buf).unwrap();
            prop_assert_eq!(len, 126 + slots.len());
            prop_assert_eq!(Packet::decode(&buf[..len + trailing]), Ok(Packet::Data(data)));
        }

        /// DMX-2
        #[test]
        fn every_cut_of_a_data_packet_is_refused(head in any_head(), slots in 0..=512_usize, cut in any::<prop::sample::Index>()) {
            let levels = [7; 512];
            let data = Data { slots: &levels[..slots], ..head };
            let mut buf = [0; Data::MAX_LEN];
            let len = data.encode(&mut buf).unwrap();
            prop_assert_eq!(Packet::decode(&buf[..cut.index(len)]), Err(BadSacn::Truncated));
        }

        #[test]
        fn no_buffer_that_is_too_short_is_written_past(head in any_head(), len in 0..126_usize) {
            let mut buf = [0; 126];
            prop_assert_eq!(head.encode(&mut buf[..len]), Err(Truncated));
        }
    }

    #[test]
    fn slots_beyond_the_last_are_not_written() {
        let slots: Vec<u8> = (0..600).map(|i| i as u8).collect();
        let data = Data {
            cid: Cid([1; 16]),
            source_name: SourceName::new("desk"),
            priority: Priority::DEFAULT,
            sync: None,
            sequence: 0,
            options: Options::default(),
            universe: Universe::FIRST,
            start_code: StartCode::LEVELS,
            slots: &slots,
        };
        let mut buf = [0; 1000];
        let len = data.encode(&mut buf).unwrap();
        assert_eq!(len, Data::MAX_LEN);
        assert_eq!(Packet::decode(&buf[..len]), Ok(Packet::Data(Data { slots: &slots[..512], ..data })));
    }
}
