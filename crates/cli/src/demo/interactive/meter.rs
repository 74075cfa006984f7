//! How far apart the nodes really are, measured from their records: they share this machine's CLOCK_MONOTONIC, so the instants at
//! which they put out the same frame, and first showed the same change, can be compared. No node's own estimate is used
//! (HUB-9).

use std::collections::{BTreeMap, VecDeque};

use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::record::FrameLine;

/// Records come in pieces a tenth of a second long: what is younger than this may not be complete.
const COMPLETE_NS: i64 = 400_000_000;
/// Figures are over this long.
const WINDOW_NS: i64 = 1_000_000_000;
/// Frames kept for each node, two and a half seconds of them; when there are more, frames that are over are forgotten, then new ones
/// are not taken.
const FRAMES_PER_NODE: usize = 300;
/// The scene of a node that was not told one yet.
const NO_SCENE: u32 = 0;
/// Changes that are remembered; the oldest is forgotten first.
const CHANGES: usize = 16;

/// The figures of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Frames that at least two nodes put out in the last second.
    pub(super) frames: usize,
    /// Of those, the ones with the same pixels on all of them.
    pub(super) equal: usize,
    /// From the first to the last output of one frame.
    pub(super) apart: Option<Quantiles>,
    /// The newest change.
    pub(super) change: Option<Change>,
}

/// How a change was shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    /// Nodes that have shown it.
    pub(super) nodes: usize,
    /// Between the first frames, first to last, that had it.
    pub(super) frames_apart: i64,
    /// Between the instants of those.
    pub(super) us_apart: f64,
}

/// Compares nodes.
#[derive(Debug)]
pub(super) struct Meter {
    nodes: Vec<NodeSeen>,
    frames: BTreeMap<i64, Vec<Option<FrameLine>>>,
    changes: VecDeque<FirstShown>,
}

#[derive(Clone, Copy, Debug, Default)]
struct NodeSeen {
    /// The scene of its newest frame; `None` after a start.
    rev: Option<u32>,
}

#[derive(Debug)]
struct FirstShown {
    rev: u32,
    /// Frame and instant, for each node.
    by: Vec<Option<(i64, i64)>>,
}

impl Meter {
    pub(super) fn new(nodes: usize) -> Self {
        Self { nodes: vec![NodeSeen::default(); nodes], frames: BTreeMap::new(), changes: VecDeque::new() }
    }

    /// A node was started.
    pub(super) fn handle_start(&mut self, node: usize) {
        if let Some(seen) = self.nodes.get_mut(node) {
            *seen = NodeSeen::default();
        }
    }

    /// A node put out a frame.
    pub(super) fn handle_frame(&mut self, node: usize, frame: i64, line: FrameLine) {
        let count = self.nodes.len();
        let Some(seen) = self.nodes.get_mut(node) else { return };
        let before = seen.rev.replace(line.scene_rev);
        // The first scene a node shows after its start is no change.
        if before.is_some_and(|before| before != NO_SCENE && before != line.scene_rev) {
            self.handle_change(node, frame, line);
        }
        if self.frames.len() >= FRAMES_PER_NODE * count {
            let over = line.mono_ns - COMPLETE_NS - WINDOW_NS;
            self.frames.retain(|_, shown| shown.iter().flatten().any(|line| line.mono_ns > over));
        }
        if self.frames.len() < FRAMES_PER_NODE * count {
            self.frames.entry(frame).or_insert_with(|| vec![None; count])[node] = Some(line);
        }
    }

    fn handle_change(&mut self, node: usize, frame: i64, line: FrameLine) {
        let known = self.changes.iter().rposition(|change| change.rev == line.scene_rev);
        let place = known.unwrap_or_else(|| {
            if self.changes.len() == CHANGES {
                self.changes.pop_front();
            }
            self.changes.push_back(FirstShown { rev: line.scene_rev, by: vec![None; self.nodes.len()] });
            self.changes.len() - 1
        });
        self.changes[place].by[node] = Some((frame, line.mono_ns));
    }

    /// The figures at CLOCK_MONOTONIC `now_ns`.
    pub(super) fn figures(&self, now_ns: i64) -> Figures {
        let until = now_ns - COMPLETE_NS;
        let window = until - WINDOW_NS..until;
        let (mut apart, mut equal) = (Vec::new(), 0);
        for shown in self.frames.values() {
            let within = || shown.iter().flatten().filter(|line| window.contains(&line.mono_ns));
            if within().count() < 2 {
                continue;
            }
            let first = within().map(|line| line.mono_ns).min().unwrap_or(0);
            let last = within().map(|line| line.mono_ns).max().unwrap_or(0);
            apart.push(last - first);
            let mut hashes = within().map(|line| line.hash);
            let hash = hashes.next();
            equal += usize::from(hashes.all(|other| Some(other) == hash));
        }
        let change = self.changes.iter().rev().find_map(|change| change.apart(until));
        Figures { frames: apart.len(), equal, apart: Quantiles::of_ns(apart), change }
    }
}

impl FirstShown {
    /// `None` when it is too new, or only one node has shown it.
    fn apart(&self, until: i64) -> Option<Change> {
        let shown: Vec<(i64, i64)> = self.by.iter().flatten().copied().collect();
        let first_at = shown.iter().map(|(_, at)| *at).min()?;
        let last_at = shown.iter().map(|(_, at)| *at).max()?;
        let first_frame = shown.iter().map(|(frame, _)| *frame).min()?;
        let last_frame = shown.iter().map(|(frame, _)| *frame).max()?;
        (shown.len() >= 2 && first_at < until).then_some(Change {
            nodes: shown.len(),
            frames_apart: last_frame - first_frame,
            us_apart: (last_at - first_at) as f64 / 1e3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_NS: i64 = 8_333_333;

    fn line(frame: i64, late_ns: i64, scene_rev: u32, hash: u64) -> FrameLine {
        FrameLine { mono_ns: frame * FRAME_NS + late_ns, scene_rev, hash, render_ns: 0, late_ns }
    }

    /// Frames 0 to 119 of nodes that are late by so much, with the change to scene 2 at these frames.
    fn shown(nodes: &[(i64, i64)]) -> Meter {
        let mut meter = Meter::new(nodes.len());
        for frame in 0..120 {
            for (node, (late_ns, changes_at)) in nodes.iter().enumerate() {
                let rev = if frame < *changes_at { 1 } else { 2 };
                meter.handle_frame(node, frame, line(frame, *late_ns, rev, u64::from(rev)));
            }
        }
        meter
    }

    const THEN_NS: i64 = 120 * FRAME_NS + COMPLETE_NS;

    #[test]
    fn nodes_in_step_differ_by_their_lateness_only() {
        let figures = shown(&[(0, 60), (30_000, 60), (50_000, 60)]).figures(THEN_NS);
        assert_eq!((figures.frames, figures.equal), (120, 120));
        assert_eq!(figures.apart, Some(Quantiles { p50: 50.0, p99: 50.0, max: 50.0 }));
        assert_eq!(figures.change, Some(Change { nodes: 3, frames_apart: 0, us_apart: 50.0 }));
    }

    /// HUB-9
    #[test]
    fn a_change_in_different_frames_is_seen_and_so_are_unequal_pixels() {
        let figures = shown(&[(0, 60), (0, 62)]).figures(THEN_NS);
        assert_eq!((figures.frames, figures.equal), (120, 118));
        let change = figures.change.unwrap();
        assert_eq!((change.nodes, change.frames_apart), (2, 2));
        assert!((change.us_apart - 16_666.666).abs() < 0.001);
    }

    #[test]
    fn the_first_scene_after_a_start_is_no_change() {
        let mut meter = shown(&[(0, 60), (0, 60)]);
        meter.handle_start(1);
        for frame in 120..240 {
            meter.handle_frame(0, frame, line(frame, 0, 3, 3));
            meter.handle_frame(1, frame, line(frame, 0, if frame < 200 { NO_SCENE } else { 3 }, 3));
        }
        // Node 0 alone changed to 3; the newest change both made is 2.
        let figures = meter.figures(240 * FRAME_NS + COMPLETE_NS);
        assert_eq!(figures.change.unwrap().nodes, 2);
        assert_eq!(meter.changes.back().unwrap().by[1], None);
    }

    #[test]
    fn what_is_not_complete_or_long_past_does_not_count() {
        let meter = shown(&[(0, 60), (0, 60)]);
        // 500 ms less the 400 that may not be complete are twelve frames.
        assert_eq!(meter.figures(60 * FRAME_NS).frames, 12);
        assert_eq!(meter.figures(THEN_NS + 2 * WINDOW_NS).frames, 0);
    }

    #[test]
    fn one_node_alone_has_nothing_to_differ_from() {
        assert_eq!(shown(&[(0, 60)]).figures(THEN_NS), Figures::default());
    }

    #[test]
    fn a_node_with_another_idea_of_time_does_not_push_the_others_out() {
        let mut meter = Meter::new(3);
        for frame in 0..2000 {
            meter.handle_frame(0, frame, line(frame, 0, 1, 1));
            meter.handle_frame(1, frame, line(frame, 0, 1, 1));
            meter.handle_frame(2, frame + 120_000, line(frame, 0, 1, 1));
        }
        assert!(meter.frames.len() <= 3 * FRAMES_PER_NODE);
        assert_eq!(meter.figures(2000 * FRAME_NS + COMPLETE_NS).frames, 120);
    }

    #[test]
    fn old_changes_make_room_for_new_ones() {
        let mut meter = Meter::new(2);
        for frame in 0..100_i64 {
            let rev = u32::try_from(frame).unwrap();
            meter.handle_frame(0, frame, line(frame, 0, rev, 1));
            meter.handle_frame(1, frame, line(frame, 0, rev, 1));
        }
        assert_eq!(meter.changes.len(), CHANGES);
        assert_eq!(meter.changes.back().unwrap().rev, 99);
    }
}
