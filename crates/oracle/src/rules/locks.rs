//! ORACLE-5: a node locks within 5 s of its welcome, and within 5 s when it lost its lock (`40-time-exchange.md`). Told from
//! its frames: they say whether its clock was usable.

use cuelight_wire::control::HubMessage;

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;

#[derive(Clone, Copy, Debug, Default)]
struct OfNode {
    /// The first welcome of this life.
    welcomed_at: Option<i64>,
    has_locked: bool,
    /// When it was found without a lock that it had had.
    unlocked_at: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Locks {
    nodes: Vec<OfNode>,
    first_max_ns: Option<i64>,
    relock_max_ns: Option<i64>,
    unlocks: u64,
}

impl Locks {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes: vec![OfNode::default(); nodes], first_max_ns: None, relock_max_ns: None, unlocks: 0 }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        let at_ns = scene.entry.at_ns;
        match &scene.entry.what {
            What::NodeStarted(n) | What::NodeStopped(n) => self.nodes[n.0] = OfNode::default(),
            What::Told(n, message, arrives_at) if matches!(**message, HubMessage::Welcome(_)) => {
                self.nodes[n.0].welcomed_at = self.nodes[n.0].welcomed_at.or(*arrives_at);
            }
            What::Frame(n, frame) => {
                let node = &mut self.nodes[n.0];
                if frame.is_synced {
                    if let Some(welcomed_at) = node.welcomed_at.filter(|_| !node.has_locked) {
                        self.first_max_ns = self.first_max_ns.max(Some(at_ns - welcomed_at));
                    }
                    if let Some(unlocked_at) = node.unlocked_at.take() {
                        self.relock_max_ns = self.relock_max_ns.max(Some(at_ns - unlocked_at));
                    }
                    node.has_locked = true;
                } else if node.has_locked && node.unlocked_at.is_none() {
                    node.unlocked_at = Some(at_ns);
                    self.unlocks += 1;
                }
            }
            _ => {}
        }
    }
    pub(crate) fn finish(mut self, end_ns: i64, figures: &mut Figures) {
        for node in self.nodes {
            if let Some(unlocked_at) = node.unlocked_at {
                self.relock_max_ns = self.relock_max_ns.max(Some(end_ns - unlocked_at));
            }
            if let Some(welcomed_at) = node.welcomed_at.filter(|_| !node.has_locked) {
                self.first_max_ns = self.first_max_ns.max(Some(end_ns - welcomed_at));
            }
        }
        figures.set_some(Figure::FirstLockMax, self.first_max_ns);
        figures.count(Figure::Unlocks, self.unlocks);
        figures.set_some(Figure::RelockMax, self.relock_max_ns);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::{FRAME_NS, Trace};

    #[test]
    fn a_lock_that_is_lost_is_counted_and_timed_until_it_is_back() {
        let mut trace = Trace::of_two();
        trace.frames_until(100, |_, own| own);
        trace.unsync_frames(1, 40..52);
        let figures = trace.figures();
        assert_eq!(figures.get(Figure::Unlocks), Some(1.0));
        assert!((figures.get(Figure::RelockMax).unwrap() - 12.0 * FRAME_NS as f64).abs() < 5.0);
    }

    #[test]
    fn a_node_that_never_locks_is_timed_until_the_end() {
        let mut trace = Trace::of_two();
        trace.frames_until(100, |_, own| own);
        trace.unsync_frames(1, 0..200);
        let first = trace.figures().get(Figure::FirstLockMax).unwrap();
        assert!(first > 95.0 * FRAME_NS as f64, "{first}");
    }
}
