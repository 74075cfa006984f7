//! Sending universes. Implements DMX-30 to DMX-36.
//!
//! A stream per universe knows what it says and when it is due; it writes one datagram for each poll that finds it due.
//! Whoever drives it polls all streams at the instants of a frame ([`Rate::show_at`]), then the synchroniser; between frames
//! nothing is due. Levels that do not change are repeated three times, then every 800 ms, so that receivers know that the
//! stream lives.

mod announcer;
mod artnet;
mod cadence;
mod rate;
mod sacn;
mod synchroniser;
#[cfg(test)]
mod tests;

pub use announcer::Announcer;
pub use artnet::ArtNetStream;
pub use cadence::KEEP_ALIVE;
pub use rate::Rate;
pub use sacn::{Identity, SacnSettings, SacnStream};
pub use synchroniser::{ArtNetSynchroniser, SacnSynchroniser};

use crate::MAX_SLOTS;

/// Slots as they are to be sent.
#[derive(Clone, Debug)]
struct Slots {
    bytes: [u8; MAX_SLOTS],
    len: usize,
}

impl Slots {
    const NONE: Self = Self { bytes: [0; MAX_SLOTS], len: 0 };

    fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    /// Takes at most 512 slots. Returns whether they are others than before.
    fn set(&mut self, slots: &[u8]) -> bool {
        let slots = &slots[..slots.len().min(MAX_SLOTS)];
        if self.get() == slots {
            return false;
        }
        self.bytes[..slots.len()].copy_from_slice(slots);
        self.len = slots.len();
        true
    }
}
