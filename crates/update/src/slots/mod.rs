//! Two images on disk and the state that chooses between them.
//!
//! ```text
//! FOLDER/boot.json        which slot runs, which is on trial, what failed; replaced whole, never written in place
//! FOLDER/a/image          a program
//! FOLDER/a/image.json     its version, length and digest, and whether it has proven itself
//! FOLDER/b/...
//! FOLDER/trust.json       the list of trusted keys in force, once it was replaced
//! FOLDER/download/        what is being fetched
//! ```
//!
//! The launcher writes `boot.json` while no image runs, the image while it runs: never both.

mod boot;
mod folder;
mod point;

pub use boot::{BadTransition, Boot, Failed, Image, Slot, Start, TRIES};
pub use folder::{RunningIn, Slots, SlotsError};
pub use point::Point;
