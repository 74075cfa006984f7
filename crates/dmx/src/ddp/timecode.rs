//! When a display is to show what it was sent.

use cuelight_wire::time::{Span, Time, Wall};

/// NTP time begins in 1900, wall clocks begin in 1970: 70 years with 17 leap days.
const NTP_OF_UNIX_S: i128 = (70 * 365 + 17) * 86_400;
/// Parts of a second.
const PER_SECOND: i128 = 1 << 16;
const NS_PER_SECOND: i128 = 1_000_000_000;

/// Bits 47..16 of NTP time: 16 bits of seconds and 16 of their fraction, so a step is 15.3 us and all of them last 18.2
/// hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timecode(pub u32);

impl Timecode {
    /// The timecode in force at a wall time.
    pub const fn of(at: Time<Wall>) -> Self {
        // Only the low 32 bits travel.
        Self(steps(at) as u32)
    }
    /// The first instant with this timecode, of all there are the one next to `now`: less than 9.2 hours away.
    pub const fn near(self, now: Time<Wall>) -> Time<Wall> {
        let now_steps = steps(now);
        let ahead = self.0.wrapping_sub(now_steps as u32) as i32;
        let unix = now_steps + ahead as i128 - NTP_OF_UNIX_S * PER_SECOND;
        // Rounded up: the instant is not before its timecode.
        let ns = -(-unix * NS_PER_SECOND).div_euclid(PER_SECOND);
        Time::from_ns(ns as i64)
    }
    /// One step.
    pub const STEP: Span = Span::from_ns((NS_PER_SECOND / PER_SECOND) as i64 + 1);
}

const fn steps(at: Time<Wall>) -> i128 {
    NTP_OF_UNIX_S * PER_SECOND + (at.as_ns() as i128 * PER_SECOND).div_euclid(NS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// DMX-10
    #[test]
    fn known_instants_have_their_ntp_bits() {
        // 1970 began 2,208,988,800 = 0x83AA7E80 s after 1900.
        assert_eq!(Timecode::of(Time::ZERO), Timecode(0x7E80_0000));
        assert_eq!(Timecode::of(Time::from_ns(1_500_000_000)), Timecode(0x7E81_8000));
        assert_eq!(Timecode::of(Time::from_ns(-1)), Timecode(0x7E7F_FFFF));
    }

    proptest! {
        /// DMX-10
        #[test]
        fn a_timecode_is_found_again_within_nine_hours(ns in 0..=4_000_000_000_000_000_000_i64, away_s in -32_000..32_000_i64) {
            let at = Time::<Wall>::from_ns(ns);
            let found = Timecode::of(at).near(at + Span::from_s(away_s));
            prop_assert_eq!(Timecode::of(found), Timecode::of(at));
            prop_assert!(at >= found && at - found < Timecode::STEP, "{:?}", at - found);
        }
    }
}
