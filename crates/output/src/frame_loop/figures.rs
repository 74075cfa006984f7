//! What the frame loop measured of itself, once a second.

use cuelight_render::schedule::ScheduleCounters;
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::FRAME_HZ;
use cuelight_wire::time::{FrameIndex, Local, Span, Time};

use crate::latest::Words;

/// Frames of one window: a second's.
const WINDOW: usize = FRAME_HZ as usize;

/// The last second of the frame loop, and counts since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameReport {
    /// Frames put out in a second, thousandths.
    pub fps_milli: u32,
    /// Median of output lateness against the deadline, over the second.
    pub late_p50: Span,
    /// 99th percentile of it.
    pub late_p99: Span,
    /// The worst of it.
    pub late_max: Span,
    /// 99th percentile of the time to apply, render and hash a frame.
    pub render_p99: Span,
    /// The last frame put out.
    pub index: FrameIndex,
    /// The newest layer it showed.
    pub scene_rev: Revision,
    /// Whether it was locked to show time.
    pub is_synced: bool,
    /// Frames put out, since the start.
    pub frames: u64,
    /// Frames skipped because their time had passed, since the start.
    pub missed: u64,
    /// Steps of the timeline by more than a second, either way, since the start.
    pub steps: u64,
    /// Changes first shown in a later frame than their own, since the start.
    pub late_changes: u64,
    /// Commands refused because the ring was full, since the start.
    pub refused: u64,
    /// Changes merged into another because the schedule was full, since the start.
    pub coalesced: u64,
    /// Changes lost because the schedule was full, since the start.
    pub dropped: u64,
    /// Changes refused because they lay beyond the schedule's horizon, since the start.
    pub too_far: u64,
}

impl FrameReport {
    /// Frames put out in a second.
    pub fn fps(&self) -> f32 {
        self.fps_milli as f32 / 1000.0
    }
}

impl Words for FrameReport {
    type Array = [i64; 16];
    fn to_words(self) -> [i64; 16] {
        [
            i64::from(self.fps_milli),
            self.late_p50.as_ns(),
            self.late_p99.as_ns(),
            self.late_max.as_ns(),
            self.render_p99.as_ns(),
            self.index.0,
            i64::from(self.scene_rev.0),
            i64::from(self.is_synced),
            self.frames as i64,
            self.missed as i64,
            self.steps as i64,
            self.late_changes as i64,
            self.refused as i64,
            self.coalesced as i64,
            self.dropped as i64,
            self.too_far as i64,
        ]
    }
    fn from_words(words: [i64; 16]) -> Self {
        let [fps, p50, p99, max, render, index, rev, is_synced, rest @ ..] = words;
        let [frames, missed, steps, late_changes, refused, coalesced, dropped, too_far] = rest.map(|w| w as u64);
        Self {
            fps_milli: fps as u32,
            late_p50: Span::from_ns(p50),
            late_p99: Span::from_ns(p99),
            late_max: Span::from_ns(max),
            render_p99: Span::from_ns(render),
            index: FrameIndex(index),
            scene_rev: Revision(rev as u32),
            is_synced: is_synced != 0,
            frames,
            missed,
            steps,
            late_changes,
            refused,
            coalesced,
            dropped,
            too_far,
        }
    }
}

/// Collects a second of frames. When the window is full it is summed up and begins anew.
#[derive(Debug)]
pub(crate) struct Figures {
    late_ns: [i64; WINDOW],
    render_ns: [i64; WINDOW],
    len: usize,
    began_at: Option<Time<Local>>,
    /// The counts since the start are kept here; the figures of a second are filled in at its end.
    pub(crate) report: FrameReport,
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self { late_ns: [0; WINDOW], render_ns: [0; WINDOW], len: 0, began_at: None, report: FrameReport::default() }
    }

    /// Counts a frame that went out at `now`. At the end of each second, the answer is its report.
    pub(crate) fn handle_output(
        &mut self,
        late: Span,
        render: Span,
        schedule: ScheduleCounters,
        now: Time<Local>,
    ) -> Option<FrameReport> {
        self.report.frames += 1;
        // The window's first frame only marks its beginning: a window of n frames lasts n periods.
        let Some(began_at) = self.began_at else {
            self.began_at = Some(now);
            return None;
        };
        self.late_ns[self.len] = late.as_ns();
        self.render_ns[self.len] = render.as_ns();
        self.len += 1;
        if self.len < WINDOW {
            return None;
        }
        self.late_ns.sort_unstable();
        self.render_ns.sort_unstable();
        let lasted_ns = now.since(began_at).as_ns().max(1);
        let report = &mut self.report;
        report.fps_milli = (WINDOW as i64 * 1_000_000_000_000 / lasted_ns) as u32;
        report.late_p50 = Span::from_ns(percentile(&self.late_ns, 50));
        report.late_p99 = Span::from_ns(percentile(&self.late_ns, 99));
        report.late_max = Span::from_ns(percentile(&self.late_ns, 100));
        report.render_p99 = Span::from_ns(percentile(&self.render_ns, 99));
        report.coalesced = schedule.coalesced;
        report.dropped = schedule.dropped;
        report.too_far = schedule.too_far;
        (self.len, self.began_at) = (0, Some(now));
        Some(*report)
    }
}

/// The smallest value that at least `percent` of the sorted `values` do not exceed (nearest rank).
pub(crate) fn percentile(values: &[i64], percent: usize) -> i64 {
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_frames_is_summed_up_in_one_report() {
        let mut figures = Figures::new();
        let mut reports = Vec::new();
        for k in 0..=240 {
            let now = Time::from_ns(FrameIndex(k).show_at().as_ns());
            let late = Span::from_us(k % 120);
            reports.extend(figures.handle_output(late, Span::from_us(9), ScheduleCounters::default(), now));
        }
        assert_eq!(reports.len(), 2);
        for report in &reports {
            assert_eq!(report.fps_milli, 120_000);
            assert_eq!((report.late_p50.as_us(), report.late_p99.as_us(), report.late_max.as_us()), (59, 118, 119));
            assert_eq!(report.render_p99.as_us(), 9);
        }
        assert_eq!(reports[1].frames, 241);
    }

    #[test]
    fn a_report_survives_its_words() {
        let mut words = [0; 16];
        words.iter_mut().zip(1..).for_each(|(word, i)| *word = i);
        words[7] = 1;
        assert_eq!(FrameReport::from_words(words).to_words(), words);
    }
}
