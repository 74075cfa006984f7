//! Stage 1, the dual floor: queueing only ever adds, so the fastest messages of each direction are the truth plus a
//! constant. Implements SYNC-2 and SYNC-3.
//!
//! With offset `theta` (show minus local) of slope `w`: an upward point is `theta + w t + D_up + q`, a downward one
//! `-(theta + w t) + D_down + q`, q >= 0. For a slope, `F(w) = min(up - w t)` and `G(w) = min(down + w t)` are the two
//! floors at `now`; the slope that leaves most room between the clouds maximises F + G, which is concave and piecewise
//! linear (the margin of Huygens and of TicSync's hulls). Then `theta = (F - G) / 2` and the smallest round trip is
//! F + G.
//!
//! For the *true* slope -G <= theta <= F always holds, and F + G >= 0, when old points are raised by what an oscillator
//! can have bent since (`WANDER`). F grows and G falls with the slope, so the slopes with F + G >= 0 give limits of theta
//! that need no statistics at all: [`Fit::upper`], [`Fit::lower`]. What the statistics say is in `trend`.

use super::hull::Pair;
use super::leg::{Floor, Leg};
use super::trend::Density;
use super::window::{Trend, Window};

/// A path change shows in what was sent for so long, seconds: contention comes and goes faster.
pub(super) const RECENT_S: f64 = 10.0;
/// The fastest of some messages is so many times farther above the floor than usual once in e^16 times.
const UNUSUAL: f64 = 16.0;
/// A longer path is longer by at least this many nanoseconds.
const LONGER_BY_NS: f64 = 50_000.0;

/// The lines through the two clouds, at `now`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fit {
    /// Slopes that no exchange contradicts, ns/s.
    pub(super) slope_low: f64,
    /// See `slope_low`.
    pub(super) slope_high: f64,
    /// Offset is not above this, ns.
    pub(super) upper: f64,
    /// Offset is not below this, ns.
    pub(super) lower: f64,
}

/// The floors along a trend: F, offset plus the upward delay, and G, downward delay minus the offset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Floors {
    pub(super) up: Floor,
    pub(super) down: Floor,
}

impl Floors {
    pub(super) fn round_trip(&self) -> f64 {
        self.up.at + self.down.at
    }
}

/// The two clouds as seen from one instant.
pub(super) struct Clouds {
    pub(super) up: Leg,
    pub(super) down: Leg,
}

impl Clouds {
    /// At least three points are needed for anything to be said; `None` otherwise.
    pub(super) fn new(window: &Window, now: i64) -> Option<Self> {
        let mut clouds = Self { up: Leg::new(), down: Leg::new() };
        for stretch in window.stretches() {
            clouds.up.insert(&stretch.up, stretch.count, now);
            clouds.down.insert(&stretch.down, stretch.count, now);
        }
        (clouds.up.points().len() >= 3).then_some(clouds)
    }

    /// The lines with the widest margin. `limit` is the largest slope believed, ns/s; `slack` what a point may be too
    /// low by, ns. `None` when no slope fits all points: they are not of one clock, or of one that bends too much.
    pub(super) fn fit(&self, limit: f64, slack: f64) -> Option<Fit> {
        let (up, down) = (self.up.limits(), self.down.limits());
        let pair = Pair { up, down, up_weight: 1.0, down_weight: 1.0, tilt: 0.0, exact: 1e-3 };
        let slope = pair.top(limit);
        let (margin, _) = pair.value(slope);
        let least = -2.0 * slack;
        if margin < least {
            return None;
        }
        let slope_low = pair.falls_to(least, slope, -limit);
        let slope_high = pair.falls_to(least, slope, limit);
        let upper = pair.up.floor(-slope_high).0 + slack;
        let lower = -(pair.down.floor(slope_low).0 + slack);
        Some(Fit { slope_low, slope_high, upper, lower })
    }

    /// The floors along a trend.
    pub(super) fn floors(&self, trend: &Trend) -> Floors {
        Floors { up: self.up.along(trend.slope, trend.bend), down: self.down.along(-trend.slope, -trend.bend) }
    }

    /// Since when (seconds, negative) messages have been so much slower than the floors along a trend that the path must
    /// have become longer; `None` when they have not. `density` is that of a window of `count` exchanges.
    pub(super) fn longer_since(&self, trend: &Trend, floors: &Floors, density: Density, count: f64) -> Option<f64> {
        let mut since = None;
        let (mut up, mut down, mut exchanges) = (f64::INFINITY, f64::INFINITY, 0.0);
        let along = |t: f64| (trend.slope + 0.5 * trend.bend * t) * t;
        for (up_seen, down_seen) in self.up.points().iter().zip(self.down.points()).rev() {
            up = up.min(up_seen.value - along(up_seen.t));
            down = down.min(down_seen.value + along(down_seen.t));
            exchanges += up_seen.count;
            let usual = density.sum() * count / exchanges;
            let is_longer = up + down - floors.round_trip() > UNUSUAL * usual + LONGER_BY_NS;
            if up_seen.t > -RECENT_S {
                continue;
            }
            if !is_longer {
                break;
            }
            since = Some(up_seen.t);
        }
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::window::Point;

    const LIMIT: f64 = 300_000.0;

    /// A window of one exchange a second, queueing `up(i)` and `down(i)` ns beyond 1 ms, of a clock with this slope
    /// and 5 ms of offset at the last one.
    fn window(n: i64, slope: f64, up: impl Fn(i64) -> f64, down: impl Fn(i64) -> f64) -> (Window, i64) {
        let mut window = Window::new();
        let now = (n - 1) * 1_000_000_000;
        for i in 0..n {
            let at = i * 1_000_000_000;
            let offset = 5e6 + slope * (at - now) as f64 * 1e-9;
            let point = |value| Point { at, value };
            window.add(point(offset + 1e6 + up(i)), point(-offset + 1e6 + down(i)), &Trend { slope, bend: 0.0 });
        }
        (window, now)
    }

    /// Some seconds are free of queues: 0, 7, 14... upwards, 3, 8, 13... downwards.
    fn queues(n: i64, slope: f64) -> (Window, i64) {
        let up = |i: i64| if i % 7 == 0 { 0.0 } else { 3e6 + (i * 37 % 11) as f64 * 1e6 };
        let down = |i: i64| if i % 5 == 3 { 0.0 } else { 2e6 + (i * 53 % 13) as f64 * 1e6 };
        window(n, slope, up, down)
    }

    /// SYNC-3
    #[test]
    fn limits_contain_the_truth_between_queues_of_milliseconds() {
        let (window, now) = queues(40, 73_000.0);
        let fit = Clouds::new(&window, now).unwrap().fit(LIMIT, 0.0).unwrap();
        assert!(fit.lower <= 5e6 && 5e6 <= fit.upper);
        assert!(fit.slope_low <= 73_000.0 && 73_000.0 <= fit.slope_high);
    }

    /// SYNC-2
    #[test]
    fn the_widest_margin_is_no_narrower_than_any_other() {
        let (window, now) = window(30, -40_000.0, |i| (i * 41 % 17) as f64 * 1e5, |i| (i * 29 % 19) as f64 * 1e5);
        let clouds = Clouds::new(&window, now).unwrap();
        let pair = Pair {
            up: clouds.up.limits(),
            down: clouds.down.limits(),
            up_weight: 1.0,
            down_weight: 1.0,
            tilt: 0.0,
            exact: 1e-3,
        };
        let widest = pair.value(pair.top(LIMIT)).0;
        for slope in (-300..=300).map(|ppm| f64::from(ppm) * 1e3) {
            assert!(pair.value(slope).0 <= widest + 1e-2, "{slope}");
        }
    }

    /// SYNC-3
    #[test]
    fn points_of_two_clocks_have_no_fit() {
        // Half way the clock steps by more than the 2 ms of the round trip.
        let step = |i: i64| if i < 10 { 0.0 } else { 5e6 };
        let (window, now) = window(20, 0.0, step, |i| -step(i));
        assert!(Clouds::new(&window, now).unwrap().fit(LIMIT, 2_000.0).is_none());
    }

    #[test]
    fn fewer_than_three_points_say_nothing() {
        let (window, now) = window(2, 0.0, |_| 0.0, |_| 0.0);
        assert!(Clouds::new(&window, now).is_none());
    }

    /// SYNC-2
    #[test]
    fn a_path_that_became_longer_is_noticed_after_ten_seconds_and_dated() {
        let noticed = |seconds: i64| {
            let longer = |i: i64| (i * 7_919 % 97) as f64 * 1e3 + if i >= 60 { 2e6 } else { 0.0 };
            let (window, now) = window(60 + seconds, 0.0, longer, longer);
            let clouds = Clouds::new(&window, now).unwrap();
            let trend = Trend::default();
            let floors = clouds.floors(&trend);
            clouds.longer_since(&trend, &floors, Density { up: 2e3, down: 2e3 }, 60.0)
        };
        assert_eq!(noticed(8), None);
        assert_eq!(noticed(15), Some(-14.0));
    }
}
