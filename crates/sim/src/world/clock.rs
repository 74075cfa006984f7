//! A machine's local clock: an oscillator, the epoch its last start gave it, and the counter it is read from.

use cuelight_wire::time::{Local, Time};

use super::setup::Counter;
use crate::oscillator::Oscillator;

/// Nobody plans farther ahead than this, nanoseconds; what lies beyond is asked for again then.
const LONGEST_WAIT_NS: i64 = 1_000_000_000;

/// Nanoseconds that three steps may leave, from rounding.
const ROUNDINGS: i64 = 8;

/// Local time as a function of true time. Readings come in the order of true time.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    oscillator: Oscillator,
    /// What the epoch of the machine's last start adds to the oscillator, nanoseconds.
    pub(crate) epoch_ns: i64,
    counter: Option<Reading>,
}

/// A 32-bit counter of microseconds, and what the shell made of it.
#[derive(Clone, Copy, Debug)]
struct Reading {
    counter: Counter,
    last: u32,
    extended_us: i64,
}

impl Clock {
    pub(crate) const fn new(oscillator: Oscillator) -> Self {
        Self { oscillator, epoch_ns: 0, counter: None }
    }
    pub(crate) fn with_counter(mut self, counter: Option<Counter>) -> Self {
        self.counter = counter.map(|counter| {
            let last = counter.starts_at;
            Reading { counter, last, extended_us: i64::from(last) }
        });
        self
    }

    /// Local time now.
    pub(crate) fn read(&mut self, true_ns: i64) -> Time<Local> {
        let ns = self.oscillator.read(true_ns) + self.epoch_ns;
        let Some(reading) = &mut self.counter else { return Time::from_ns(ns) };
        // A counter of 32 bits: the low bits of the microseconds since the start.
        let raw = (ns.div_euclid(1_000) as u32).wrapping_add(reading.counter.starts_at);
        // As a shell extends it: what was gained since the last reading, modulo one turn.
        reading.extended_us += i64::from(raw.wrapping_sub(reading.last));
        reading.last = raw;
        Time::from_us(if reading.counter.is_extended { reading.extended_us } else { i64::from(raw) })
    }

    /// The true time, `now_ns` or later and at most a second away, at which the clock reads `local` or more, if it goes
    /// on until then as it does.
    pub(crate) fn true_at(&mut self, local: Time<Local>, now_ns: i64) -> i64 {
        let wait = (local - self.read(now_ns)).as_ns();
        if wait <= 0 {
            return now_ns;
        }
        if wait >= LONGEST_WAIT_NS {
            return now_ns + LONGEST_WAIT_NS;
        }
        let due = self.oscillator.read(now_ns) + wait;
        // A rate wrong by parts in ten thousand leaves that part of the rest with each step: 1 s, 100 us, 10 ns, 1 ps.
        let mut at = now_ns + wait;
        for _ in 0..3 {
            at += due - self.oscillator.read(at);
        }
        at = at.clamp(now_ns, now_ns + 2 * LONGEST_WAIT_NS);
        for _ in 0..ROUNDINGS {
            if self.oscillator.read(at) >= due {
                return at;
            }
            at += 1;
        }
        self.first_at(due, now_ns)
    }
    /// The same for a clock that steps on the way: by halving.
    fn first_at(&mut self, due: i64, now_ns: i64) -> i64 {
        let (mut before, mut after) = (now_ns, now_ns + LONGEST_WAIT_NS);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.oscillator.read(middle) >= due { after = middle } else { before = middle }
        }
        after
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
    fn a_deadline_behind_a_step_forward_is_met_at_the_step_and_one_behind_a_step_back_is_looked_at_again() {
        for (by, met_at) in [(900_000, 5_000_000), (-3_000_000_000, LONGEST_WAIT_NS)] {
            let profile = OscillatorProfile { step: Some((5_000_000, by)), ..Default::default() };
            let mut clock = Clock::new(Oscillator::new(profile, 1));
            assert_eq!(clock.true_at(Time::from_ns(5_500_000), 0), met_at);
        }
    }

    #[test]
    fn what_is_past_is_due_now_and_what_is_far_is_looked_at_again() {
        let mut clock = Clock::new(Oscillator::new(OscillatorProfile::default(), 1));
        assert_eq!(clock.true_at(Time::from_ns(-5), 9), 9);
        assert_eq!(clock.true_at(Time::from_ns(i64::MAX), 9), 9 + LONGEST_WAIT_NS);
    }

    #[test]
    fn a_counter_that_wraps_goes_on_when_the_shell_extends_it_and_falls_back_by_71_minutes_when_not() {
        let at = |is_extended| {
            let oscillator = Oscillator::new(OscillatorProfile::default(), 1);
            let counter = Counter { starts_at: u32::MAX - 10, is_extended };
            let mut clock = Clock::new(oscillator).with_counter(Some(counter));
            [0, 10_000, 11_000, 1_000_000_999].map(|true_ns| clock.read(true_ns).as_us() - i64::from(u32::MAX))
        };
        assert_eq!(at(true), [-10, 0, 1, 999_990]);
        assert_eq!(at(false), [-10, 0, -i64::from(u32::MAX), 999_989 - i64::from(u32::MAX)]);
    }
}
