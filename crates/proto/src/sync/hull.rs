//! Lower hulls: what is left of a cloud of points when only its floor under straight lines is asked for.
//!
//! Of 64 random points about ten are on it, and they are the same for every slope. The sum of two floors, one seen along
//! a slope and one against it, is concave and piecewise linear in the slope: its top and where it falls to a level are
//! found in a few steps.

use super::window::STRETCHES;

/// Lower hull of points (seconds, nanoseconds), in the order of time.
pub(super) struct Hull {
    len: usize,
    points: [(f64, f64); STRETCHES],
}

impl Hull {
    /// Of no points.
    pub(super) const EMPTY: Self = Self { len: 0, points: [(0.0, 0.0); STRETCHES] };

    /// The hull of points that are in the order of time (Andrew's monotone chain).
    pub(super) fn new(points: impl Iterator<Item = (f64, f64)>) -> Self {
        Self::chain(points, |a, b, next| below(a, b, next).0 > 0.0)
    }

    /// The points that are on the hull for some bend (ns/s^2) within these limits, and a few more.
    pub(super) fn of_bends(points: impl Iterator<Item = (f64, f64)>, least: f64, most: f64) -> Self {
        Self::chain(points, |a, b, next| {
            // How far it is below changes evenly with the bend.
            let (straight, per_bend) = below(a, b, next);
            straight > least * per_bend || straight > most * per_bend
        })
    }

    /// Becomes the hull of another's points for that bend.
    pub(super) fn bend(&mut self, kept: &Self, bend: f64) {
        let points = kept.points[..kept.len].iter().map(|(t, value)| (*t, value - 0.5 * bend * t * t));
        self.set_chain(points, |a, b, next| below(a, b, next).0 > 0.0);
    }

    /// Keeps the points that are needed between the last and the next.
    fn chain(
        points: impl Iterator<Item = (f64, f64)>,
        is_needed: impl Fn((f64, f64), (f64, f64), (f64, f64)) -> bool,
    ) -> Self {
        let mut hull = Self::EMPTY;
        hull.set_chain(points, is_needed);
        hull
    }

    fn set_chain(
        &mut self,
        points: impl Iterator<Item = (f64, f64)>,
        is_needed: impl Fn((f64, f64), (f64, f64), (f64, f64)) -> bool,
    ) {
        self.len = 0;
        for next in points.take(STRETCHES) {
            while self.len >= 2 && !is_needed(self.points[self.len - 2], self.points[self.len - 1], next) {
                self.len -= 1;
            }
            self.points[self.len] = next;
            self.len += 1;
        }
    }

    /// Smallest `value + w t`: that of [`Self::floor`], several points at a time.
    pub(super) fn lowest(&self, w: f64) -> f64 {
        /// Comparisons that do not wait for one another.
        const LANES: usize = 4;
        let lower = |best: f64, &(t, value): &(f64, f64)| {
            let raised = value + w * t;
            if raised < best { raised } else { best }
        };
        let (fours, rest) = self.points[..self.len].as_chunks::<LANES>();
        let mut best = [f64::INFINITY; LANES];
        for four in fours {
            for (best, point) in best.iter_mut().zip(four) {
                *best = lower(*best, point);
            }
        }
        let of_rest = rest.iter().fold(f64::INFINITY, lower);
        best.into_iter().fold(of_rest, |a, b| if b < a { b } else { a })
    }

    /// Smallest `value + w t` and the t it has it at.
    pub(super) fn floor(&self, w: f64) -> (f64, f64) {
        let mut best = (f64::INFINITY, 0.0);
        for &(t, value) in &self.points[..self.len] {
            let raised = value + w * t;
            if raised < best.0 {
                best = (raised, t);
            }
        }
        best
    }
}

/// How far `b` is below the line from `a` to `next`, times their distance; and what of it one unit of bend takes away.
fn below(a: (f64, f64), b: (f64, f64), next: (f64, f64)) -> (f64, f64) {
    let (part, all) = (b.0 - a.0, next.0 - a.0);
    (part * (next.1 - a.1) - (b.1 - a.1) * all, 0.5 * part * all * (next.0 - b.0))
}

/// Both hulls, weighted: the logarithm of how likely a slope is, up to a constant; or the margin, with weights of 1.
pub(super) struct Pair {
    pub(super) up: Hull,
    pub(super) down: Hull,
    pub(super) up_weight: f64,
    pub(super) down_weight: f64,
    /// Added for each ns/s of slope.
    pub(super) tilt: f64,
    /// What two values that count as equal may differ by.
    pub(super) exact: f64,
}

impl Pair {
    /// Value at a slope, and how it changes with the slope. Concave and piecewise linear.
    pub(super) fn value(&self, slope: f64) -> (f64, f64) {
        let (up, up_t) = self.up.floor(-slope);
        let (down, down_t) = self.down.floor(slope);
        let value = up * self.up_weight + down * self.down_weight + slope * self.tilt;
        (value, down_t * self.down_weight - up_t * self.up_weight + self.tilt)
    }

    /// The highest value among slopes within +-`limit`.
    ///
    /// A concave piecewise linear function is below its tangents: the next guess is where the tangents left and right of
    /// the top meet, and the top is found when the function is there.
    pub(super) fn top(&self, limit: f64) -> f64 {
        let (mut low, mut high) = (-limit, limit);
        let (mut low_at, mut high_at) = (self.value(low), self.value(high));
        if low_at.1 <= 0.0 {
            return low;
        }
        if high_at.1 >= 0.0 {
            return high;
        }
        let mut top = 0.0;
        for _ in 0..STRETCHES {
            top = (high_at.0 - low_at.0 + low_at.1 * low - high_at.1 * high) / (low_at.1 - high_at.1);
            let at = self.value(top);
            let promised = low_at.0 + low_at.1 * (top - low);
            if promised - at.0 <= self.exact {
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

    /// The slope beyond `top` in the direction of `end` where the value falls to `level`; `end` when it does not.
    ///
    /// Newton's method from outside: a tangent is above the function, so no step goes too far.
    pub(super) fn falls_to(&self, level: f64, top: f64, end: f64) -> f64 {
        let mut slope = end;
        for _ in 0..STRETCHES {
            let (value, change) = self.value(slope);
            if value >= level - self.exact || change * (end - top) >= 0.0 {
                break;
            }
            slope -= (value - level) / change;
        }
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_hull_has_the_floor_of_its_points_at_every_slope() {
        let cloud: Vec<(f64, f64)> =
            (0..64i32).map(|i| (f64::from(i - 64), f64::from(i.wrapping_mul(7_919) % 101))).collect();
        let hull = Hull::new(cloud.iter().copied());
        assert!(hull.len < 20, "{}", hull.len);
        for w in (-50..=50).map(|w| f64::from(w) * 0.37) {
            let lowest = cloud.iter().map(|(t, value)| value + w * t).fold(f64::INFINITY, f64::min);
            assert!((hull.floor(w).0 - lowest).abs() < 1e-9, "{w}");
            assert_eq!(hull.lowest(w).to_bits(), hull.floor(w).0.to_bits(), "{w}");
        }
    }

    /// SYNC-2
    #[test]
    fn what_is_kept_for_some_bends_has_the_floor_of_all_points_for_each_of_them() {
        let cloud: Vec<(f64, f64)> =
            (0..64i32).map(|i| (f64::from(i - 64), f64::from(i.wrapping_mul(7_919) % 101) * 100.0)).collect();
        let kept = Hull::of_bends(cloud.iter().copied(), -3.0, 5.0);
        assert!(kept.len < 40, "{}", kept.len);
        let mut hull = Hull::EMPTY;
        for bend in [-3.0, -1.0, 0.0, 2.5, 5.0] {
            hull.bend(&kept, bend);
            for w in (-50..=50).map(|w| f64::from(w) * 7.7) {
                let floors = cloud.iter().map(|(t, value)| value - 0.5 * bend * t * t + w * t);
                let lowest = floors.fold(f64::INFINITY, f64::min);
                assert!((hull.floor(w).0 - lowest).abs() < 1e-6, "{bend} {w}");
            }
        }
    }

    #[test]
    fn points_of_one_instant_keep_the_lowest() {
        let hull = Hull::new([(-2.0, 5.0), (-1.0, 3.0), (-1.0, 9.0), (0.0, 4.0)].into_iter());
        assert!((hull.floor(0.0).0 - 3.0).abs() < 1e-12);
        let hull = Hull::new([(-1.0, 9.0), (-1.0, 3.0)].into_iter());
        assert!((hull.floor(0.0).0 - 3.0).abs() < 1e-12);
    }
}
