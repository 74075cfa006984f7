//! What the filters are compared on: a path, a clock, a rate of asking.

use crate::oscillator::OscillatorProfile;
use crate::profiles::{self, PathProfile};

use super::stream::Stream;

const S: i64 = 1_000_000_000;
/// Random walk of every clock's frequency, ppm per square root of a second: 3e-9, a plain crystal.
const WANDER_PPM: f64 = 3e-3;
/// A room that warms up: 1 ppm a minute.
const RAMP_PPM_PER_S: f64 = 1.0 / 60.0;

/// The clock of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// 50 ppm off, fast with one seed and slow with the next.
    Ppm50,
    /// 100 ppm off.
    Ppm100,
    /// 50 ppm off, and 1 ppm more every minute of the run.
    Ramp,
}

impl Clock {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::Ppm50, Self::Ppm100, Self::Ramp];

    /// What it is called in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ppm50 => "50 ppm",
            Self::Ppm100 => "100 ppm",
            Self::Ramp => "ramp",
        }
    }

    fn profile(self, seed: u64, seconds: i64) -> OscillatorProfile {
        let sign = if seed.is_multiple_of(2) { 1.0 } else { -1.0 };
        let ppm = sign * if self == Self::Ppm100 { 100.0 } else { 50.0 };
        let ramp_ppm_per_s = if self == Self::Ramp { sign * RAMP_PPM_PER_S } else { 0.0 };
        // Some read less than the hub's clock, some more, and some begin below zero.
        let offset_ns = (seed as i64).wrapping_sub(8).wrapping_mul(100 * S);
        OscillatorProfile { offset_ns, ppm, wander_ppm: WANDER_PPM, ramp_ppm_per_s, ramp_s: seconds as f64, step: None }
    }
}

/// What the filters are compared on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// The way to the hub and back.
    pub path: PathProfile,
    /// The node's clock.
    pub clock: Clock,
    /// Exchanges a second after the burst.
    pub probe_hz: u32,
}

impl Case {
    /// All cases: every profile with every clock at 5 Hz, and busy Wi-Fi at 20 Hz.
    pub fn all() -> Vec<Self> {
        let plain = |clock| profiles::ALL.map(|path| Self { path, clock, probe_hz: 5 });
        let fast = [profiles::WIFI_U20_LOSS_10, profiles::WIFI_U20_LOSS_20];
        let fast = fast.map(|path| Self { path, clock: Clock::Ppm50, probe_hz: 20 });
        [plain(Clock::Ppm50).as_slice(), &fast, &plain(Clock::Ppm100), &plain(Clock::Ramp)].concat()
    }

    /// The path's name, and the rate where it is not the usual one.
    pub fn name(&self) -> String {
        if self.probe_hz == 5 { self.path.name.to_owned() } else { format!("{} {} Hz", self.path.name, self.probe_hz) }
    }

    /// The stream of one seed.
    pub fn stream(&self, seconds: i64, seed: u64) -> Stream {
        Stream::record(&self.path, self.clock.profile(seed, seconds), self.probe_hz, seconds, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_meets_every_clock() {
        let cases = Case::all();
        for path in profiles::ALL {
            for clock in Clock::ALL {
                let is_it = |case: &&Case| case.path == path && case.clock == clock && case.probe_hz == 5;
                assert_eq!(cases.iter().filter(is_it).count(), 1, "{} {}", path.name, clock.name());
            }
        }
        assert_eq!(cases.iter().filter(|case| case.probe_hz == 20).count(), 2);
    }

    #[test]
    fn clocks_are_as_far_off_as_they_are_called() {
        let ppm = |clock: Clock, seed| clock.profile(seed, 240).ppm as i64;
        assert_eq!([ppm(Clock::Ppm50, 1), ppm(Clock::Ppm50, 2)], [-50, 50]);
        assert_eq!([ppm(Clock::Ppm100, 3), ppm(Clock::Ppm100, 4)], [-100, 100]);
        let ramp = Clock::Ramp.profile(2, 240);
        assert!((ramp.ramp_ppm_per_s * 60.0 - 1.0).abs() < 1e-9 && ramp.ramp_s > 239.0);
    }
}
