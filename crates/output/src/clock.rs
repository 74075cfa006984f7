//! The clocks of the frame loop: from show time to local time, and from local time to CLOCK_MONOTONIC.

use cuelight_wire::line::ClockLine;
use cuelight_wire::time::{Local, Show, Span, Time};

use crate::latest::Words;

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

    /// The line it follows.
    pub fn line(&self) -> ClockLine {
        ClockLine { local0: self.local0, show0: self.show0, rate: self.rate }
    }
    /// Show time at a local instant, see [`ClockLine::show_at`].
    pub fn show_at(&self, local: Time<Local>) -> Time<Show> {
        self.line().show_at(local)
    }
    /// The local instant of a show time, see [`ClockLine::local_at`].
    pub fn local_at(&self, show: Time<Show>) -> Time<Local> {
        self.line().local_at(show)
    }
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

    proptest! {
        #[test]
        fn a_clock_survives_the_cell(local0: i64, show0: i64, rate: i64, bound: i64, is_synced: bool) {
            let clock = FrameClock {
                local0: Time::from_ns(local0),
                show0: Time::from_ns(show0),
                rate,
                sigma: Span::from_ns(3),
                bound: Span::from_ns(bound),
                is_synced,
            };
            prop_assert_eq!(FrameClock::from_words(clock.to_words()), clock);
        }
    }
}
