//! The beat grid: where beats and bars fall on the show clock.

use crate::time::{Show, Time};

/// Millionths of a beat.
pub type MicroBeats = i64;

/// A tempo that holds from one instant on. Beat positions before `at` follow from the same line.
///
/// Position at show time t, in millionths of a beat:
/// `micro_beats + (t - at) * bpm_x100 / 6,000` with `t - at` in microseconds
/// (bpm_x100 / 100 beats in 60 s), rounded down (WIRE-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeatGrid {
    /// From when the grid holds: the applyAt of the change that made it.
    pub at: Time<Show>,
    /// The position at `at`, millionths of a beat since beat 0, a downbeat.
    pub micro_beats: MicroBeats,
    /// Hundredths of beats per minute; 0 means no beat.
    pub bpm_x100: u16,
    /// Beats in a bar, at least 1.
    pub beats_per_bar: u8,
}

impl BeatGrid {
    /// 120 beats per minute in four, beat 0 at show time 0.
    pub const DEFAULT: Self = Self { at: Time::ZERO, micro_beats: 0, bpm_x100: 12_000, beats_per_bar: 4 };

    /// The position at `t`, millionths of a beat.
    pub fn position(&self, t: Time<Show>) -> MicroBeats {
        let us_1000 = i128::from((t - self.at).as_ns());
        let beats = (us_1000 * i128::from(self.bpm_x100)).div_euclid(6_000_000);
        self.micro_beats.saturating_add(i64::try_from(beats).unwrap_or(if beats < 0 { i64::MIN } else { i64::MAX }))
    }
    /// The phase within the beat at `t`, 0..=255.
    pub fn phase(&self, t: Time<Show>) -> u8 {
        // 0 <= remainder < 1,000,000, so the quotient is at most 255.
        (self.position(t).rem_euclid(1_000_000) * 256 / 1_000_000) as u8
    }
    /// Whether the beat at `t` is the first of its bar.
    pub fn is_downbeat(&self, t: Time<Show>) -> bool {
        self.position(t).div_euclid(1_000_000).rem_euclid(i64::from(self.beats_per_bar.max(1))) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WIRE-15
    #[test]
    fn at_120_bpm_half_a_second_is_a_beat_and_two_seconds_a_bar() {
        let grid = BeatGrid::DEFAULT;
        let at = |ms: i64| Time::from_ns(ms * 1_000_000);
        assert_eq!(grid.position(at(500)), 1_000_000);
        assert_eq!(grid.phase(at(250)), 128);
        assert!(grid.is_downbeat(at(2_000)) && grid.is_downbeat(at(2_499)) && !grid.is_downbeat(at(2_500)));
        assert_eq!(grid.position(at(-250)), -500_000);
        assert_eq!(grid.phase(at(-250)), 128);
    }

    #[test]
    fn a_grid_holds_over_a_day_without_drift() {
        let grid = BeatGrid { bpm_x100: 12_345, ..BeatGrid::DEFAULT };
        let day_s = 86_400;
        // 123.45 beats a minute for a day: 123.45 * 1440 beats.
        assert_eq!(grid.position(Time::from_ns(day_s * 1_000_000_000)), 177_768_000_000);
    }
}
