//! What a session wants done.

use cuelight_wire::tlv::Name;

/// Tells the uploads of one session apart: 1 is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub u32);

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make room for an upload; its bytes follow.
    Open {
        /// Which.
        upload: UploadId,
        /// What it is to be called.
        name: Name,
    },
    /// Store what was taken of an upload, in place of what has its name; then `handle_stored`.
    Store {
        /// Which.
        upload: UploadId,
        /// Bytes of it.
        size: u32,
    },
    /// Remove every trace of an upload.
    Discard {
        /// Which.
        upload: UploadId,
    },
    /// Remove a pattern; then `handle_worked`.
    Delete {
        /// Which.
        name: Name,
    },
    /// Command the lights; then `handle_worked`.
    Control(Command),
}

/// What CONTROL asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Play a pattern.
    Play(Name),
    /// Stop playing.
    Stop,
    /// Brightness, 255 is full.
    Brightness(u8),
    /// Gamma, to a value that has no agreed layout.
    Gamma,
    /// Template, with a value that has no agreed layout.
    Template,
}
