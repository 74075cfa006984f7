//! When to ask: a burst at the start, then steadily with dither. Implements SYNC-10.

use cuelight_wire::time::{Local, Span, Time};

/// Exchanges of a burst: one second's worth...
const BURST: u32 = 25;
/// ...and as many more as long as they have not led to lock and a good estimate.
const BURST_EXTENSION: u32 = 50;
/// Between exchanges of a burst.
const BURST_PERIOD: Span = Span::from_ms(40);

/// One schedule of probes.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    due_at: Time<Local>,
    sent: u32,
    period: Span,
    dither: u64,
}

impl Probe {
    pub(super) fn new(period: Span, seed: u64) -> Self {
        // A generator that must not be zero.
        Self { due_at: Time::ZERO, sent: BURST + BURST_EXTENSION, period, dither: seed | 1 }
    }

    pub(super) fn start_burst(&mut self, now: Time<Local>) {
        (self.due_at, self.sent) = (now, 0);
    }

    pub(super) fn due_at(&self) -> Time<Local> {
        self.due_at
    }

    /// Whether a probe is due at `now`; if so the next one is planned: `slow` times the period
    /// away, and no burst when that is more than 1.
    pub(super) fn poll(&mut self, is_settled: bool, slow: i64, now: Time<Local>) -> bool {
        if now < self.due_at {
            return false;
        }
        self.sent = self.sent.saturating_add(1);
        let most = if is_settled { BURST } else { BURST + BURST_EXTENSION };
        let in_burst = slow == 1 && self.sent < most;
        let period = if in_burst { BURST_PERIOD } else { self.dithered(self.period.times(slow)) };
        // A late call does not make the next ones come in a heap.
        self.due_at = if now.since(self.due_at) < period { self.due_at + period } else { now + period };
        true
    }

    /// `period` +-10 %: many nodes drift apart, and no beat with periodic traffic stays.
    fn dithered(&mut self, period: Span) -> Span {
        // Marsaglia's xorshift64.
        self.dither ^= self.dither << 13;
        self.dither ^= self.dither >> 7;
        self.dither ^= self.dither << 17;
        let permille = (self.dither % 201) as i64 - 100;
        Span::from_ns(period.as_ns() + period.as_ns() / 1000 * permille)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn instants(seed: u64, is_settled: bool, ms: i64) -> Vec<i64> {
        let mut probe = Probe::new(Span::from_ms(200), seed);
        probe.start_burst(Time::ZERO);
        (0..ms).filter(|&t| probe.poll(is_settled, 1, Time::from_us(t * 1000))).collect()
    }

    /// SYNC-10
    #[test]
    fn a_burst_is_25_in_a_second_then_five_a_second() {
        let asked = instants(1, true, 11_000);
        assert_eq!(asked.iter().filter(|&&t| t < 1_000).count(), 25);
        let gaps: Vec<i64> = asked.windows(2).skip(25).map(|w| w[1] - w[0]).collect();
        assert!((45..=55).contains(&gaps.len()), "{}", gaps.len());
        assert!(gaps.iter().all(|gap| (179..=221).contains(gap)), "{gaps:?}");
        assert!(gaps.iter().any(|&gap| gap != gaps[0]));
    }

    /// SYNC-10
    #[test]
    fn until_the_estimate_is_good_the_burst_lasts_three_seconds() {
        assert_eq!(instants(1, false, 3_000).len(), 75);
    }

    #[test]
    fn seeds_disperse_nodes() {
        assert_ne!(instants(1, true, 5_000), instants(2, true, 5_000));
    }

    #[test]
    fn a_late_call_does_not_make_a_heap() {
        let mut probe = Probe::new(Span::from_ms(200), 1);
        probe.start_burst(Time::ZERO);
        assert!(probe.poll(true, 1, Time::ZERO + Span::from_s(10)));
        assert!(!probe.poll(true, 1, Time::ZERO + Span::from_s(10) + Span::from_ms(1)));
    }
}
