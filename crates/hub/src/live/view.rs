//! Which views there are, and what each says. The words are those of the other calls; instants are on the hub's own clock,
//! so that who watches can tell the age of every value (LIVE-4).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use axum::extract::ws::Utf8Bytes;
use cuelight_conductor::{NodeSnapshot, Snapshot};
use cuelight_wire::ids::NodeId;
use cuelight_wire::time::Span;
use cuelight_wire::universes::LAST_UNIVERSE;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::levels::Levels;
use crate::api::{CuesView, NodeView, SceneView, TickView, UniversesView};
use crate::shared::Shared;

/// A view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum View {
    /// The whole show but its nodes.
    Show,
    /// All nodes, in brief.
    Nodes,
    /// All about one node.
    Node(NodeId),
    /// What is played: the cue lists and where they are.
    Cues,
    /// Who plays which universes.
    Universes,
    /// The levels of one universe.
    Universe(u16),
}

/// Words of the views, for who asked for another.
pub(crate) const VIEWS: &str = "show, nodes, node/NUMBER, cues, universes, universe/NUMBER, previews";

/// The text names no view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnknownView;

impl FromStr for View {
    type Err = UnknownView;
    fn from_str(text: &str) -> Result<Self, UnknownView> {
        match text {
            "show" => Ok(Self::Show),
            "nodes" => Ok(Self::Nodes),
            "cues" => Ok(Self::Cues),
            "universes" => Ok(Self::Universes),
            _ if text.starts_with("universe/") => {
                let number = text.strip_prefix("universe/").and_then(|number| number.parse().ok());
                number.filter(|number| (1..=LAST_UNIVERSE).contains(number)).map(Self::Universe).ok_or(UnknownView)
            }
            _ => {
                let node = text.strip_prefix("node/").and_then(|id| id.parse().ok());
                node.map(|id| Self::Node(NodeId(id))).ok_or(UnknownView)
            }
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Show => f.write_str("show"),
            Self::Nodes => f.write_str("nodes"),
            Self::Node(id) => write!(f, "node/{}", id.0),
            Self::Cues => f.write_str("cues"),
            Self::Universes => f.write_str("universes"),
            Self::Universe(number) => write!(f, "universe/{number}"),
        }
    }
}

impl View {
    /// What it says now.
    pub(super) fn state(self, snapshot: &Snapshot, shared: &Shared, levels: &mut Levels) -> Value {
        match self {
            Self::Show => json(&ShowState::of(snapshot, shared)),
            Self::Nodes => {
                let nodes = snapshot.nodes.iter().map(|node| (node.id.0.to_string(), in_brief(node, snapshot)));
                json!({ "nodes": nodes.collect::<Map<_, _>>() })
            }
            Self::Node(id) => {
                let node = snapshot.nodes.iter().find(|node| node.id == id);
                node.map_or_else(|| json!({}), |node| in_full(node, snapshot))
            }
            Self::Cues => {
                let mut cues = json(&CuesView::of(snapshot, snapshot.clock.show_at(shared.clock.now())));
                // Every message says it; in the state it would be a change each time.
                if let Some(cues) = cues.as_object_mut() {
                    cues.remove("show_us");
                }
                cues
            }
            Self::Universes => json(&UniversesView::of(snapshot, shared)),
            Self::Universe(number) => levels.state(number, snapshot, snapshot.clock.show_at(shared.clock.now())),
        }
    }
}

/// The show as it is watched.
#[derive(Serialize)]
struct ShowState {
    boot_id: u32,
    version: &'static str,
    rev: u32,
    tempo: TempoState,
    master: MasterState,
    scene: SceneView,
    groups: BTreeMap<String, GroupState>,
    armed: Option<String>,
    rollout: Option<RolloutState>,
    nodes: Totals,
    tick: TickView,
    connections: usize,
    risks: Vec<String>,
}

#[derive(Serialize)]
struct TempoState {
    bpm: f64,
    beats_per_bar: u8,
    /// Beats since beat 0, a downbeat, at the show time `at_us`.
    beat: f64,
    at_us: i64,
}

#[derive(Serialize)]
struct MasterState {
    level: u8,
    blackout: bool,
}

#[derive(Serialize)]
struct GroupState {
    members: Vec<String>,
    lead_ms: Option<i64>,
    scene: SceneView,
}

#[derive(Serialize)]
struct RolloutState {
    number: u32,
    version: String,
    over: bool,
    done: usize,
    failed: usize,
    nodes: usize,
}

#[derive(Serialize)]
struct Totals {
    total: usize,
    ready: usize,
    degraded: usize,
    lost: usize,
}

impl ShowState {
    fn of(snapshot: &Snapshot, shared: &Shared) -> Self {
        use cuelight_conductor::rollout::Phase;
        let (grid, totals) = (snapshot.tempo.grid, snapshot.totals);
        let groups = snapshot.groups.iter().map(|group| {
            let members = group.members.iter().map(ToString::to_string).collect();
            let scene = SceneView::of(&group.scene);
            let state = GroupState { members, lead_ms: group.lead.map(Span::as_ms), scene };
            (group.name.as_str().to_owned(), state)
        });
        let rollout = snapshot.rollout.as_ref().map(|rollout| {
            let count = |is: fn(&Phase) -> bool| rollout.steps.iter().filter(|step| is(&step.phase)).count();
            RolloutState {
                number: rollout.number,
                version: rollout.version.clone(),
                over: rollout.status.is_over(),
                done: count(|phase| *phase == Phase::Done),
                failed: count(|phase| matches!(phase, Phase::Failed(_))),
                nodes: rollout.steps.len(),
            }
        });
        Self {
            boot_id: snapshot.boot_id,
            version: env!("CARGO_PKG_VERSION"),
            rev: snapshot.rev.0,
            tempo: TempoState {
                bpm: f64::from(grid.bpm_x100) / 100.0,
                beats_per_bar: grid.beats_per_bar,
                beat: grid.micro_beats as f64 / 1e6,
                at_us: grid.at.as_us(),
            },
            master: MasterState { level: snapshot.master.level, blackout: snapshot.master.blackout },
            scene: SceneView::of(&snapshot.scene),
            groups: groups.collect(),
            armed: snapshot.armed.as_ref().map(|show| show.as_str().to_owned()),
            rollout,
            nodes: Totals { total: totals.total, ready: totals.ready, degraded: totals.degraded, lost: totals.lost },
            tick: TickView::from(&snapshot.tick),
            connections: snapshot.connections,
            risks: shared.risks(),
        }
    }
}

/// Fields of a node that change with every tick or second and that a list has no room for.
const ONLY_IN_FULL: [&str; 4] = ["packets", "bytes", "uptime_s", "udp_port"];

fn in_brief(node: &NodeSnapshot, snapshot: &Snapshot) -> Value {
    let mut state = fields(node, snapshot);
    ONLY_IN_FULL.iter().for_each(|field| {
        state.remove(*field);
    });
    state.insert("scene_rev".into(), node.scene.rev.0.into());
    state.into()
}

fn in_full(node: &NodeSnapshot, snapshot: &Snapshot) -> Value {
    let mut state = fields(node, snapshot);
    state.insert("heap_free".into(), node.heap_free.into());
    state.insert("scene".into(), json(&SceneView::of(&node.scene)));
    state.into()
}

/// What other calls say of a node, with when it was heard in place of how long ago: that stays as it is until it is heard again.
fn fields(node: &NodeSnapshot, snapshot: &Snapshot) -> Map<String, Value> {
    let Value::Object(mut fields) = json(&NodeView::of(node, snapshot)) else { return Map::new() };
    fields.remove("last_seen_ms");
    fields.insert("seen_us".into(), node.seen_at.map(|seen| seen.as_us()).into());
    fields
}

fn json(state: &impl Serialize) -> Value {
    serde_json::to_value(state).expect("a state has text keys and plain values")
}

/// The two clocks at which something was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    now_us: i64,
    show_us: i64,
}

impl Moment {
    /// Now.
    pub(crate) fn now(shared: &Shared, snapshot: &Snapshot) -> Self {
        let now = shared.clock.now();
        Self { now_us: now.as_us(), show_us: snapshot.clock.show_at(now).as_us() }
    }

    pub(super) fn message(self, kind: &str, view: View, number: u64, field: &str, content: &Value) -> Utf8Bytes {
        let Self { now_us, show_us } = self;
        format!(
            "{{\"t\":\"{kind}\",\"view\":\"{view}\",\"number\":{number},\"now_us\":{now_us},\"show_us\":{show_us},\
             \"{field}\":{content}}}"
        )
        .into()
    }

    /// What is said when nothing has changed for a second.
    pub(crate) fn pulse(self) -> Utf8Bytes {
        let Self { now_us, show_us } = self;
        format!("{{\"t\":\"pulse\",\"now_us\":{now_us},\"show_us\":{show_us}}}").into()
    }
}
