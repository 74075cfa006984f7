//! The control plane's WebSocket: the limits and close reasons that hub and node share, and the node's end of it.

mod client;

use cuelight_wire::control::Refusal;
use cuelight_wire::limits::MAX_CONTROL_MESSAGE;

pub use client::{Call, Channel, Closed, ConnectError, Timeouts, connect};

/// What the WebSocket layer lets through, bytes. Above the limit for a message, so that an oversized one is read and
/// refused with a reason (CTRL-24); what is longer than this drops the connection.
pub const MAX_FRAME: usize = 4 * MAX_CONTROL_MESSAGE;

/// Buffer of each connection and direction, bytes; the library's default is 128 KiB.
pub const BUFFER: usize = 4096;

/// Every reason a hub ends a session for.
const REFUSALS: [Refusal; 14] = [
    Refusal::UnsupportedProto,
    Refusal::Malformed,
    Refusal::Oversized,
    Refusal::WrongToken,
    Refusal::HelloFirst,
    Refusal::TooMany,
    Refusal::SlowReader,
    Refusal::Replaced,
    Refusal::Taken,
    Refusal::Silent,
    Refusal::Full,
    Refusal::NotAdmitted,
    Refusal::WrongKey,
    Refusal::Stopping,
];

/// The status code of the close frame (RFC 6455, 7.4.1) that goes with a refusal; its reason is the refusal's text.
pub const fn close_code(refusal: Refusal) -> u16 {
    match refusal {
        Refusal::Stopping => 1001,
        Refusal::Malformed => 1007,
        Refusal::Oversized => 1009,
        Refusal::Full => 1013,
        Refusal::UnsupportedProto
        | Refusal::WrongToken
        | Refusal::HelloFirst
        | Refusal::TooMany
        | Refusal::SlowReader
        | Refusal::Replaced
        | Refusal::Taken
        | Refusal::Silent
        | Refusal::NotAdmitted
        | Refusal::WrongKey => 1008,
    }
}

/// The refusal that a close frame's reason tells of, if it is one of Cuelight's.
pub fn refusal_of(reason: &str) -> Option<Refusal> {
    let code = reason.split(':').next().unwrap_or_default();
    REFUSALS.into_iter().find(|refusal| refusal.code() == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CTRL-24
    #[test]
    fn every_refusal_is_known_again_by_its_close_reason() {
        for refusal in REFUSALS {
            let reason = refusal.to_string();
            assert_eq!(refusal_of(&reason), Some(refusal));
            // RFC 6455, 5.5: a control frame holds 125 bytes, two of them are the code.
            assert!(reason.len() <= 123, "{reason}");
        }
        assert_eq!(refusal_of("going away"), None);
        assert_eq!(refusal_of(""), None);
    }
}
