//! ORACLE-3: while a node's clock is usable its frame index rises by one from frame to frame (OUT-3), show time on it never
//! goes back (SYNC-6), and a frame is put out at its show time by the hub's clock (OUT-2).

use cuelight_wire::time::{FrameIndex, Show, Time};

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;

#[derive(Clone, Copy, Debug, Default)]
struct OfNode {
    /// The last frame, if its node was synced.
    index: Option<FrameIndex>,
    /// Show time as last read on it, if its clock was usable.
    show: Option<Time<Show>>,
}

#[derive(Debug)]
pub(crate) struct Timeline {
    nodes: Vec<OfNode>,
    frames: u64,
    missed: u64,
    back: u64,
    offset_ns: i64,
}

impl Timeline {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes: vec![OfNode::default(); nodes], frames: 0, missed: 0, back: 0, offset_ns: 0 }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        match &scene.entry.what {
            What::NodeStarted(n) => self.nodes[n.0] = OfNode::default(),
            What::Frame(n, frame) => {
                let node = &mut self.nodes[n.0];
                let last = std::mem::replace(&mut node.index, frame.is_synced.then_some(frame.index));
                if !frame.is_synced {
                    return;
                }
                match last.map(|last| frame.index.0 - last.0) {
                    Some(step) if step < 1 => self.back += 1,
                    Some(step) => self.missed += (step - 1).unsigned_abs(),
                    None => {}
                }
                if scene.counts() && scene.presence.is_show_fixed() {
                    self.frames += 1;
                    let offset = (scene.entry.show - frame.index.show_at()).as_ns();
                    self.offset_ns = self.offset_ns.max(offset.abs());
                }
            }
            What::Clock(n, sample) => {
                let last = std::mem::replace(&mut self.nodes[n.0].show, sample.is_usable.then_some(sample.show));
                self.back += u64::from(sample.is_usable && last.is_some_and(|last| sample.show < last));
            }
            _ => {}
        }
    }
    pub(crate) fn finish(self, figures: &mut Figures) {
        figures.count(Figure::FramesMissed, self.missed);
        figures.count(Figure::BackSteps, self.back);
        if self.frames > 0 {
            figures.set(Figure::OutputOffsetMax, self.offset_ns as f64);
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn frames_left_out_are_counted_and_a_frame_twice_is_a_step_back() {
        let mut trace = Trace::of_two();
        trace.frames_until(100, |_, own| own);
        trace.drop_frames(1, 40..43);
        assert_eq!(trace.figures().get(Figure::FramesMissed), Some(3.0));
        let mut trace = Trace::of_two();
        trace.frames_until(100, |_, own| own);
        trace.renumber(1, 60, 59);
        assert_eq!(trace.figures().get(Figure::BackSteps), Some(1.0));
    }

    #[test]
    fn show_time_that_goes_back_on_a_node_is_seen() {
        let mut trace = Trace::of_two();
        trace.clock(0, 50, 2_000, true, 5_000);
        trace.clock(0, 51, -2_000_000, true, 5_000_000);
        assert_eq!(trace.figures().get(Figure::BackSteps), Some(1.0));
        let mut trace = Trace::of_two();
        trace.clock(0, 50, 2_000, true, 5_000);
        trace.clock(0, 51, -2_000_000, false, 5_000_000);
        assert_eq!(trace.figures().get(Figure::BackSteps), Some(0.0), "an unusable clock may do anything");
    }

    #[test]
    fn an_output_that_is_off_is_measured_against_the_hubs_show_time() {
        let mut trace = Trace::of_two();
        trace.delay_outputs(1, 345_000);
        trace.frames_until(100, |_, own| own);
        // A frame's show time is rounded down to the nanosecond.
        assert_eq!(trace.figures().get(Figure::OutputOffsetMax), Some(345_000.0));
    }
}
