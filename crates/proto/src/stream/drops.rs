//! Why stream packets are dropped, and how often (`STREAM-31`).

use cuelight_wire::stream::BadPacket;

/// Why a datagram on the stream port is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// No session has begun yet, so no token is known.
    NoSession,
    /// Shorter than its header, or than its payload length says.
    Truncated,
    /// The payload is longer than 512 bytes, or the datagram longer than its payload length says.
    Oversized,
    /// The first byte is not a known protocol version.
    WrongVersion,
    /// Not a known message type.
    UnknownType,
    /// The token hash is not this session's.
    WrongToken,
    /// The session's packets end with a tag, and this is not the right one.
    WrongTag,
    /// The payload does not have the form its type demands.
    BadPayload,
    /// Its sequence number was accepted before: duplicated or replayed.
    Duplicate,
    /// Newer packets were accepted before it.
    Late,
}

impl From<BadPacket> for DropReason {
    fn from(bad: BadPacket) -> Self {
        match bad {
            BadPacket::Truncated => Self::Truncated,
            BadPacket::Oversized => Self::Oversized,
            BadPacket::WrongVersion => Self::WrongVersion,
            BadPacket::UnknownType => Self::UnknownType,
            BadPacket::WrongToken => Self::WrongToken,
            BadPacket::WrongTag => Self::WrongTag,
            BadPacket::BadPayload => Self::BadPayload,
        }
    }
}

/// How many datagrams were dropped, by reason, since the receiver was made. Each count stops at its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of DropReason")]
pub struct DropCounts {
    pub no_session: u64,
    pub truncated: u64,
    pub oversized: u64,
    pub wrong_version: u64,
    pub unknown_type: u64,
    pub wrong_token: u64,
    pub wrong_tag: u64,
    pub bad_payload: u64,
    pub duplicate: u64,
    pub late: u64,
}

impl DropCounts {
    /// The counts with the names metrics use.
    pub const fn named(&self) -> [(&'static str, u64); 10] {
        [
            ("no_session", self.no_session),
            ("truncated", self.truncated),
            ("oversized", self.oversized),
            ("wrong_version", self.wrong_version),
            ("unknown_type", self.unknown_type),
            ("wrong_token", self.wrong_token),
            ("wrong_tag", self.wrong_tag),
            ("bad_payload", self.bad_payload),
            ("duplicate", self.duplicate),
            ("late", self.late),
        ]
    }
    /// All drops together.
    pub fn total(&self) -> u64 {
        self.named().iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
    pub(super) fn count(&mut self, reason: DropReason) {
        let counter = match reason {
            DropReason::NoSession => &mut self.no_session,
            DropReason::Truncated => &mut self.truncated,
            DropReason::Oversized => &mut self.oversized,
            DropReason::WrongVersion => &mut self.wrong_version,
            DropReason::UnknownType => &mut self.unknown_type,
            DropReason::WrongToken => &mut self.wrong_token,
            DropReason::WrongTag => &mut self.wrong_tag,
            DropReason::BadPayload => &mut self.bad_payload,
            DropReason::Duplicate => &mut self.duplicate,
            DropReason::Late => &mut self.late,
        };
        *counter = counter.saturating_add(1);
    }
}
