//! Stage 3: whether to believe the floors or the filter. Implements SYNC-4.
//!
//! Floors win wherever delays have a sharp lower edge: their error falls with the number of exchanges, a mean's only
//! with its root. Without an edge (Gaussian, gamma) the lowest points are lonely and the filter wins. Both tell their
//! own variance from what they see: the floors from how densely and how evenly the points next to the edge lie; the
//! filter from how far midpoints are from the estimate in use, and from how differently the two directions vary, for
//! that is what biases a midpoint. The filter's share is `r^3 / (1 + r^3)` with r = floor variance / filter variance:
//! half where both are as good, next to nothing (5 % at 0.6 of the sigma, 0.07 % at 0.3) where the floors are sharp, and
//! next to all where the edge is soft.

use super::floor::Floors;
use super::leg::Floor;
use super::trend::Density;

/// What one stage says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opinion {
    pub(super) offset: f64,
    pub(super) var: f64,
    pub(super) skew: f64,
    pub(super) skew_var: f64,
}

/// Smoothing time of the densities, seconds: a path keeps its shape while a window's lowest points come and go.
const SMOOTHING_S: f64 = 80.0;
/// Exchanges the difference of the two directions is judged by.
const ALIKE_MEMORY: f64 = 1024.0;
/// A jump beyond this many times the mean one counts as much as this.
const OUTLIER: f64 = 8.0;
/// The mean queue is 1 (exponential delays) to 1.7 (gamma) times the mean jump, and half the difference of the two
/// queues is the bias: 0.85 times the difference of the jumps, squared.
const BIAS: f64 = 0.72;
/// The mean of n jumps is known within 1.3 / sqrt(n) of itself, so a bias shows by chance with a variance of 2.4 / n of
/// its square; five times that is left out.
const CHANCE: f64 = 12.0;

/// How much the two directions differ: by how much the delay of each jumps from one exchange to the next.
#[derive(Clone, Debug)]
struct Alike {
    last: Option<(f64, f64)>,
    samples: f64,
    up: f64,
    down: f64,
}

impl Alike {
    const fn new() -> Self {
        Self { last: None, samples: 0.0, up: 0.0, down: 0.0 }
    }

    fn learn(&mut self, up: f64, down: f64) {
        let Some(last) = self.last.replace((up, down)) else { return };
        self.samples = (self.samples + 1.0).min(ALIKE_MEMORY);
        let most = if self.samples > 1.0 { OUTLIER * self.up.max(self.down) } else { f64::MAX };
        self.up += ((up - last.0).abs().min(most) - self.up) / self.samples;
        self.down += ((down - last.1).abs().min(most) - self.down) / self.samples;
    }

    /// Variance of what midpoints are off by because one direction queues longer than the other.
    fn bias_var(&self) -> f64 {
        let (mean, off) = (0.5 * (self.up + self.down), self.up - self.down);
        (BIAS * off * off - CHANCE * mean * mean / self.samples.max(1.0)).max(0.0)
    }
}

/// Distance between the points next to a floor times exchanges in the window, smoothed. For a sharp edge it does not
/// depend on how many there are, so it can be smoothed while the window grows.
#[derive(Clone, Copy, Debug, Default)]
struct Lone {
    mean: f64,
    /// The same as far as it tells how sure the floor is. Bad news counts at once: a floor that suddenly lies much lower
    /// has no edge.
    unsure: f64,
}

impl Lone {
    fn learn(&mut self, floor: &Floor, count: f64, gain: f64) {
        let (lone, unsure) = (floor.spacing * count, floor.unsure * count);
        self.mean += gain * (lone - self.mean);
        self.unsure += gain * (unsure - self.unsure);
        self.unsure = self.unsure.max(unsure);
    }

    /// The larger of the two.
    fn least_sure(&self) -> f64 {
        self.unsure.max(self.mean)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Selector {
    up: Lone,
    down: Lone,
    count: f64,
    learned_at: Option<i64>,
    share: f64,
    alike: Alike,
}

impl Selector {
    pub(super) const fn new() -> Self {
        const NONE: Lone = Lone { mean: 0.0, unsure: 0.0 };
        Self { up: NONE, down: NONE, count: 1.0, learned_at: None, share: 0.0, alike: Alike::new() }
    }

    /// Takes the two delays of an exchange (each beyond an unknown constant).
    pub(super) fn observe(&mut self, up: f64, down: f64) {
        self.alike.learn(up, down);
    }

    /// Takes the floors of a window of `count` exchanges.
    pub(super) fn learn(&mut self, floors: &Floors, count: f64, at: i64) {
        self.count = count.max(1.0);
        let gain = self.learned_at.map_or(1.0, |last| {
            let elapsed = at.saturating_sub(last).max(0) as f64 * 1e-9;
            // At first each exchange counts as much as all before it.
            (elapsed / SMOOTHING_S).max(1.0 / self.count).min(1.0)
        });
        self.learned_at = Some(at);
        self.up.learn(&floors.up, self.count, gain);
        self.down.learn(&floors.down, self.count, gain);
    }

    /// Exchanges the density is for.
    pub(super) fn count(&self) -> f64 {
        self.count
    }

    /// Distance between points next to each floor.
    pub(super) fn density(&self) -> Density {
        Density { up: self.up.mean / self.count, down: self.down.mean / self.count }
    }

    /// What the floors are too high by, as an offset, ns: the lowest of n points is one spacing above the edge.
    pub(super) fn bias(&self) -> f64 {
        let Density { up, down } = self.density();
        0.5 * (up - down)
    }

    /// Variance of the offset of the floors, ns^2: the height of the lowest point is exponential with one spacing.
    pub(super) fn floor_var(&self) -> f64 {
        let (up, down) = (self.up.least_sure() / self.count, self.down.least_sure() / self.count);
        0.25 * (up * up + down * down)
    }

    /// The mixture.
    pub(super) fn choose(&mut self, floor: &Opinion, filter: &Opinion) -> Opinion {
        let filter_var = filter.var + self.alike.bias_var();
        let ratio = floor.var / filter_var;
        let cubed = ratio * ratio * ratio;
        self.share = if cubed < f64::MAX { cubed / (1.0 + cubed) } else { 1.0 };
        let (share, rest) = (self.share, 1.0 - self.share);
        let mixed = |floor: f64, filter: f64| floor + share * (filter - floor);
        Opinion {
            offset: mixed(floor.offset, filter.offset),
            var: rest * rest * floor.var + share * share * filter_var,
            skew: mixed(floor.skew, filter.skew),
            skew_var: mixed(floor.skew_var, filter.skew_var),
        }
    }

    /// The filter's share, 0 to 1.
    pub(super) fn filter_share(&self) -> f64 {
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinion(offset: f64, sigma: f64) -> Opinion {
        Opinion { offset, var: sigma * sigma, skew: 0.0, skew_var: 1.0 }
    }

    /// SYNC-4
    #[test]
    fn the_surer_stage_gets_nearly_all() {
        let offset = |floor_sigma, filter_sigma| {
            Selector::new().choose(&opinion(0.0, floor_sigma), &opinion(1000.0, filter_sigma)).offset
        };
        assert!(offset(0.3, 1.0) < 1.0);
        assert!((offset(1.0, 1.0) - 500.0).abs() < 1e-9);
        assert!(offset(2.0, 1.0) > 980.0);
        assert!(offset(1e200, 1.0) > 999.0);
    }

    #[test]
    fn a_rare_upward_direction_does_not_bias_the_offset() {
        let mut selector = Selector::new();
        let floor = |spacing: f64| Floor { at: 0.0, spacing, unsure: spacing };
        selector.learn(&Floors { up: floor(100.0), down: floor(10.0) }, 50.0, 0);
        assert!((selector.bias() - 45.0).abs() < 1e-9);
        assert!((selector.floor_var() - 0.25 * 10_100.0).abs() < 1e-6);
    }

    /// SYNC-4
    #[test]
    fn a_floor_that_breaks_away_is_distrusted_at_once_and_for_a_while() {
        let mut selector = Selector::new();
        let floors = |unsure: f64| {
            let floor = Floor { at: 0.0, spacing: 1_000.0, unsure };
            Floors { up: floor, down: floor }
        };
        let sigma_after = |selector: &mut Selector, unsure: f64, at_s: i64| {
            selector.learn(&floors(unsure), 1_000.0, at_s * 1_000_000_000);
            selector.floor_var().sqrt()
        };
        let calm = sigma_after(&mut selector, 1_000.0, 0);
        assert!(sigma_after(&mut selector, 20_000.0, 1) > 15.0 * calm);
        assert!(sigma_after(&mut selector, 1_000.0, 11) > 10.0 * calm);
        for at_s in 12..600 {
            sigma_after(&mut selector, 1_000.0, at_s);
        }
        assert!(sigma_after(&mut selector, 1_000.0, 600) < 1.1 * calm);
    }

    /// SYNC-4
    #[test]
    fn midpoints_of_directions_that_vary_differently_are_distrusted() {
        let share = |up: i64| {
            let mut selector = Selector::new();
            for i in 0..200_i64 {
                selector.observe((i * 7_919 % up) as f64, (i * 104_729 % 1_009) as f64);
            }
            selector.choose(&opinion(0.0, 300.0), &opinion(1_000.0, 100.0));
            selector.filter_share()
        };
        assert!(share(1_013) > 0.99, "{}", share(1_013));
        assert!(share(20_011) < 0.01, "{}", share(20_011));
    }
}
