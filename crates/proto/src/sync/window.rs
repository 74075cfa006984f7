//! What stage 1 remembers: for stretches of time, the fastest message of each direction. Implements SYNC-2.
//!
//! Stretches are short at first, so that a start-up burst of one second already shows a slope, and are joined in pairs
//! when there are too many, until one lasts [`LONGEST_NS`].

use heapless::Vec;

/// Stretches remembered. Full: neighbours are joined while they are short, then the oldest goes.
pub(super) const STRETCHES: usize = 64;
/// A new window starts with stretches of this length: one exchange each at 25 Hz.
const SHORTEST_NS: i64 = 31_250_000;
/// 64 of these are 128 s. In that time an oscillator bends by up to 49 us (6e-9 /s), so for a quiet path the older half
/// hardly matters; for a busy one (64 s against 128 s, 1 to 20 ms each way: p50 52 against 37 us) it does.
const LONGEST_NS: i64 = 2_000_000_000;

/// One direction's fastest message of a stretch: when it was stamped locally, and hub minus local (up) or local minus
/// hub (down), both in nanoseconds from the source's first exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) at: i64,
    pub(super) value: f64,
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
    length_ns: i64,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { stretches: Vec::new(), length_ns: SHORTEST_NS }
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Exchanges seen in the stretches kept.
    pub(super) fn count(&self) -> u32 {
        self.stretches.iter().map(|stretch| stretch.count).sum()
    }

    /// Nanoseconds since the oldest stretch began.
    pub(super) fn age(&self, now: i64) -> i64 {
        self.stretches.first().map_or(0, |oldest| now.saturating_sub(oldest.since))
    }

    /// Adds one exchange; `slope` (ns/s) says which of two points of a stretch is the faster one.
    pub(super) fn add(&mut self, up: Point, down: Point, slope: f64) {
        let next = Stretch { since: up.at, up, down, count: 1 };
        match self.stretches.last_mut() {
            // An exchange that arrives late belongs to the newest stretch too: its stamps say when it was.
            Some(last) if up.at.saturating_sub(last.since) < self.length_ns => *last = joined(last, &next, slope),
            _ => self.push(next, slope),
        }
        let horizon = STRETCHES as i64 * LONGEST_NS;
        while self.age(up.at) > horizon && self.stretches.len() > 1 {
            self.stretches.remove(0);
        }
    }

    /// Forgets what began before `since`.
    pub(super) fn keep_since(&mut self, since: i64) {
        self.stretches.retain(|stretch| stretch.since >= since);
    }

    fn push(&mut self, next: Stretch, slope: f64) {
        if self.stretches.is_full() && self.length_ns < LONGEST_NS {
            self.length_ns *= 2;
            let mut halved = Vec::new();
            for pair in self.stretches.chunks(2) {
                let whole = pair.iter().skip(1).fold(pair[0], |a, b| joined(&a, b, slope));
                halved.push(whole).expect("half as many fit");
            }
            self.stretches = halved;
        }
        if self.stretches.is_full() {
            self.stretches.remove(0);
        }
        self.stretches.push(next).expect("room was made");
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

    fn filled(n: i64, period_ns: i64) -> Window {
        let mut window = Window::new();
        for i in 0..n {
            let point = Point { at: i * period_ns, value: (i * 7_919 % 101) as f64 };
            window.add(point, point, 0.0);
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
    fn the_window_holds_two_minutes_and_forgets_what_is_older() {
        let window = filled(5 * 600, 200_000_000);
        assert!(window.stretches().len() <= STRETCHES);
        let age_s = window.age(600_000_000_000) / 1_000_000_000;
        assert!((120..=132).contains(&age_s), "{age_s}");
    }

    /// SYNC-2
    #[test]
    fn joined_stretches_keep_the_fastest_message_of_each_direction() {
        let window = filled(64 * 5, 200_000_000);
        // 101 is prime: every value from 0 to 100 occurs in each 20 s.
        let fastest = |of: fn(&Stretch) -> f64| window.stretches().iter().map(of).fold(f64::INFINITY, f64::min);
        assert!(fastest(|s| s.up.value) < 1.0 && fastest(|s| s.down.value) < 1.0);
        assert_eq!(window.count(), 64 * 5);
    }

    #[test]
    fn the_faster_of_two_is_judged_along_the_slope() {
        let mut window = Window::new();
        let at = |at: i64, value| Point { at, value };
        // 1000 ns/s for 10 ms is 10 ns: the second message is slower, though its value is lower.
        window.add(at(0, 0.0), at(0, 0.0), -1000.0);
        window.add(at(10_000_000, -5.0), at(10_000_000, 5.0), -1000.0);
        let [only] = window.stretches() else { panic!("one stretch") };
        assert_eq!((only.up.at, only.down.at), (0, 10_000_000));
    }
}
