//! What stage 1 remembers: for stretches of time, the fastest message of each direction. Implements SYNC-2.
//!
//! Each exchange begins a stretch, so that a start-up burst of one second already shows a slope. When there are too many,
//! the two neighbours that are the shortest for their age become one: the last seconds stay finely divided, and 64
//! stretches reach back minutes.

use heapless::Vec;

/// Stretches remembered. Full: neighbours are joined while they are short, then the oldest goes.
pub(super) const STRETCHES: usize = 64;
/// What is older is forgotten: in this time the frequency of a good oscillator wanders by 0.07 ppm, so that one line still
/// fits; a busy path is known the better the longer it is watched.
const HORIZON_NS: i64 = 512_000_000_000;
/// Stretches much younger than this are equally long, those much older as long as their age demands: 64 of them are 1 s
/// long at first and 35 s in the end.
const YOUNG_NS: f64 = 15e9;

/// One direction's fastest message of a stretch: when it was stamped locally, and hub minus local (up) or local minus
/// hub (down), both in nanoseconds from the source's first exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) at: i64,
    pub(super) value: f64,
}

/// How the offset changes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trend {
    /// Now, ns/s.
    pub(super) slope: f64,
    /// Change of the slope, ns/s^2.
    pub(super) bend: f64,
}

impl Trend {
    /// The slope there was at an earlier instant, both in nanoseconds.
    fn slope_at(&self, now: i64, then: i64) -> f64 {
        self.slope - self.bend * now.saturating_sub(then) as f64 * 1e-9
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) since: i64,
    pub(super) up: Point,
    pub(super) down: Point,
    /// Exchanges in it.
    pub(super) count: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Window {
    stretches: Vec<Stretch, STRETCHES>,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { stretches: Vec::new() }
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Nanoseconds since the oldest stretch began.
    pub(super) fn age(&self, now: i64) -> i64 {
        self.stretches.first().map_or(0, |oldest| now.saturating_sub(oldest.since))
    }

    /// Adds one exchange; the trend of the offset says which of two points of a stretch is the faster one.
    pub(super) fn add(&mut self, up: Point, down: Point, trend: &Trend) {
        let next = Stretch { since: up.at, up, down, count: 1 };
        match self.stretches.last_mut() {
            // An exchange that arrives late belongs to the newest stretch: its stamps say when it was.
            Some(last) if up.at <= last.since => *last = joined(last, &next, trend.slope),
            _ => {
                if self.stretches.is_full() {
                    self.join_two(up.at, trend);
                }
                self.stretches.push(next).expect("room was made");
            }
        }
        while self.age(up.at) > HORIZON_NS && self.stretches.len() > 1 {
            self.stretches.remove(0);
        }
    }

    /// Forgets what began before `since`.
    pub(super) fn keep_since(&mut self, since: i64) {
        self.stretches.retain(|stretch| stretch.since >= since);
    }

    /// Joins the two neighbours that are the shortest for their age.
    fn join_two(&mut self, now: i64, trend: &Trend) {
        let age = |i: usize| {
            let since = self.stretches.get(i).map_or(now, |stretch| stretch.since);
            now.saturating_sub(since).max(0) as f64
        };
        let shortness = |i: &usize| (age(*i) - age(*i + 2)) / (age(*i) + YOUNG_NS);
        let pairs = 0..self.stretches.len() - 1;
        let Some(i) = pairs.min_by(|a, b| shortness(a).total_cmp(&shortness(b))) else { return };
        let later = self.stretches.remove(i + 1);
        let then = trend.slope_at(now, later.since);
        self.stretches[i] = joined(&self.stretches[i], &later, then);
    }
}

fn joined(a: &Stretch, b: &Stretch, slope: f64) -> Stretch {
    let fastest = |a: Point, b: Point, slope: f64| {
        let later = b.at.saturating_sub(a.at) as f64 * 1e-9;
        if b.value - slope * later < a.value { b } else { a }
    };
    Stretch {
        since: a.since,
        up: fastest(a.up, b.up, slope),
        down: fastest(a.down, b.down, -slope),
        count: a.count.saturating_add(b.count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn filled(n: i64, period_ns: i64) -> Window {
        let mut window = Window::new();
        for i in 0..n {
            let point = Point { at: i * period_ns, value: (i * 7_919 % 101) as f64 };
            window.add(point, point, &Trend::default());
        }
        window
    }

    /// SYNC-2
    #[test]
    fn a_burst_of_a_second_keeps_every_exchange_apart() {
        assert_eq!(filled(25, 40_000_000).stretches().len(), 25);
    }

    /// SYNC-2
    #[test]
    fn the_window_reaches_back_512_seconds_and_forgets_what_is_older() {
        let window = filled(5 * 1_800, 200_000_000);
        assert!(window.stretches().len() <= STRETCHES);
        let age_s = window.age(1_800_000_000_000) / 1_000_000_000;
        assert!((470..=512).contains(&age_s), "{age_s}");
    }

    /// SYNC-2
    #[test]
    fn young_stretches_are_short_and_old_ones_long() {
        let window = filled(5 * 500, 200_000_000);
        let since: Vec<i64> = window.stretches().iter().map(|s| s.since / 1_000_000).collect();
        let lengths: Vec<i64> = since.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(lengths.iter().rev().take(10).all(|&ms| ms <= 2_000), "{lengths:?}");
        assert!(lengths.iter().all(|&ms| ms <= 80_000), "{lengths:?}");
        assert!(lengths[0] >= 10_000, "{lengths:?}");
    }

    /// SYNC-2
    #[test]
    fn joined_stretches_keep_the_fastest_message_of_each_direction() {
        let window = filled(64 * 5, 200_000_000);
        // 101 is prime: every value from 0 to 100 occurs in each 20 s.
        let fastest = |of: fn(&Stretch) -> f64| window.stretches().iter().map(of).fold(f64::INFINITY, f64::min);
        assert!(fastest(|s| s.up.value) < 1.0 && fastest(|s| s.down.value) < 1.0);
        assert_eq!(window.stretches().iter().map(|s| s.count).sum::<u32>(), 64 * 5);
    }

    #[test]
    fn the_faster_of_two_is_judged_along_the_slope() {
        let at = |at: i64, value| Point { at, value };
        let stretch = |at| Stretch { since: 0, up: at, down: at, count: 1 };
        // 1000 ns/s for 10 ms is 10 ns: the second message is slower, though its value is lower.
        let of_two = joined(&stretch(at(0, 0.0)), &stretch(at(10_000_000, -5.0)), -1000.0);
        assert_eq!((of_two.up.at, of_two.down.at), (0, 10_000_000));
    }
}
