//! What the lights thread measured of itself, once a second.

use cuelight_net::udp::Flushed;
use cuelight_wire::time::{Local, Span, Time};

use crate::frame_loop::percentile;
use crate::latest::Words;

/// Frames of one window at most: universes of four rates may have some 150 instants a second; with more rates a window ends
/// sooner.
const WINDOW: usize = 256;
/// What a window lasts.
const LASTS: Span = Span::from_s(1);
/// A frame that begins to leave later than this counts as late: what universes of several nodes may differ by.
pub const LATE: Span = Span::from_ms(1);

/// The last second of the lights thread, and counts since its start. A frame is an instant of show time at which universes
/// are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LightsReport {
    /// Frames in a second, thousandths.
    pub fps_milli: u32,
    /// Universes that levels are sent of.
    pub universes: u32,
    /// Median of how much later than its instant a frame began to leave, over the second.
    pub late_p50: Span,
    /// 99th percentile of it.
    pub late_p99: Span,
    /// The worst of it.
    pub late_max: Span,
    /// 99th percentile of the time to work out the levels and write the datagrams of a frame.
    pub work_p99: Span,
    /// 99th percentile of the time from the first datagram of a frame to the last.
    pub leave_p99: Span,
    /// Whether it was locked to show time.
    pub is_synced: bool,
    /// Frames since the start.
    pub frames: u64,
    /// Frames that began to leave more than [`LATE`] after their instant, since the start.
    pub late: u64,
    /// Frames skipped because their time had passed, since the start.
    pub missed: u64,
    /// Steps of the timeline by more than 2 s, either way, since the start.
    pub steps: u64,
    /// Datagrams given to the system, since the start.
    pub sent: u64,
    /// Datagrams that the device did not take within half a period, since the start.
    pub blocked: u64,
    /// Datagrams that the system refused, since the start.
    pub failed: u64,
    /// States that gave way to newer ones because too many waited, since the start.
    pub overtaken: u64,
}

impl LightsReport {
    /// Frames in a second.
    pub fn fps(&self) -> f32 {
        self.fps_milli as f32 / 1000.0
    }
}

impl Words for LightsReport {
    type Array = [i64; 16];
    fn to_words(self) -> [i64; 16] {
        [
            i64::from(self.fps_milli),
            i64::from(self.universes),
            self.late_p50.as_ns(),
            self.late_p99.as_ns(),
            self.late_max.as_ns(),
            self.work_p99.as_ns(),
            self.leave_p99.as_ns(),
            i64::from(self.is_synced),
            self.frames as i64,
            self.late as i64,
            self.missed as i64,
            self.steps as i64,
            self.sent as i64,
            self.blocked as i64,
            self.failed as i64,
            self.overtaken as i64,
        ]
    }
    fn from_words(words: [i64; 16]) -> Self {
        let [fps, universes, p50, p99, max, work, leave, is_synced, rest @ ..] = words;
        let [frames, late, missed, steps, sent, blocked, failed, overtaken] = rest.map(|w| w as u64);
        Self {
            fps_milli: fps as u32,
            universes: universes as u32,
            late_p50: Span::from_ns(p50),
            late_p99: Span::from_ns(p99),
            late_max: Span::from_ns(max),
            work_p99: Span::from_ns(work),
            leave_p99: Span::from_ns(leave),
            is_synced: is_synced != 0,
            frames,
            late,
            missed,
            steps,
            sent,
            blocked,
            failed,
            overtaken,
        }
    }
}

/// What became of one frame.
#[derive(Clone, Copy, Debug)]
pub struct PutOut {
    /// How much later than its instant it began to leave.
    pub late: Span,
    /// What it took to work it out.
    pub work: Span,
    /// From its first datagram to its last.
    pub leave: Span,
    /// Its datagrams.
    pub flushed: Flushed,
}

/// Collects a second of frames. When it is over it is summed up and begins anew.
#[derive(Debug)]
pub(crate) struct Figures {
    late_ns: [i64; WINDOW],
    work_ns: [i64; WINDOW],
    leave_ns: [i64; WINDOW],
    len: usize,
    began_at: Option<Time<Local>>,
    /// The counts since the start are kept here; the figures of a second are filled in at its end.
    pub(crate) report: LightsReport,
}

impl Figures {
    pub(crate) fn new() -> Self {
        let none = [0; WINDOW];
        let report = LightsReport::default();
        Self { late_ns: none, work_ns: none, leave_ns: none, len: 0, began_at: None, report }
    }
    /// Counts datagrams that are no levels.
    pub(crate) fn count(&mut self, flushed: Flushed) {
        self.report.sent += flushed.sent;
        self.report.blocked += flushed.blocked;
        self.report.failed += flushed.failed;
    }
    /// Counts a frame that was put out at `now`. At the end of each second, the answer is its report.
    pub(crate) fn handle_output(&mut self, frame: PutOut, now: Time<Local>) -> Option<LightsReport> {
        self.count(frame.flushed);
        self.report.frames += 1;
        self.report.late += u64::from(frame.late > LATE);
        let Some(began_at) = self.began_at else {
            self.began_at = Some(now);
            return None;
        };
        self.late_ns[self.len] = frame.late.as_ns();
        self.work_ns[self.len] = frame.work.as_ns();
        self.leave_ns[self.len] = frame.leave.as_ns();
        self.len += 1;
        let lasted = now - began_at;
        if self.len < WINDOW && lasted < LASTS {
            return None;
        }
        let [late, work, leave] = [&mut self.late_ns, &mut self.work_ns, &mut self.leave_ns].map(|all| {
            let all = &mut all[..self.len];
            all.sort_unstable();
            [50, 99, 100].map(|percent| Span::from_ns(percentile(all, percent)))
        });
        let report = &mut self.report;
        report.fps_milli = (self.len as i64 * 1_000_000_000_000 / lasted.as_ns().max(1)) as u32;
        [report.late_p50, report.late_p99, report.late_max] = late;
        (report.work_p99, report.leave_p99) = (work[1], leave[1]);
        (self.len, self.began_at) = (0, Some(now));
        Some(*report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_frames_is_summed_up_in_one_report() {
        let (mut figures, mut reports) = (Figures::new(), Vec::new());
        for k in 0..=88_i64 {
            let late = Span::from_us(if k == 50 { 1_001 } else { k % 44 });
            let flushed = Flushed { sent: 4, ..Flushed::default() };
            let frame = PutOut { late, work: Span::from_us(9), leave: Span::from_us(2), flushed };
            reports.extend(figures.handle_output(frame, Time::from_ns(k * 1_000_000_000 / 44)));
        }
        assert_eq!(reports.len(), 2);
        assert_eq!(reports.iter().map(|r| r.fps_milli).collect::<Vec<_>>(), [44_000, 44_000]);
        let report = reports[1];
        assert_eq!((report.late_max.as_us(), report.work_p99.as_us(), report.leave_p99.as_us()), (1_001, 9, 2));
        assert_eq!((report.frames, report.late, report.sent), (89, 1, 356));
    }

    #[test]
    fn a_report_survives_its_words() {
        let mut words = [0; 16];
        words.iter_mut().zip(1..).for_each(|(word, i)| *word = i);
        words[7] = 1;
        assert_eq!(LightsReport::from_words(words).to_words(), words);
    }
}
