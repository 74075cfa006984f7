//! Minimum-delay selection: the offset of the fastest of the last eight exchanges, as it is.
//!
//! The sample that waited least in queues is the least wrong. There is no average, no skew term and no slew: the offset
//! jumps when another sample becomes the fastest. Locked when eight samples are there.

use std::collections::VecDeque;

use cuelight_proto::sync::Exchange;
use cuelight_wire::time::{Local, Time};

use super::filter::{Filter, Reading, midpoint};

/// Samples to select from.
const SAMPLES: usize = 8;

pub(super) struct MinimumDelay {
    /// Delay and offset, nanoseconds, the oldest first.
    samples: VecDeque<(i64, i64)>,
}

impl MinimumDelay {
    pub(super) fn new() -> Self {
        Self { samples: VecDeque::with_capacity(SAMPLES) }
    }
}

impl Filter for MinimumDelay {
    fn handle_exchange(&mut self, exchange: Exchange) {
        let Some(delay) = exchange.delay() else { return };
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((delay.as_ns(), midpoint(&exchange)));
    }

    fn read(&mut self, now: Time<Local>) -> Reading {
        // Of equally fast ones the newest.
        let fastest = self.samples.iter().rev().min_by_key(|(delay, _)| *delay);
        let show = fastest.map(|(_, offset)| Time::from_ns(now.as_ns() + offset));
        Reading { show, is_locked: self.samples.len() == SAMPLES }
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::tests::exchange;
    use super::*;

    fn offset(filter: &mut MinimumDelay) -> i64 {
        filter.read(Time::ZERO).show.unwrap().as_ns()
    }

    #[test]
    fn the_fastest_of_the_last_eight_counts_alone() {
        let mut filter = MinimumDelay::new();
        filter.handle_exchange(exchange(0, 100, 2_000, 2_000));
        filter.handle_exchange(exchange(0, 200, 1_000, 1_000));
        assert_eq!(offset(&mut filter), 200);
        for i in 0..6 {
            assert!(!filter.read(Time::ZERO).is_locked);
            filter.handle_exchange(exchange(i, 300 + i, 3_000, 3_000));
        }
        assert_eq!((offset(&mut filter), filter.read(Time::ZERO).is_locked), (200, true));
        filter.handle_exchange(exchange(0, 400, 3_000, 3_000));
        assert_eq!(offset(&mut filter), 200, "it is the oldest of the eight now");
        filter.handle_exchange(exchange(0, 500, 3_000, 3_000));
        assert_eq!(offset(&mut filter), 500, "of equally fast ones the newest");
    }
}
