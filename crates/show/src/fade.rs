//! How far a fade is: from the time since its cue began to 16 bits of progress, on integers alone.
//!
//! Every step rounds down, so a fade is complete at its end and not before, and every machine finds the same number.

use cuelight_wire::time::Span;
use serde::{Deserialize, Serialize};

/// No progress yet.
pub const BEGIN: u16 = 0;
/// A fade that is complete.
pub const COMPLETE: u16 = u16::MAX;
/// Longest fade and longest delay, milliseconds: a day.
pub const MAX_FADE_MS: u32 = 86_400_000;

/// How progress runs between the ends of a fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Curve {
    /// Evenly.
    #[default]
    Linear,
    /// Slow at both ends: 3 x^2 - 2 x^3.
    SCurve,
    /// Slow at the beginning: x^2.
    SlowStart,
    /// Slow at the end: 2 x - x^2.
    SlowEnd,
}

impl Curve {
    /// All curves.
    pub const ALL: [Self; 4] = [Self::Linear, Self::SCurve, Self::SlowStart, Self::SlowEnd];

    /// Progress along the curve at `x` of the fade's length, both in 65,535ths, rounded down. 0 and full stay.
    pub const fn at(self, x: u16) -> u16 {
        const FULL: u64 = 65_535;
        let x64 = x as u64;
        // At most 65,535^3, which is below 2^48.
        let curved = match self {
            Self::Linear => return x,
            Self::SCurve => x64 * x64 * (3 * FULL - 2 * x64) / (FULL * FULL),
            Self::SlowStart => x64 * x64 / FULL,
            Self::SlowEnd => x64 * (2 * FULL - x64) / FULL,
        };
        curved as u16
    }
}

/// The times of a cue. Intensities that rise, and everything that is not an intensity, go by the `up` times, intensities that fall by the `down` times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timing {
    /// How long a rise takes, milliseconds.
    pub fade_up_ms: u32,
    /// How long a fall takes, milliseconds.
    pub fade_down_ms: u32,
    /// From the start of the cue to the start of a rise, milliseconds.
    pub delay_up_ms: u32,
    /// From the start of the cue to the start of a fall, milliseconds.
    pub delay_down_ms: u32,
    /// How levels go from end to end.
    pub curve: Curve,
}

/// How far the fades of a cue are, each in 65,535ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rises.
    pub up: u16,
    /// Falls.
    pub down: u16,
    /// What does not fade but jumps at the beginning of the rise.
    pub snap: u16,
}

impl Progress {
    /// All done.
    pub const DONE: Self = Self { up: COMPLETE, down: COMPLETE, snap: COMPLETE };
}

impl Timing {
    /// A fade of this length, up and down, without delay.
    pub const fn even(fade_ms: u32, curve: Curve) -> Self {
        Self { fade_up_ms: fade_ms, fade_down_ms: fade_ms, delay_up_ms: 0, delay_down_ms: 0, curve }
    }
    /// From the start of the cue to the end of its last fade, whatever moves in it.
    pub fn duration(&self) -> Span {
        let up = i64::from(self.delay_up_ms) + i64::from(self.fade_up_ms);
        let down = i64::from(self.delay_down_ms) + i64::from(self.fade_down_ms);
        Span::from_ms(up.max(down))
    }
    /// How far the fades are when the cue began `elapsed` ago.
    pub fn progress(&self, elapsed: Span) -> Progress {
        let up = straight(elapsed, self.delay_up_ms, self.fade_up_ms);
        let down = straight(elapsed, self.delay_down_ms, self.fade_down_ms);
        let has_begun = elapsed >= Span::from_ms(self.delay_up_ms.into());
        Progress { up: self.curve.at(up), down: self.curve.at(down), snap: if has_begun { COMPLETE } else { BEGIN } }
    }
}

/// The part of a fade that is over, rounded down.
fn straight(elapsed: Span, delay_ms: u32, fade_ms: u32) -> u16 {
    let since = (elapsed - Span::from_ms(delay_ms.into())).as_ns();
    let length = Span::from_ms(fade_ms.into()).as_ns();
    if since < 0 {
        BEGIN
    } else if since >= length {
        COMPLETE
    } else {
        // Below 2^32 ms in ns times 2^16 may need 79 bits.
        (i128::from(since) * i128::from(COMPLETE) / i128::from(length)) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_rises_from_end_to_end() {
        for curve in Curve::ALL {
            assert_eq!((curve.at(0), curve.at(COMPLETE)), (0, COMPLETE), "{curve:?}");
            assert!((1..=COMPLETE).all(|x| curve.at(x) >= curve.at(x - 1)), "{curve:?}");
        }
        assert_eq!(Curve::SCurve.at(32_768), 32_768);
        assert_eq!(Curve::SlowStart.at(32_768), 16_384);
        assert_eq!(Curve::SlowEnd.at(32_768), 49_151);
    }

    #[test]
    fn a_fade_begins_after_its_delay_and_is_complete_at_its_end_and_not_before() {
        let timing =
            Timing { fade_up_ms: 3_000, delay_up_ms: 500, fade_down_ms: 0, delay_down_ms: 700, curve: Curve::Linear };
        let at = |ns| timing.progress(Span::from_ns(ns));
        assert_eq!(at(0), Progress { up: 0, down: 0, snap: 0 });
        assert_eq!(at(499_999_999).snap, BEGIN);
        assert_eq!((at(500_000_000).snap, at(500_000_000).up), (COMPLETE, 0));
        assert_eq!(at(2_000_000_000).up, 32_767);
        assert_eq!((at(699_999_999).down, at(700_000_000).down), (BEGIN, COMPLETE));
        assert_eq!(at(3_499_999_999).up, 65_534);
        assert_eq!(at(3_500_000_000), Progress::DONE);
        assert_eq!(timing.duration(), Span::from_ms(3_500));
        assert_eq!(at(-1), Progress { up: 0, down: 0, snap: 0 });
    }

    #[test]
    fn the_longest_fade_does_not_overflow() {
        let timing = Timing::even(u32::MAX, Curve::Linear);
        assert_eq!(timing.progress(Span::from_ms(i64::from(u32::MAX) / 2)).up, 32_767);
        assert_eq!(timing.progress(Span::MAX), Progress::DONE);
    }
}
