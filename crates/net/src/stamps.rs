//! Kernel timestamps, which are CLOCK_REALTIME, as CLOCK_MONOTONIC.
//!
//! The two clocks differ by an amount that is constant until somebody sets the wall clock: slewing moves both. So each
//! conversion takes a *sandwich* - monotonic, real, monotonic - which bounds the difference from both sides, and the
//! bounds of successive sandwiches are intersected; the difference soon is known to the width of the tightest one
//! (about 50 ns). An empty intersection means that the wall clock was set in between: then nobody knows on which side of
//! the step the stamp was taken, and it is rejected.
//!
//! A rejected stamp is no error: its caller uses its own reading of the clock instead (SYNC-22).

use nix::time::ClockId;

use crate::clock::{mono_now_ns, read_ns};

/// A sandwich wider than this was interrupted and says too little.
const MAX_SANDWICH_NS: i64 = 20_000;
/// Attempts at a narrow sandwich. One is interrupted about once in ten thousand times; two in a row mean that the machine
/// is overloaded.
const ATTEMPTS: u32 = 3;
/// Both clocks are rounded to nanoseconds on their own, so bounds that miss each other by this much still agree.
const ROUNDING_NS: i64 = 2;
/// A stamp older than this belongs to a process that was stopped, or is not what it seems.
const MAX_AGE_NS: i64 = 10_000_000_000;

/// Three readings of two clocks, one right after the other.
#[derive(Clone, Copy, Debug)]
struct Sandwich {
    mono_before_ns: i64,
    real_ns: i64,
    mono_after_ns: i64,
}

impl Sandwich {
    fn take() -> Self {
        let mono_before_ns = mono_now_ns();
        let real_ns = read_ns(ClockId::CLOCK_REALTIME);
        Self { mono_before_ns, real_ns, mono_after_ns: mono_now_ns() }
    }
    const fn width_ns(&self) -> i64 {
        self.mono_after_ns - self.mono_before_ns
    }
}

/// Why a kernel stamp was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The clocks could not be compared closely enough.
    Interrupted,
    /// The wall clock was set since the last comparison.
    Stepped,
    /// The stamp lies in the future or more than 10 s in the past.
    Implausible,
}

/// Converts kernel stamps of one socket. Keeps what it learnt about the difference of the clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct StampConverter {
    /// Bounds of real - mono, lower and upper.
    difference: Option<(i64, i64)>,
}

impl StampConverter {
    /// Nothing learnt yet.
    pub const fn new() -> Self {
        Self { difference: None }
    }
    /// The CLOCK_MONOTONIC instant, nanoseconds, of a kernel stamp in CLOCK_REALTIME nanoseconds.
    ///
    /// # Errors
    /// [`Rejected`], when the caller's own clock reading is the better choice.
    pub fn to_mono(&mut self, real_stamp_ns: i64) -> Result<i64, Rejected> {
        let mut sandwich = Sandwich::take();
        for _ in 1..ATTEMPTS {
            if sandwich.width_ns() <= MAX_SANDWICH_NS {
                break;
            }
            sandwich = Sandwich::take();
        }
        self.convert(real_stamp_ns, sandwich)
    }

    fn convert(&mut self, real_stamp_ns: i64, sandwich: Sandwich) -> Result<i64, Rejected> {
        if sandwich.width_ns() > MAX_SANDWICH_NS {
            return Err(Rejected::Interrupted);
        }
        let fresh = (sandwich.real_ns - sandwich.mono_after_ns, sandwich.real_ns - sandwich.mono_before_ns);
        let (lower, upper) = match self.difference {
            Some((lower, upper)) if fresh.0 > upper + ROUNDING_NS || fresh.1 < lower - ROUNDING_NS => {
                self.difference = Some(fresh);
                return Err(Rejected::Stepped);
            }
            Some((lower, upper)) => (lower.max(fresh.0), upper.min(fresh.1)),
            None => fresh,
        };
        // Where rounding makes the bounds cross, either of them is right.
        self.difference = Some((lower.min(upper), upper.max(lower)));
        let mono_ns = real_stamp_ns.saturating_sub(lower + (upper - lower) / 2);
        let youngest = sandwich.mono_after_ns;
        if mono_ns > youngest || mono_ns < youngest - MAX_AGE_NS { Err(Rejected::Implausible) } else { Ok(mono_ns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn sandwich(mono_before_ns: i64, real_ns: i64, mono_after_ns: i64) -> Sandwich {
        Sandwich { mono_before_ns, real_ns, mono_after_ns }
    }

    #[test]
    fn a_kernel_stamp_becomes_monotonic_by_the_difference_of_the_clocks() {
        let mut converter = StampConverter::new();
        assert_eq!(converter.convert(9_000_000, sandwich(1_000_000, 9_000_100, 1_000_200)), Ok(1_000_000));
    }

    #[test]
    fn a_tight_sandwich_corrects_the_loose_ones_after_it() {
        let mut converter = StampConverter::new();
        // The true difference is 5,000: known to 20 ns from the first sandwich, to 15,000 from the second alone.
        converter.convert(1_000, sandwich(100_000, 105_010, 100_020)).unwrap_or_default();
        assert_eq!(converter.convert(200_000, sandwich(200_000, 205_100, 215_000)), Ok(195_000));
    }

    /// SYNC-22
    #[test]
    fn an_interrupted_comparison_rejects_the_stamp() {
        let mut converter = StampConverter::new();
        assert_eq!(converter.convert(50, sandwich(0, 100, 20_001)), Err(Rejected::Interrupted));
        assert!(converter.convert(50, sandwich(0, 100, 20_000)).is_ok());
    }

    /// SYNC-22
    #[test]
    fn a_step_of_the_wall_clock_rejects_one_stamp_and_is_learnt() {
        let mut converter = StampConverter::new();
        assert_eq!(converter.convert(7_000, sandwich(2_000, 7_010, 2_020)), Ok(2_000));
        let after = sandwich(3_000, 1_008_010, 3_020);
        assert_eq!(converter.convert(1_007_000, after), Err(Rejected::Stepped));
        assert_eq!(converter.convert(1_008_000, sandwich(3_100, 1_008_110, 3_120)), Ok(3_000));
    }

    #[test]
    fn a_stamp_from_the_future_or_of_long_ago_is_rejected() {
        let mut converter = StampConverter::new();
        let now = sandwich(20_000_000_000, 20_000_000_000, 20_000_000_000);
        assert_eq!(converter.convert(20_000_000_001, now), Err(Rejected::Implausible));
        assert_eq!(converter.convert(9_999_999_999, now), Err(Rejected::Implausible));
        assert_eq!(converter.convert(i64::MIN, now), Err(Rejected::Implausible));
        assert_eq!(converter.convert(20_000_000_000, now), Ok(20_000_000_000));
    }

    #[test]
    fn the_real_clocks_give_back_the_instant_they_were_read_at() {
        let mut converter = StampConverter::new();
        for _ in 0..100 {
            let before = mono_now_ns();
            let real = read_ns(ClockId::CLOCK_REALTIME);
            let after = mono_now_ns();
            if let Ok(mono) = converter.to_mono(real) {
                // Half the widest sandwich that is accepted.
                let slack = MAX_SANDWICH_NS / 2;
                assert!(before - slack <= mono && mono <= after + slack, "{before} {mono} {after}");
            }
        }
    }
}
