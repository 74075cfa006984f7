//! Whether a series grows: the slope that most pairs of its points agree on, and how sure that is.
//!
//! Theil and Sen's estimator: the median of the slopes of all pairs of points, with the interval that Kendall's rank
//! statistic gives (P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63, 1968). Single
//! outliers and steps of an allocator do not move it as they move a least-squares line. Points that follow one another
//! depend on one another in a series like memory, which makes the interval narrower than the truth; the medians of stretches,
//! which long series are thinned to, depend less.

use serde::Serialize;

/// Normal deviate of a two-sided 99 % interval.
const Z_99: f64 = 2.575_829;
/// Points that are compared pair by pair: half a million pairs.
const MAX_POINTS: usize = 1000;
/// With fewer points nothing can be said.
pub(super) const MIN_POINTS: usize = 10;

/// A slope and its 99 % interval, in units of the series per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Trend {
    pub(super) slope: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The trend of points (seconds, value); `None` when there are too few.
pub(super) fn trend(points: &[(f64, f64)]) -> Option<Trend> {
    let points = thinned(points);
    let count = points.len() as f64;
    let mut slopes = Vec::new();
    for (i, (x, y)) in points.iter().enumerate() {
        slopes.extend(points[i + 1..].iter().filter(|later| later.0 > *x).map(|later| (later.1 - y) / (later.0 - x)));
    }
    if points.len() < MIN_POINTS || slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let pairs = slopes.len() as f64;
    let width = Z_99 * (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt();
    let at = |rank: f64| slopes.get(rank.clamp(0.0, pairs - 1.0) as usize).copied();
    let low = at(((pairs - width) / 2.0).floor())?;
    let high = at(((pairs + width) / 2.0).ceil())?;
    Some(Trend { slope: median(&slopes), low, high })
}

/// A series of at most [`MAX_POINTS`]: the medians of stretches of equal length.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let length = points.len().div_ceil(MAX_POINTS).max(1);
    points
        .chunks(length)
        .map(|stretch| {
            let sorted = |value: fn(&(f64, f64)) -> f64| {
                let mut values: Vec<f64> = stretch.iter().map(value).collect();
                values.sort_by(f64::total_cmp);
                median(&values)
            };
            (sorted(|point| point.0), sorted(|point| point.1))
        })
        .collect()
}

/// The middle of sorted values.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

#[cfg(test)]
mod tests {
    use cuelight_sim::rng::Rng;

    use super::*;

    /// `count` points a second apart, with noise of some amplitude around a line of some slope.
    fn series(count: usize, slope: f64, amplitude: f64) -> Vec<(f64, f64)> {
        let mut rng = Rng::new(7);
        let mut noise = || (f64::from(rng.bits() as u16) / 65_535.0 - 0.5) * amplitude;
        (0..count).map(|i| (i as f64, 1000.0 + slope * i as f64 + noise())).collect()
    }

    #[test]
    fn a_line_is_found_and_its_interval_holds_it() {
        let exact = trend(&series(50, 3.0, 0.0)).unwrap();
        assert!((exact.slope - 3.0).abs() < 1e-9 && (exact.high - exact.low).abs() < 1e-9, "{exact:?}");
        let noisy = trend(&series(300, 0.5, 20.0)).unwrap();
        assert!(noisy.low < 0.5 && 0.5 < noisy.high, "{noisy:?}");
        assert!(noisy.low > 0.45 && noisy.high < 0.55, "{noisy:?}");
    }

    #[test]
    fn noise_alone_has_no_sure_slope() {
        let flat = trend(&series(300, 0.0, 20.0)).unwrap();
        assert!(flat.low < 0.0 && flat.high > 0.0, "{flat:?}");
    }

    #[test]
    fn outliers_do_not_make_a_trend() {
        let mut points = series(100, 0.0, 0.0);
        points[99].1 = 1e9;
        points[50].1 = 1e9;
        let robust = trend(&points).unwrap();
        assert!(robust.slope.abs() < 1e-9 && robust.high.abs() < 1e-9, "{robust:?}");
    }

    #[test]
    fn a_long_series_is_thinned_and_means_the_same() {
        let long = trend(&series(20_000, 0.01, 5.0)).unwrap();
        assert!((long.slope - 0.01).abs() < 1e-4, "{long:?}");
    }

    #[test]
    fn too_few_points_say_nothing() {
        assert_eq!(trend(&series(MIN_POINTS - 1, 1.0, 0.0)), None);
        assert_eq!(trend(&[]), None);
        assert_eq!(trend(&[(1.0, 2.0); 20]), None, "all at one instant");
    }
}
