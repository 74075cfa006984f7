//! ORACLE-1: a change shows first in frame k, the first with show(k) >= applyAt (`50-schedule-and-frames.md`, WIRE-12).
//!
//! A change is a layer of a full state that is announced: on the wire to the node while its applyAt is ahead of hubNow. It
//! is judged on a node that is in the show from then until it shows the change, with a usable clock; else it is excused,
//! and counted.

use std::collections::BTreeMap;

use cuelight_wire::ids::Revision;
use cuelight_wire::time::FrameIndex;

use crate::entry::{Entry, Frame, NodeNo, What};
use crate::figures::{Figure, Figures};
use crate::judge::{Leavers, Scene};
use crate::presence::Place;
use crate::samples::Samples;
use crate::wire::Packet;

/// A change that has not shown this many frames (2 s) after its own is one that was not shown at all.
const GIVEN_UP_AFTER: i64 = 240;

#[derive(Debug, Default)]
struct OfNode {
    /// The newest change that was put on the wire to it.
    newest: Revision,
    /// Changes it is to show, with their own frames.
    pending: BTreeMap<Revision, FrameIndex>,
    last: Option<FrameIndex>,
}

#[derive(Debug)]
pub(crate) struct Applies {
    nodes: Vec<OfNode>,
    /// First and last true time at which a change showed first in its own frame, and on how many nodes.
    shown: BTreeMap<Revision, (i64, i64, usize)>,
    spreads: Samples,
    right: u64,
    late: u64,
    wrong: u64,
    excused: u64,
}

impl Applies {
    pub(crate) fn new(nodes: usize) -> Self {
        let nodes = (0..nodes).map(|_| OfNode::default()).collect();
        Self { nodes, shown: BTreeMap::new(), spreads: Samples::default(), right: 0, late: 0, wrong: 0, excused: 0 }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        match scene.leavers() {
            Leavers::None => {}
            Leavers::One(n) => self.excuse(n),
            Leavers::All => (0..self.nodes.len()).for_each(|n| self.excuse(NodeNo(n))),
        }
        match &scene.entry.what {
            What::Sent(n, _) => {
                if let Some(Ok(packet)) = scene.packet {
                    self.on_packet(*n, packet, scene.entry.at_ns, scene.presence.of(*n), scene.counts());
                }
            }
            What::Frame(n, frame) => self.on_frame(*n, frame, scene.entry),
            What::HubStarted => self.forget_numbers(),
            _ => {}
        }
    }
    fn on_packet(&mut self, n: NodeNo, packet: &Packet, at_ns: i64, place: &Place, counts: bool) {
        let node = &mut self.nodes[n.0];
        let before = node.newest;
        for (rev, at) in packet.layers.iter().filter(|(rev, _)| *rev > before) {
            node.newest = node.newest.max(*rev);
            if *at <= packet.header.hub_now || !counts {
                continue;
            }
            if place.is_in_show(at_ns) {
                node.pending.insert(*rev, FrameIndex::first_at_or_after(*at));
            } else {
                self.excused += 1;
            }
        }
    }
    fn on_frame(&mut self, n: NodeNo, frame: &Frame, entry: &Entry) {
        let node = &mut self.nodes[n.0];
        node.last = Some(frame.index);
        if node.pending.is_empty() {
            return;
        }
        let (right, late, wrong, excused) = (&mut self.right, &mut self.late, &mut self.wrong, &mut self.excused);
        let (shown, at_ns) = (&mut self.shown, entry.at_ns);
        node.pending.retain(|rev, own| {
            if !frame.is_synced {
                *excused += u64::from(frame.index >= *own);
                return frame.index < *own;
            }
            if *rev > frame.rev {
                let is_given_up = frame.index.0 > own.0 + GIVEN_UP_AFTER;
                *wrong += u64::from(is_given_up);
                return !is_given_up;
            }
            match frame.index.cmp(own) {
                std::cmp::Ordering::Less => *wrong += 1,
                std::cmp::Ordering::Greater => *late += 1,
                std::cmp::Ordering::Equal => {
                    *right += 1;
                    let (first, last, count) = shown.entry(*rev).or_insert((at_ns, at_ns, 0));
                    (*first, *last, *count) = ((*first).min(at_ns), (*last).max(at_ns), *count + 1);
                }
            }
            false
        });
    }
    fn excuse(&mut self, n: NodeNo) {
        self.excused += std::mem::take(&mut self.nodes[n.0].pending).len() as u64;
    }
    /// Another run of the hub may give numbers anew.
    fn forget_numbers(&mut self) {
        for (_, (first, last, count)) in std::mem::take(&mut self.shown) {
            if count > 1 {
                self.spreads.add(last - first);
            }
        }
        for node in &mut self.nodes {
            node.newest = Revision(0);
        }
    }
    pub(crate) fn finish(mut self, figures: &mut Figures) {
        self.forget_numbers();
        for node in &mut self.nodes {
            let is_overdue = |own: &FrameIndex| node.last.is_some_and(|last| last > *own);
            self.wrong += node.pending.values().filter(|own| is_overdue(own)).count() as u64;
        }
        let all = self.right + self.late + self.wrong;
        figures.count(Figure::Changes, all);
        figures.count(Figure::Excused, self.excused);
        if all > 0 {
            figures.count(Figure::Late, self.late);
            figures.set(Figure::LateShare, 100.0 * self.late as f64 / all as f64);
            figures.count(Figure::Wrong, self.wrong);
        }
        figures.set_some(Figure::ApplySpreadP99, self.spreads.quantile(0.99));
        figures.set_some(Figure::ApplySpreadMax, self.spreads.quantile(1.0));
        figures.set_apply_spreads(self.spreads.into_values());
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn a_change_in_its_own_frame_is_right_one_later_late_and_one_earlier_wrong() {
        for (shift, late, wrong) in [(0, 0.0, 0.0), (1, 1.0, 0.0), (-1, 0.0, 1.0)] {
            let mut trace = Trace::of_two();
            trace.announce(5, 100_000);
            trace.frames_until(200, |n, own| if n == 1 { own + shift } else { own });
            let figures = trace.figures();
            let got = [Figure::Changes, Figure::Late, Figure::Wrong].map(|f| figures.get(f).unwrap());
            assert_eq!(got, [2.0, late, wrong], "{shift}");
        }
    }

    #[test]
    fn a_change_that_never_shows_is_wrong() {
        let mut trace = Trace::of_two();
        trace.announce(5, 100_000);
        trace.frames_until(400, |n, own| if n == 1 { i64::MAX } else { own });
        assert_eq!(trace.figures().get(Figure::Wrong), Some(1.0));
    }

    #[test]
    fn a_node_out_of_the_show_or_without_a_clock_is_excused() {
        let mut cut = Trace::of_two();
        cut.announce(5, 100_000);
        cut.cut(1);
        cut.frames_until(200, |n, own| if n == 1 { i64::MAX } else { own });
        let figures = cut.figures();
        assert_eq!(
            [Figure::Changes, Figure::Excused, Figure::Wrong].map(|f| figures.get(f)),
            [1.0, 1.0, 0.0].map(Some)
        );
        let mut unlocked = Trace::of_two();
        unlocked.announce(5, 100_000);
        unlocked.unlock(1);
        unlocked.frames_until(200, |_, own| own);
        assert_eq!(unlocked.figures().get(Figure::Excused), Some(1.0));
    }

    #[test]
    fn the_spread_is_measured_in_true_time() {
        let mut trace = Trace::of_two();
        trace.announce(5, 100_000);
        trace.delay_outputs(1, 70_000);
        trace.frames_until(200, |_, own| own);
        assert_eq!(trace.figures().get(Figure::ApplySpreadMax), Some(70_000.0));
    }
}
