//! `error`: what was wrong with a message, and the reasons a session ends for.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::Text;

/// `error`, hub to node
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorMessage {
    /// A short word for programs.
    pub code: Text<32>,
    /// A sentence for people.
    pub message: Text<160>,
}

/// Why a hub ends a session. The text is the reason of the WebSocket close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not a protocol version the hub speaks.
    UnsupportedProto,
    /// The message is not JSON, or lacks a field, or a field has the wrong form.
    Malformed,
    /// The message is longer than the limit.
    Oversized,
    /// Wrong or missing token.
    WrongToken,
    /// A message before hello.
    HelloFirst,
    /// More messages or hellos than a node has reason to send.
    TooMany,
    /// The node does not read what it is sent.
    SlowReader,
    /// The same node said hello on another connection.
    Replaced,
    /// Another machine says that it is a node whose session is alive.
    Taken,
    /// No keepalive in time.
    Silent,
    /// The hub has no room for another node.
    Full,
    /// Nobody has admitted the node to this show yet.
    NotAdmitted,
    /// The hub knows this node by another key.
    WrongKey,
    /// The hub is stopping.
    Stopping,
}

impl Refusal {
    /// A short word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnsupportedProto => "unsupported-proto",
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
            Self::WrongToken => "wrong-token",
            Self::HelloFirst => "hello-first",
            Self::TooMany => "too-many",
            Self::SlowReader => "slow-reader",
            Self::Replaced => "replaced",
            Self::Taken => "taken",
            Self::Silent => "silent",
            Self::Full => "full",
            Self::NotAdmitted => "not-admitted",
            Self::WrongKey => "wrong-key",
            Self::Stopping => "stopping",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnsupportedProto => "unsupported-proto: this hub speaks proto 1",
            Self::Malformed => "malformed: the message is not what its type demands",
            Self::Oversized => "oversized: a control message holds at most 1024 bytes",
            Self::WrongToken => "wrong-token: say hello again for a new token",
            Self::HelloFirst => "hello-first: the first message of a session is hello",
            Self::TooMany => "too-many: more messages than a node has reason to send",
            Self::SlowReader => "slow-reader: messages to this node are not being read",
            Self::Replaced => "replaced: this node said hello on another connection",
            Self::Taken => "taken: a node with this MAC is connected from another address",
            Self::Silent => "silent: no keepalive for 3.5 s",
            Self::Full => "full: this hub has no room for another node",
            Self::NotAdmitted => "not-admitted: this node waits until the hub's operator admits it",
            Self::WrongKey => "wrong-key: this hub knows the node by another key; forget its pairing on the hub",
            Self::Stopping => "stopping: the hub is shutting down",
        })
    }
}
