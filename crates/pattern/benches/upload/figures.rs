//! Rates and latencies.

use std::time::Duration;

/// Rates of one row, a value for each turn.
#[derive(Default)]
pub(crate) struct Rates(Vec<f64>);

impl Rates {
    pub(crate) fn add(&mut self, bytes: usize, took: Duration) {
        self.0.push(bytes as f64 / 1e6 / took.as_secs_f64());
    }
    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
    /// Slowest, median, fastest, MB/s.
    pub(crate) fn spread(&self) -> [f64; 3] {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted.get(((sorted.len() - 1) as f64 * share) as usize).copied().unwrap_or(f64::NAN);
        if sorted.is_empty() { [f64::NAN; 3] } else { [at(0.0), at(0.5), at(1.0)] }
    }
}

/// How long frames waited for their answers.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }
    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
    /// p50, p99, max, microseconds.
    pub(crate) fn spread_us(&self) -> [f64; 3] {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |share: f64| {
            let index = (sorted.len().saturating_sub(1) as f64 * share) as usize;
            sorted.get(index).map_or(f64::NAN, |took| took.as_secs_f64() * 1e6)
        };
        [at(0.5), at(0.99), at(1.0)]
    }
}

pub(crate) fn verdict(what: &str, holds: bool, kind: &str) {
    println!("{kind:4} {} {what}", if holds { "met   " } else { "MISSED" });
}
