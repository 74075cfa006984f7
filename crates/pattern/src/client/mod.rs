//! A client of pattern stores: those of hubs and nodes, and deployed devices.
//!
//! It speaks both dialects. Of a device that acknowledges neither PUT_BEGIN nor PUT_DATA, and that answers errors under
//! an older type, it makes the best (PATTERN-24); a connection that breaks is made again with growing pauses
//! (PATTERN-23).

mod answers;
mod backoff;
mod connection;
mod error;
mod put;
mod retry;

pub use backoff::Backoff;
pub use connection::Client;
pub use error::ClientError;
pub use put::Progress;
pub use retry::{Retry, put};

use std::time::Duration;

use cuelight_trust::Trust;
use cuelight_wire::tlv::Dialect;

/// Which store, and how to speak to it.
#[derive(Clone, Debug)]
pub struct Target {
    /// `HOST:PORT`
    pub address: String,
    /// The operator key, which a hub wants of other machines.
    pub key: Option<String>,
    /// Whom to believe over TLS, which a hub wants of other machines; `None` is plain text, which devices speak.
    pub trust: Option<Trust>,
    /// What the store understands; a Cuelight store understands both.
    pub dialect: Dialect,
    /// Bytes of a pattern in one frame, at most what fits; deployed uploaders send 1024.
    pub chunk: usize,
    /// Frames under way before an answer is waited for. Deployed devices want one; Cuelight's stores take any number, and
    /// are faster with more.
    pub window: usize,
    /// How long to wait for an answer.
    pub answer_limit: Duration,
    /// How long to wait for the answer to PUT_BEGIN before the device is taken for one that gives none.
    pub begin_limit: Duration,
    /// How long to wait for a connection.
    pub connect_limit: Duration,
}

impl Target {
    /// A store at `HOST:PORT`, spoken to as deployed uploaders do.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            key: None,
            trust: None,
            dialect: Dialect::Checked,
            chunk: 1024,
            window: 1,
            answer_limit: Duration::from_secs(5),
            begin_limit: Duration::from_secs(1),
            connect_limit: Duration::from_secs(5),
        }
    }
}

/// A pattern, as a store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its size, bytes.
    pub size: u32,
}
