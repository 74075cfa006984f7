//! Measuring one hub's clock: from exchanges to an estimate (stages 1 to 3). Implements SYNC-8.
//!
//! All of it is kept for one clock. Exchanges that no offset fits together with the window are left out; three in a row
//! mean that another clock is behind them, and measuring begins anew.

use cuelight_wire::time::{Local, Time};

use super::estimate::{Base, Estimate, Sample};
use super::exchange::{Exchange, Verdict};
use super::floor::{Clouds, Fit, Floors, RECENT_S};
use super::kalman::Kalman;
use super::number::sqrt;
use super::profile::Profile;
use super::select::{Opinion, Selector};
use super::trend::{Bend, Weighed};
use super::window::{Point, Trend, Window};

/// Exchanges in a row that no offset fits together with the window: then it is another clock.
const CONTRADICTIONS: u8 = 3;
/// Variance of the skew before anything is measured: 100 ppm.
const FIRST_VAR: f64 = 1e10;
/// Random walk of the skew: 3e-9 per square root of a second, squared.
const WALK: f64 = 9.0;
/// A local stamp this much older than the newest is not of this run, nanoseconds.
const STALE_NS: i64 = 10_000_000_000;

#[derive(Clone, Debug)]
pub(super) struct Source {
    profile: Profile,
    base: Option<Base>,
    newest: i64,
    window: Window,
    kalman: Option<Kalman>,
    /// Slope known from before the window: mean, variance and when that was.
    before: (f64, f64, i64),
    slope: (f64, f64),
    bend: Bend,
    selector: Selector,
    estimate: Option<Estimate>,
    contradictions: u8,
    flushes: u32,
}

impl Source {
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            profile,
            base: None,
            newest: i64::MIN,
            window: Window::new(),
            kalman: None,
            before: (0.0, FIRST_VAR, 0),
            slope: (0.0, FIRST_VAR),
            bend: Bend::UNKNOWN,
            selector: Selector::new(),
            estimate: None,
            contradictions: 0,
            flushes: 0,
        }
    }

    /// What was measured; `None` before three exchanges.
    pub(super) fn estimate(&self) -> Option<&Estimate> {
        self.estimate.as_ref()
    }

    pub(super) fn flushes(&self) -> u32 {
        self.flushes
    }

    /// Takes an exchange. After [`Verdict::Restarted`] only this exchange is known.
    pub(super) fn handle_exchange(&mut self, exchange: Exchange, now: Time<Local>) -> Verdict {
        let Some(delay) = exchange.delay() else { return Verdict::Impossible };
        if exchange.t4.as_ns().saturating_add(STALE_NS) < self.newest {
            return Verdict::Impossible;
        }
        let base = *self.base.get_or_insert(Base::of(&exchange));
        let now = now.max(exchange.t4);
        let Some(sample) = base.sample(&exchange) else { return self.contradicted(exchange, now) };
        if !self.fits(&sample, exchange.t4) {
            let is_last_straw = self.contradictions + 1 >= CONTRADICTIONS;
            // A clock that bends more than thought: the newest seconds alone may fit.
            let is_bent = is_last_straw && self.forget_all_but_recent(now.as_ns()) && self.solve(base, now);
            if !(is_bent && self.fits(&sample, exchange.t4)) {
                return self.contradicted(exchange, now);
            }
        }
        self.contradictions = 0;
        self.newest = self.newest.max(sample.t4);
        let trend = self.trend();
        let up = Point { at: sample.t1, value: sample.up as f64 };
        let down = Point { at: sample.t4, value: sample.down as f64 };
        self.window.add(up, down, &trend);
        self.selector.observe(up.value, down.value);
        self.filter(&sample, delay.as_ns() as f64);
        if self.solve(base, now) { Verdict::Accepted } else { self.restart(exchange, now) }
    }

    /// Whether some offset within the limits fits the sample.
    fn fits(&self, sample: &Sample, at: Time<Local>) -> bool {
        let Some(estimate) = &self.estimate else { return true };
        let (lower, upper) = estimate.limits_at(at);
        sample.up as f64 >= lower && -(sample.down as f64) <= upper
    }

    fn contradicted(&mut self, exchange: Exchange, now: Time<Local>) -> Verdict {
        self.contradictions += 1;
        if self.contradictions < CONTRADICTIONS { Verdict::Contradicts } else { self.restart(exchange, now) }
    }

    fn restart(&mut self, exchange: Exchange, now: Time<Local>) -> Verdict {
        *self = Self { flushes: self.flushes, ..Self::new(self.profile) };
        self.handle_exchange(exchange, now);
        Verdict::Restarted
    }

    /// Stage 2.
    fn filter(&mut self, sample: &Sample, delay: f64) {
        let at = sample.t1 + (sample.t4 - sample.t1) / 2;
        let midpoint = 0.5 * (sample.up as f64 - sample.down as f64);
        let stamp = self.profile.stamp_sigma.as_ns() as f64;
        match &mut self.kalman {
            Some(kalman) => {
                // Before a floor is known the whole delay may be queue.
                let excess =
                    self.estimate.map_or(delay, |e| (delay - e.floor_rtt).max(0.0) + self.selector.density().sum());
                let off = self.estimate.map(|e| midpoint - e.offset_at(Time::from_ns(at)));
                kalman.update(at, midpoint, excess, off, stamp * stamp);
            }
            None => self.kalman = Some(Kalman::new(at, midpoint, 0.25 * delay * delay + stamp * stamp)),
        }
    }

    /// Stages 1 and 3; false when even the newest points are not of one clock.
    fn solve(&mut self, base: Base, now: Time<Local>) -> bool {
        let at = now.as_ns();
        let limit = self.profile.max_skew_ppm * 1e3;
        let Some(clouds) = Clouds::new(&self.window, at) else { return true };
        let Some(fit) = clouds.fit(limit, self.profile.stamp_error.as_ns() as f64) else {
            // A clock that bends more than thought fits for a short time only.
            return self.forget_all_but_recent(at) && self.solve(base, now);
        };
        let trend = self.trend();
        let density = self.selector.density();
        let floors = clouds.floors(&trend);
        let since = clouds.longer_since(&trend, &floors, density, self.selector.count());
        if since.is_some_and(|since| self.forget_before(since, at)) {
            return self.solve(base, now);
        }
        let (count, ..) = clouds.effective(density.sum());
        self.selector.learn(&floors, count, at);
        let (mean, var, then) = self.before;
        let before = (mean, var + WALK * at.saturating_sub(then).max(0) as f64 * 1e-9);
        let weighed = clouds.weigh(self.selector.density(), self.bend, before, limit);
        self.slope = (weighed.slope, weighed.slope_var);
        self.bend = weighed.bend;
        self.estimate = Some(self.select(base, at, &fit, &floors, &weighed));
        true
    }

    fn trend(&self) -> Trend {
        Trend { slope: self.slope.0, bend: self.bend.mean }
    }

    /// Empties the window but for what was sent since (seconds before now); false when there is nothing older.
    fn forget_before(&mut self, since: f64, at: i64) -> bool {
        let kept_ns = (-since * 1e9) as i64;
        if self.window.age(at) <= kept_ns {
            return false;
        }
        self.flushes = self.flushes.saturating_add(1);
        self.window.keep_since(at.saturating_sub(kept_ns));
        self.before = (self.slope.0, self.slope.1, at);
        true
    }

    fn forget_all_but_recent(&mut self, at: i64) -> bool {
        self.forget_before(-RECENT_S, at)
    }

    fn select(&mut self, base: Base, at: i64, fit: &Fit, floors: &Floors, weighed: &Weighed) -> Estimate {
        let stamp = self.profile.stamp_sigma.as_ns() as f64;
        let (slope, slope_var) = self.slope;
        let floor = Opinion {
            offset: weighed.offset - self.selector.bias(),
            var: self.selector.floor_var() + weighed.offset_var + stamp * stamp,
            skew: slope,
            skew_var: slope_var,
        };
        let kalman = self.kalman.as_ref().expect("every exchange went through the filter");
        let ((offset, var), (skew, skew_var)) = (kalman.offset(at), kalman.skew());
        let filter = Opinion { offset, var: var + stamp * stamp, skew, skew_var };
        let chosen = self.selector.choose(&floor, &filter);
        Estimate {
            base,
            at,
            offset: chosen.offset,
            skew: chosen.skew,
            // Whatever the statistics say, the truth is between the limits: no more unsure than uniform between them.
            sigma: sqrt(chosen.var.min((fit.upper - fit.lower) * (fit.upper - fit.lower) / 12.0)),
            skew_sigma: sqrt(chosen.skew_var),
            lower: fit.lower,
            upper: fit.upper,
            skew_low: fit.slope_low,
            skew_high: fit.slope_high,
            floor_rtt: floors.round_trip().max(0.0),
            filter_share: self.selector.filter_share(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_wire::time::Span;

    /// Exchanges five times a second for `seconds` on a path of 20 us each way, hub clock bent by `bend` ns/s^2.
    fn bent(source: &mut Source, bend: f64, seconds: i64) -> u32 {
        let mut restarts = 0;
        for i in 0..seconds * 5 {
            let t = i * 200_000_000;
            let show = |t: i64| t + (0.5 * bend * (t as f64 * 1e-9) * (t as f64 * 1e-9)) as i64;
            let (t2, t3) = (show(t + 20_000), show(t + 30_000));
            let t4 = Time::from_ns(t + 50_000);
            let exchange = Exchange { t1: Time::from_ns(t), t2: Time::from_ns(t2), t3: Time::from_ns(t3), t4 };
            restarts += u32::from(source.handle_exchange(exchange, t4) == Verdict::Restarted);
            if let Some(estimate) = source.estimate().filter(|_| i > 50) {
                let shown = estimate.base.show_at(t4, estimate.offset_at(t4) as i64);
                let error = shown.since(Time::from_ns(show(t4.as_ns()))).abs();
                // Half the round trip and what stamps may be off: no more can be said of a clock like this.
                assert!(error < Span::from_us(24), "{error:?} at {i}");
            }
        }
        restarts
    }

    /// SYNC-8
    #[test]
    fn a_clock_that_bends_more_than_thought_shortens_the_window_and_is_followed() {
        let mut source = Source::new(Profile::DEFAULT);
        assert_eq!(bent(&mut source, 60.0, 200), 0);
        assert!(source.flushes() > 0);
        let mut source = Source::new(Profile::DEFAULT);
        assert_eq!((bent(&mut source, 5.0, 200), source.flushes()), (0, 0));
    }
}
