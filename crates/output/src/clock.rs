//! The clocks of the frame loop: from show time to local time, and from local time to CLOCK_MONOTONIC.

use cuelight_wire::time::{Local, Show, Span, Time};

use crate::latest::Words;

/// Fraction bits of [`FrameClock::rate`].
const RATE_BITS: u32 = 40;
const ONE: i128 = 1 << RATE_BITS;

/// The affine map from local to show time that frames are locked to, as plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameClock {
    /// Anchor on the local clock.
    pub local0: Time<Local>,
    /// Show time at the anchor.
    pub show0: Time<Show>,
    /// Show seconds per local second, minus one, in 2^-40. Between -2^39 and 2^39.
    pub rate: i64,
    /// Standard deviation of the map's error.
    pub sigma: Span,
    /// The error the map cannot exceed.
    pub bound: Span,
    /// Whether the map is show time as far as is known. If not, frames run on the map all the same, marked unsynced.
    pub is_synced: bool,
}

impl FrameClock {
    /// Show time and local time the same, unsynced: what the lights run on before anything is known.
    pub const FREE: Self =
        Self { local0: Time::ZERO, show0: Time::ZERO, rate: 0, sigma: Span::MAX, bound: Span::MAX, is_synced: false };

    /// Show time at a local instant, to the nearest nanosecond; saturates.
    pub fn show_at(&self, local: Time<Local>) -> Time<Show> {
        let elapsed = i128::from(local.as_ns()) - i128::from(self.local0.as_ns());
        let gained = (elapsed * i128::from(self.rate) + ONE / 2) >> RATE_BITS;
        Time::from_ns(saturated(i128::from(self.show0.as_ns()) + elapsed + gained))
    }
    /// The local instant of a show time, to the nearest nanosecond; saturates.
    pub fn local_at(&self, show: Time<Show>) -> Time<Local> {
        let elapsed = i128::from(show.as_ns()) - i128::from(self.show0.as_ns());
        let slope = ONE + i128::from(self.rate);
        let local = (elapsed * ONE + slope / 2).div_euclid(slope);
        Time::from_ns(saturated(i128::from(self.local0.as_ns()) + local))
    }
}

fn saturated(ns: i128) -> i64 {
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

impl Words for FrameClock {
    type Array = [i64; 6];
    fn to_words(self) -> [i64; 6] {
        [
            self.local0.as_ns(),
            self.show0.as_ns(),
            self.rate,
            self.sigma.as_ns(),
            self.bound.as_ns(),
            i64::from(self.is_synced),
        ]
    }
    fn from_words([local0, show0, rate, sigma, bound, is_synced]: [i64; 6]) -> Self {
        Self {
            local0: Time::from_ns(local0),
            show0: Time::from_ns(show0),
            rate,
            sigma: Span::from_ns(sigma),
            bound: Span::from_ns(bound),
            is_synced: is_synced != 0,
        }
    }
}

/// How a machine's local clock follows from CLOCK_MONOTONIC: the same, or with an offset and a skew injected for tests
/// and the demo. Threads can only sleep on CLOCK_MONOTONIC.
pub trait MonoClock: Send {
    /// Local time at a reading of CLOCK_MONOTONIC, nanoseconds.
    fn local_of(&self, mono_ns: i64) -> Time<Local>;
    /// The CLOCK_MONOTONIC reading, nanoseconds, at a local instant.
    fn mono_of(&self, local: Time<Local>) -> i64;
}

/// Local time is CLOCK_MONOTONIC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uninjected;

impl MonoClock for Uninjected {
    fn local_of(&self, mono_ns: i64) -> Time<Local> {
        Time::from_ns(mono_ns)
    }
    fn mono_of(&self, local: Time<Local>) -> i64 {
        local.as_ns()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PPM_500: i64 = (ONE as i64) / 2000;

    proptest! {
        #[test]
        fn local_and_show_time_are_inverse_within_a_nanosecond(
            local0 in -(1i64 << 61)..1 << 61, show0 in -(1i64 << 61)..1 << 61, rate in -PPM_500..=PPM_500,
            elapsed in -(1i64 << 50)..1 << 50,
        ) {
            let clock = FrameClock {
                local0: Time::from_ns(local0), show0: Time::from_ns(show0), rate, ..FrameClock::FREE
            };
            let show = Time::from_ns(show0 + elapsed);
            prop_assert!(clock.show_at(clock.local_at(show)).since(show).abs() <= Span::from_ns(1));
            prop_assert_eq!(FrameClock::from_words(clock.to_words()), clock);
        }
    }

    #[test]
    fn a_fast_show_clock_reaches_an_instant_earlier() {
        // 100 ppm = 109,951,163 / 2^40.
        let clock = FrameClock { rate: 109_951_163, ..FrameClock::FREE };
        assert_eq!(clock.local_at(Time::from_ns(1_000_100_000)).as_ns(), 1_000_000_000);
    }
}
