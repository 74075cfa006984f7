//! The header of a DDP packet, written exactly and read leniently.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::timecode::Timecode;

/// Bytes of a header without timecode.
pub const HEADER_LEN: usize = 10;
/// Bytes a timecode adds.
pub const TIMECODE_LEN: usize = 4;

const VERSION_MASK: u8 = 0xC0;
const VERSION_1: u8 = 0x40;

/// The flags of byte 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// No flag: the data goes into the display's buffer and waits.
    pub const NONE: Self = Self(0);
    /// Show the buffer now (with a timecode: then); in a reply, the end of the data.
    pub const PUSH: Self = Self(0x01);
    /// Asks for data.
    pub const QUERY: Self = Self(0x02);
    /// Sent by a display; its query flag means nothing.
    pub const REPLY: Self = Self(0x04);
    /// Data comes from the display's own storage; the packet's data names it.
    pub const STORAGE: Self = Self(0x08);

    // The timecode flag is not among them: it is set exactly when a header has a timecode.
    const ALL: u8 = 0x0F;
    const TIMECODE: u8 = 0x10;

    /// Whether every flag of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// The flags of both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A packet's number, 1..=15, or 0 for a sender that does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence(u8);

impl Sequence {
    /// Not used.
    pub const UNUSED: Self = Self(0);
    /// The first number.
    pub const FIRST: Self = Self(1);

    /// The low nibble of `byte`.
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte & 0x0F)
    }
    /// 0..=15.
    pub const fn number(self) -> u8 {
        self.0
    }
    /// The number after this one: 15 is followed by 1.
    pub const fn next(self) -> Self {
        Self(self.0 % 15 + 1)
    }
}

/// What the data is made of, byte 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// Three bytes a pixel.
    Rgb8,
    /// Four bytes a pixel.
    Rgbw8,
    /// Anything else, as it was read.
    Other(u8),
}

impl DataType {
    /// Reads byte 2. Undefined (0x00), RGB of undefined size (0x01, as older senders write it) and 0x0A are RGB8.
    pub const fn from_byte(byte: u8) -> Self {
        match byte {
            0x0B | 0x00 | 0x01 | 0x0A => Self::Rgb8,
            0x1B => Self::Rgbw8,
            other => Self::Other(other),
        }
    }
    /// What byte 2 is written as.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Rgb8 => 0x0B,
            Self::Rgbw8 => 0x1B,
            Self::Other(byte) => byte,
        }
    }
    /// Bytes a pixel, where that is known.
    pub const fn pixel_len(self) -> Option<usize> {
        match self {
            Self::Rgb8 => Some(3),
            Self::Rgbw8 => Some(4),
            Self::Other(_) => None,
        }
    }
}

/// Which part of a display the data is for, byte 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination(pub u8);

impl Destination {
    /// The default output.
    pub const DISPLAY: Self = Self(1);
    /// JSON control.
    pub const CONTROL: Self = Self(246);
    /// JSON configuration.
    pub const CONFIGURATION: Self = Self(250);
    /// JSON status.
    pub const STATUS: Self = Self(251);
    /// DMX in transit.
    pub const DMX: Self = Self(254);
    /// Every output of every display.
    pub const ALL: Self = Self(255);
}

/// Everything before the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What to do with the data.
    pub flags: Flags,
    /// The packet's number.
    pub sequence: Sequence,
    /// What the data is made of.
    pub data_type: DataType,
    /// What it is for.
    pub destination: Destination,
    /// Where in the display's buffer the data begins, bytes.
    pub offset: u32,
    /// Bytes of data; in a query, bytes asked for.
    pub length: u16,
    /// When to push; `None`: at once.
    pub timecode: Option<Timecode>,
}

/// Why a datagram is not a DDP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadDdp {
    /// It ends before its header, its timecode or its data does.
    Truncated,
    /// Its version is not 1; here are the two bits.
    Version(u8),
}

impl core::fmt::Display for BadDdp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Truncated => f.write_str("the datagram ends before the DDP packet does"),
            Self::Version(version) => write!(f, "DDP version {version} instead of 1"),
        }
    }
}
impl core::error::Error for BadDdp {}
impl From<Truncated> for BadDdp {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
}

impl Header {
    /// Whether data follows: not in a query.
    pub const fn has_data(&self) -> bool {
        !self.flags.has(Flags::QUERY) || self.flags.has(Flags::REPLY)
    }
    /// Writes the header to the front of `buf`, returns its length: 10 bytes, or 14 with a timecode.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let mut w = Writer::new(buf);
        let timecode_flag = if self.timecode.is_some() { Flags::TIMECODE } else { 0 };
        w.put(&[VERSION_1 | timecode_flag | self.flags.0, self.sequence.0, self.data_type.byte(), self.destination.0])?;
        w.u32_be(self.offset)?;
        w.u16_be(self.length)?;
        if let Some(Timecode(timecode)) = self.timecode {
            w.u32_be(timecode)?;
        }
        Ok(w.len())
    }
}

/// A packet as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its header.
    pub header: Header,
    /// Its data, `header.length` bytes; empty in a query.
    pub data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Reserved bits and bytes after the data are ignored.
    ///
    /// # Errors
    /// [`BadDdp`]; nothing of such a datagram is to be shown.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, BadDdp> {
        let mut r = Reader::new(datagram);
        let [first, sequence, data_type, destination] = r.take()?;
        if first & VERSION_MASK != VERSION_1 {
            return Err(BadDdp::Version(first >> 6));
        }
        let (offset, length) = (r.u32_be()?, r.u16_be()?);
        let timecode = if first & Flags::TIMECODE == 0 { None } else { Some(Timecode(r.u32_be()?)) };
        let header = Header {
            flags: Flags(first & Flags::ALL),
            sequence: Sequence::from_byte(sequence),
            data_type: DataType::from_byte(data_type),
            destination: Destination(destination),
            offset,
            length,
            timecode,
        };
        let data = if header.has_data() { r.rest().get(..usize::from(length)).ok_or(BadDdp::Truncated)? } else { &[] };
        Ok(Self { header, data })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    fn any_header() -> impl Strategy<Value = Header> {
        (0..16u8, any::<u8>(), any::<u8>(), any::<u8>(), any::<u32>(), 0..2000u16, any::<Option<u32>>()).prop_map(
            |(flags, sequence, data_type, destination, offset, length, timecode)| Header {
                flags: Flags(flags),
                sequence: Sequence::from_byte(sequence),
                data_type: DataType::from_byte(data_type),
                destination: Destination(destination),
                offset,
                length,
                timecode: timecode.map(Timecode),
            },
        )
    }

    proptest! {
        /// OUT-1
        #[test]
        fn a_packet_that_was_written_is_read_back(header in any_header(), trailing in 0..4usize) {
            let mut bytes = [0xEE; 2100];
            let head = header.encode(&mut bytes).unwrap();
            let data = if header.has_data() { usize::from(header.length) } else { 0 };
            let packet = Packet::decode(&bytes[..head + data + trailing]).unwrap();
            prop_assert_eq!(packet.header, header);
            prop_assert_eq!(packet.data, &bytes[head..head + data]);
        }

        #[test]
        fn no_datagram_makes_the_decoder_panic(bytes: Vec<u8>) {
            if let Ok(packet) = Packet::decode(&bytes) {
                prop_assert!(packet.data.len() <= bytes.len() - HEADER_LEN);
            }
        }

        #[test]
        fn every_cut_of_a_packet_is_refused(header in any_header(), cut in 0..10_000usize) {
            let mut bytes = [0; 2100];
            let head = header.encode(&mut bytes).unwrap();
            let whole = head + if header.has_data() { usize::from(header.length) } else { 0 };
            prop_assert_eq!(Packet::decode(&bytes[..cut % whole]), Err(BadDdp::Truncated));
        }
    }

    #[test]
    fn the_sequence_skips_zero() {
        let mut sequence = Sequence::FIRST;
        let numbers: Vec<u8> = (0..31)
            .map(|_| {
                let number = sequence.number();
                sequence = sequence.next();
                number
            })
            .collect();
        assert_eq!(numbers[..16], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1]);
        assert!(!numbers.contains(&0));
        assert_eq!(Sequence::UNUSED.next(), Sequence::FIRST);
    }

    #[test]
    fn older_senders_types_are_read_as_rgb() {
        for byte in [0x00, 0x01, 0x0A, 0x0B] {
            assert_eq!(DataType::from_byte(byte), DataType::Rgb8, "{byte:#x}");
        }
        assert_eq!(DataType::from_byte(0x1B).pixel_len(), Some(4));
        assert_eq!(DataType::from_byte(0x12).pixel_len(), None);
    }

    #[test]
    fn other_versions_are_refused() {
        for version in [0, 2, 3] {
            assert_eq!(Packet::decode(&[version << 6, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Err(BadDdp::Version(version)));
        }
    }
}
