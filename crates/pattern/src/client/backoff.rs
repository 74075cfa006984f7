//! How long to wait before the next connection (PATTERN-23).

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses of 1 s doubling to 30 s, each dithered over its upper half, so that clients of one store do not come back in
/// step.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
    dither: u64,
}

impl Backoff {
    /// No attempt yet; `seed` varies the dither.
    pub const fn new(seed: u64) -> Self {
        Self::between(FIRST, LONGEST, seed)
    }

    /// Other pauses.
    pub const fn between(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, attempts: 0, dither: seed }
    }

    /// The pause before the next attempt.
    pub fn next_pause(&mut self) -> Duration {
        let full = self.first.saturating_mul(1 << self.attempts.min(16)).min(self.longest);
        self.attempts = self.attempts.saturating_add(1);
        let half = full / 2;
        half + half.mul_f64(self.next_random())
    }

    /// SplitMix64, as a number from 0 to below 1.
    fn next_random(&mut self) -> f64 {
        self.dither = self.dither.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.dither ^ self.dither >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PATTERN-23
    #[test]
    fn pauses_double_from_one_second_to_thirty_and_differ_between_clients() {
        let mut backoff = Backoff::new(7);
        for full_s in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] {
            let pause = backoff.next_pause().as_secs_f64();
            assert!((full_s / 2.0..=full_s).contains(&pause), "{pause} of {full_s}");
        }
        assert_ne!(Backoff::new(1).next_pause(), Backoff::new(2).next_pause());
    }
}
