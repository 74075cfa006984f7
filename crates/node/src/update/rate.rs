//! The share of its frames that the frame loop puts out.

use std::time::Duration;

use cuelight_wire::limits::FRAME_HZ;

/// The frame loop sums up a second of frames; one that says nothing for longer than this puts out fewer.
const SILENCE: Duration = Duration::from_millis(1_500);

/// Watches the frame loop's own sums.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    frames: u64,
    summed_at: Duration,
}

impl Rate {
    /// Per cent of the frames that were due lately. `frames` were put out since the start, `fps` in the last second that was
    /// summed up; `now` is the time since the start.
    pub(crate) fn handle(&mut self, frames: u64, fps: f32, now: Duration) -> f32 {
        if frames != self.frames {
            *self = Self { frames, summed_at: now };
        }
        let pct = 100.0 * fps / FRAME_HZ as f32;
        let silence = now.saturating_sub(self.summed_at);
        if frames == 0 {
            return 0.0;
        }
        // A sum is one second's frames: while the next one does not come, there were at most so many in all that time.
        if silence > SILENCE { pct.min(100.0 / silence.as_secs_f32()) } else { pct }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// OTA-2
    #[test]
    fn the_rate_is_that_of_the_last_second_and_falls_when_nothing_comes_any_more() {
        let mut rate = Rate::default();
        let mut pct = |frames, fps, at_ms| rate.handle(frames, fps, ms(at_ms)).round() as u32;
        assert_eq!(pct(0, 0.0, 900), 0);
        assert_eq!(pct(120, 120.0, 1_000), 100);
        assert_eq!(pct(240, 60.0, 3_000), 50);
        assert_eq!(pct(360, 120.0, 4_000), 100);
        assert_eq!(pct(360, 120.0, 5_400), 100);
        assert_eq!(pct(360, 120.0, 6_000), 50, "a frame loop that stands still tells its last sum for ever");
        assert_eq!(pct(360, 120.0, 14_000), 10);
    }
}
