//! Pattern files, `.prism`: pre-made pictures of a line of LEDs, one after the other (`docs/protocol/85-pattern-files.md`).
//!
//! A file is a header, a palette of at most 64 colours, and frames of palette indices, each as it is or run-length packed,
//! each for itself or as the difference from the frame before. [`Prism::read`] checks everything there is a rule for before
//! anything is used, copies nothing and allocates nothing; what it refuses it names ([`BadPrism`]). [`PrismWriter`] writes
//! such files.

mod error;
mod frame;
mod header;
mod read;
pub mod studio;
mod write;

pub use error::{BadPrism, Field, Problem};
pub use frame::{BadFrame, Frame, Frames};
pub use header::{Direction, Header, Motion, Rate, SyncMode};
pub use read::{Facts, Prism, Warning};
pub use write::{PrismWriter, WriteError, max_len};

/// What every pattern file begins with.
pub const MAGIC: [u8; 4] = *b"PRSM";
/// The most LEDs a frame may have: what one node draws at most.
pub const MAX_LEDS: u16 = 4096;
/// The most colours a palette may have.
pub const MAX_COLORS: u16 = 64;
/// The longest the deployed stores take, bytes.
pub const DEPLOYED_MAX_LEN: usize = 262_144;

/// Length of the header of every version.
pub(crate) const BASE_LEN: usize = 64;
/// Length of the metadata of version 1.1.
pub(crate) const META_LEN: usize = 16;
/// The bytes of the base header that its checksum covers.
pub(crate) const BASE_CHECKED: usize = 20;
/// The bytes of the metadata that the checksum of version 1.1 covers, too.
pub(crate) const META_CHECKED: usize = 6;
pub(crate) const VERSION_1_0: u16 = 0x0100;
pub(crate) const VERSION_1_1: u16 = 0x0101;
/// The frame is the difference (exclusive or) from the frame before.
pub(crate) const FLAG_DELTA: u8 = 1;
/// The frame is run-length packed.
pub(crate) const FLAG_PACKED: u8 = 2;
/// In packed frames: a byte with this bit is the length of a run, one without it a literal index.
pub(crate) const RUN: u8 = 0x80;
/// Longest run: 7 bits.
pub(crate) const MAX_RUN: usize = 0x7f;
