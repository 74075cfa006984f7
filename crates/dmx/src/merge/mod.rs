//! Which source a slot obeys. Implements DMX-11 and DMX-12.
//!
//! Each slot by itself: of the sources that say something about it those of the highest priority count, and among them
//! the highest level ([`Mode::Htp`]) or the level that changed last ([`Mode::Ltp`]) wins. That makes LTP steady between
//! sources that all send all the time: a packet that repeats a level takes nothing over.

mod contribution;
mod merged;
mod outcome;

pub use contribution::Contribution;
pub use merged::{Merged, Owned};
pub use outcome::{NOBODY, Outcome};

/// How sources of equal priority share a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The highest takes precedence.
    #[default]
    Htp,
    /// The latest takes precedence.
    Ltp,
}
