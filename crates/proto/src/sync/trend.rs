//! Which lines fit the two clouds, and how well: means over all slopes and bends. Implements SYNC-2.
//!
//! Messages arrive above the true floor with a certain density. So a line is the less likely the lower it lies below the
//! points: by e for each spacing, measured where the points are on average. The mean over all lines is steadier than the
//! likeliest one, which hangs on three points; and each direction has its own weight, so that the slope is taken from the
//! quieter one.
//!
//! Temperature bends the offset: for each of a few bends around the last mean the slopes are integrated over.

use super::floor::Clouds;
use super::hull::{Hull, Pair};
use super::number::sqrt;

/// Means over all trends, and their variances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    pub(super) slope: f64,
    pub(super) slope_var: f64,
    pub(super) offset: f64,
    pub(super) offset_var: f64,
    pub(super) bend: Bend,
}

/// What is known of the bend, ns/s^2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bend {
    pub(super) mean: f64,
    /// Standard deviation: the distance of the bends that are tried.
    sigma: f64,
}

impl Bend {
    pub(super) const UNKNOWN: Self = Self { mean: 0.0, sigma: BEND };
}

/// Distance between points next to the floors, ns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Density {
    pub(super) up: f64,
    pub(super) down: f64,
}

impl Density {
    /// Of both directions together.
    pub(super) fn sum(&self) -> f64 {
        self.up + self.down
    }
}

/// Bends tried, in standard deviations from the last mean, the likeliest first.
const BENDS: [f64; 7] = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0];
/// The farthest of them.
const MOST_STEPS: f64 = 3.0;
/// Bends beyond this are rare, ns/s^2: their chance falls with the fourth power.
const BEND: f64 = 4.0;
/// The steps between bends are within these, ns/s^2.
const BEND_STEPS: (f64, f64) = (0.1, 20.0);
/// No oscillator bends more in the mean, ns/s^2: 6 ppm a minute.
const MOST_BENT: f64 = 100.0;
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

/// Weighted sums over trends: of 1, of slope, offset and bend, and of their squares.
#[derive(Default)]
struct Sums {
    /// Logarithm of what has weight 1.
    best: f64,
    weight: f64,
    firsts: [f64; 3],
    squares: [f64; 3],
}

impl Sums {
    /// What a trend of that logarithm weighs; if it is the best so far, it has weight 1 from now on.
    fn weight_of(&mut self, log: f64) -> f64 {
        if self.weight <= 0.0 {
            self.best = log;
        }
        if log <= self.best {
            return exp_of_minus(self.best - log);
        }
        let fade = exp_of_minus(log - self.best);
        self.best = log;
        self.weight *= fade;
        for sum in self.firsts.iter_mut().chain(&mut self.squares) {
            *sum *= fade;
        }
        1.0
    }

    fn add(&mut self, weight: f64, values: [f64; 3]) {
        self.weight += weight;
        for ((first, square), value) in self.firsts.iter_mut().zip(&mut self.squares).zip(values) {
            *first += weight * value;
            *square += weight * value * value;
        }
    }

    fn mean_and_var(&self, i: usize) -> (f64, f64) {
        let mean = self.firsts[i] / self.weight;
        (mean, (self.squares[i] / self.weight - mean * mean).max(0.0))
    }
}

/// Slopes of one bend that are worth looking at.
struct Range {
    low: f64,
    high: f64,
    /// Logarithm of the likeliest one's weight, what was known before left out.
    best: f64,
    /// Variance of the slope that was known before; infinite when the window contradicts it: the window is right.
    known_var: f64,
}

impl Range {
    fn of(pair: &Pair, before: (f64, f64), limit: f64) -> Self {
        let top = pair.top(limit);
        let best = pair.value(top).0;
        let reach = FARTHEST * sqrt(before.1);
        let low = pair.falls_to(best - FARTHEST, top, -limit).max(before.0 - reach);
        let high = pair.falls_to(best - FARTHEST, top, limit).min(before.0 + reach);
        if low < high {
            Self { low, high, best, known_var: before.1 }
        } else {
            Self { low: top - 1.0, high: top + 1.0, best, known_var: f64::INFINITY }
        }
    }
}

impl Clouds {
    /// Mean and variance of slope, offset and bend, given a slope known before (mean, variance), the distance between
    /// points near the floors, and the bend as it was. `limit` is the largest slope believed, ns/s.
    pub(super) fn weigh(&self, density: Density, bend: Bend, before: (f64, f64), limit: f64) -> Weighed {
        let (up_weight, down_weight) = (1.0 / density.up.max(1.0), 1.0 / density.down.max(1.0));
        let (_, ago, ago_sq) = self.effective(0.5 * density.sum());
        let surplus = up_weight - down_weight;
        let (least, most) = (bend.mean - MOST_STEPS * bend.sigma, bend.mean + MOST_STEPS * bend.sigma);
        let (up_hull, down_hull) = (self.up.of_bends(least, most), self.down.of_bends(-most, -least));
        let tilt = ago * surplus;
        let mut pair = Pair { up: Hull::EMPTY, down: Hull::EMPTY, up_weight, down_weight, tilt, exact: 1e-4 };
        let mut sums = Sums::default();
        let mut origin = None;
        for step in BENDS {
            let bent = bend.mean + step * bend.sigma;
            pair.up.bend(&up_hull, bent);
            pair.down.bend(&down_hull, -bent);
            let range = Range::of(&pair, before, limit);
            let rarity = 1.0 + bent * bent / (BEND * BEND);
            let width = (range.high - range.low) / (rarity * rarity);
            let scale = width * sums.weight_of(range.best + 0.5 * bent * ago_sq * surplus);
            let offset_at = |slope: f64| {
                let (up, down) = (pair.up.lowest(-slope), pair.down.lowest(slope));
                (0.5 * (up - down), up * up_weight + down * down_weight + slope * pair.tilt)
            };
            let (slope_0, offset_0) = *origin.get_or_insert_with(|| (range.low, offset_at(range.low).0));
            for i in 0..=SLOPES {
                let slope = range.low + (range.high - range.low) * i as f64 / SLOPES as f64;
                let (offset, log) = offset_at(slope);
                let known = (slope - before.0) * (slope - before.0) / (2.0 * range.known_var);
                let weight = scale * exp_of_minus((range.best - log).max(0.0) + known);
                sums.add(weight, [slope - slope_0, offset - offset_0, bent]);
            }
        }
        let (slope_0, offset_0) = origin.expect("there is a bend to try");
        let [(slope, slope_var), (offset, offset_var), (mean, bend_var)] = [0, 1, 2].map(|i| sums.mean_and_var(i));
        // The next bends to try: twice or half as far apart at most.
        let sigma = sqrt(bend_var).clamp(0.5 * bend.sigma, 2.0 * bend.sigma).clamp(BEND_STEPS.0, BEND_STEPS.1);
        Weighed {
            slope: slope_0 + slope,
            slope_var: slope_var.max(1.0),
            offset: offset_0 + offset,
            offset_var,
            bend: Bend { mean: mean.clamp(-MOST_BENT, MOST_BENT), sigma },
        }
    }

    /// How many messages count for floors whose points are `spacing` apart (both directions together), how many seconds
    /// ago they were on average, and the square of that.
    pub(super) fn effective(&self, spacing: f64) -> (f64, f64, f64) {
        let (mut weight, mut ago, mut ago_sq) = (0.0, 0.0, 0.0);
        for seen in self.up.points() {
            let counts = seen.count * seen.weight(spacing.max(1.0));
            weight += counts;
            ago += counts * seen.t;
            ago_sq += counts * seen.t * seen.t;
        }
        (weight, ago / weight, ago_sq / weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::window::{Point, Trend, Window};

    const LIMIT: f64 = 300_000.0;
    const DENSITY: Density = Density { up: 1e5, down: 1e5 };
    const NOTHING: (f64, f64) = (0.0, 1e10);

    /// One exchange a second, queueing `up(i)` and `down(i)` ns beyond 1 ms, of a clock with this slope and bend and 5 ms
    /// of offset at the last one.
    fn clouds(n: i64, trend: Trend, up: impl Fn(i64) -> f64, down: impl Fn(i64) -> f64) -> Clouds {
        let mut window = Window::new();
        for i in 0..n {
            let t = (i - (n - 1)) as f64;
            let offset = 5e6 + trend.slope * t + 0.5 * trend.bend * t * t;
            let point = |value| Point { at: i * 1_000_000_000, value };
            window.add(point(offset + 1e6 + up(i)), point(-offset + 1e6 + down(i)), &trend);
        }
        Clouds::new(&window, (n - 1) * 1_000_000_000).unwrap()
    }

    fn straight(slope: f64) -> Trend {
        Trend { slope, bend: 0.0 }
    }

    /// Some seconds are free of queues: 0, 7, 14... upwards, 3, 8, 13... downwards.
    fn queues(n: i64, trend: Trend) -> Clouds {
        let up = |i: i64| if i % 7 == 0 { 0.0 } else { 3e6 + (i * 37 % 11) as f64 * 1e6 };
        let down = |i: i64| if i % 5 == 3 { 0.0 } else { 2e6 + (i * 53 % 13) as f64 * 1e6 };
        clouds(n, trend, up, down)
    }

    /// SYNC-2
    #[test]
    fn slope_and_offset_are_found_between_queues_of_milliseconds() {
        let weighed = queues(40, straight(73_000.0)).weigh(DENSITY, Bend::UNKNOWN, NOTHING, LIMIT);
        // Five points each way at the floor: a slope known to a few us in 40 s.
        assert!((weighed.slope - 73_000.0).abs() < 2_000.0, "{}", weighed.slope);
        assert!((weighed.offset - 5e6).abs() < 30_000.0, "{}", weighed.offset);
    }

    /// SYNC-2
    #[test]
    fn a_bent_offset_is_followed() {
        let clouds = queues(64, Trend { slope: -20_000.0, bend: 40.0 });
        let density = Density { up: 1e3, down: 1e3 };
        let mut bend = Bend::UNKNOWN;
        for _ in 0..20 {
            bend = clouds.weigh(density, bend, NOTHING, LIMIT).bend;
        }
        let weighed = clouds.weigh(density, bend, NOTHING, LIMIT);
        assert!((weighed.bend.mean - 40.0).abs() < 3.0, "{}", weighed.bend.mean);
        // In 64 s it has bent by 82 us.
        assert!((weighed.offset - 5e6).abs() < 3_000.0, "{}", weighed.offset);
    }

    /// SYNC-2
    #[test]
    fn the_slope_is_taken_from_the_quieter_direction() {
        let rough = |i: i64| 1e6 + (i * 7_919 % 61) as f64 * 1e6;
        let clouds = clouds(60, straight(50_000.0), |i| (i % 3) as f64 * 1e3, rough);
        let weighed = clouds.weigh(Density { up: 500.0, down: 1e6 }, Bend::UNKNOWN, NOTHING, LIMIT);
        assert!((weighed.slope - 50_000.0).abs() < 300.0, "{}", weighed.slope);
    }

    #[test]
    fn a_slope_known_before_steadies_the_offset() {
        let rough = |salt: i64| move |i: i64| (i * salt % 11) as f64 * 1e6;
        let clouds = clouds(4, straight(10_000.0), rough(37), rough(53));
        let density = Density { up: 1e6, down: 1e6 };
        let vague = clouds.weigh(density, Bend::UNKNOWN, (10_000.0, 1e12), LIMIT);
        let known = clouds.weigh(density, Bend::UNKNOWN, (10_000.0, 1e4), LIMIT);
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
