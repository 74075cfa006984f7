//! Why datagrams of the time exchange are dropped, at either end, counted by reason.

use cuelight_wire::exchange::BadExchange;

/// Why a pong was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PongDrop {
    /// No pong of the form in use.
    Bad(BadExchange),
    /// Another session's token, or no session.
    WrongToken,
    /// The session's datagrams end with a tag, and this is not the right one (`WIRE-18`).
    WrongTag,
    /// No ping with this number and t1 waits: a duplicate, a replay, too late, or never asked.
    NotOutstanding,
    /// The four stamps cannot all be true, or contradict the window.
    Implausible,
}

impl From<BadExchange> for PongDrop {
    fn from(bad: BadExchange) -> Self {
        Self::Bad(bad)
    }
}

/// Datagrams that are no message this end takes. Counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadCounters {
    /// Shorter than their type says.
    pub truncated: u32,
    /// Longer than their type says.
    pub oversized: u32,
    /// Of an unknown protocol version.
    pub wrong_version: u32,
    /// Of a type, or a form, that this end does not take.
    pub wrong_type: u32,
}

impl BadCounters {
    pub(super) fn count(&mut self, bad: BadExchange) {
        let counter = match bad {
            BadExchange::Truncated => &mut self.truncated,
            BadExchange::Oversized => &mut self.oversized,
            BadExchange::WrongVersion => &mut self.wrong_version,
            BadExchange::UnknownType => &mut self.wrong_type,
        };
        *counter = counter.saturating_add(1);
    }

    /// All together.
    pub const fn total(&self) -> u32 {
        self.truncated.saturating_add(self.oversized).saturating_add(self.wrong_version).saturating_add(self.wrong_type)
    }
}

/// What a node's sync client has counted since it was made. Counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncCounters {
    /// Pings handed out, UDP.
    pub pings: u32,
    /// Pings handed out, WebSocket.
    pub ts_pings: u32,
    /// Pongs that were taken, either way.
    pub pongs: u32,
    /// Pings that never got an answer (or too late).
    pub lost: u32,
    /// Exchanges completed with the hub's kernel transmit stamp.
    pub interleaved: u32,
    /// Kernel transmit stamps that could not be true and were left out.
    pub bad_stamps: u32,
    /// Dropped: no pong of the form in use.
    pub bad: BadCounters,
    /// Dropped: another session's token.
    pub wrong_token: u32,
    /// Dropped: not the right tag.
    pub wrong_tag: u32,
    /// Dropped: no such ping waits.
    pub not_outstanding: u32,
    /// Dropped: the stamps cannot be true.
    pub implausible: u32,
}

impl SyncCounters {
    pub(super) fn count(&mut self, drop: PongDrop) {
        let counter = match drop {
            PongDrop::Bad(bad) => return self.bad.count(bad),
            PongDrop::WrongToken => &mut self.wrong_token,
            PongDrop::WrongTag => &mut self.wrong_tag,
            PongDrop::NotOutstanding => &mut self.not_outstanding,
            PongDrop::Implausible => &mut self.implausible,
        };
        *counter = counter.saturating_add(1);
    }

    /// All drops together.
    pub const fn dropped(&self) -> u32 {
        self.bad
            .total()
            .saturating_add(self.wrong_token)
            .saturating_add(self.wrong_tag)
            .saturating_add(self.not_outstanding)
            .saturating_add(self.implausible)
    }
}
