//! Stage 3: whether to believe the floors or the filter. Implements SYNC-4.
//!
//! Floors win wherever delays have a sharp lower edge: their error falls with the number of exchanges, a mean's only
//! with its root. Without an edge (Gaussian, gamma) the lowest points are lonely and the filter wins. Both tell their
//! own variance from what they see: the floors from how far apart the points next to the edge are, the filter from how
//! far midpoints are from the estimate in use, biased ones included. The filter's share is
//! `r^3 / (1 + r^3)` with r = floor variance / filter variance: half where both are as good, next to nothing (3 % at
//! 0.6 of the sigma, 0.07 % at 0.3) where the filter's bias under one-sided delays would leak in, and next to all
//! where the edge is soft.

use super::floor::Floors;

/// What one stage says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opinion {
    pub(super) offset: f64,
    pub(super) var: f64,
    pub(super) skew: f64,
    pub(super) skew_var: f64,
}

/// Smoothing time of the spacings and of the filter's share, seconds.
const SMOOTHING_S: f64 = 20.0;

#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// Distance between the points next to a floor times exchanges in the window, smoothed. For a sharp edge it does
    /// not depend on how many there are, so it can be smoothed while the window grows.
    lone_up: f64,
    lone_down: f64,
    count: f64,
    learned_at: Option<i64>,
    gain: f64,
    share: f64,
}

impl Selector {
    pub(super) const fn new() -> Self {
        Self { lone_up: 0.0, lone_down: 0.0, count: 1.0, learned_at: None, gain: 1.0, share: 0.0 }
    }

    /// Takes the floors of a window of `count` exchanges.
    pub(super) fn learn(&mut self, floors: &Floors, count: u32, at: i64) {
        self.count = f64::from(count.max(1));
        self.gain = match self.learned_at {
            Some(last) => {
                let elapsed = at.saturating_sub(last).max(0) as f64 * 1e-9;
                // At first each exchange counts as much as all before it.
                (elapsed / SMOOTHING_S).max(1.0 / self.count).min(1.0)
            }
            None => 1.0,
        };
        self.learned_at = Some(at);
        self.lone_up += self.gain * (floors.spacing_up * self.count - self.lone_up);
        self.lone_down += self.gain * (floors.spacing_down * self.count - self.lone_down);
    }

    fn spacings(&self) -> (f64, f64) {
        (self.lone_up / self.count, self.lone_down / self.count)
    }

    /// Distance between points next to the floors, both directions together, ns.
    pub(super) fn spacing(&self) -> f64 {
        let (up, down) = self.spacings();
        up + down
    }

    /// What the floors are too high by, as an offset, ns: the lowest of n points is one spacing above the edge.
    pub(super) fn bias(&self) -> f64 {
        let (up, down) = self.spacings();
        0.5 * (up - down)
    }

    /// Variance of the offset of the floors, ns^2: the height of the lowest point is exponential with one spacing.
    pub(super) fn floor_var(&self) -> f64 {
        let (up, down) = self.spacings();
        0.25 * (up * up + down * down)
    }

    /// The mixture.
    pub(super) fn choose(&mut self, floor: &Opinion, filter: &Opinion) -> Opinion {
        let ratio = floor.var / filter.var;
        let cubed = ratio * ratio * ratio;
        let wanted = if cubed < f64::MAX { cubed / (1.0 + cubed) } else { 1.0 };
        self.share += self.gain * (wanted - self.share);
        let mixed = |floor: f64, filter: f64| floor + self.share * (filter - floor);
        Opinion {
            offset: mixed(floor.offset, filter.offset),
            var: mixed(floor.var, filter.var),
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
        let floors = Floors { spacing_up: 100.0, spacing_down: 10.0, ..Floors::default() };
        selector.learn(&floors, 50, 0);
        assert!((selector.bias() - 45.0).abs() < 1e-9);
        assert!((selector.floor_var() - 0.25 * 10_100.0).abs() < 1e-6);
    }
}
