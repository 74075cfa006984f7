//! A machine's local clock: an oscillator, and the epoch its last start gave it.

use cuelight_wire::time::{Local, Time};

use crate::oscillator::Oscillator;

/// Nobody plans farther ahead than this, nanoseconds; what lies beyond is asked for again then.
const LONGEST_WAIT_NS: i64 = 1_000_000_000;

/// Local time as a function of true time.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    oscillator: Oscillator,
    /// What the epoch of the machine's last start adds to the oscillator, nanoseconds.
    pub(crate) epoch_ns: i64,
}

impl Clock {
    pub(crate) const fn new(oscillator: Oscillator) -> Self {
        Self { oscillator, epoch_ns: 0 }
    }

    /// Local time at a true time.
    pub(crate) fn read(&mut self, true_ns: i64) -> Time<Local> {
        Time::from_ns(self.oscillator.read(true_ns) + self.epoch_ns)
    }

    /// The true time, `now_ns` or later and at most a second away, at which the clock reads `local` or more.
    pub(crate) fn true_at(&mut self, local: Time<Local>, now_ns: i64) -> i64 {
        let wait = (local - self.read(now_ns)).as_ns();
        if wait <= 0 {
            return now_ns;
        }
        if wait >= LONGEST_WAIT_NS {
            return now_ns + LONGEST_WAIT_NS;
        }
        // A rate wrong by parts in ten thousand leaves that part of the rest with each step: 1 s, 100 us, 10 ns, 1 ps.
        let mut at = now_ns + wait;
        for _ in 0..3 {
            at += (local - self.read(at)).as_ns();
        }
        while self.read(at) < local {
            at += 1;
        }
        at.max(now_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oscillator::OscillatorProfile;

    #[test]
    fn a_deadline_is_met_to_the_nanosecond_whatever_the_clock_does() {
        for (seed, ppm) in [(1, 100.0), (2, -100.0), (3, 0.0)] {
            let profile = OscillatorProfile { offset_ns: -7_000_000_001, ppm, wander_ppm: 0.1, ..Default::default() };
            let mut clock = Clock::new(Oscillator::new(profile, seed));
            for i in 0..1_000 {
                let now = i * 7_654_321;
                let due = Time::from_ns(clock.read(now).as_ns() + i * 999_999);
                let at = clock.true_at(due, now);
                assert!(clock.read(at) >= due && (at == now || clock.read(at - 2) < due), "{i}");
            }
        }
    }

    #[test]
    fn what_is_past_is_due_now_and_what_is_far_is_looked_at_again() {
        let mut clock = Clock::new(Oscillator::new(OscillatorProfile::default(), 1));
        assert_eq!(clock.true_at(Time::from_ns(-5), 9), 9);
        assert_eq!(clock.true_at(Time::from_ns(i64::MAX), 9), 9 + LONGEST_WAIT_NS);
    }
}
