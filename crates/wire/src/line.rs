//! The straight line from a local clock to show time: three numbers that everything on a node agrees on.
//!
//! Integer throughout: the same numbers give the same instants on every machine (SYNC-1).

use crate::time::{Local, Show, Time};

/// Fraction bits of [`ClockLine::rate`].
pub const RATE_BITS: u32 = 40;
const ONE: i128 = 1 << RATE_BITS;

/// `show = show0 + (local - local0) * (1 + rate / 2^40)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockLine {
    /// Anchor on the local clock.
    pub local0: Time<Local>,
    /// Show time at the anchor.
    pub show0: Time<Show>,
    /// Show seconds per local second, minus one, in 2^-40 (1 ppm = 1,099,512). Between -2^39 and 2^39.
    pub rate: i64,
}

impl ClockLine {
    /// Show time at a local instant, rounded to the nearest nanosecond; saturates at the range of `i64`.
    pub fn show_at(&self, local: Time<Local>) -> Time<Show> {
        let elapsed = i128::from(local.as_ns()) - i128::from(self.local0.as_ns());
        let gained = (elapsed * i128::from(self.rate) + ONE / 2) >> RATE_BITS;
        Time::from_ns(saturated(i128::from(self.show0.as_ns()) + elapsed + gained))
    }

    /// Local instant at a show time: the inverse of [`ClockLine::show_at`] within one nanosecond; saturates.
    pub fn local_at(&self, show: Time<Show>) -> Time<Local> {
        let elapsed = i128::from(show.as_ns()) - i128::from(self.show0.as_ns());
        let slope = ONE + i128::from(self.rate);
        let local = (elapsed * ONE + slope / 2).div_euclid(slope);
        Time::from_ns(saturated(i128::from(self.local0.as_ns()) + local))
    }

    /// The rate as parts per million; for display.
    pub fn rate_ppm(&self) -> f64 {
        self.rate as f64 * (1e6 / ONE as f64)
    }
}

fn saturated(ns: i128) -> i64 {
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use proptest::prelude::*;

    const PPM_500: i64 = (ONE as i64) / 2000;

    fn line(local0: i64, show0: i64, rate: i64) -> ClockLine {
        ClockLine { local0: Time::from_ns(local0), show0: Time::from_ns(show0), rate }
    }

    #[test]
    fn a_hundred_ppm_gain_a_hundred_microseconds_a_second() {
        let line = line(1_000, 50_000, 109_951_163);
        assert_eq!(line.show_at(Time::from_ns(1_000_001_000)).as_ns(), 1_000_150_000);
        assert_eq!(line.local_at(Time::from_ns(1_000_150_000)).as_ns(), 1_000_001_000);
    }

    proptest! {
        /// SYNC-1
        #[test]
        fn the_line_is_monotone(l0: i64, s0: i64, rate in -PPM_500..=PPM_500, a: i64, b: i64) {
            let line = line(l0, s0, rate);
            let (a, b) = (a.min(b), a.max(b));
            prop_assert!(line.show_at(Time::from_ns(a)) <= line.show_at(Time::from_ns(b)));
            prop_assert!(line.local_at(Time::from_ns(a)) <= line.local_at(Time::from_ns(b)));
        }

        /// SYNC-1
        #[test]
        fn the_inverse_is_exact_within_a_nanosecond(
            l0 in -(1i64 << 61)..1 << 61, s0 in -(1i64 << 61)..1 << 61, rate in -PPM_500..=PPM_500,
            elapsed in -(1i64 << 61)..1 << 61,
        ) {
            let line = line(l0, s0, rate);
            let local = Time::from_ns(l0 + elapsed);
            let back = line.local_at(line.show_at(local));
            prop_assert!(back.since(local).abs() <= Span::from_ns(1), "{back:?} {local:?}");
            let show = Time::from_ns(s0 + elapsed);
            let forth = line.show_at(line.local_at(show));
            prop_assert!(forth.since(show).abs() <= Span::from_ns(1), "{forth:?} {show:?}");
        }
    }
}
