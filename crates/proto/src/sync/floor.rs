//! Stage 1, the dual floor: queueing only ever adds, so the fastest messages of each direction are the truth plus a
//! constant. Implements SYNC-2 and SYNC-3.
//!
//! With offset `theta` (show minus local) of slope `w`: an upward point is `theta + w t + D_up + q`, a downward one
//! `-(theta + w t) + D_down + q`, q >= 0. For a slope, `F(w) = min(up - w t)` and `G(w) = min(down + w t)` are the two
//! floors at `now`; the slope that leaves most room between the clouds maximises F + G, which is concave and piecewise
//! linear (the margin of Huygens and of TicSync's hulls). Then `theta = (F - G) / 2` and the smallest round trip is
//! F + G. Old points are raised by what an oscillator can have bent since (`WANDER`), so they fade out by themselves.
//!
//! For the *true* slope -G <= theta <= F always holds, and F + G >= 0. F grows and G falls with the slope, so the
//! slopes with F + G >= 0 give limits of theta that need no statistics at all: [`Fit::upper`], [`Fit::lower`].

use super::number::sqrt;
use super::window::{STRETCHES, Window};

/// Worst bend of an oscillator pair, ns/s^2: 6e-9 per second, about 0.4 ppm a minute.
pub(super) const WANDER: f64 = 6.0;

/// One direction's points as seen from `now`: seconds (<= 0) and nanoseconds, raised by age.
struct Leg {
    len: usize,
    points: [(f64, f64); STRETCHES],
}

impl Leg {
    /// Smallest `value + w t` and the t it has it at.
    fn floor(&self, w: f64) -> (f64, f64) {
        let mut best = (f64::INFINITY, 0.0);
        for &(t, value) in &self.points[..self.len] {
            let raised = value + w * t;
            if raised < best.0 {
                best = (raised, t);
            }
        }
        best
    }

    /// Mean distance of the next few points above the floor, and the median point's height above it.
    fn spacing(&self, w: f64, floor: f64) -> (f64, f64) {
        let mut heights = [f64::INFINITY; STRETCHES];
        for (height, &(t, value)) in heights.iter_mut().zip(&self.points[..self.len]) {
            *height = value + w * t - floor;
        }
        let heights = &mut heights[..self.len];
        heights.sort_unstable_by(f64::total_cmp);
        let next = NEXT.min(self.len - 1);
        (heights[next] / next as f64, heights[self.len / 2])
    }
}

/// Points above the floor that tell how densely it is populated.
const NEXT: usize = 3;

/// The lines through the two clouds, at `now`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fit {
    /// Slope with the widest margin, ns/s.
    pub(super) slope: f64,
    /// Slopes that no exchange contradicts, ns/s.
    pub(super) slope_low: f64,
    /// See `slope_low`.
    pub(super) slope_high: f64,
    /// Offset is not above this, ns.
    pub(super) upper: f64,
    /// Offset is not below this, ns.
    pub(super) lower: f64,
}

/// The floors at a given slope.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Floors {
    /// F, ns: offset plus the upward delay.
    pub(super) up: f64,
    /// G, ns: downward delay minus the offset.
    pub(super) down: f64,
    /// Mean distance between points near the floor, ns.
    pub(super) spacing_up: f64,
    /// See `spacing_up`.
    pub(super) spacing_down: f64,
    /// Median height above the floor, ns.
    pub(super) median_up: f64,
    /// See `median_up`.
    pub(super) median_down: f64,
}

impl Floors {
    pub(super) fn round_trip(&self) -> f64 {
        self.up + self.down
    }
}

/// Means over all slopes, and their variances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    pub(super) slope: f64,
    pub(super) slope_var: f64,
    pub(super) offset: f64,
    pub(super) offset_var: f64,
}

/// Steps of the integral over slopes.
const SLOPES: usize = 16;
/// It ends where lines are e^-5 times as likely as the best, or 5 standard deviations from what was known.
const FARTHEST: f64 = 5.0;

/// e^-x for x >= 0, within 0.1 % of 1.
fn exp_of_minus(x: f64) -> f64 {
    let part = x / 32.0;
    let mut power = 1.0 / (1.0 + part + 0.5 * part * part);
    for _ in 0..5 {
        power *= power;
    }
    power
}

/// The two clouds as seen from one instant.
pub(super) struct Clouds {
    up: Leg,
    down: Leg,
}

impl Clouds {
    /// At least three points are needed for anything to be said; `None` otherwise.
    pub(super) fn new(window: &Window, now: i64) -> Option<Self> {
        let seen = |at: i64, value: f64| {
            let t = at.saturating_sub(now) as f64 * 1e-9;
            (t, value + 0.5 * WANDER * t * t)
        };
        let mut up = Leg { len: 0, points: [(0.0, 0.0); STRETCHES] };
        let mut down = Leg { len: 0, points: [(0.0, 0.0); STRETCHES] };
        for (i, stretch) in window.stretches().iter().enumerate() {
            up.points[i] = seen(stretch.up.at, stretch.up.value);
            down.points[i] = seen(stretch.down.at, stretch.down.value);
            up.len = i + 1;
            down.len = i + 1;
        }
        (up.len >= 3).then_some(Self { up, down })
    }

    /// Margin F + G at a slope, and how it changes with the slope.
    fn margin(&self, slope: f64) -> (f64, f64) {
        let (up, up_t) = self.up.floor(-slope);
        let (down, down_t) = self.down.floor(slope);
        (up + down, down_t - up_t)
    }

    /// The widest margin among slopes within +-`limit`.
    ///
    /// A concave piecewise linear function is below its tangents: the next guess is where the tangents left and right of
    /// the top meet, and the top is found when the function is there.
    fn widest(&self, limit: f64) -> f64 {
        let (mut low, mut high) = (-limit, limit);
        let (mut low_at, mut high_at) = (self.margin(low), self.margin(high));
        if low_at.1 <= 0.0 {
            return low;
        }
        if high_at.1 >= 0.0 {
            return high;
        }
        let mut top = 0.0;
        for _ in 0..STRETCHES {
            top = (high_at.0 - low_at.0 + low_at.1 * low - high_at.1 * high) / (low_at.1 - high_at.1);
            let at = self.margin(top);
            let promised = low_at.0 + low_at.1 * (top - low);
            if promised - at.0 <= 1e-3 {
                break;
            }
            if at.1 > 0.0 {
                (low, low_at) = (top, at);
            } else {
                (high, high_at) = (top, at);
            }
        }
        top
    }

    /// The slope beyond `top` in the direction of `end` where the margin falls to `level`; `end` when it does not.
    ///
    /// Newton's method from outside: a tangent is above the function, so no step goes too far.
    fn falls_to(&self, level: f64, top: f64, end: f64) -> f64 {
        let mut slope = end;
        for _ in 0..STRETCHES {
            let (margin, change) = self.margin(slope);
            if margin >= level - 1e-3 || change * (end - top) >= 0.0 {
                break;
            }
            slope -= (margin - level) / change;
        }
        slope
    }

    /// The lines with the widest margin. `limit` is the largest slope believed, ns/s; `slack` what a point may be too
    /// low by, ns. `None` when no slope fits all points: they are not of one clock, or of one that bends too much.
    pub(super) fn fit(&self, limit: f64, slack: f64) -> Option<Fit> {
        let slope = self.widest(limit);
        let (margin, _) = self.margin(slope);
        let least = -2.0 * slack;
        if margin < least {
            return None;
        }
        let slope_low = self.falls_to(least, slope, -limit);
        let slope_high = self.falls_to(least, slope, limit);
        let upper = self.up.floor(-slope_high).0 + slack;
        let lower = -(self.down.floor(slope_low).0 + slack);
        Some(Fit { slope, slope_low, slope_high, upper, lower })
    }

    /// The floors at a slope.
    pub(super) fn floors(&self, slope: f64) -> Floors {
        let ((up, _), (down, _)) = (self.up.floor(-slope), self.down.floor(slope));
        let (spacing_up, median_up) = self.up.spacing(-slope, up);
        let (spacing_down, median_down) = self.down.spacing(slope, down);
        Floors { up, down, spacing_up, spacing_down, median_up, median_down }
    }

    /// Mean and variance of slope and offset, given a slope known before (mean, variance) and the distance between
    /// points near the floors.
    ///
    /// For messages whose height above the floor is exponential, a pair of lines whose margin is `spacing` smaller is e
    /// times less likely. The mean over all slopes is steadier than the likeliest one, which hangs on three points.
    pub(super) fn weigh(&self, fit: &Fit, spacing: f64, before: (f64, f64), limit: f64) -> Weighed {
        let (margin, _) = self.margin(fit.slope);
        let spacing = spacing.max(1.0);
        let level = margin - FARTHEST * spacing;
        let reach = FARTHEST * sqrt(before.1);
        let low = self.falls_to(level, fit.slope, -limit).max(before.0 - reach);
        let high = self.falls_to(level, fit.slope, limit).min(before.0 + reach);
        // What was known contradicts the window: the window is right.
        let is_contradicted = low >= high;
        let (low, high) = if is_contradicted { (fit.slope - 1.0, fit.slope + 1.0) } else { (low, high) };
        let (mut sum, mut slope, mut slope_sq, mut offset, mut offset_sq) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let origin = 0.5 * (self.up.floor(-fit.slope).0 - self.down.floor(fit.slope).0);
        for i in 0..=SLOPES {
            let at = low + (high - low) * i as f64 / SLOPES as f64;
            let (up, down) = (self.up.floor(-at).0, self.down.floor(at).0);
            let known = if is_contradicted { 0.0 } else { (at - before.0) * (at - before.0) / (2.0 * before.1) };
            let weight = exp_of_minus((margin - up - down).max(0.0) / spacing + known);
            let (off, from_top) = (0.5 * (up - down) - origin, at - fit.slope);
            sum += weight;
            slope += weight * from_top;
            slope_sq += weight * from_top * from_top;
            offset += weight * off;
            offset_sq += weight * off * off;
        }
        let (slope, offset) = (slope / sum, offset / sum);
        Weighed {
            slope: fit.slope + slope,
            slope_var: (slope_sq / sum - slope * slope).max(1.0),
            offset: origin + offset,
            offset_var: (offset_sq / sum - offset * offset).max(0.0),
        }
    }

    /// Round trip of the floors of what was sent since `since` seconds (negative), at a slope; `None` when there is
    /// nothing. Against [`Floors::round_trip`] it tells whether the path has become longer.
    pub(super) fn recent_round_trip(&self, slope: f64, since: f64) -> Option<f64> {
        let lowest = |leg: &Leg, w: f64| {
            let recent = leg.points[..leg.len].iter().filter(|(t, _)| *t >= since);
            recent.map(|(t, value)| value + w * t).fold(f64::INFINITY, f64::min)
        };
        let sum = lowest(&self.up, -slope) + lowest(&self.down, slope);
        (sum < f64::INFINITY).then_some(sum)
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
            window.add(point(offset + 1e6 + up(i)), point(-offset + 1e6 + down(i)), slope);
        }
        (window, now)
    }

    /// SYNC-2
    #[test]
    fn the_slope_is_found_between_queues_of_milliseconds() {
        // Some seconds are free of queues: 0, 7, 14... upwards, 3, 8, 13... downwards.
        let up = |i: i64| if i % 7 == 0 { 0.0 } else { 3e6 + (i * 37 % 11) as f64 * 1e6 };
        let down = |i: i64| if i % 5 == 3 { 0.0 } else { 2e6 + (i * 53 % 13) as f64 * 1e6 };
        let (window, now) = window(40, 73_000.0, up, down);
        let clouds = Clouds::new(&window, now).unwrap();
        let fit = clouds.fit(LIMIT, 0.0).unwrap();
        // What wander could have bent in 40 s is added to old points: 0.5 * 6 * 40 ns/s at most.
        assert!((fit.slope - 73_000.0).abs() < 300.0, "{}", fit.slope);
        let weighed = clouds.weigh(&fit, 100_000.0, (0.0, 1e10), LIMIT);
        assert!((weighed.offset - 5e6).abs() < 60_000.0, "{}", weighed.offset);
        assert!(fit.lower <= 5e6 && 5e6 <= fit.upper);
        assert!(fit.slope_low <= 73_000.0 && 73_000.0 <= fit.slope_high);
    }

    /// SYNC-2
    #[test]
    fn the_widest_margin_is_no_narrower_than_any_other() {
        let (window, now) = window(30, -40_000.0, |i| (i * 41 % 17) as f64 * 1e5, |i| (i * 29 % 19) as f64 * 1e5);
        let clouds = Clouds::new(&window, now).unwrap();
        let widest = clouds.margin(clouds.widest(LIMIT)).0;
        for slope in (-300..=300).map(|ppm| f64::from(ppm) * 1e3) {
            assert!(clouds.margin(slope).0 <= widest + 1e-2, "{slope}");
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

    #[test]
    fn a_slope_known_before_steadies_the_offset() {
        let (window, now) = window(4, 10_000.0, |i| (i * 37 % 11) as f64 * 1e6, |i| (i * 53 % 13) as f64 * 1e6);
        let clouds = Clouds::new(&window, now).unwrap();
        let fit = clouds.fit(LIMIT, 0.0).unwrap();
        let vague = clouds.weigh(&fit, 1e6, (10_000.0, 1e12), LIMIT);
        let known = clouds.weigh(&fit, 1e6, (10_000.0, 1e4), LIMIT);
        assert!(known.offset_var < vague.offset_var / 100.0, "{} {}", known.offset_var, vague.offset_var);
        assert!((known.slope - 10_000.0).abs() < 100.0);
    }

    #[test]
    fn the_exponential_is_good_to_a_thousandth() {
        for x in [0.0, 0.1, 1.0, 2.5, 5.0, 10.0_f64] {
            assert!((exp_of_minus(x) - (-x).exp()).abs() < 1e-3, "{x}");
        }
    }
}
