//! What deployed nodes do: an exponential average of the offset.
//!
//! `offset <- 0.8 offset + 0.2 sample`; samples with a delay beyond 100 ms are rejected; locked while the delays of the
//! last ten accepted samples have a standard deviation below 20 ms. There is no skew term, so none is added here. Deployed
//! nodes may ask once a second when locked; here the filter sees what all see, which is to its advantage.

use std::collections::VecDeque;

use cuelight_proto::sync::Exchange;
use cuelight_wire::time::{Local, Time};

use super::filter::{Filter, Reading, midpoint};

/// Share of the newest sample.
const GAIN: f64 = 0.2;
/// Samples with more delay are rejected, nanoseconds.
const MAX_DELAY: i64 = 100_000_000;
/// Samples that lock looks at.
const LOCK_SAMPLES: usize = 10;
/// Standard deviation of their delays, nanoseconds.
const LOCK_DEVIATION: f64 = 20e6;

pub(super) struct Deployed {
    /// Whole nanoseconds of the first sample, and what the average has moved since.
    offset: Option<(i64, f64)>,
    delays: VecDeque<f64>,
}

impl Deployed {
    pub(super) fn new() -> Self {
        Self { offset: None, delays: VecDeque::with_capacity(LOCK_SAMPLES) }
    }

    fn is_locked(&self) -> bool {
        let n = LOCK_SAMPLES as f64;
        let mean = self.delays.iter().sum::<f64>() / n;
        let variance = self.delays.iter().map(|delay| (delay - mean) * (delay - mean)).sum::<f64>() / n;
        self.delays.len() == LOCK_SAMPLES && variance < LOCK_DEVIATION * LOCK_DEVIATION
    }
}

impl Filter for Deployed {
    fn handle_exchange(&mut self, exchange: Exchange) {
        let Some(delay) = exchange.delay().map(|delay| delay.as_ns()).filter(|delay| *delay <= MAX_DELAY) else {
            return;
        };
        let sample = midpoint(&exchange);
        let (first, moved) = self.offset.get_or_insert((sample, 0.0));
        *moved += GAIN * ((sample - *first) as f64 - *moved);
        if self.delays.len() == LOCK_SAMPLES {
            self.delays.pop_front();
        }
        self.delays.push_back(delay as f64);
    }

    fn read(&mut self, now: Time<Local>) -> Reading {
        let show = self.offset.map(|(first, moved)| Time::from_ns(now.as_ns() + first + moved.round() as i64));
        Reading { show, is_locked: self.is_locked() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::tests::exchange;
    use super::*;

    fn offset(filter: &mut Deployed) -> i64 {
        filter.read(Time::ZERO).show.unwrap().as_ns()
    }

    #[test]
    fn a_fifth_of_every_new_sample_counts() {
        let mut filter = Deployed::new();
        filter.handle_exchange(exchange(0, 1_000_000, 500, 500));
        assert_eq!(offset(&mut filter), 1_000_000);
        // Samples 2 ms higher: 0.2, then 0.36 of the way.
        filter.handle_exchange(exchange(0, 3_000_000, 500, 500));
        assert_eq!(offset(&mut filter), 1_400_000);
        filter.handle_exchange(exchange(0, 3_000_000, 500, 500));
        assert_eq!(offset(&mut filter), 1_720_000);
    }

    #[test]
    fn more_than_a_hundred_milliseconds_are_rejected() {
        let mut filter = Deployed::new();
        filter.handle_exchange(exchange(0, 0, 50_000_000, 50_000_001));
        assert_eq!(filter.read(Time::ZERO).show, None);
        filter.handle_exchange(exchange(0, 0, 50_000_000, 50_000_000));
        assert_eq!(offset(&mut filter), 0);
    }

    #[test]
    fn lock_takes_ten_samples_of_even_delay_and_goes_with_uneven_ones() {
        let mut filter = Deployed::new();
        for i in 1..=10 {
            assert!(!filter.is_locked());
            filter.handle_exchange(exchange(i, 0, 1_000_000, 1_000_000));
        }
        assert!(filter.is_locked());
        // Delays of 2 ms and one of 2 ms + x: the deviation is 0.3 x.
        filter.handle_exchange(exchange(11, 0, 1_000_000, 67_000_000));
        assert!(filter.is_locked());
        filter.handle_exchange(exchange(12, 0, 1_000_000, 67_000_000));
        assert!(!filter.is_locked());
    }
}
