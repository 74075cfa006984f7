//! Judgements from the records: what the nodes showed in common, and when.

use std::collections::BTreeMap;

use cuelight_conductor::{Answer, Event, State};
use cuelight_proto::node::NodeEvent;
use cuelight_sim::world::{FrameRecord, Site, World};
use cuelight_wire::ids::NodeId;
use cuelight_wire::time::FrameIndex;

pub(crate) const MS: i64 = 1_000_000;

/// What several nodes' frames have in common, from one true time to another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Common {
    /// Frames put out by all of them, with a usable clock.
    pub(crate) frames: usize,
    /// Of these, frames with different pixels.
    pub(crate) unequal: Vec<FrameIndex>,
    /// How far apart in true time each was put out, nanoseconds, sorted.
    pub(crate) spreads_ns: Vec<i64>,
    /// How far from its show time by the hub's clock any was put out, nanoseconds.
    pub(crate) worst_ns: i64,
    /// Places where a node's index did not go up by exactly one.
    pub(crate) gaps: usize,
}

impl Common {
    pub(crate) fn of(world: &World, nodes: &[Site], from_ns: i64, to_ns: i64) -> Self {
        let mut by_index: BTreeMap<FrameIndex, Vec<FrameRecord>> = BTreeMap::new();
        let mut common = Self::default();
        for node in nodes {
            let frames = world.record(*node).between(from_ns, to_ns);
            common.gaps += frames.windows(2).filter(|pair| pair[1].index != pair[0].index.next()).count();
            for frame in frames.iter().filter(|frame| frame.is_synced) {
                by_index.entry(frame.index).or_default().push(*frame);
            }
        }
        for (index, frames) in by_index.into_iter().filter(|(_, frames)| frames.len() == nodes.len()) {
            common.frames += 1;
            if frames.iter().any(|frame| frame.hash != frames[0].hash || frame.scene_rev != frames[0].scene_rev) {
                common.unequal.push(index);
            }
            let instants = frames.iter().map(|frame| frame.true_ns);
            common.spreads_ns.push(instants.clone().max().unwrap() - instants.min().unwrap());
            let late = frames.iter().map(|frame| frame.late_ns.abs()).max().unwrap();
            common.worst_ns = common.worst_ns.max(late);
        }
        common.spreads_ns.sort_unstable();
        common
    }
    pub(crate) fn spread_us(&self, p: f64) -> f64 {
        let last = self.spreads_ns.len().saturating_sub(1);
        self.spreads_ns.get((last as f64 * p) as usize).map_or(f64::NAN, |ns| *ns as f64 / 1e3)
    }
    pub(crate) fn assert_whole(&self, what: &str) {
        assert!(self.frames > 0, "{what}: nothing in common");
        assert!(
            self.unequal.is_empty(),
            "{what}: {} of {} frames differ: {:?}",
            self.unequal.len(),
            self.frames,
            self.unequal
        );
        assert_eq!(self.gaps, 0, "{what}: gaps in the frame indices");
    }
}

/// How many of the changes first showed on all nodes in the frame their applyAt says.
pub(crate) fn in_their_frame(world: &World, nodes: &[Site], changes: &[(i64, Answer)]) -> usize {
    let is_whole = |(at, answer): &&(i64, Answer)| {
        let own = FrameIndex::first_at_or_after(answer.apply_at);
        nodes.iter().all(|node| world.record(*node).first_with(answer.rev, *at).is_some_and(|f| f.index == own))
    };
    changes.iter().filter(is_whole).count()
}

/// Milliseconds from a node's last welcome to the lock that followed it, with the number the hub gave the node.
pub(crate) fn lock_ms(world: &World, node: Site, from_ns: i64) -> f64 {
    let record = world.record(node);
    let welcomed = record.when(from_ns, |event| matches!(event, NodeEvent::Welcomed { .. })).expect("it is welcomed");
    let locked = record.when(welcomed, |event| matches!(event, NodeEvent::Locked)).expect("it locks");
    (locked - welcomed) as f64 / MS as f64
}

/// When the hub first called a node ready, at `from_ns` or later.
pub(crate) fn ready_at(world: &World, node: NodeId, from_ns: i64) -> Option<i64> {
    let is_it = |event: &Event| matches!(event, Event::Ready { node: ready } if *ready == node);
    world.hub_events().iter().find(|(at, event)| *at >= from_ns && is_it(event)).map(|(at, _)| *at)
}

/// The number the hub gave a node: by the order of their hellos, not of their places.
pub(crate) fn id_of(world: &World, node: Site) -> NodeId {
    let welcomed = world.record(node).events.iter().find_map(|(_, event)| match event {
        NodeEvent::Welcomed { node_id, .. } => Some(*node_id),
        _ => None,
    });
    welcomed.expect("it was welcomed")
}

/// What the hub thinks of a node.
pub(crate) fn state(world: &mut World, node: Site) -> State {
    let id = id_of(world, node);
    let snapshot = world.snapshot().expect("the hub runs");
    snapshot.nodes.iter().find(|node| node.id == id).expect("the hub knows it").state
}

/// Frames a node skipped and steps its timeline made.
pub(crate) fn skips(world: &World, nodes: &[Site]) -> u64 {
    nodes.iter().map(|node| world.record(*node).missed + world.record(*node).steps).sum()
}

/// The states of all nodes the hub knows.
pub(crate) fn states(world: &mut World) -> Vec<State> {
    world.snapshot().expect("the hub runs").nodes.iter().map(|node| node.state).collect()
}
