//! One direction's points as seen from `now`, and how its floor looks along a trend. Implements SYNC-2.

use super::hull::Hull;
use super::number::sqrt;
use super::window::{Point, STRETCHES};

/// Worst bend of an oscillator pair, ns/s^2: 6e-9 per second, about 0.4 ppm a minute.
pub(super) const WANDER: f64 = 6.0;
/// Limits look back so far, seconds: older points are raised by more than 49 us and hardly limit anything.
const LIMIT_S: f64 = 128.0;
/// The lowest third of the points tells how densely the floor is populated: of 64, within 1 / sqrt(21) or 22 %.
const LOWEST: usize = 3;
/// Heights that fill the way to the highest of them evenly are 0.5 of it on average; each is 0.29 beside that.
const EVEN: (f64, f64) = (0.5, 0.29);
/// How much less a floor is worth for each unit its heights are beyond even. The lowest of n normal delays scatters 7
/// times as much as the next 21 points are apart, and these fill 0.76.
const SOFTNESS: f64 = 45.0;
/// It is worth a fourth at least: beyond, a third of the points is too few to tell softness from chance.
const SOFTEST: f64 = 3.0;

/// One message: seconds from now (<= 0), nanoseconds, and the same raised by what a good oscillator may have wandered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) t: f64,
    pub(super) value: f64,
    raised: f64,
    wandered: f64,
    /// Messages of the stretch it is the fastest of.
    pub(super) count: f64,
}

impl Seen {
    /// What it counts for a floor whose points are `spacing` apart, 0 to 1: less when it may have wandered by more.
    pub(super) fn weight(&self, spacing: f64) -> f64 {
        spacing / (spacing + self.wandered)
    }
}

/// The floor of one direction along a trend.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Floor {
    /// At `now`, ns.
    pub(super) at: f64,
    /// Mean distance between points next to it, ns.
    pub(super) spacing: f64,
    /// The same as far as it tells how sure the floor is: more for a floor that is not sharp.
    pub(super) unsure: f64,
}

/// One direction's points, in the order of time.
pub(super) struct Leg {
    len: usize,
    points: [Seen; STRETCHES],
}

impl Leg {
    pub(super) const fn new() -> Self {
        Self { len: 0, points: [Seen { t: 0.0, value: 0.0, raised: 0.0, wandered: 0.0, count: 0.0 }; STRETCHES] }
    }

    /// Adds the fastest of `count` messages; they come nearly in the order of time.
    pub(super) fn insert(&mut self, point: &Point, count: u32, now: i64) {
        let t = point.at.saturating_sub(now) as f64 * 1e-9;
        let wandered = wandered(t);
        let raised = point.value + wandered;
        let seen = Seen { t, value: point.value, raised, wandered, count: f64::from(count) };
        let mut at = self.len;
        while at > 0 && self.points[at - 1].t > t {
            self.points[at] = self.points[at - 1];
            at -= 1;
        }
        self.points[at] = seen;
        self.len += 1;
    }

    pub(super) fn points(&self) -> &[Seen] {
        &self.points[..self.len]
    }

    /// The hull that no line of an oscillator within limits is above.
    pub(super) fn limits(&self) -> Hull {
        let recent = self.points().iter().filter(|seen| seen.t >= -LIMIT_S);
        Hull::new(recent.map(|seen| (seen.t, seen.value + 0.5 * WANDER * seen.t * seen.t)))
    }

    /// What is needed for the hulls for offsets of bends within these limits.
    pub(super) fn of_bends(&self, least: f64, most: f64) -> Hull {
        Hull::of_bends(self.points().iter().map(|seen| (seen.t, seen.raised)), least, most)
    }

    /// The floor along a trend.
    pub(super) fn along(&self, slope: f64, bend: f64) -> Floor {
        let mut heights = [f64::INFINITY; STRETCHES];
        for (height, seen) in heights.iter_mut().zip(self.points()) {
            *height = seen.raised - (slope + 0.5 * bend * seen.t) * seen.t;
        }
        let heights = &mut heights[..self.len];
        let next = (self.len / LOWEST).max(2).min(self.len - 1);
        // Only the lowest are looked at, and they in their order.
        heights.select_nth_unstable_by(next, f64::total_cmp);
        heights[..next].sort_unstable_by(f64::total_cmp);
        let at = heights[0];
        let highest = (heights[next] - at).max(1e-3);
        let between = (next - 1) as f64;
        let fill = heights[1..next].iter().map(|height| height - at).sum::<f64>() / (highest * between);
        let uneven = (fill - EVEN.0 - EVEN.1 / sqrt(between)).max(0.0);
        let spacing = highest / next as f64;
        Floor { at, spacing, unsure: spacing * (1.0 + (SOFTNESS * uneven).min(SOFTEST)) }
    }
}

/// What a good oscillator's offset has wandered by since `t` seconds (<= 0), two standard deviations, ns: its frequency
/// walks by 3e-9 per square root of a second, which adds up to 3 t^1.5 / sqrt(3).
fn wandered(t: f64) -> f64 {
    -3.464 * t * sqrt(-t)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 60 points, one a millisecond, `height(i)` ns above 1 ms.
    fn floor(height: impl Fn(i64) -> f64) -> Floor {
        let mut leg = Leg::new();
        for i in 0..60 {
            leg.insert(&Point { at: i * 1_000_000, value: 1e6 + height(i) }, 1, 60_000_000);
        }
        leg.along(0.0, 0.0)
    }

    /// SYNC-2
    #[test]
    fn a_sharp_floor_is_as_sure_as_it_is_dense() {
        let floor = floor(|i| (i * 37 % 60) as f64 * 1e4);
        assert!((floor.at - 1e6).abs() < 100.0, "{}", floor.at);
        assert!((floor.spacing - 1e4).abs() < 100.0, "{}", floor.spacing);
        assert!((floor.unsure - floor.spacing).abs() < 1.0, "{}", floor.unsure);
    }

    /// SYNC-4
    #[test]
    fn a_floor_without_an_edge_is_less_sure_than_it_is_dense() {
        // Heights as those of the lowest of many normal delays: they grow like the logarithm.
        let floor = floor(|i| 1e6 * (1.0 + (i * 37 % 60) as f64).ln());
        assert!(floor.unsure > 3.9 * floor.spacing, "{} {}", floor.unsure, floor.spacing);
    }

    #[test]
    fn points_are_kept_in_the_order_of_time() {
        let mut leg = Leg::new();
        for at in [0, 30, 10, 40, 20] {
            leg.insert(&Point { at, value: at as f64 }, 1, 50);
        }
        assert!(leg.points().is_sorted_by(|a, b| a.t <= b.t));
    }
}
