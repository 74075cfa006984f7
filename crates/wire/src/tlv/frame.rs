//! One frame, in either dialect.

use core::fmt;

use super::{CRC_LEN, HEAD_LEN};
use crate::bytes::{Reader, Truncated, Writer};

/// How frames end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// With the value.
    Plain,
    /// With a CRC-32 (IEEE, big-endian) over type, length and value.
    Checked,
}

impl Dialect {
    /// Bytes of a frame beside its value.
    pub const fn overhead(self) -> usize {
        match self {
            Self::Plain => HEAD_LEN,
            Self::Checked => HEAD_LEN + CRC_LEN,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Checked => "checked",
        })
    }
}

/// One frame: a binary message of the WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// How it ends.
    pub dialect: Dialect,
    /// What it is; the numbers differ between dialects.
    pub kind: u8,
    /// What it holds, at most 65,535 bytes.
    pub value: &'a [u8],
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFrame {
    /// Too short for type and length.
    Short {
        /// Bytes there are.
        found: usize,
    },
    /// Neither as long as a plain frame of this length, nor as a checked one.
    Length {
        /// The length field.
        says: u16,
        /// Bytes there are after it.
        found: usize,
    },
    /// The checksum is wrong.
    Crc {
        /// What the frame says.
        says: u32,
        /// What its bytes give.
        is: u32,
    },
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { found } => write!(f, "{found} bytes, but type and length alone take {HEAD_LEN}"),
            Self::Length { says, found } => write!(f, "length {says}, but {found} bytes follow"),
            Self::Crc { says, is } => write!(f, "CRC-32 {says:08x}, but the bytes give {is:08x}"),
        }
    }
}
impl core::error::Error for BadFrame {}

impl<'a> Frame<'a> {
    /// Reads a whole message (PATTERN-1, PATTERN-2).
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BadFrame> {
        let short = |Truncated| BadFrame::Short { found: bytes.len() };
        let mut r = Reader::new(bytes);
        let kind = r.u8().map_err(short)?;
        let says = r.u16_be().map_err(short)?;
        let (rest, len) = (r.rest(), usize::from(says));
        if rest.len() == len {
            return Ok(Self { dialect: Dialect::Plain, kind, value: rest });
        }
        let wrong = BadFrame::Length { says, found: rest.len() };
        let (value, crc) = rest.split_last_chunk::<CRC_LEN>().filter(|(value, _)| value.len() == len).ok_or(wrong)?;
        let says = u32::from_be_bytes(*crc);
        let is = crc32fast::hash(&bytes[..HEAD_LEN + len]);
        if says == is { Ok(Self { dialect: Dialect::Checked, kind, value }) } else { Err(BadFrame::Crc { says, is }) }
    }

    /// Writes the frame into `buf`, returns its length.
    ///
    /// # Errors
    /// [`Truncated`] when `buf` is too short, or the value too long for its length field.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        begin(self.dialect, self.kind, buf, |w| w.put(self.value))
    }
}

/// Writes a frame whose value `write` writes; returns its length.
pub(super) fn begin(
    dialect: Dialect,
    kind: u8,
    buf: &mut [u8],
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), Truncated>,
) -> Result<usize, Truncated> {
    let (head, rest) = buf.split_at_mut_checked(HEAD_LEN).ok_or(Truncated)?;
    let mut value = Writer::new(rest);
    write(&mut value)?;
    let len = value.len();
    let [high, low] = u16::try_from(len).map_err(|_| Truncated)?.to_be_bytes();
    head.copy_from_slice(&[kind, high, low]);
    finish(dialect, buf, len)
}

/// Ends a frame whose head and value stand in `buf`; returns its length.
pub(super) fn finish(dialect: Dialect, buf: &mut [u8], value_len: usize) -> Result<usize, Truncated> {
    let end = HEAD_LEN + value_len;
    if dialect == Dialect::Checked {
        let (body, rest) = buf.split_at_mut_checked(end).ok_or(Truncated)?;
        let crc = rest.first_chunk_mut::<CRC_LEN>().ok_or(Truncated)?;
        *crc = crc32fast::hash(body).to_be_bytes();
    }
    Ok(value_len + dialect.overhead())
}
