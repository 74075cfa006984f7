//! What a world writes down: every frame that was put out and everything the machines told.
//!
//! Judgements are made from these records and from what only the world knows, true time and the hub's show time; never
//! from a node's own estimate.

use std::fmt::{self, Write};

use cuelight_conductor::Event;
use cuelight_proto::node::NodeEvent;
use cuelight_wire::ids::Revision;
use cuelight_wire::time::FrameIndex;

/// A frame a node has put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRecord {
    /// Which frame.
    pub index: FrameIndex,
    /// When, true time, nanoseconds.
    pub true_ns: i64,
    /// How much later than its show time by the hub's own show clock, nanoseconds.
    pub late_ns: i64,
    /// Whether the node's clock was usable.
    pub is_synced: bool,
    /// The newest layer in force.
    pub scene_rev: Revision,
    /// Hash of its pixels.
    pub hash: u64,
}

/// What one node did, over all its lives. It grows with the run, which is bounded.
#[derive(Clone, Debug, Default)]
pub struct NodeRecord {
    /// Its frames, in the order of true time.
    pub frames: Vec<FrameRecord>,
    /// What its role told, with true times.
    pub events: Vec<(i64, NodeEvent)>,
    /// True times of its starts.
    pub starts: Vec<i64>,
    /// Frames skipped because their time had passed.
    pub missed: u64,
    /// Times its timeline moved by more than a second.
    pub steps: u64,
    /// Changes that came after their frame although the node was listening.
    pub late_changes: u64,
}

impl NodeRecord {
    /// When it first told something like this, at `from_ns` or later.
    pub fn when(&self, from_ns: i64, is_it: impl Fn(&NodeEvent) -> bool) -> Option<i64> {
        self.events.iter().find(|(at, event)| *at >= from_ns && is_it(event)).map(|(at, _)| *at)
    }
    /// The first frame, put out at `from_ns` or later, in which the change `rev` or a newer one is in force.
    pub fn first_with(&self, rev: Revision, from_ns: i64) -> Option<&FrameRecord> {
        self.frames.iter().find(|frame| frame.true_ns >= from_ns && frame.scene_rev >= rev)
    }
    /// Frames put out from `from_ns` on and before `to_ns`.
    pub fn between(&self, from_ns: i64, to_ns: i64) -> &[FrameRecord] {
        let start = self.frames.partition_point(|frame| frame.true_ns < from_ns);
        let end = self.frames.partition_point(|frame| frame.true_ns < to_ns);
        &self.frames[start..end.max(start)]
    }
}

/// FNV-1a, 64 bits, over records: one number for a run.
pub(crate) struct RunHash(u64);

impl RunHash {
    pub(crate) const fn new() -> Self {
        Self(14_695_981_039_346_656_037)
    }
    pub(crate) const fn value(&self) -> u64 {
        self.0
    }
    pub(crate) fn node(&mut self, node: &NodeRecord) {
        for frame in &node.frames {
            let FrameRecord { index, true_ns, late_ns, is_synced, scene_rev, hash } = *frame;
            for word in [index.0, true_ns, late_ns, i64::from(is_synced), i64::from(scene_rev.0)] {
                self.bytes(&word.to_le_bytes());
            }
            self.bytes(&hash.to_le_bytes());
        }
        self.text(&(&node.events, &node.starts, node.missed, node.steps, node.late_changes));
    }
    pub(crate) fn hub(&mut self, events: &[(i64, Event)]) {
        self.text(&events);
    }
    fn text(&mut self, told: &impl fmt::Debug) {
        write!(self, "{told:?}").expect("hashing does not fail");
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211));
    }
}

impl Write for RunHash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
