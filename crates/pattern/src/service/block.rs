//! Blocks in which a session gathers what is uploaded, so that the disk gets few large writes of many small chunks.

use cuelight_wire::tlv::RECEIVE_BUFFER;

/// Bytes of a block. Handing one over wakes a thread, which costs as much as copying many KiB. Of the processors an upload in
/// full frames takes, beside a bare echo of the same frames, 1.7 times as much with blocks of 4 KiB, 1.4 times with 8 KiB and
/// 1.2 times with 16 KiB (benchmark `upload`).
pub(super) const BLOCK: usize = 4 * RECEIVE_BUFFER;
/// Blocks of a session: one is filled while the other is written. They are made when bytes of an upload come.
pub(super) const BLOCKS: usize = 2;

/// A block and how much of it is filled.
#[derive(Debug)]
pub(super) struct Block {
    bytes: Box<[u8; BLOCK]>,
    len: usize,
}

impl Block {
    pub(super) fn new() -> Self {
        Self { bytes: Box::new([0; BLOCK]), len: 0 }
    }
    /// Takes what fits, returns the rest.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let free = &mut self.bytes[self.len..];
        let (now, later) = bytes.split_at(bytes.len().min(free.len()));
        free[..now.len()].copy_from_slice(now);
        self.len += now.len();
        later
    }
    pub(super) const fn is_full(&self) -> bool {
        self.len == BLOCK
    }
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// What is in it.
    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    /// Empties it.
    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }
}
