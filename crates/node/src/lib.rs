//! The node process: it follows a hub and puts out frames.
//!
//! | module | is |
//! |---|---|
//! | `driver` | the thread that owns the protocol: sockets, control connection, node role |
//! | `cues` | the thread that follows the hub's cues: show files, steps, the whole |
//! | `dialer` | finding the hub and connecting to it |
//! | `frames` | the driver's side of the frame loop, which is `cuelight-output`'s |
//! | `lights` | the driver's side of the universes of a show |
//! | `page` | the node's own page: what it is told and answers |
//! | `patterns` | which patterns the frame loop has at hand |
//! | `supply` | the thread that fetches patterns from the hub |
//! | `universes` | which universes are the node's, and the change to others |
//! | `update` | images from the hub: taken, tried, taken back |
//! | `uploads` | the port that takes patterns, and plays them on a node without hub |
//! | `start` | opening everything, and ending it |
//!
//! Implements `docs/protocol/20-control.md`, `30-stream.md`, `40-time-exchange.md`, `50-schedule-and-frames.md` and `90-updates.md` on the
//! node's side.

mod cues;
mod dialer;
mod driver;
mod frames;
mod lighting;
mod lights;
mod page;
mod patterns;
mod settings;
mod start;
mod supply;
mod universes;
mod update;
mod uploads;

pub use settings::{BadOutput, NodeSettings, OutputSetting, UpdateSettings};
pub use start::{Ended, NodeError, run};
pub use update::BadKeys;
