//! The conductor: one machine that a hub's shell, or the simulator, drives.
//!
//! Files by direction: `session` and `command` take what comes in, `timeout` makes the ticks, `ahead` what leaves before
//! them, `output` hands out what leaves, `view` shows, `saving` restores and saves, `update` rolls versions out, `cues` plays a show.

mod ahead;
mod command;
mod cues;
mod happening;
mod meter;
mod output;
mod restart;
mod saving;
mod session;
mod timeout;
mod update;
mod view;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use cuelight_wire::control::{HubMessage, Refusal, Text};
use cuelight_wire::ids::{NodeId, TokenHash};
use cuelight_wire::seal::Seal;
use cuelight_wire::time::{Local, Show, Span, Time};

use crate::clock::ShowClock;
use crate::command::{Answer, Command, CommandId};
use crate::config::Config;
use crate::cues::Cues;
use crate::event::Event;
use crate::fanout::FanOut;
use crate::rollout::{PastRollout, Running};
use crate::roster::{Allowance, Roster};
use crate::saved::Saved;
use crate::show::{FARTHEST, ShowState, whole_us};
use meter::Meter;

/// Events kept for the log; when full the oldest is dropped.
const MAX_EVENTS: usize = 1024;
/// Answers remembered for repeated commands; when full the oldest is dropped.
const MAX_ANSWERS: usize = 256;

/// Names a control connection; the shell never uses a number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What the shell does on a control connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    /// Send this.
    Message(HubMessage),
    /// Send an `error` message and close with this reason. The connection is already forgotten here; `handle_closed`
    /// for it changes nothing more.
    Close(Refusal),
}

/// A datagram to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// How much of the buffer.
    pub len: usize,
    /// Which copy of its node's datagram it is in this tick, or ahead of it: 0, 1 or 2.
    pub copy: u8,
}

/// A control connection.
#[derive(Debug)]
struct Conn {
    ip: IpAddr,
    /// Whose it is, after hello.
    node: Option<NodeId>,
    opened_at: Time<Local>,
    messages: Allowance,
    hellos: Allowance,
}

/// The machine.
#[derive(Debug)]
pub struct Conductor {
    config: Config,
    clock: ShowClock,
    /// Whether a node has been welcomed: from then on show time is not set any more.
    is_clock_fixed: bool,
    is_stopped: bool,
    started_at: Time<Local>,
    /// The tick that is due next.
    next_tick: u64,
    /// Something was announced ahead of that tick: what is decided from now on waits for it.
    was_ahead: bool,
    /// A command is carried out that will be announced ahead of the tick.
    counts_from_now: bool,
    show: ShowState,
    cues: Cues,
    roster: Roster,
    /// At most `config.max_connections`; one more is refused.
    conns: BTreeMap<ConnId, Conn>,
    fan_out: FanOut,
    meter: Meter,
    /// Direct answers and closes; bounded by [`Conductor::max_outgoing`], what comes then is dropped and counted.
    outgoing: VecDeque<(ConnId, Outgoing)>,
    /// Where the search for nodes with show messages due stands; `None`: there are none.
    due_from: Option<usize>,
    messages_dropped: u64,
    refused: u64,
    events: VecDeque<Event>,
    answers: VecDeque<(CommandId, Command, Answer)>,
    saved_revision: u64,
    sessions_revision: u64,
    /// The show that is armed.
    armed: Option<Text<64>>,
    /// Sessions by token with their places in the roster, as of both revisions; one entry for each session.
    places: Vec<(TokenHash, usize)>,
    places_as_of: Option<(u64, u64)>,
    /// The rollout that is going on, or was the last to.
    running: Option<Running>,
    /// Those before it, oldest first; at most [`update::MAX_PAST`].
    past_rollouts: Arc<Vec<PastRollout>>,
    next_rollout: u32,
    /// The revision of what is on the disk.
    durable_revision: u64,
}

impl Conductor {
    /// A conductor with what was saved. `show_hint`: show time now, as the saved map through the wall clock gives it;
    /// without it show time goes on just after the newest saved change, or begins at one second. The first tick is due
    /// one period after `now`.
    pub fn new(config: Config, saved: Saved, now: Time<Local>, show_hint: Option<Time<Show>>) -> Self {
        let clock = ShowClock::starting(show_hint, now);
        let mut conductor = Self {
            config,
            clock,
            is_clock_fixed: false,
            is_stopped: false,
            started_at: now,
            next_tick: 1,
            was_ahead: false,
            counts_from_now: false,
            show: ShowState::new(clock.show_at(now)),
            cues: Cues::new(),
            roster: Roster::default(),
            conns: BTreeMap::new(),
            fan_out: FanOut::default(),
            meter: Meter::new(),
            outgoing: VecDeque::new(),
            due_from: None,
            messages_dropped: 0,
            refused: 0,
            events: VecDeque::new(),
            answers: VecDeque::new(),
            saved_revision: 0,
            sessions_revision: 0,
            armed: None,
            places: Vec::new(),
            places_as_of: None,
            running: None,
            past_rollouts: Arc::default(),
            next_rollout: 1,
            durable_revision: 0,
        };
        conductor.restore(saved);
        if show_hint.is_none() {
            conductor.clock.begin_after(conductor.show.newest_at().max(conductor.cues.newest_at()), now);
        }
        conductor.show.encode();
        conductor
    }
    /// Changes whenever [`Self::saved`] does.
    pub fn saved_revision(&self) -> u64 {
        self.saved_revision
    }
    /// Token hashes of the sessions there are, for the time exchange, with what closes and opens its datagrams where that was
    /// agreed.
    pub fn sessions(&self) -> impl Iterator<Item = (TokenHash, Option<&Seal>)> + '_ {
        let sessions = self.roster.nodes().iter().filter_map(|node| node.session.as_ref());
        sessions.map(|session| (session.sender.token_hash(), session.exchange_seal.as_ref()))
    }
    /// Changes whenever [`Self::sessions`] does.
    pub fn sessions_revision(&self) -> u64 {
        self.sessions_revision
    }
    /// The show clock, for the time exchange. It may change until the first node is welcomed.
    pub fn show_clock(&self) -> ShowClock {
        self.clock
    }
    /// Direct answers the shell may leave unfetched: a welcome and a close for every connection.
    fn max_outgoing(&self) -> usize {
        2 * self.config.max_connections + 64
    }
    fn send(&mut self, conn: ConnId, outgoing: Outgoing) {
        if self.outgoing.len() < self.max_outgoing() {
            self.outgoing.push_back((conn, outgoing));
        } else {
            self.messages_dropped += 1;
        }
    }
    fn log(&mut self, event: Event) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
    /// Show time was set anew: what was saved on another timeline holds from now on.
    fn rebase(&mut self, now: Time<Local>) {
        let now = self.clock.show_at(now);
        self.show.rebase(now);
        self.cues.rebase(whole_us(now), now + FARTHEST);
    }
    /// The lead of a command for all of `nodes`: the largest of theirs, or the hub's own where there are none.
    fn lead_over(&self, is_meant: impl Fn(&crate::roster::Node) -> bool) -> Span {
        let present = self.roster.nodes().iter().filter(|node| node.session.is_some() && is_meant(node));
        present.map(|node| node.lead).max().unwrap_or(self.config.lead)
    }
}
