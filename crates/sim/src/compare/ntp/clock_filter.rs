//! The clock filter of RFC 5905, section 10 and appendix A.5.2: of the last eight samples the one with the smallest
//! delay, once, unless it is older than the last one used or a popcorn spike.

use std::collections::VecDeque;

use super::{PHI, PRECISION};

/// Samples kept (NSTAGE).
const STAGES: usize = 8;
/// Dispersion of a stage without a sample, nanoseconds (MAXDISP).
const MAX_DISPERSION: f64 = 16e9;
/// A jump of more than this many jitters is a popcorn spike (SGATE).
const SPIKE_GATE: f64 = 3.0;

/// What one exchange says; nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Server minus disciplined clock.
    pub(super) offset: f64,
    /// Round trip.
    pub(super) delay: f64,
    /// Largest error by reading clocks and by drift.
    pub(super) dispersion: f64,
    /// When it was completed, local.
    pub(super) at: i64,
}

/// What the filter lets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Update {
    pub(super) offset: f64,
    /// When its sample was completed, local.
    at: i64,
    /// Root distance: half the delay, dispersion and jitter, nanoseconds.
    pub(super) distance: f64,
}

#[derive(Clone, Debug)]
pub(super) struct ClockFilter {
    /// The newest first.
    stages: VecDeque<Sample>,
    /// Offset of the best sample and jitter when last looked at.
    before: Option<(f64, f64)>,
    used_at: Option<i64>,
}

impl ClockFilter {
    pub(super) fn new() -> Self {
        Self { stages: VecDeque::with_capacity(STAGES), before: None, used_at: None }
    }

    /// After a step all that was measured before is worthless.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Takes a sample; returns what to discipline the clock with, if anything.
    pub(super) fn handle_sample(&mut self, sample: Sample, poll_ns: f64) -> Option<Update> {
        let elapsed = self.stages.front().map_or(0, |newest| sample.at - newest.at);
        for stage in &mut self.stages {
            stage.dispersion = (stage.dispersion + PHI * elapsed as f64).min(MAX_DISPERSION);
        }
        self.stages.truncate(STAGES - 1);
        self.stages.push_front(sample);

        let mut sorted: Vec<Sample> = self.stages.iter().copied().collect();
        sorted.sort_by(|a, b| a.delay.total_cmp(&b.delay));
        let best = sorted[0];
        let (dispersion, jitter) = (dispersion(&sorted), jitter(&sorted));
        let before = self.before.replace((best.offset, jitter));
        if let Some(used_at) = self.used_at {
            // A sample is used once, and never one older than the last.
            if best.at <= used_at {
                return None;
            }
            // The jitter as it was: a spike that is the best sample would hide in its own.
            let is_spike = before.is_some_and(|(offset, jitter)| (best.offset - offset).abs() > SPIKE_GATE * jitter);
            if is_spike && ((best.at - used_at) as f64) < 2.0 * poll_ns {
                return None;
            }
        }
        let aged = PHI * (sample.at - best.at) as f64;
        let distance = best.delay / 2.0 + dispersion + aged + jitter;
        Some(Update { offset: best.offset, at: best.at, distance })
    }

    /// The clock was disciplined with this.
    pub(super) fn use_up(&mut self, update: &Update) {
        self.used_at = Some(update.at);
    }
}

/// Each stage counts half as much as the one before; empty ones count with the largest dispersion.
fn dispersion(sorted: &[Sample]) -> f64 {
    let of_stage = |i: usize| sorted.get(i).map_or(MAX_DISPERSION, |sample| sample.dispersion);
    (0..STAGES).rev().fold(0.0, |sum, i| (sum + of_stage(i)) / 2.0)
}

/// Root mean square difference of the best offset and the others.
fn jitter(sorted: &[Sample]) -> f64 {
    let others = (sorted.len() - 1).max(1) as f64;
    let sum: f64 = sorted.iter().map(|sample| (sample.offset - sorted[0].offset).powi(2)).sum();
    (sum / others).sqrt().max(PRECISION)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: f64 = 250e6;

    fn sample(at_ms: i64, offset: f64, delay: f64) -> Sample {
        Sample { offset, delay, dispersion: 0.0, at: at_ms * 1_000_000 }
    }

    /// The offset let through, which is then used.
    fn feed(filter: &mut ClockFilter, sample: Sample) -> Option<f64> {
        let update = filter.handle_sample(sample, POLL)?;
        filter.use_up(&update);
        Some(update.offset)
    }

    #[test]
    fn the_fastest_sample_is_used_once_and_slower_ones_not_at_all() {
        let mut filter = ClockFilter::new();
        assert_eq!(feed(&mut filter, sample(0, 10.0, 1e6)), Some(10.0));
        assert_eq!(feed(&mut filter, sample(200, 50.0, 2e6)), None);
        assert_eq!(feed(&mut filter, sample(400, 60.0, 0.9e6)), Some(60.0));
        // Seven slower ones: the fastest stays in the register. The eighth pushes it out, and of those the third is best.
        let delays = [5e6, 4e6, 3e6, 4e6, 5e6, 6e6, 7e6];
        for (delay, i) in delays.into_iter().zip(0..) {
            assert_eq!(feed(&mut filter, sample(600 + i * 200, i as f64, delay)), None);
        }
        assert_eq!(feed(&mut filter, sample(2_000, 8.0, 9e6)), Some(2.0));
    }

    #[test]
    fn a_popcorn_spike_is_left_out_once() {
        let mut filter = ClockFilter::new();
        for i in 0..8 {
            // Each a little faster than the one before, so that each is used.
            let sample = sample(i * 200, (i % 2) as f64 * 200.0, 1e6 - i as f64);
            assert!(feed(&mut filter, sample).is_some());
        }
        assert_eq!(feed(&mut filter, sample(1_600, 5e7, 0.5e6)), None, "a spike");
        assert_eq!(feed(&mut filter, sample(1_800, 5e7, 0.4e6)), Some(5e7), "it stays: it is none");
    }

    #[test]
    fn dispersion_and_distance_are_those_of_the_sums() {
        let mut filter = ClockFilter::new();
        let first = filter.handle_sample(sample(0, 0.0, 2e6), POLL).unwrap();
        // One stage without dispersion, seven with 16 s: 16 s * (1/4 + 1/8 + ... + 1/256) = 16 s * 127/256.
        let expected = 1e6 + 16e9 * 127.0 / 256.0 + PRECISION;
        assert!((first.distance - expected).abs() < 1.0, "{} {expected}", first.distance);
        let three = [sample(0, 1_000.0, 1.0), sample(0, 4_000.0, 2.0), sample(0, -3_000.0, 3.0)];
        assert!((jitter(&three) - (25e6_f64 / 2.0).sqrt()).abs() < 1e-6);
    }
}
