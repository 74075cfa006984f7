//! Frames of the pattern upload: type, length, value (`docs/protocol/80-patterns.md`).
//!
//! Two dialects share the frame and are told apart by it: *plain* ends with its value, *checked* has a CRC-32 after it
//! (PATTERN-1). Requests go from a client to what stores patterns, answers back; both are read without copying and
//! without allocating. An older generation of devices answers errors under a type and with codes of its own: those are
//! read as well, and never written.

mod answer;
mod frame;
mod listing;
mod metrics;
mod name;
mod request;

pub use answer::{Answer, ErrorCode, OlderError};
pub use frame::{BadFrame, Dialect, Frame};
pub use listing::{BadListing, Entries, ListEntry, Listing, ListingWriter};
pub use metrics::Metrics;
pub use name::{BadName, Name};
pub use request::{BadRequest, Control, Declared, Request, WriteError};

/// Type and length before a value, bytes.
pub const HEAD_LEN: usize = 3;
/// The checksum after a value of the checked dialect, bytes.
pub const CRC_LEN: usize = 4;
/// Longest frame a receiver takes, bytes (PATTERN-3).
pub const RECEIVE_BUFFER: usize = 4096;
/// Longest frame there can be: a length of 65,535 in the checked dialect.
pub const MAX_FRAME: usize = HEAD_LEN + 65_535 + CRC_LEN;
/// Longest name, characters.
pub const MAX_NAME: usize = 63;
/// Bytes of a pattern in one plain PUT_CHUNK, at most.
pub const MAX_PLAIN_CHUNK: usize = RECEIVE_BUFFER - HEAD_LEN;
/// Bytes of a pattern in one checked PUT_DATA, at most: its offset stands before them.
pub const MAX_CHECKED_CHUNK: usize = RECEIVE_BUFFER - HEAD_LEN - 4 - CRC_LEN;
