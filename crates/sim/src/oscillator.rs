//! A clock as bad as real ones: offset, skew, wander, a temperature ramp, a step.

use crate::rng::Rng;

/// How a clock differs from true time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OscillatorProfile {
    /// Reading at true time 0, nanoseconds.
    pub offset_ns: i64,
    /// Frequency error, parts per million.
    pub ppm: f64,
    /// Random walk of the frequency, ppm per square root of a second.
    pub wander_ppm: f64,
    /// Temperature ramp: frequency change, ppm a second.
    pub ramp_ppm_per_s: f64,
    /// The ramp lasts this many seconds.
    pub ramp_s: f64,
    /// A step: at this true time (nanoseconds), by this much (nanoseconds).
    pub step: Option<(i64, i64)>,
}

/// Frequency changes once in this many nanoseconds of true time; between, the clock is affine.
const KNOT_NS: i64 = 1_000_000_000;

/// A clock that reads true time wrongly. True time starts at 0 and may be asked for in any order.
#[derive(Clone, Debug)]
pub struct Oscillator {
    profile: OscillatorProfile,
    rng: Rng,
    /// Nanoseconds gained on true time at each whole second, and the frequency error in the second that follows, ppm.
    knots: Vec<(f64, f64)>,
    walk_ppm: f64,
}

impl Oscillator {
    /// A clock with its own wander.
    pub fn new(profile: OscillatorProfile, seed: u64) -> Self {
        Self { profile, rng: Rng::derived(seed, 0x05c1), knots: vec![(0.0, profile.ppm)], walk_ppm: 0.0 }
    }

    /// What the clock shows at a true time, nanoseconds.
    pub fn read(&mut self, true_ns: i64) -> i64 {
        let second = usize::try_from(true_ns.max(0) / KNOT_NS).expect("a run is shorter than the address space");
        while self.knots.len() <= second {
            let (gained, ppm) = self.knots[self.knots.len() - 1];
            self.walk_ppm += self.profile.wander_ppm * self.rng.normal();
            let ramped = self.profile.ramp_ppm_per_s * (self.knots.len() as f64).min(self.profile.ramp_s);
            self.knots.push((gained + ppm * 1e-6 * KNOT_NS as f64, self.profile.ppm + ramped + self.walk_ppm));
        }
        let (gained, ppm) = self.knots[second];
        let since = true_ns - second as i64 * KNOT_NS;
        let stepped = self.profile.step.filter(|(at, _)| true_ns >= *at).map_or(0, |(_, by)| by);
        self.profile.offset_ns + true_ns + (gained + ppm * 1e-6 * since as f64).round() as i64 + stepped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    #[test]
    fn a_clock_of_100_ppm_gains_a_millisecond_in_ten_seconds() {
        let profile = OscillatorProfile { offset_ns: -7, ppm: 100.0, ..OscillatorProfile::default() };
        assert_eq!(Oscillator::new(profile, 1).read(10 * S), 10 * S + 1_000_000 - 7);
    }

    #[test]
    fn a_ramp_adds_up_to_half_its_square() {
        // 0.01 ppm/s over 60 s, in steps of a second: 0.01 * (0 + 1 + ... + 59) us.
        let profile = OscillatorProfile { ramp_ppm_per_s: 0.01, ramp_s: 60.0, ..OscillatorProfile::default() };
        assert_eq!(Oscillator::new(profile, 1).read(60 * S), 60 * S + 17_700);
    }

    #[test]
    fn a_step_shows_from_its_time_on() {
        let profile = OscillatorProfile { step: Some((5, 1_000)), ..OscillatorProfile::default() };
        let mut clock = Oscillator::new(profile, 1);
        assert_eq!([clock.read(4), clock.read(5)], [4, 1_005]);
    }

    #[test]
    fn wander_is_the_same_whatever_the_order_of_reading() {
        let profile = OscillatorProfile { wander_ppm: 0.01, ..OscillatorProfile::default() };
        let (mut a, mut b) = (Oscillator::new(profile, 9), Oscillator::new(profile, 9));
        let forth: Vec<i64> = (0..100).map(|s| a.read(s * S)).collect();
        let back: Vec<i64> = (0..100).rev().map(|s| b.read(s * S)).collect();
        assert!(forth.iter().eq(back.iter().rev()));
        assert!(forth.iter().zip(0..).any(|(read, s)| (read - s * S).abs() > 10), "it does wander");
    }
}
