//! Stage 4: the output timeline, the only thing a renderer sees. Implements SYNC-6.
//!
//! Follows the estimate by changing its rate, never by jumping: an error decays with a time constant of 2 s, the rate
//! stays within the profile's limit of the local clock's and changes no faster than the profile allows. Only
//! [`Timeline::step`] jumps, and its caller uses it while show time is not usable.

use cuelight_wire::line::RATE_BITS;
use cuelight_wire::time::{Local, Show, Span, Time};

use super::lock::SyncState;
use super::map::ClockMap;
use super::number::sqrt;
use super::profile::Profile;

/// Time constant with which an error decays, seconds.
const TAU_S: f64 = 2.0;
/// The rate changes no more at once than in this long, however long nobody asked.
const LONGEST_STEP_S: f64 = 0.5;
/// 2^40 / 1e9: from ns/s to the map's unit.
const RATE_UNITS: f64 = (1u64 << RATE_BITS) as f64 * 1e-9;

#[derive(Clone, Debug)]
pub(super) struct Timeline {
    local0: Time<Local>,
    show0: Time<Show>,
    /// ns/s.
    rate: f64,
}

impl Timeline {
    pub(super) const fn new() -> Self {
        Self { local0: Time::ZERO, show0: Time::ZERO, rate: 0.0 }
    }

    pub(super) fn map(&self, sigma: Span, bound: Span, state: SyncState) -> ClockMap {
        // Rounded towards zero: the limit of the rate is not passed by rounding.
        let rate = (self.rate * RATE_UNITS) as i64;
        ClockMap { local0: self.local0, show0: self.show0, rate, sigma, bound, state }
    }

    pub(super) fn show_at(&self, local: Time<Local>) -> Time<Show> {
        self.map(Span::ZERO, Span::ZERO, SyncState::Locked).show_at(local)
    }

    pub(super) fn changed_at(&self) -> Time<Local> {
        self.local0
    }

    /// Whether the rate is the clock's own: nothing is being slewed.
    pub(super) fn is_settled(&self, skew: f64) -> bool {
        let slewing = self.rate - skew;
        (-SETTLED..=SETTLED).contains(&slewing)
    }

    /// Jumps.
    pub(super) fn step(&mut self, now: Time<Local>, show: Time<Show>, skew: f64, profile: &Profile) {
        let limit = profile.max_rate_ppm * 1e3;
        *self = Self { local0: now, show0: show, rate: skew.clamp(-limit, limit) };
    }

    /// Continues from `now` with a rate that takes `error` (true minus shown, ns) away, the clock's own being `skew`
    /// (ns/s).
    pub(super) fn advance(&mut self, now: Time<Local>, error: f64, skew: f64, profile: &Profile) {
        let elapsed = now.since(self.local0).as_ns();
        if elapsed <= 0 {
            return;
        }
        let ramp = profile.max_ramp_ppm * 1e3;
        // Beyond what can be braked in time the rate would overshoot: v^2 = 2 a s.
        let brakeable = sqrt(2.0 * ramp * error.abs());
        let slew = (error / TAU_S).clamp(-brakeable, brakeable);
        let limit = profile.max_rate_ppm * 1e3;
        let wanted = (skew + slew).clamp(-limit, limit);
        let most = ramp * (elapsed as f64 * 1e-9).min(LONGEST_STEP_S);
        let show0 = self.show_at(now);
        let rate = self.rate + (wanted - self.rate).clamp(-most, most);
        *self = Self { local0: now, show0, rate };
    }
}

/// A rate this close to the clock's own gains less than a microsecond in a second, ns/s.
const SETTLED: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a clock that is `error` ns away and `skew` ns/s fast; calls back each 100 ms with time, error and rate.
    fn follow(error: f64, skew: f64, seconds: i64, mut seen: impl FnMut(f64, f64, f64)) {
        let mut timeline = Timeline::new();
        for i in 1..=seconds * 10 {
            let now = Time::from_ns(i * 100_000_000);
            let true_show = now.as_ns() as f64 * (1.0 + skew * 1e-9) + error;
            let left = true_show - timeline.show_at(now).as_ns() as f64;
            timeline.advance(now, left, skew, &Profile::DEFAULT);
            seen(i as f64 * 0.1, left, timeline.rate);
        }
    }

    /// SYNC-6
    #[test]
    fn a_millisecond_is_gone_within_twelve_seconds_without_overshoot() {
        for sign in [1.0, -1.0] {
            let mut last = 0.0;
            follow(sign * 1e6, 30_000.0, 12, |_, left, _| {
                assert!(left * sign > -60_000.0, "overshoot {left}");
                last = left;
            });
            assert!(last.abs() < 20_000.0, "{last}");
        }
    }

    /// SYNC-6
    #[test]
    fn the_rate_stays_within_500_ppm_and_changes_by_100_ppm_a_second() {
        let mut before = 0.0;
        follow(20e6, 100_000.0, 60, |_, _, rate| {
            assert!(rate.abs() <= 500_000.0 && (rate - before).abs() <= 10_000.0 + 1e-6, "{before} {rate}");
            before = rate;
        });
    }

    /// SYNC-6
    #[test]
    fn show_time_does_not_go_back_when_the_anchor_moves() {
        let mut timeline = Timeline::new();
        let mut shown = Time::from_ns(i64::MIN);
        for i in 1..2_000 {
            let now = Time::from_ns(i * 7_777_777);
            assert!(timeline.show_at(now) >= shown);
            timeline.advance(now, if i % 3 == 0 { 3e6 } else { -3e6 }, 0.0, &Profile::DEFAULT);
            shown = timeline.show_at(now);
        }
    }
}
