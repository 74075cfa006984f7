//! The node role: one node's side of the show network, composed of session, clock and stream.
//!
//! Decides which changes reach the schedule, each once and on whichever way it comes first (`NODE-32`); what is applied
//! on arrival because the clock cannot be scheduled on (`NODE-33`); what is refused as too far ahead (`NODE-34`); what a
//! deployed hub's packets mean (`NODE-35`); which state of the cues is new (`CUE-2`); when a hub is missing (`NODE-36`); what hello and keepalive say (`NODE-37`).
//! Promises that no input makes it panic and that every queue is bounded (`NODE-31`). Implements
//! `docs/protocol/20-control.md`, `30-stream.md` and `40-time-exchange.md` for a node.
//!
//! # Driving it
//!
//! After every input, and whenever `poll_timeout` has come (then after `handle_timeout`), drain the outputs in this
//! order, each until it is `None`:
//!
//! 1. `poll_ping` and send it at once: its first timestamp was read a moment ago;
//! 2. `poll_message` and write it to the control connection;
//! 3. `poll_event`: changes into the ring to the frame loop, `Connect` and `Disconnect` to the dialler;
//! 4. `map` into the frame loop's clock cell;
//! 5. `poll_timeout`, and wait.
//!
//! Messages belong to the connection of the moment: those not drained when it ends are dropped with it.

mod changes;
mod config;
mod control;
mod cues;
mod deployed;
mod event;
mod input;
mod output;
mod seen;
mod status;
mod update;

pub use config::{NodeConfig, SyncUse};
pub use event::{FrameReport, NodeEvent, UpdateReport, Via};
pub use status::{Counters, Degraded, NodeStatus};

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{CueReport, NodeMessage};
use cuelight_wire::cues::CueState;
use cuelight_wire::ids::Revision;
use cuelight_wire::time::{Local, Show, Span, Time};
use heapless::Deque;

use crate::session::Session;
use crate::stream::Receiver;
use crate::sync::{ClockMap, SyncClient, SyncState};
use deployed::Deployed;
use seen::Seen;
use update::Updates;

const EVENTS: usize = 32;
/// Changes leave this many places to everything else, which comes a few at a time.
const EVENTS_KEPT_FREE: usize = 8;
const MESSAGES: usize = 8;

/// One node's side of the show network.
#[derive(Debug)]
pub struct NodeRole {
    config: NodeConfig,
    started_at: Time<Local>,
    session: Session,
    sync: SyncClient,
    stream: Receiver,
    /// What was negotiated with the last hub.
    ext: Ext,
    boot_id: Option<u32>,
    has_been_welcomed: bool,
    layers: Seen,
    tempos: Seen,
    masters: Seen,
    /// Layers the stream has brought, whether or not the control connection had before.
    heard: Seen,
    /// The newest numbered change the hub's run has given.
    newest: Revision,
    deployed: Deployed,
    /// The next full state, or a deployed hub's next change, brings what was in force before the node listened.
    is_catching_up: bool,
    /// A change of the last full state lies beyond the horizon: look at it again from then on.
    retry_at: Option<Time<Show>>,
    /// The hub's clock as it was last told, and when.
    hub_told: Option<(Time<Local>, Time<Show>)>,
    /// The free-running timeline of [`SyncUse::OnArrival`].
    free: ClockMap,
    /// Whether the clock was usable at the last input.
    was_usable: bool,
    is_fallback: bool,
    frames: FrameReport,
    /// The state of the cues that was told last.
    cues: Option<CueState>,
    cue_report: Option<CueReport>,
    updates: Updates,
    counters: Counters,
    /// Full: a change is put off (its next repeat brings it again); of anything else the oldest makes room.
    events: Deque<NodeEvent, EVENTS>,
    /// Layers the stream has brought, to be told after the events. Full: told at a later repeat.
    arrivals: Deque<(Revision, Time<Show>), EVENTS_KEPT_FREE>,
    /// Full: the oldest keepalive or time exchange makes room, else the oldest message.
    messages: Deque<NodeMessage, MESSAGES>,
}

impl NodeRole {
    /// A node that has just started and dials its hub at the first `handle_timeout`. `seed` varies probe and redial
    /// times between nodes.
    pub fn new(config: NodeConfig, seed: u64, now: Time<Local>) -> Self {
        let sync = SyncClient::new(config.profile, seed);
        Self {
            started_at: now,
            session: Session::new(seed, now),
            sync,
            stream: Receiver::new(now),
            ext: Ext::NONE,
            boot_id: None,
            has_been_welcomed: false,
            layers: Seen::default(),
            tempos: Seen::default(),
            masters: Seen::default(),
            heard: Seen::default(),
            newest: Revision::default(),
            deployed: Deployed::default(),
            is_catching_up: true,
            retry_at: None,
            hub_told: None,
            free: free_running(now, Time::ZERO),
            was_usable: false,
            is_fallback: false,
            frames: FrameReport::default(),
            cues: None,
            cue_report: None,
            updates: Updates::default(),
            counters: Counters::default(),
            events: Deque::new(),
            arrivals: Deque::new(),
            messages: Deque::new(),
            config,
        }
    }

    /// The timeline frames are locked to: the show clock, or the free-running one of [`SyncUse::OnArrival`].
    pub fn map(&self, now: Time<Local>) -> ClockMap {
        match self.config.sync {
            SyncUse::Scheduled => self.sync.map(now),
            SyncUse::OnArrival => self.free,
        }
    }

    /// The show clock as measured, whether it is used or not.
    pub fn measured_map(&self, now: Time<Local>) -> ClockMap {
        self.sync.map(now)
    }
}

/// A timeline that reads `show` at `local` and runs at the local clock's rate; nothing can be scheduled on it.
fn free_running(local: Time<Local>, show: Time<Show>) -> ClockMap {
    ClockMap { local0: local, show0: show, rate: 0, sigma: Span::MAX, bound: Span::MAX, state: SyncState::Unlocked }
}
