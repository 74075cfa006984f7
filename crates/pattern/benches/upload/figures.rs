//! Rates, latencies, and what they cost.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// Measures how long something takes, and how much of the processors all threads of this process take meanwhile. The second
/// figure holds on a machine that is busy with other things, too.
pub(crate) struct Watch {
    started_at: Instant,
    processor: Duration,
}

/// What something took.
#[derive(Clone, Copy)]
pub(crate) struct Spent {
    elapsed: Duration,
    processor: Duration,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { started_at: Instant::now(), processor: processor() }
    }
    pub(crate) fn spent(&self) -> Spent {
        Spent { elapsed: self.started_at.elapsed(), processor: processor().saturating_sub(self.processor) }
    }
}

/// Processor time of this process so far, its own and the kernel's for it.
fn processor() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process knows its usage");
    let [own, kernel] = [usage.user_time(), usage.system_time()]
        .map(|time| Duration::new(time.tv_sec().unsigned_abs(), time.tv_usec().unsigned_abs() as u32 * 1000));
    own + kernel
}

/// Rates of one row, a value for each turn.
#[derive(Default)]
pub(crate) struct Rates {
    /// MB/s.
    wall: Vec<f64>,
    /// MB for each second of processor time.
    processor: Vec<f64>,
}

impl Rates {
    pub(crate) fn add(&mut self, bytes: usize, spent: Spent) {
        self.wall.push(bytes as f64 / 1e6 / spent.elapsed.as_secs_f64());
        self.processor.push(bytes as f64 / 1e6 / spent.processor.as_secs_f64());
    }
    pub(crate) fn merge(&mut self, other: Self) {
        self.wall.extend(other.wall);
        self.processor.extend(other.processor);
    }
    /// Slowest, median, fastest, MB/s; the median of MB for each second of processor time.
    pub(crate) fn spread(&self) -> [f64; 4] {
        [quantile(&self.wall, 0.0), self.median(), quantile(&self.wall, 1.0), quantile(&self.processor, 0.5)]
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.wall.is_empty()
    }
    pub(crate) fn median(&self) -> f64 {
        quantile(&self.wall, 0.5)
    }
    /// How many times as long as `other` it takes, turn by turn: the median.
    pub(crate) fn times_as_long_as(&self, other: &Self) -> f64 {
        quantile(&self.wall.iter().zip(&other.wall).map(|(own, other)| other / own).collect::<Vec<_>>(), 0.5)
    }
}

/// How long frames waited for their answers.
#[derive(Default)]
pub(crate) struct Latencies(Vec<f64>);

impl Latencies {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64() * 1e6);
    }
    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
    /// p50, p99, max, microseconds.
    pub(crate) fn spread_us(&self) -> [f64; 3] {
        [0.5, 0.99, 1.0].map(|share| quantile(&self.0, share))
    }
}

/// The value below which `share` of all are; nothing has none.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

pub(crate) fn verdict(what: &str, holds: bool, kind: &str) {
    println!("{kind:4} {} {what}", if holds { "met   " } else { "MISSED" });
}
