//! The simulator's randomness: xoshiro256++ (Blackman and Vigna), seeded through SplitMix64.

/// A seeded generator; the same seed gives the same numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// A generator of its own for each seed.
    pub fn new(seed: u64) -> Self {
        let mut x = seed;
        let mut next = || {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self { state: [next(), next(), next(), next()] }
    }

    /// A generator derived from this one's seed space: `purpose` keeps the uses of one seed apart.
    pub fn derived(seed: u64, purpose: u64) -> Self {
        Self::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ purpose)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True once in `1 / chance` times.
    pub fn happens(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// Exponential with the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Normal with mean 0 and standard deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (core::f64::consts::TAU * self.unit()).cos()
    }

    /// Gamma with a whole shape: the sum of that many exponentials.
    pub fn gamma(&mut self, shape: u32, scale: f64) -> f64 {
        (0..shape).map(|_| self.exponential(scale)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|_| draw()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(n);
        (mean, variance)
    }

    #[test]
    fn distributions_have_the_moments_they_are_named_for() {
        let mut rng = Rng::new(1);
        let close = |(mean, variance): (f64, f64), m: f64, v: f64| {
            assert!((mean - m).abs() < 0.03 * v.sqrt(), "mean {mean}, expected {m}");
            assert!((variance / v - 1.0).abs() < 0.05, "variance {variance}, expected {v}");
        };
        close(moments(|| rng.between(1.0, 4.0)), 2.5, 0.75);
        close(moments(|| rng.exponential(3.0)), 3.0, 9.0);
        close(moments(|| rng.normal()), 0.0, 1.0);
        close(moments(|| rng.gamma(3, 2.0)), 6.0, 12.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
        let draw = |seed| {
            let mut rng = Rng::new(seed);
            [rng.bits(), rng.bits(), rng.bits()]
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
