//! The answer to STATUS with an empty value: figures of a store (PATTERN-9).

use super::answer::{OK, STATUS};
use super::frame::begin;
use super::{Dialect, Frame};
use crate::bytes::{Reader, Truncated};

/// Figures of a store. What is beyond a field's range is given as its largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Memory that could be had, bytes.
    pub free_memory: u32,
    /// The largest piece of it, bytes.
    pub largest_memory: u32,
    /// Patterns stored.
    pub patterns: u16,
    /// Bytes they take.
    pub store_used: u32,
    /// Bytes there is still room for.
    pub store_free: u32,
    /// Since the start, seconds.
    pub uptime_s: u32,
}

impl Metrics {
    /// Writes the whole answer into `buf`, returns its length.
    ///
    /// # Errors
    /// [`Truncated`] when `buf` is shorter than 30 bytes.
    pub fn write(&self, dialect: Dialect, buf: &mut [u8]) -> Result<usize, Truncated> {
        begin(dialect, STATUS, buf, |w| {
            w.u8(OK)?;
            w.u32_be(self.free_memory)?;
            w.u32_be(self.largest_memory)?;
            w.u16_be(self.patterns)?;
            w.u32_be(self.store_used)?;
            w.u32_be(self.store_free)?;
            w.u32_be(self.uptime_s)
        })
    }

    /// Reads an answer; `None` when the frame is none of this kind. Bytes after those known are passed over.
    pub fn read(frame: &Frame<'_>) -> Option<Self> {
        let mut r = Reader::new(frame.value);
        (frame.kind == STATUS && r.u8() == Ok(OK)).then_some(())?;
        let mut read = || {
            Ok::<_, Truncated>(Self {
                free_memory: r.u32_be()?,
                largest_memory: r.u32_be()?,
                patterns: r.u16_be()?,
                store_used: r.u32_be()?,
                store_free: r.u32_be()?,
                uptime_s: r.u32_be()?,
            })
        };
        read().ok()
    }
}
