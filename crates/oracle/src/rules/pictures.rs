//! ORACLE-2: nodes of one company put out equal pixels in each frame (`50-schedule-and-frames.md`, RENDER-1), and nearly
//! at once.
//!
//! Compared are frames of nodes with a usable clock that are running, connected to the network, and have had their stream
//! since their start or reconnection; also while the hub is away, when they hold what they have.

use std::collections::BTreeMap;

use cuelight_wire::time::FrameIndex;

use crate::entry::{Entry, Frame, NodeNo, What};
use crate::figures::{Figure, Figures};
use crate::judge::Scene;
use crate::samples::Samples;

/// A frame is complete when those this many later have begun to come.
const COMPLETE_AFTER: i64 = 60;
/// A frame on its way when the stream came shows what was before: rendered 2 ms ahead, one frame of 8.3 ms, and a node
/// that is slow.
const SETTLED_AFTER_NS: i64 = 20_000_000;

/// What is known of one frame of one company.
#[derive(Clone, Copy, Debug)]
struct Shared {
    first: Frame,
    is_unequal: bool,
    count: usize,
    first_ns: i64,
    last_ns: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Pictures {
    open: BTreeMap<(FrameIndex, u32), Shared>,
    newest: FrameIndex,
    compared: u64,
    unequal: u64,
    spreads: Samples,
}

impl Pictures {
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        let What::Frame(n, frame) = &scene.entry.what else { return };
        let is_settled = scene.presence.of(*n).is_settled(scene.entry.at_ns, SETTLED_AFTER_NS);
        if frame.is_synced && is_settled && scene.counts() {
            self.add(*n, *frame, scene.entry, scene.cast.companies[n.0]);
        }
    }
    fn add(&mut self, _n: NodeNo, frame: Frame, entry: &Entry, company: u32) {
        let at_ns = entry.at_ns;
        let new = Shared { first: frame, is_unequal: false, count: 0, first_ns: at_ns, last_ns: at_ns };
        let shared = self.open.entry((frame.index, company)).or_insert(new);
        shared.is_unequal |= frame.hash != shared.first.hash || frame.rev != shared.first.rev;
        shared.count += 1;
        shared.last_ns = at_ns;
        if frame.index > self.newest {
            self.newest = frame.index;
            let later = self.open.split_off(&(FrameIndex(frame.index.0 - COMPLETE_AFTER), 0));
            let complete = std::mem::replace(&mut self.open, later);
            complete.into_values().for_each(|shared| self.close(shared));
        }
    }
    fn close(&mut self, shared: Shared) {
        if shared.count > 1 {
            self.compared += 1;
            self.unequal += u64::from(shared.is_unequal);
            self.spreads.add(shared.last_ns - shared.first_ns);
        }
    }
    pub(crate) fn finish(mut self, figures: &mut Figures) {
        let rest = std::mem::take(&mut self.open);
        rest.into_values().for_each(|shared| self.close(shared));
        figures.count(Figure::Frames, self.compared);
        if self.compared > 0 {
            figures.count(Figure::UnequalFrames, self.unequal);
        }
        figures.set_some(Figure::FrameSpreadP99, self.spreads.quantile(0.99));
        figures.set_some(Figure::FrameSpreadMax, self.spreads.quantile(1.0));
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn one_pixel_more_on_one_node_is_seen_in_that_frame() {
        let mut trace = Trace::of_two();
        trace.frames_until(100, |_, own| own);
        trace.paint(1, 50, 0xbad);
        let figures = trace.figures();
        assert_eq!(figures.get(Figure::UnequalFrames), Some(1.0));
        assert!(figures.get(Figure::Frames).unwrap() > 90.0);
    }

    #[test]
    fn another_company_may_look_different() {
        let mut trace = Trace::of_two();
        trace.frames_until(100, |_, own| own);
        trace.paint(1, 50, 0xbad);
        trace.cast.companies[1] = 9;
        assert_eq!(trace.figures().get(Figure::UnequalFrames), None, "nobody to compare with");
    }

    #[test]
    fn a_node_that_was_cut_off_is_compared_again_when_its_stream_is_back() {
        let mut trace = Trace::of_two();
        trace.cut(1);
        trace.frames_until(100, |_, own| own);
        assert_eq!(trace.figures().get(Figure::Frames), Some(0.0));
    }
}
