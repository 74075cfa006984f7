//! Stage 3: whether to believe the floors or the filter. Implements SYNC-4.

use super::floor::{Fit, Floors};

/// What one stage says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opinion {
    pub(super) offset: f64,
    pub(super) var: f64,
    pub(super) skew: f64,
    pub(super) skew_var: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// Spacing at the floor times exchanges in the window, smoothed: what the spacing would be of one exchange.
    lone_up: f64,
    lone_down: f64,
    count: f64,
    learned_at: Option<i64>,
    share: f64,
    pub(super) dbg: [f64; 8],
}

/// Smoothing time of the spacings, seconds.
const SMOOTHING_S: f64 = 20.0;

impl Selector {
    pub(super) const fn new() -> Self {
        Self { lone_up: 0.0, lone_down: 0.0, count: 1.0, learned_at: None, share: 0.0, dbg: [0.0; 8] }
    }

    pub(super) fn learn(&mut self, floors: &Floors, count: u32, at: i64) {
        self.count = f64::from(count.max(1));
        let (up, down) = (floors.spacing_up * self.count, floors.spacing_down * self.count);
        let gain = match self.learned_at {
            Some(last) => {
                let elapsed = at.saturating_sub(last).max(0) as f64 * 1e-9;
                (elapsed / SMOOTHING_S).max(1.0 / self.count).min(1.0)
            }
            None => 1.0,
        };
        self.learned_at = Some(at);
        self.lone_up += gain * (up - self.lone_up);
        self.lone_down += gain * (down - self.lone_down);
        self.dbg[0] = floors.median_up;
        self.dbg[1] = floors.median_down;
    }

    fn spacings(&self) -> (f64, f64) {
        (self.lone_up / self.count, self.lone_down / self.count)
    }

    pub(super) fn spacing(&self) -> f64 {
        let (up, down) = self.spacings();
        up + down
    }

    pub(super) fn offset(&self, floors: &Floors) -> f64 {
        let (up, down) = self.spacings();
        floors.offset() - 0.5 * (up - down)
    }

    pub(super) fn floor_var(&self) -> f64 {
        let (up, down) = self.spacings();
        0.25 * (up * up + down * down)
    }

    pub(super) fn choose(&mut self, floor: &Opinion, filter: &Opinion, _fit: &Fit) -> Opinion {
        self.dbg[2] = floor.offset;
        self.dbg[3] = filter.offset;
        self.dbg[4] = floor.var;
        self.dbg[5] = filter.var;
        self.dbg[6] = self.lone_up;
        self.dbg[7] = self.lone_down;
        *floor
    }

    pub(super) fn filter_share(&self) -> f64 {
        self.share
    }
}
