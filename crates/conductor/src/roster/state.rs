//! The life of a node: one function from (state, event) to state, every pair written out (`docs/protocol/60-roster.md`, ROSTER-1).
//!
//! ```text
//! PENDING --welcomed--> AUTHED --keepalive--> READY <--2 s good--> DEGRADED
//!                          ^                    |  closed, silent  |
//!                          +---- welcomed ---- LOST <--------------+ --cleanup--> REMOVED (identity stays known)
//! ```

use core::fmt;

/// Where a node is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// It said hello.
    #[default]
    Pending,
    /// Welcome was sent.
    Authed,
    /// It takes the stream and does well.
    Ready,
    /// It takes the stream and does badly.
    Degraded(Why),
    /// Its connection is gone.
    Lost,
    /// It left the roster; its identity stays known.
    Removed,
}

impl State {
    /// The state's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authed => "authed",
            Self::Ready => "ready",
            Self::Degraded(_) => "degraded",
            Self::Lost => "lost",
            Self::Removed => "removed",
        }
    }
    /// Whether the stream goes to the node (section 3: to each READY and DEGRADED node).
    pub const fn is_streaming(self) -> bool {
        matches!(self, Self::Ready | Self::Degraded(_))
    }
    /// Whether the node has a session.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Authed | Self::Ready | Self::Degraded(_))
    }
}

/// Why a node is degraded: a set of reasons, never empty in [`State::Degraded`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Why(u8);

impl Why {
    /// Nothing wrong.
    pub const NONE: Self = Self(0);
    /// Its clock has not locked yet in this session; over at once when it locks.
    pub const LOCKING: Self = Self(1);
    /// Its clock lost its lock.
    pub const UNLOCKED: Self = Self(2);
    /// Its clock drifts more than 3 ms.
    pub const DRIFT: Self = Self(4);
    /// It loses more than 2 % of the stream.
    pub const LOSS: Self = Self(8);
    /// A keepalive is overdue.
    pub const KEEPALIVE: Self = Self(16);
    /// Its time exchange over UDP fell silent.
    pub const SILENCE: Self = Self(32);

    /// It cannot have the show or the cues that are played (CUE-7).
    pub const CUES: Self = Self(64);

    const WORDS: [(Self, &'static str); 7] = [
        (Self::LOCKING, "clock not locked yet"),
        (Self::UNLOCKED, "clock lost its lock"),
        (Self::DRIFT, "clock drift over 3 ms"),
        (Self::LOSS, "packet loss over 2 %"),
        (Self::KEEPALIVE, "keepalive overdue"),
        (Self::SILENCE, "no time exchange over UDP"),
        (Self::CUES, "cannot play the cues"),
    ];

    /// Whether there is no reason.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
    /// Whether every reason of `other` is in this set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// The reasons in either set.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// The reasons, for people.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, word)| word)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for word in self.words() {
            write!(f, "{separator}{word}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// What happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Happening {
    /// Its hello was answered with a welcome.
    Welcomed,
    /// A keepalive with nothing wrong.
    GoodKeepalive,
    /// Something is wrong: in a keepalive, or because none came, or no time exchange.
    Wrong(Why),
    /// Good metrics for two seconds.
    Recovered,
    /// Its connection ended.
    Closed,
    /// No keepalive in time.
    Silent,
    /// It has been lost for the cleanup time.
    CleanupDue,
}

/// The state after `happening`. `None`: the happening means nothing in this state.
pub(crate) const fn next(state: State, happening: Happening) -> Option<State> {
    use Happening as H;
    use State as S;
    match (state, happening) {
        // A hello is welcome in every state and starts the session anew.
        (S::Pending | S::Authed | S::Ready | S::Degraded(_) | S::Lost | S::Removed, H::Welcomed) => Some(S::Authed),

        // The first keepalive of a session says that the node is ready, or what is wrong with it.
        (S::Authed, H::GoodKeepalive) => Some(S::Ready),
        (S::Authed, H::Wrong(why)) => Some(S::Degraded(why)),
        (S::Ready, H::Wrong(why)) => Some(S::Degraded(why)),
        // The newest reasons replace the older ones.
        (S::Degraded(_), H::Wrong(why)) => Some(S::Degraded(why)),
        // A first lock needs no proof of stability beyond its own.
        (S::Degraded(Why::LOCKING), H::GoodKeepalive) => Some(S::Ready),
        (S::Degraded(_), H::Recovered) => Some(S::Ready),

        (S::Pending | S::Authed | S::Ready | S::Degraded(_), H::Closed | H::Silent) => Some(S::Lost),
        (S::Lost, H::CleanupDue) => Some(S::Removed),

        // One good keepalive does not end a degradation; good ones do not change a ready node.
        (S::Degraded(_) | S::Ready, H::GoodKeepalive) => None,
        // Nothing to recover from.
        (S::Pending | S::Authed | S::Ready, H::Recovered) => None,
        // Before welcome there is no token, so no keepalive is accepted.
        (S::Pending, H::GoodKeepalive | H::Wrong(_)) => None,
        // Without a session nothing is heard of the node.
        (S::Lost | S::Removed, H::GoodKeepalive | H::Wrong(_) | H::Recovered | H::Closed | H::Silent) => None,
        // Only lost nodes are cleaned up, and only once.
        (S::Pending | S::Authed | S::Ready | S::Degraded(_) | S::Removed, H::CleanupDue) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::string::String;

    use super::*;

    #[test]
    fn the_whole_table_of_a_nodes_life() {
        // ROSTER-1
        let states = [
            State::Pending,
            State::Authed,
            State::Ready,
            State::Degraded(Why::LOCKING),
            State::Degraded(Why::LOSS),
            State::Lost,
            State::Removed,
        ];
        let happenings = [
            Happening::Welcomed,
            Happening::GoodKeepalive,
            Happening::Wrong(Why::DRIFT.or(Why::LOSS)),
            Happening::Recovered,
            Happening::Closed,
            Happening::Silent,
            Happening::CleanupDue,
        ];
        let label = |state: State| match state {
            State::Degraded(why) => std::format!("degraded ({why})"),
            other => String::from(other.name()),
        };
        let mut table = String::new();
        for state in states {
            for happening in happenings {
                let after = next(state, happening).map_or_else(|| String::from("-"), label);
                let happening = std::format!("{happening:?}");
                writeln!(table, "{:<32} {happening:<16} {after}", label(state)).unwrap();
            }
        }
        insta::assert_snapshot!(table);
    }
}
