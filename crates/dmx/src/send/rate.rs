//! How many frames of a universe there are in a second, and when each is due.

use cuelight_wire::time::{Show, Span, Time};

/// Frames a second, 1..=44: a DMX512 line takes no more of 513 values (E1.31-2018, 6.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u8);

const NS_PER_SECOND: i64 = 1_000_000_000;

impl Rate {
    /// 44 Hz: as fast as a line is.
    pub const FULL: Self = Self(44);
    /// 40 Hz: for receivers that do not keep up with 44.
    pub const STEADY: Self = Self(40);
    /// 30 Hz: for slow ones.
    pub const SLOW: Self = Self(30);

    /// `None` for 0 and above 44.
    pub const fn new(hz: u8) -> Option<Self> {
        if hz >= 1 && hz <= Self::FULL.0 { Some(Self(hz)) } else { None }
    }
    /// 1..=44.
    pub const fn hz(self) -> u8 {
        self.0
    }
    /// The time from one frame to the next, rounded down.
    pub const fn period(self) -> Span {
        Span::from_ns(NS_PER_SECOND / self.0 as i64)
    }
    /// Frame k is due at floor(k * 1,000,000,000 / hz) ns of show time: at the same instant on every machine (DMX-30).
    pub const fn show_at(self, k: i64) -> Time<Show> {
        let hz = self.0 as i64;
        // Whole seconds and the rest separately: no overflow for any k below 2^63 / 10^9.
        let (seconds, rest) = (k.div_euclid(hz), k.rem_euclid(hz));
        Time::from_ns(seconds.saturating_mul(NS_PER_SECOND).saturating_add(rest * NS_PER_SECOND / hz))
    }
    /// The first frame that is due at or after `at`.
    pub const fn first_at_or_after(self, at: Time<Show>) -> i64 {
        let hz = self.0 as i64;
        let (seconds, rest) = (at.as_ns().div_euclid(NS_PER_SECOND), at.as_ns().rem_euclid(NS_PER_SECOND));
        // The smallest r with floor(r * 10^9 / hz) >= rest: one below the rounded-up quotient, or that.
        let r = rest * hz / NS_PER_SECOND;
        let r = if r * NS_PER_SECOND / hz >= rest { r } else { r + 1 };
        seconds * hz + r
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self::FULL
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_are_those_that_a_line_can_take() {
        assert_eq!((Rate::new(0), Rate::new(45)), (None, None));
        assert_eq!(Rate::new(44), Some(Rate::FULL));
    }

    proptest! {
        /// DMX-30
        #[test]
        fn a_second_has_as_many_frames_as_the_rate_says_and_each_is_found_by_its_instant(
            hz in 1..=44_u8, k in -1_000_000_000..1_000_000_000_i64, early in 0..20_000_000_i64,
        ) {
            let rate = Rate::new(hz).unwrap();
            let exact = (i128::from(k) * 1_000_000_000).div_euclid(hz.into());
            prop_assert_eq!(i128::from(rate.show_at(k).as_ns()), exact);
            prop_assert_eq!(rate.show_at(k + i64::from(hz)) - rate.show_at(k), Span::from_s(1));
            prop_assert_eq!(rate.first_at_or_after(rate.show_at(k)), k);
            let at = rate.show_at(k) - Span::from_ns(early);
            let first = rate.first_at_or_after(at);
            prop_assert!(rate.show_at(first) >= at && rate.show_at(first - 1) < at);
        }
    }
}
