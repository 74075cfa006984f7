//! What a node knows about itself, for people and metrics.

use cuelight_wire::caps::Ext;
use cuelight_wire::ids::{NodeId, Revision};
use cuelight_wire::limits::LOSS_DEGRADED_PCT;
use cuelight_wire::time::{Local, Span, Time};

use super::NodeRole;
use crate::session::{self, State};
use crate::stream::{DropCounts, LossTotals, Silence};
use crate::sync::{Figures, SyncCounters};

/// A large gap degrades a node for as long as a hub wants to see good metrics before it calls the node ready again.
const GAP_DEGRADES_FOR: Span = Span::from_s(2);

/// Why a node is degraded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Degraded {
    /// The clock cannot be scheduled on.
    pub clock: bool,
    /// No stream packet for more than 200 ms.
    pub silence: bool,
    /// A large gap in the stream within the last 2 s.
    pub gap: bool,
    /// More than 2 % of the stream was lost in the last 5 s.
    pub loss: bool,
}

impl Degraded {
    /// Whether there is any reason.
    pub const fn is_any(&self) -> bool {
        self.clock || self.silence || self.gap || self.loss
    }
}

/// Counts of a node role since it was made. Each stops at its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Changes given to the driver.
    pub changes: u32,
    /// Of those, changes that came after their applyAt although the node was listening.
    pub late: u32,
    /// Changes refused because their applyAt is beyond the horizon; each is taken when it comes nearer.
    pub beyond_horizon: u32,
    /// Control copies of a full state older than what the stream had brought.
    pub stale_states: u32,
    /// Full states on the control plane that cannot be read.
    pub bad_states: u32,
    /// Packets and messages of the form that was not negotiated.
    pub not_negotiated: u32,
    /// Messages for another node, or with another session's token, or before welcome.
    pub misdirected: u32,
    /// Changes put off because the event queue was full; the next repeat brings them again.
    pub events_full: u32,
    /// Messages dropped because the message queue was full.
    pub messages_dropped: u32,
    /// Times the stream fell silent.
    pub fallbacks: u32,
}

/// A node's figures at one instant.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    /// The node's number, while a session is live.
    pub node_id: Option<NodeId>,
    /// The session's state.
    pub session: State,
    /// What was negotiated with the last hub.
    pub ext: Ext,
    /// Which run of a hub the last one was.
    pub boot_id: Option<u32>,
    /// Whether the stream is silent for so long that the node acts as without a hub.
    pub is_fallback: bool,
    /// Why the node is degraded, if it is.
    pub degraded: Degraded,
    /// Percent of the stream lost in the last 5 s.
    pub loss_pct: f32,
    /// The stream since the start.
    pub stream: LossTotals,
    /// Stream packets dropped, by reason.
    pub drops: DropCounts,
    /// The session machine's counts.
    pub sessions: session::Counters,
    /// The role's own counts.
    pub counters: Counters,
    /// The clock's figures.
    pub sync: Figures,
    /// The time exchange's counts, drops by reason included.
    pub exchange: SyncCounters,
    /// The newest change the node knows.
    pub newest: Revision,
}

impl NodeRole {
    /// The node's figures.
    pub fn status(&self, now: Time<Local>) -> NodeStatus {
        NodeStatus {
            node_id: self.session.identity().map(|id| id.node_id),
            session: self.session.state(),
            ext: self.ext,
            boot_id: self.boot_id,
            is_fallback: self.is_fallback,
            degraded: self.degraded(now),
            loss_pct: self.stream.loss_pct(now),
            stream: self.stream.totals(),
            drops: self.stream.drops(),
            sessions: self.session.counters(),
            counters: self.counters,
            sync: self.sync.figures(now),
            exchange: self.sync.counters(),
            newest: self.newest,
        }
    }

    fn degraded(&self, now: Time<Local>) -> Degraded {
        Degraded {
            clock: !self.sync.map(now).state.is_usable(),
            silence: self.stream.silence(now) > Silence::None,
            gap: self.stream.large_gap_at().is_some_and(|at| now - at < GAP_DEGRADES_FOR),
            loss: self.stream.loss_pct(now) > LOSS_DEGRADED_PCT,
        }
    }
}
