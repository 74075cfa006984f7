//! Stage 2: a two-state Kalman filter on the round-trip midpoint, for delays without a sharp floor. Implements SYNC-4.
//!
//! State: offset (ns) and skew (ns/s). A midpoint `((t2 - t1) + (t3 - t4)) / 2` of an exchange that took `excess`
//! longer than the smallest round trip is off by something uniform in +-excess/2 when the two queues are independent
//! and exponential: variance excess^2 / 12.

/// Random walk of the skew, (ns/s)^2 per second: 4e-18 /s. Scaled between `Q_MIN` and `Q_MAX` by how well it predicts.
const Q: f64 = 4.0;
const Q_MIN: f64 = 0.1;
const Q_MAX: f64 = 1000.0;
/// Variance of the skew before anything is measured: 100 ppm.
const FIRST_SKEW_VAR: f64 = 1e10;
/// Midpoints farther off than this many standard deviations are left out...
const GATE: f64 = 5.0;
/// ...unless so many come in a row: then the filter is wrong.
const MOST_REFUSED: u8 = 10;
/// Evidence on one side before the random walk is scaled.
const SCORE_LIMIT: i16 = 16;

#[derive(Clone, Debug)]
pub(super) struct Kalman {
    at: i64,
    offset: f64,
    skew: f64,
    // Covariance: offset, offset-skew, skew.
    p: [f64; 3],
    q: f64,
    score: i16,
    refused: u8,
    noise: Noise,
}

/// How noisy midpoints are.
///
/// Excess^2 / 12 is right for exponential queues. Other shapes have the same weights but another scale, and for a
/// Gaussian delay the excess says nothing at all: so half of the variance is the excess of this exchange and half that
/// of all, and the scale is what the innovations show.
#[derive(Clone, Debug)]
struct Noise {
    samples: f64,
    excess_sq: f64,
    // Means of how far midpoints were from the estimate in use, squared, and of what was expected.
    seen: f64,
    expected: f64,
}

/// Squares beyond this many times their mean count as this much.
const OUTLIER: f64 = 4.0;
/// Exchanges the noise is judged by.
const NOISE_MEMORY: f64 = 128.0;
/// The exponential assumption counts as so many exchanges.
const NOISE_PRIOR: f64 = 8.0;

impl Noise {
    /// Variance of a midpoint that took `excess` too long and was `off` from the estimate in use.
    fn variance(&mut self, excess: f64, off: Option<f64>) -> f64 {
        self.samples = (self.samples + 1.0).min(NOISE_MEMORY);
        // A retransmitted exchange in a hundred must not hide what the others are like.
        let most = if self.samples > 1.0 { OUTLIER * self.excess_sq } else { f64::MAX };
        self.excess_sq += ((excess * excess).min(most) - self.excess_sq) / self.samples;
        let expected = (excess * excess + self.excess_sq) / 24.0;
        if let Some(off) = off {
            let gain = 1.0 / (self.samples + NOISE_PRIOR);
            if self.expected <= 0.0 {
                (self.seen, self.expected) = (expected, expected);
            }
            self.seen += gain * ((off * off).min(OUTLIER * self.seen) - self.seen);
            self.expected += gain * (expected.min(OUTLIER * self.expected) - self.expected);
        }
        expected * if self.expected > 0.0 { (self.seen / self.expected).clamp(0.1, 4.0) } else { 1.0 }
    }
}

impl Kalman {
    /// Starts from one midpoint.
    pub(super) fn new(at: i64, midpoint: f64, var: f64) -> Self {
        Self {
            at,
            offset: midpoint,
            skew: 0.0,
            p: [var, 0.0, FIRST_SKEW_VAR],
            q: Q,
            score: 0,
            refused: 0,
            noise: Noise { samples: 0.0, excess_sq: 0.0, seen: 0.0, expected: 0.0 },
        }
    }

    /// Takes a midpoint at local time `at` with its variance. One older than the last is left out.
    pub(super) fn update(&mut self, at: i64, midpoint: f64, excess: f64, off: Option<f64>, stamp_var: f64) {
        if at < self.at {
            return;
        }
        self.advance(at);
        let innovation = midpoint - self.offset;
        let var = self.noise.variance(excess, off) + stamp_var;
        let s = self.p[0] + var;
        let ratio = innovation * innovation / s;
        if ratio > GATE * GATE {
            self.refused += 1;
            if self.refused <= MOST_REFUSED {
                return;
            }
            self.p[0] += innovation * innovation;
        }
        self.refused = 0;
        let gain = [self.p[0] / s, self.p[1] / s];
        self.offset += gain[0] * innovation;
        self.skew += gain[1] * innovation;
        self.p = [self.p[0] * (1.0 - gain[0]), self.p[1] * (1.0 - gain[0]), self.p[2] - gain[1] * self.p[1]];
        self.score_prediction(ratio);
    }

    fn advance(&mut self, at: i64) {
        let d = at.saturating_sub(self.at) as f64 * 1e-9;
        self.at = at;
        self.offset += d * self.skew;
        let [p0, p1, p2] = self.p;
        let q = self.q;
        self.p = [p0 + 2.0 * d * p1 + d * d * p2 + q * d * d * d / 3.0, p1 + d * p2 + 0.5 * q * d * d, p2 + q * d];
    }

    /// Many misses: the skew wanders more than thought; many close hits: less.
    fn score_prediction(&mut self, ratio: f64) {
        // Half of all normal innovations have a ratio below 0.455, a tenth above 2.7.
        if ratio > 2.7 {
            self.score += 5;
        } else if ratio < 0.455 {
            self.score -= 1;
        }
        self.score = self.score.max(-4 * SCORE_LIMIT);
        if self.score >= SCORE_LIMIT {
            self.q = (self.q * 4.0).min(Q_MAX);
            self.score = 0;
        } else if self.score <= -4 * SCORE_LIMIT {
            self.q = (self.q / 4.0).max(Q_MIN);
            self.score = 0;
        }
    }

    /// Offset and its variance at local time `at`.
    pub(super) fn offset(&self, at: i64) -> (f64, f64) {
        let d = at.saturating_sub(self.at) as f64 * 1e-9;
        let [p0, p1, p2] = self.p;
        (self.offset + d * self.skew, p0 + 2.0 * d * p1 + d * d * p2)
    }

    /// Skew and its variance.
    pub(super) fn skew(&self) -> (f64, f64) {
        (self.skew, self.p[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5 Hz, `seconds` long; offset 1 ms at the start and 20 ppm, midpoints off by `noise(i)`.
    fn run(seconds: i64, excess: f64, noise: impl Fn(i64) -> f64) -> Kalman {
        let truth = |at: i64| 1e6 + 20e3 * at as f64 * 1e-9;
        let mut kalman = Kalman::new(0, truth(0) + noise(0), 1e14);
        for i in 1..seconds * 5 {
            let at = i * 200_000_000;
            kalman.update(at, truth(at) + noise(i), excess, Some(noise(i)), 1e4);
        }
        kalman
    }

    /// Zero mean, +-2 ms, without pattern.
    fn rough(i: i64) -> f64 {
        ((i.wrapping_mul(2_654_435_761) >> 8) % 4_001 - 2_000) as f64 * 1e3
    }

    /// SYNC-4
    #[test]
    fn offset_and_skew_are_found_through_milliseconds_of_noise() {
        let kalman = run(200, 12e6, rough);
        let (offset, var) = kalman.offset(200_000_000_000);
        assert!((offset - 5e6).abs() < 200_000.0, "{offset}");
        assert!(sqrt(var) < 250_000.0 && sqrt(var) > 20_000.0, "{}", sqrt(var));
        let (skew, _) = kalman.skew();
        assert!((skew - 20e3).abs() < 3e3, "{skew}");
    }

    /// SYNC-4
    #[test]
    fn a_single_outlier_hardly_moves_it() {
        let moved = run(100, 1e6, |i| if i == 400 { 500e6 } else { rough(i) * 0.1 });
        let still = run(100, 1e6, |i| rough(i) * 0.1);
        let at = 100_000_000_000;
        assert!((moved.offset(at).0 - still.offset(at).0).abs() < 20_000.0);
    }

    #[test]
    fn what_is_older_than_the_last_is_left_out() {
        let mut kalman = run(10, 1e6, |_| 0.0);
        let before = kalman.offset(20_000_000_000);
        kalman.update(1, 9e9, 1e6, None, 1e4);
        assert!((kalman.offset(20_000_000_000).0 - before.0).abs() < 1e-6);
    }

    #[test]
    fn when_all_are_refused_the_filter_gives_in() {
        let mut kalman = run(20, 1e5, |_| 0.0);
        for i in 100..160 {
            let at = i * 200_000_000;
            kalman.update(at, 50e6 + 20e3 * at as f64 * 1e-9, 1e5, None, 1e4);
        }
        assert!((kalman.offset(32_000_000_000).0 - 50.64e6).abs() < 1e6, "{}", kalman.offset(32_000_000_000).0);
    }

    fn sqrt(x: f64) -> f64 {
        crate::sync::number::sqrt(x)
    }
}
