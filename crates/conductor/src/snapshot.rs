//! Everything that is shown to people and programs: the API, metrics and dashboards read this and nothing else.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, CueReport, SyncReport, Text, Topo};
use cuelight_wire::ids::{Mac, NodeId, Revision};
use cuelight_wire::scene::{Master, Scene, Tempo};
use cuelight_wire::time::{Local, Show, Span, Time};
use cuelight_wire::universes::UniverseRanges;

use crate::clock::ShowClock;
use crate::conductor::ConnId;
use crate::cues::CuesSnapshot;
use crate::rollout::{PastRollout, RolloutSnapshot};
use crate::roster::{State, follows_cues};

/// The show at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// When it was taken, on the hub's clock.
    pub local: Time<Local>,
    /// When it was taken, in show time.
    pub show: Time<Show>,
    /// The show clock.
    pub clock: ShowClock,
    /// Which run of the hub this is.
    pub boot_id: u32,
    /// The newest change's number.
    pub rev: Revision,
    /// The beat grid in force.
    pub tempo: Tempo,
    /// The grand master in force.
    pub master: Master,
    /// What the whole show shows: the scene a node that is in no group gets when it joins.
    pub scene: SceneSnapshot,
    /// Groups, by name.
    pub groups: Vec<GroupSnapshot>,
    /// Known nodes, by number.
    pub nodes: Vec<NodeSnapshot>,
    /// What the stream carried in the last tick: a full-state payload for each history of scenes. Nodes that are to look
    /// alike share one. Empty before the first tick that a history has.
    pub full_states: Vec<Vec<u8>>,
    /// Sums over all nodes.
    pub totals: Totals,
    /// How the ticks go.
    pub tick: TickFigures,
    /// Control connections now.
    pub connections: usize,
    /// Connections closed with a reason, since the start.
    pub refused: u64,
    /// What is played of a show.
    pub cues: CuesSnapshot,
    /// The show that is armed.
    pub armed: Option<Text<64>>,
    /// The rollout that is going on, or was the last to.
    pub rollout: Option<RolloutSnapshot>,
    /// Those before it, oldest first.
    pub past_rollouts: Arc<Vec<PastRollout>>,
    /// The version of the newest rollout that came to its end.
    pub last_version: Option<String>,
}

/// The newest scene of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneSnapshot {
    /// The change that made it.
    pub rev: Revision,
    /// From when it holds; in the future while it is only announced.
    pub at: Time<Show>,
    /// Its cross-fade.
    pub fade_ms: u32,
    /// What it is.
    pub scene: Scene,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSnapshot {
    /// Its name.
    pub name: Text<32>,
    /// Its members, in rising order; some may never have been seen.
    pub members: Vec<Mac>,
    /// Its own lead.
    pub lead: Option<Span>,
    /// What it shows.
    pub scene: SceneSnapshot,
}

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSnapshot {
    /// Its number.
    pub id: NodeId,
    /// Its identity.
    pub mac: Mac,
    /// The name people gave it, or it gave itself; may be empty.
    pub name: Text<32>,
    /// Where it is in its life; `Removed` for a node that is only known.
    pub state: State,
    /// Its address, when it has been connected since the hub started.
    pub ip: Option<IpAddr>,
    /// Its control connection, while it has one.
    pub conn: Option<ConnId>,
    /// Where the stream goes.
    pub udp_port: u16,
    /// When it was last heard, on the hub's clock.
    pub seen_at: Option<Time<Local>>,
    /// Hellos after the first one, since the hub started.
    pub reconnects: u32,
    /// Stream packets lost, percent, as it says.
    pub loss_pct: f32,
    /// Clock drift in microseconds, as it says.
    pub drift_us: i64,
    /// Signal strength, dBm.
    pub rssi: i16,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Frames rendered per second.
    pub render_fps: f32,
    /// Free heap, bytes.
    pub heap_free: u64,
    /// Clock and output figures of a Cuelight node.
    pub sync: Option<SyncReport>,
    /// How far it is with the cues.
    pub cues: Option<CueReport>,
    /// Firmware.
    pub fw: Text<32>,
    /// What it can do.
    pub caps: Caps,
    /// What hangs on it.
    pub topo: Topo,
    /// What its images are for: `cuelight-node-ARCH-SYSTEM`, or `k1`.
    pub platform: String,
    /// The universes that its own settings give it, as it says.
    pub own_universes: Option<UniverseRanges>,
    /// Those that an operator gave it; none: its own.
    pub assigned: Option<UniverseRanges>,
    /// Where it serves a page of its own.
    pub page_port: Option<u16>,
    /// How its LEDs are laid out by its own settings, as it says: the text form of a geometry, or anything.
    pub own_geometry: Option<Text<48>>,
    /// How an operator laid them out; none: its own.
    pub laid_out: Option<Text<48>>,
    /// The capability words agreed on.
    pub ext: Ext,
    /// Whether it gets deployed packets only.
    pub is_legacy: bool,
    /// Datagrams sent to it since the hub started.
    pub packets: u64,
    /// Bytes of those, without UDP and IP headers.
    pub bytes: u64,
    /// What it shows.
    pub scene: SceneSnapshot,
    /// Which of [`Snapshot::full_states`] is its own.
    pub full_state: usize,
}

/// Sums over all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Nodes in the roster (all but those only known).
    pub total: usize,
    /// Of these, ready.
    pub ready: usize,
    /// Of these, degraded.
    pub degraded: usize,
    /// Of these, lost.
    pub lost: usize,
    /// Datagrams sent since the start.
    pub packets: u64,
    /// Bytes of those, without UDP and IP headers.
    pub bytes: u64,
    /// Datagrams of a tick that were not fetched before the next tick, or that the network did not take.
    pub unsent: u64,
    /// Second and third copies that a tick had no time for.
    pub copies_skipped: u64,
    /// Messages dropped because the shell did not fetch them.
    pub messages_dropped: u64,
}

/// How the ticks go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickFigures {
    /// Ticks since the start.
    pub count: u64,
    /// Ticks per second, in thousandths, over at most the last 1024 ticks.
    pub millihertz: u64,
    /// Ticks that ended after the next one's deadline.
    pub overruns: u64,
    /// Ticks left out because the hub did not run in time.
    pub missed: u64,
    /// Cost of a tick over at most the last 1024: median.
    pub cost_p50: Span,
    /// 99th percentile.
    pub cost_p99: Span,
    /// Maximum.
    pub cost_max: Span,
}

impl NodeSnapshot {
    /// Whether it plays cues.
    pub fn follows_cues(&self) -> bool {
        follows_cues(self.ext, self.assigned.as_ref().or(self.own_universes.as_ref()))
    }
    /// How its LEDs are laid out, as far as somebody says.
    pub fn geometry(&self) -> Option<&str> {
        self.laid_out.as_ref().or(self.own_geometry.as_ref()).map(Text::as_str)
    }
}
