//! The node's side of its control session: when to dial, what to say first, when to give up.
//!
//! Decides: the state of the session (one transition function, `CTRL-31`), the redial delays (`CTRL-32`), whether a
//! welcome is acceptable (`CTRL-33`), when a keepalive is due (`CTRL-34`) and when a hub is silent (`CTRL-35`).
//! It composes no messages: the node role does, when an [`Output`] asks for one. Implements `docs/protocol/20-control.md`.
//!
//! Inputs are `handle_*`; after each, drain `poll_output` until it is `None`.

mod backoff;
mod event;
mod input;
mod output;
mod transition;

pub use backoff::Backoff;
pub use event::{BadWelcome, Ended, Output};
pub use transition::{Action, Event, State, transition};

use cuelight_wire::ids::{NodeId, Token, TokenHash};
use cuelight_wire::time::{Local, Time};
use heapless::Deque;

/// One step of the session has at most three outputs; the caller drains them after each input.
const OUTPUTS: usize = 8;

/// Counts since the session machine was made. Each stops at its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections asked for.
    pub dials: u32,
    /// Welcomes accepted.
    pub welcomes: u32,
    /// Welcomes refused.
    pub bad_welcomes: u32,
    /// Sessions ended by a silent hub, unanswered hellos and dials included.
    pub silences: u32,
    /// Connections that broke or were closed by the hub.
    pub losses: u32,
    /// `error` messages of the hub.
    pub hub_errors: u32,
}

/// What a live session gave the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The node's number.
    pub node_id: NodeId,
    /// To be given with every message.
    pub token: Token,
    /// Its hash, as the stream and the time exchange carry it.
    pub token_hash: TokenHash,
}

/// The node's control session.
#[derive(Clone, Debug)]
pub struct Session {
    state: State,
    identity: Option<Identity>,
    backoff: Backoff,
    /// When the state ends by itself: redial, or give up waiting. In [`State::Live`] it follows from `heard_at`.
    deadline: Time<Local>,
    keepalive_at: Time<Local>,
    heard_at: Time<Local>,
    live_at: Time<Local>,
    counters: Counters,
    /// Full (eight undrained outputs): the oldest is dropped.
    outputs: Deque<Output, OUTPUTS>,
}

impl Session {
    /// A session that dials at once, at its first `handle_timeout`. `seed` varies the redial delays between nodes.
    pub fn new(seed: u64, now: Time<Local>) -> Self {
        Self {
            state: State::Disconnected,
            identity: None,
            backoff: Backoff::new(seed),
            deadline: now,
            keepalive_at: now,
            heard_at: now,
            live_at: now,
            counters: Counters::default(),
            outputs: Deque::new(),
        }
    }
    /// The state.
    pub const fn state(&self) -> State {
        self.state
    }
    /// Who the node is in the live session.
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }
    /// Counts so far.
    pub const fn counters(&self) -> Counters {
        self.counters
    }
}
