//! What the runs of one filter over one case come to.

use super::trace::{TICK_NS, Tick};

/// Errors count from here on, seconds: everybody has had the time to settle.
pub const JUDGED_FROM_S: i64 = 60;
/// A filter is within a millisecond when it stays there for so many ticks: 10 s.
const SETTLED_TICKS: usize = 10_000_000_000 / TICK_NS as usize;
/// A millisecond.
const SETTLED_NS: i64 = 1_000_000;

/// Figures of one filter in one case, all seeds together. Errors are absolute, against what can be known of show time, at
/// every tick from [`JUDGED_FROM_S`] on, locked or not: nobody gets better by unlocking.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Half of all errors are at most this, microseconds.
    pub p50_us: f64,
    /// The same for 95 of 100.
    pub p95_us: f64,
    /// The same for 99 of 100.
    pub p99_us: f64,
    /// The largest error, microseconds.
    pub max_us: f64,
    /// When it first called itself locked, seconds: median and slowest of the seeds; infinite for never.
    pub lock_s: Spread,
    /// When it came within a millisecond and stayed there for ten seconds.
    pub settled_s: Spread,
    /// Times it unlocked, although nothing happened in any run.
    pub false_unlocks: u32,
    /// Share of the judged ticks in which it was not locked, percent.
    pub unlocked_percent: f64,
    /// The largest change of its error from one tick to the next in the judged part, microseconds.
    pub largest_step_us: f64,
}

/// Of some runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The largest.
    pub slowest: f64,
}

/// Adds runs up to figures.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    errors_ns: Vec<i64>,
    lock_s: Vec<f64>,
    settled_s: Vec<f64>,
    false_unlocks: u32,
    judged: u32,
    unlocked: u32,
    largest_step_ns: i64,
}

impl Tally {
    /// Adds one run.
    pub fn add(&mut self, ticks: &[Tick]) {
        self.lock_s.push(seconds(ticks.iter().position(|tick| tick.is_locked)));
        self.settled_s.push(seconds(settled(ticks)));
        let unlocks = ticks.windows(2).filter(|pair| pair[0].is_locked && !pair[1].is_locked).count();
        self.false_unlocks += u32::try_from(unlocks).expect("fewer than ticks");
        let judged = ticks.get((JUDGED_FROM_S * 1_000_000_000 / TICK_NS) as usize..).unwrap_or_default();
        let mut before = None;
        for tick in judged {
            self.judged += 1;
            self.unlocked += u32::from(!tick.is_locked);
            if let (Some(before), Some(error)) = (before, tick.error_ns) {
                self.largest_step_ns = self.largest_step_ns.max(i64::abs(error - before));
            }
            before = tick.error_ns;
            self.errors_ns.extend(tick.error_ns.map(i64::abs));
        }
    }

    /// The absolute errors of the judged part so far, nanoseconds.
    pub fn errors_ns(&self) -> &[i64] {
        &self.errors_ns
    }

    /// The figures of all runs added.
    pub fn figures(mut self) -> Figures {
        self.errors_ns.sort_unstable();
        let percentile = |percent| percentile(&self.errors_ns, percent).map_or(f64::NAN, |ns| ns as f64 / 1e3);
        Figures {
            p50_us: percentile(50),
            p95_us: percentile(95),
            p99_us: percentile(99),
            max_us: percentile(100),
            lock_s: spread(self.lock_s),
            settled_s: spread(self.settled_s),
            false_unlocks: self.false_unlocks,
            unlocked_percent: 100.0 * f64::from(self.unlocked) / f64::from(self.judged.max(1)),
            largest_step_us: self.largest_step_ns as f64 / 1e3,
        }
    }
}

/// True time of a tick.
fn seconds(tick: Option<usize>) -> f64 {
    tick.map_or(f64::INFINITY, |tick| tick as f64 * TICK_NS as f64 * 1e-9)
}

/// The first tick from which the error stays within a millisecond for ten seconds.
fn settled(ticks: &[Tick]) -> Option<usize> {
    let mut since = 0;
    for (i, tick) in ticks.iter().enumerate() {
        if tick.error_ns.is_none_or(|error| error.abs() > SETTLED_NS) {
            since = i + 1;
        } else if i + 1 - since >= SETTLED_TICKS {
            return Some(since);
        }
    }
    None
}

/// The smallest value that so many percent of the sorted ones do not exceed.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn spread(mut values: Vec<f64>) -> Spread {
    values.sort_by(f64::total_cmp);
    let median = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
    Spread { median, slowest: values.last().copied().unwrap_or(f64::NAN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(error_ns: i64, is_locked: bool) -> Tick {
        Tick { error_ns: Some(error_ns), is_locked }
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!([50, 95, 99, 100].map(|p| percentile(&hundred, p)), [Some(50), Some(95), Some(99), Some(100)]);
        assert_eq!((percentile(&[7], 50), percentile(&[], 50)), (Some(7), None));
    }

    #[test]
    fn a_run_is_judged_from_the_first_minute_on_locked_or_not() {
        let mut ticks = vec![Tick { error_ns: None, is_locked: false }; 300];
        ticks.extend([tick(9_000_000, true); 700]);
        ticks.extend([tick(1_000, true); 5_000]);
        // The judged part: 30 ticks at 2 us, ten of them unlocked, and a jump of 5 us back to -3 us.
        ticks.extend([tick(2_000, true); 10]);
        ticks.extend([tick(2_000, false); 10]);
        ticks.extend([tick(2_000, true); 10]);
        ticks.push(tick(-3_000, true));
        let mut tally = Tally::default();
        tally.add(&ticks);
        let figures = tally.figures();
        assert_eq!((figures.p50_us, figures.p95_us, figures.p99_us, figures.max_us), (2.0, 2.0, 3.0, 3.0));
        assert_eq!((figures.lock_s.median, figures.settled_s.slowest), (3.0, 10.0));
        assert_eq!((figures.false_unlocks, figures.largest_step_us), (1, 5.0));
        assert!((figures.unlocked_percent - 100.0 * 10.0 / 31.0).abs() < 1e-9);
    }

    #[test]
    fn never_locking_and_never_settling_is_infinitely_late() {
        let mut tally = Tally::default();
        tally.add(&[tick(2_000_000, false); 7_000]);
        tally.add(&[tick(0, true); 7_000]);
        let figures = tally.figures();
        assert_eq!((figures.lock_s.median, figures.lock_s.slowest), (0.0, f64::INFINITY));
        assert!(figures.settled_s.slowest.is_infinite());
        assert!((figures.unlocked_percent - 50.0).abs() < 1e-9);
    }
}
