//! How the ticks go: rate and cost over the last 1024 ticks, overruns and missed ticks since the start.

use alloc::vec::Vec;

use cuelight_wire::time::{Local, Span, Time};

use crate::snapshot::TickFigures;

/// Ticks looked back on; then the oldest makes room.
const WINDOW: usize = 1024;

#[derive(Debug)]
pub(super) struct Meter {
    ring: Vec<(Time<Local>, Span)>,
    next: usize,
    pub(super) count: u64,
    pub(super) overruns: u64,
    pub(super) missed: u64,
}

impl Meter {
    /// Nothing noted yet. The whole window is allocated here, so that no tick has to.
    pub(super) fn new() -> Self {
        Self { ring: Vec::with_capacity(WINDOW), next: 0, count: 0, overruns: 0, missed: 0 }
    }
    pub(super) fn note(&mut self, start: Time<Local>, end: Time<Local>) {
        let entry = (start, end - start);
        if self.ring.len() < WINDOW {
            self.ring.push(entry);
        } else if let Some(oldest) = self.ring.get_mut(self.next) {
            *oldest = entry;
            self.next = (self.next + 1) % WINDOW;
        }
    }
    pub(super) fn figures(&self) -> TickFigures {
        let mut costs: Vec<Span> = self.ring.iter().map(|(_, cost)| *cost).collect();
        costs.sort_unstable();
        let quantile = |percent: usize| costs.get((costs.len() * percent / 100).min(costs.len().saturating_sub(1)));
        let first = self.ring.iter().map(|(start, _)| *start).min().unwrap_or_default();
        let last = self.ring.iter().map(|(start, _)| *start).max().unwrap_or_default();
        let intervals = self.ring.len().saturating_sub(1) as i64;
        let millihertz = (intervals * 1_000_000_000_000).checked_div(last.since(first).as_ns()).unwrap_or(0);
        TickFigures {
            count: self.count,
            millihertz: millihertz.unsigned_abs(),
            overruns: self.overruns,
            missed: self.missed,
            cost_p50: quantile(50).copied().unwrap_or_default(),
            cost_p99: quantile(99).copied().unwrap_or_default(),
            cost_max: costs.last().copied().unwrap_or_default(),
        }
    }
}
