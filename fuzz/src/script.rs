//! Bytes as a list of steps for a machine: what a step needs is taken from the front, and zeros follow the end.

use cuelight_wire::time::{Local, Span, Time};

pub(crate) struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
    /// The next step's number; `None` at the end.
    pub(crate) fn step(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
    pub(crate) fn u8(&mut self) -> u8 {
        self.step().unwrap_or(0)
    }
    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.u8(), self.u8()])
    }
    pub(crate) fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }
    pub(crate) fn i64(&mut self) -> i64 {
        (i64::from(self.u32()) << 32) | i64::from(self.u32())
    }
    /// Bytes behind a length of two bytes; as many as there are when it says more.
    pub(crate) fn chunk(&mut self) -> &'a [u8] {
        let len = usize::from(self.u16()).min(self.rest.len());
        let (chunk, rest) = self.rest.split_at(len);
        self.rest = rest;
        chunk
    }
    /// A chunk that is text; empty when it is not.
    pub(crate) fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.chunk()).unwrap_or_default()
    }
    /// How long until the next step: milliseconds below 128, above that seconds.
    pub(crate) fn pause(&mut self) -> Span {
        match i64::from(self.u8()) {
            ms @ 0..128 => Span::from_ms(ms),
            s => Span::from_s(s - 128),
        }
    }
}

/// Drains an output; more than `limit` at once breaks the promise that every container is bounded.
pub(crate) fn drain<T>(what: &str, limit: usize, mut next: impl FnMut() -> Option<T>, mut each: impl FnMut(T)) {
    for _ in 0..=limit {
        match next() {
            Some(item) => each(item),
            None => return,
        }
    }
    panic!("more than {limit} {what} at once");
}

/// Where machines start: an instant like any other, not the clock's origin.
pub(crate) const START: Time<Local> = Time::from_ns(1_000_000_000_000);
