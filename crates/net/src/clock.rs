//! The machine's clocks: CLOCK_MONOTONIC as the protocol's local time, CLOCK_REALTIME for the edges.
//!
//! Promises: local time never goes back, and [`LocalClock::mono_ns_of`] undoes [`LocalClock::from_mono_ns`] to within a
//! nanosecond. Never the wall clock: a step of the wall clock must not move a show.
//!
//! A local clock may be *injected* with an offset and a skew. Several nodes on one machine share one CLOCK_MONOTONIC, so
//! without injection there would be nothing to synchronise; with it, tests and the demo can compute every node's true
//! clock error (SYNC-21, `docs/protocol/40-time-exchange.md`).

use std::fmt;
use std::str::FromStr;

use cuelight_wire::time::{Local, Time, Wall};
use nix::time::{ClockId, clock_gettime};

/// Largest skew that can be injected, parts per billion: a thousand times what a bad crystal shows.
pub const MAX_INJECTED_PPB: i64 = 1_000_000;
/// Largest offset that can be injected, nanoseconds: three years, far from the ends of `i64`.
pub const MAX_INJECTED_OFFSET_NS: i64 = 100_000_000_000_000_000;

const NS_PER_S: i64 = 1_000_000_000;

/// CLOCK_MONOTONIC now, nanoseconds.
pub fn mono_now_ns() -> i64 {
    read_ns(ClockId::CLOCK_MONOTONIC)
}

/// The wall clock now (CLOCK_REALTIME, nanoseconds since 1970). For saved files and logs only.
pub fn wall_now() -> Time<Wall> {
    Time::from_ns(read_ns(ClockId::CLOCK_REALTIME))
}

pub(crate) fn read_ns(clock: ClockId) -> i64 {
    let now = clock_gettime(clock).expect("Linux has both clocks and the pointer is valid");
    now.tv_sec() * NS_PER_S + now.tv_nsec()
}

/// A machine's local clock: `local = mono + offset + mono * ppb / 10^9`, rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalClock {
    offset_ns: i64,
    ppb: i64,
}

/// The text or the numbers of a clock injection cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a clock injection is OFFSET_S,PPM: seconds within +-100000000 and parts per million within +-1000, like -12.5,40"
)]
pub struct BadInjection;

impl LocalClock {
    /// CLOCK_MONOTONIC itself.
    pub const UNCHANGED: Self = Self { offset_ns: 0, ppb: 0 };

    /// CLOCK_MONOTONIC with an offset in nanoseconds and a skew in parts per billion.
    ///
    /// # Errors
    /// When either is beyond [`MAX_INJECTED_OFFSET_NS`] or [`MAX_INJECTED_PPB`].
    pub const fn injected(offset_ns: i64, ppb: i64) -> Result<Self, BadInjection> {
        let offset_fits = -MAX_INJECTED_OFFSET_NS <= offset_ns && offset_ns <= MAX_INJECTED_OFFSET_NS;
        let skew_fits = -MAX_INJECTED_PPB <= ppb && ppb <= MAX_INJECTED_PPB;
        if offset_fits && skew_fits { Ok(Self { offset_ns, ppb }) } else { Err(BadInjection) }
    }
    /// The injected offset, nanoseconds.
    pub const fn offset_ns(self) -> i64 {
        self.offset_ns
    }
    /// The injected skew, parts per billion.
    pub const fn ppb(self) -> i64 {
        self.ppb
    }
    /// Whether anything is injected.
    pub const fn is_injected(self) -> bool {
        self.offset_ns != 0 || self.ppb != 0
    }
    /// Local time now.
    pub fn now(self) -> Time<Local> {
        self.from_mono_ns(mono_now_ns())
    }
    /// Local time at a reading of CLOCK_MONOTONIC.
    #[allow(clippy::wrong_self_convention, reason = "from and of are the two directions of one map")]
    pub const fn from_mono_ns(self, mono_ns: i64) -> Time<Local> {
        let scaled = (mono_ns as i128 * self.scale()).div_euclid(NS_PER_S as i128);
        Time::from_ns(saturated(scaled + self.offset_ns as i128))
    }
    /// The first CLOCK_MONOTONIC nanosecond at which the local clock shows `local` or more.
    pub const fn mono_ns_of(self, local: Time<Local>) -> i64 {
        let scaled = (local.as_ns() as i128 - self.offset_ns as i128) * NS_PER_S as i128;
        // Rounded up: the smallest m with floor(m * scale / 10^9) >= local - offset.
        saturated(-(-scaled).div_euclid(self.scale()))
    }
    const fn scale(self) -> i128 {
        (NS_PER_S + self.ppb) as i128
    }
}

const fn saturated(ns: i128) -> i64 {
    if ns > i64::MAX as i128 {
        i64::MAX
    } else if ns < i64::MIN as i128 {
        i64::MIN
    } else {
        ns as i64
    }
}

impl FromStr for LocalClock {
    type Err = BadInjection;

    /// Reads `OFFSET_S,PPM`, as `--inject-clock` takes it.
    fn from_str(text: &str) -> Result<Self, BadInjection> {
        let (offset, ppm) = text.split_once(',').ok_or(BadInjection)?;
        Self::injected(scaled_decimal(offset, 1e9)?, scaled_decimal(ppm, 1e3)?)
    }
}

/// A decimal number times `unit`, rounded to a whole number.
fn scaled_decimal(text: &str, unit: f64) -> Result<i64, BadInjection> {
    let value: f64 = text.trim().parse().map_err(|_| BadInjection)?;
    // `as` saturates, and the limits of `injected` are far inside i64; NaN would become 0.
    if value.is_nan() { Err(BadInjection) } else { Ok((value * unit).round() as i64) }
}

impl fmt::Display for LocalClock {
    /// The form that [`LocalClock::from_str`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.offset_ns as f64 / 1e9, self.ppb as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_injection_is_read_from_seconds_and_parts_per_million() {
        assert_eq!("-1000.5,+37.25".parse(), LocalClock::injected(-1_000_500_000_000, 37_250));
        assert_eq!("0,0".parse(), Ok(LocalClock::UNCHANGED));
        for bad in ["", "1", "1,", ",1", "1,1001", "1e9,0", "NaN,0", "0,nan", "inf,0", "1,2,3", "x,y"] {
            assert_eq!(bad.parse::<LocalClock>(), Err(BadInjection), "{bad}");
        }
    }

    /// SYNC-21
    #[test]
    fn a_skewed_clock_gains_its_parts_per_billion() {
        let clock = LocalClock::injected(5, 100_000).unwrap();
        assert_eq!(clock.from_mono_ns(0).as_ns(), 5);
        assert_eq!(clock.from_mono_ns(10_000_000_000).as_ns(), 10_001_000_005);
    }

    #[test]
    fn local_time_does_not_go_back() {
        let clock = LocalClock::injected(-7, -100_000).unwrap();
        let mut last = clock.now();
        for _ in 0..1000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
    }

    proptest! {
        #[test]
        fn the_inverse_is_exact_to_a_nanosecond(
            mono in -4_000_000_000_000_000_000_i64..4_000_000_000_000_000_000,
            offset in -MAX_INJECTED_OFFSET_NS..=MAX_INJECTED_OFFSET_NS,
            ppb in -MAX_INJECTED_PPB..=MAX_INJECTED_PPB,
        ) {
            let clock = LocalClock::injected(offset, ppb).unwrap();
            let local = clock.from_mono_ns(mono);
            prop_assert!((clock.mono_ns_of(local) - mono).abs() <= 1);
            // And the other way round: the first nanosecond at which the clock shows it.
            prop_assert!(clock.from_mono_ns(clock.mono_ns_of(local)) >= local);
            prop_assert!(clock.from_mono_ns(clock.mono_ns_of(local) - 1) < local);
        }

        #[test]
        fn an_injection_survives_its_text(
            offset in -1_000_000_000_000_i64..=1_000_000_000_000,
            ppb in -MAX_INJECTED_PPB..=MAX_INJECTED_PPB,
        ) {
            let clock = LocalClock::injected(offset, ppb).unwrap();
            prop_assert_eq!(clock.to_string().parse(), Ok(clock));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = text.parse::<LocalClock>();
        }
    }
}
