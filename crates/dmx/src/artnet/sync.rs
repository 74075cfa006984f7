//! ArtSync: show what you hold.

use cuelight_wire::bytes::{Reader, Truncated, Writer};

use super::packet::{self, BadArtNet, OpCode};

/// An ArtSync packet. All it says is when it comes, and from whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync;

impl Sync {
    /// Bytes of a datagram.
    pub const LEN: usize = 14;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, BadArtNet> {
        let _aux: [u8; 2] = r.take()?;
        Ok(Self)
    }

    /// Writes the datagram to the front of `buf`, returns its length, 14 bytes.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let w = &mut Writer::new(buf);
        packet::begin(w, OpCode::SYNC)?;
        w.u16_be(0)?;
        Ok(w.len())
    }
}
