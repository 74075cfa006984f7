//! The stream plane, both ends: what a hub numbers and what a node accepts.
//!
//! Promises: a datagram that is wrong is dropped and counted by reason (`STREAM-31`); sequence numbers are compared in
//! serial-number arithmetic, so they may wrap (`STREAM-32`); what is missing is counted as loss, over the last seconds
//! and in all (`STREAM-33`); silence is told in two steps (`STREAM-34`). Implements `docs/protocol/30-stream.md`.

mod drops;
mod loss;
mod receiver;
mod sender;
mod sequence;

pub use drops::{DropCounts, DropReason};
pub use loss::{LossTotals, LossWindow};
pub use receiver::{Packet, Payload, Receiver, Silence};
pub use sender::Sender;
pub use sequence::{LARGE_GAP, Sequence, Verdict};
