//! The answer to LIST: as many STATUS frames as it takes, each with the count of all patterns (PATTERN-8).

use core::fmt;

use super::answer::{OK, STATUS};
use super::frame::finish;
use super::{CRC_LEN, Dialect, HEAD_LEN, Name};
use crate::bytes::{Reader, Truncated, Writer};

/// Status byte and count, before the first entry of a frame.
const LIST_HEAD: usize = 3;

/// One pattern of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListEntry<'a> {
    /// Its name, as it came.
    pub name: &'a [u8],
    /// Its size, bytes.
    pub size: u32,
}

/// One frame of a listing, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing<'a> {
    /// How many patterns there are in all frames together.
    pub count: u16,
    entries: &'a [u8],
}

/// A frame that is no part of a listing: an entry is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadListing;

impl fmt::Display for BadListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry of the listing is cut off")
    }
}
impl core::error::Error for BadListing {}

impl<'a> Listing<'a> {
    /// Reads what follows the status byte.
    pub fn read(rest: &'a [u8]) -> Result<Self, BadListing> {
        let mut r = Reader::new(rest);
        let count = r.u16_be().map_err(|_| BadListing)?;
        let listing = Self { count, entries: r.rest() };
        let mut entries = listing.entries();
        while entries.next().is_some() {}
        if entries.rest.is_empty() { Ok(listing) } else { Err(BadListing) }
    }
    /// The entries of this frame.
    pub const fn entries(&self) -> Entries<'a> {
        Entries { rest: self.entries }
    }
}

/// The entries of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = ListEntry<'a>;
    fn next(&mut self) -> Option<ListEntry<'a>> {
        let (&len, rest) = self.rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(len))?;
        let mut r = Reader::new(rest);
        let size = r.u32_be().ok()?;
        self.rest = r.rest();
        Some(ListEntry { name, size })
    }
}

/// Writes one frame of a listing.
#[derive(Debug)]
pub struct ListingWriter<'a> {
    dialect: Dialect,
    buf: &'a mut [u8],
    /// Bytes of the value.
    len: usize,
}

impl<'a> ListingWriter<'a> {
    /// Begins a frame in `buf`; `count` is that of all frames together.
    ///
    /// # Errors
    /// [`Truncated`] when `buf` does not hold a frame without entries.
    pub fn new(dialect: Dialect, count: u16, buf: &'a mut [u8]) -> Result<Self, Truncated> {
        let mut w = Writer::new(buf);
        w.put(&[STATUS, 0, 0, OK])?;
        w.u16_be(count)?;
        if buf.len() < dialect.overhead() + LIST_HEAD {
            return Err(Truncated);
        }
        Ok(Self { dialect, buf, len: LIST_HEAD })
    }

    /// Adds a pattern; `false` when the frame is full.
    pub fn push(&mut self, name: &Name, size: u32) -> bool {
        let name = name.as_str().as_bytes();
        let end = self.len + 1 + name.len() + 4;
        let crc = if self.dialect == Dialect::Checked { CRC_LEN } else { 0 };
        if HEAD_LEN + end + crc > self.buf.len() || end > usize::from(u16::MAX) {
            return false;
        }
        let mut w = Writer::new(&mut self.buf[HEAD_LEN + self.len..]);
        let len = u8::try_from(name.len()).expect("a name has at most 63 characters");
        let written = w.u8(len).and_then(|()| w.put(name)).and_then(|()| w.u32_be(size));
        written.expect("there is room for the entry");
        self.len = end;
        true
    }

    /// Ends the frame, returns its length.
    pub fn finish(self) -> usize {
        let len = u16::try_from(self.len).expect("entries beyond the length field were refused");
        self.buf[1..HEAD_LEN].copy_from_slice(&len.to_be_bytes());
        finish(self.dialect, self.buf, self.len).expect("room for the checksum was kept")
    }
}
