//! The stages in order: from exchanges to the map in use. Implements SYNC-3, SYNC-5 and SYNC-7.
//!
//! Measuring (`source`) and using are apart: the estimate *in force* is what the output follows. While locked it is
//! the newest one of the same clock. When another clock is behind the exchanges, the old one stays in force until the
//! new one is measured as well as a first lock needs.

use cuelight_wire::time::{Local, Span, Time};

use super::estimate::Estimate;
use super::exchange::{Exchange, Verdict};
use super::figures::Figures;
use super::lock::{Evidence, SyncState, transition};
use super::map::ClockMap;
use super::number::{sqrt, whole};
use super::profile::Profile;
use super::source::Source;
use super::timeline::Timeline;

/// No accepted sample for so long: degraded...
const QUIET: Span = Span::from_s(3);
/// ...and for so long: holdover.
const SILENT: Span = Span::from_s(5);
/// A new clock within this of the output is slewed to; beyond, the output steps through unlocked.
const SLEW_LIMIT_NS: f64 = 5e6;
/// Samples before a clock that was only silent is believed again.
const RESUME_SAMPLES: u32 = 3;
/// A first lock waits so long for the sigma that is called good; then any that is not coarse will do. Relock within 5 s.
const PATIENCE: Span = Span::from_ms(2_500);
/// A network that is coarse even then (a receiver that sleeps) is used, as degraded, when that is tolerable. Usable
/// within 5 s.
const LONG_PATIENCE: Span = Span::from_ms(4_000);
/// Sigma is tolerable within this share of what unlocks: no closer, or it would unlock again while it settles.
const TOLERABLE: f64 = 2.0 / 3.0;
/// An estimate is steady when it moves less than two sigma and this, ns.
const STEADY_NS: f64 = 50_000.0;
/// The rate is looked at this often while there is something to slew...
const SLEW_PERIOD: Span = Span::from_ms(100);
/// ...and this often otherwise.
const IDLE_PERIOD: Span = Span::from_ms(500);

/// Estimates show time from exchanges with one hub.
#[derive(Clone, Debug)]
pub struct Estimator {
    profile: Profile,
    source: Source,
    in_force: Option<Estimate>,
    timeline: Timeline,
    state: SyncState,
    /// Accepted since measuring began or resumed, and since when.
    fresh: u32,
    fresh_since: Time<Local>,
    steady_since: Time<Local>,
    accepted_at: Option<Time<Local>>,
    /// What the last change of clocks left to slew; a drift within it is no runaway.
    handed_over: f64,
    accepted: u32,
    rejected: u32,
    restarts: u32,
    locks: u32,
    unlocks: u32,
}

impl Estimator {
    /// Nothing measured yet.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            source: Source::new(profile),
            in_force: None,
            timeline: Timeline::new(),
            state: SyncState::Acquiring,
            fresh: 0,
            fresh_since: Time::ZERO,
            steady_since: Time::ZERO,
            accepted_at: None,
            handed_over: 0.0,
            accepted: 0,
            rejected: 0,
            restarts: 0,
            locks: 0,
            unlocks: 0,
        }
    }

    /// Takes a completed exchange.
    pub fn on_exchange(&mut self, exchange: Exchange, now: Time<Local>) -> Verdict {
        let before = self.source.estimate().copied();
        let verdict = self.source.handle_exchange(exchange, now);
        match verdict {
            Verdict::Impossible | Verdict::Contradicts => {
                self.rejected = self.rejected.saturating_add(1);
                return verdict;
            }
            Verdict::Restarted => {
                self.restarts = self.restarts.saturating_add(1);
                self.measure_anew();
            }
            Verdict::Accepted => {}
        }
        self.accepted = self.accepted.saturating_add(1);
        self.accepted_at = Some(now);
        if self.fresh == 0 {
            (self.fresh_since, self.steady_since) = (now, now);
        }
        self.fresh = self.fresh.saturating_add(1);
        if let Some(estimate) = self.source.estimate().copied() {
            if before.is_none_or(|before| !is_steady(&before, &estimate, now)) {
                self.steady_since = now;
            }
            self.use_estimate(estimate, now);
        }
        self.handle_timeout(now);
        verdict
    }

    /// Another clock is behind the exchanges from now on (the hub was restarted, or another took over): the output
    /// map goes on, measuring begins anew.
    pub fn new_source(&mut self, now: Time<Local>) {
        self.source = Source::new(self.profile);
        self.measure_anew();
        self.handle_timeout(now);
    }

    /// The hub is gone: hold over until exchanges come again.
    pub fn source_lost(&mut self, now: Time<Local>) {
        self.apply(Evidence::Silent);
        self.handle_timeout(now);
    }

    /// Lets time pass: slewing, holdover, unlock.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        if let Some(accepted_at) = self.accepted_at {
            let silence = now.since(accepted_at);
            if silence >= SILENT {
                self.apply(Evidence::Silent);
            } else if silence >= QUIET {
                self.apply(Evidence::Quiet);
            }
        }
        let Some(in_force) = self.in_force else { return };
        if self.state.is_usable() && in_force.sigma_at(now) > self.profile.unlock.as_ns() as f64 {
            self.apply(Evidence::Runaway);
        }
        if self.state.is_usable() {
            let error = self.error(&in_force, now);
            self.timeline.advance(now, error, in_force.skew, &self.profile);
        }
    }

    /// When [`Estimator::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        let in_force = self.in_force.filter(|_| self.state.is_usable())?;
        let period = if self.timeline.is_settled(in_force.skew) { IDLE_PERIOD } else { SLEW_PERIOD };
        Some(self.timeline.changed_at() + period)
    }

    /// The map in use, with its quality at `now`.
    pub fn map(&self, now: Time<Local>) -> ClockMap {
        let Some(in_force) = self.in_force else { return ClockMap::UNKNOWN };
        let (error, sigma) = (self.error(&in_force, now), in_force.sigma_at(now));
        let mut bound = self.farthest(&in_force, now);
        // A new clock that is not in force yet is the one to be compared with already.
        if let Some(measured) = self.source.estimate() {
            bound = bound.max(self.farthest(measured, now));
        }
        let span = |ns: f64| Span::from_ns(whole(ns));
        self.timeline.map(span(sqrt(sigma * sigma + error * error)), span(bound), self.state)
    }

    /// Whether show time may be used.
    pub fn state(&self) -> SyncState {
        self.state
    }

    /// Standard deviation of the newest estimate.
    pub(super) fn sigma(&self) -> Span {
        self.source.estimate().map_or(Span::MAX, |estimate| Span::from_ns(whole(estimate.sigma)))
    }

    /// Offset as measured, the latest accepted exchange included, minus the offset in use: what is still to be slewed.
    pub fn drift(&self, now: Time<Local>) -> Span {
        let measured = self.source.estimate().or(self.in_force.as_ref());
        measured.map_or(Span::ZERO, |estimate| Span::from_ns(whole(self.error(estimate, now))))
    }

    /// Measured quality.
    pub fn figures(&self, now: Time<Local>) -> Figures {
        let map = self.map(now);
        let estimate = self.source.estimate().or(self.in_force.as_ref());
        Figures {
            state: self.state,
            sigma: map.sigma,
            bound: map.bound,
            drift: self.drift(now),
            floor_rtt: estimate.map_or(Span::ZERO, |e| Span::from_ns(whole(e.floor_rtt))),
            skew_ppm: estimate.map_or(0.0, |e| e.skew * 1e-3),
            filter_share: estimate.map_or(0.0, |e| e.filter_share),
            accepted: self.accepted,
            rejected: self.rejected,
            flushes: self.source.flushes(),
            restarts: self.restarts,
            locks: self.locks,
            unlocks: self.unlocks,
        }
    }

    fn measure_anew(&mut self) {
        self.fresh = 0;
        self.apply(Evidence::NewSource);
    }

    /// Takes the newest estimate: follow it, lock to it, or leave it until it is good enough.
    fn use_estimate(&mut self, estimate: Estimate, now: Time<Local>) {
        let error = self.error(&estimate, now);
        let is_converged = self.is_converged(&estimate, now);
        match self.state {
            SyncState::Locked | SyncState::Degraded => {
                self.in_force = Some(estimate);
                if error.abs() < self.handed_over * 0.5 {
                    self.handed_over = 0.0;
                }
                let runs_away = error.abs() > self.profile.unlock.as_ns() as f64 && error.abs() > self.handed_over;
                if runs_away {
                    self.apply(Evidence::Runaway);
                } else if is_converged {
                    self.apply(Evidence::Converged);
                } else if estimate.sigma > self.profile.degrade_sigma.as_ns() as f64 {
                    self.apply(Evidence::Coarse);
                }
            }
            SyncState::Holdover if is_converged && error.abs() > SLEW_LIMIT_NS => self.apply(Evidence::Runaway),
            SyncState::Holdover if is_converged => {
                self.in_force = Some(estimate);
                self.handed_over = error.abs() * 1.1 + STEADY_NS;
                self.apply(Evidence::Converged);
            }
            SyncState::Holdover => {}
            // Nobody uses the map: it may jump. Before the first lock it follows every estimate, so that what is shown
            // meanwhile is about right.
            SyncState::Acquiring | SyncState::Unlocked => {
                let is_tolerable = self.is_tolerable(&estimate, now);
                if is_converged || is_tolerable || self.state == SyncState::Acquiring {
                    self.in_force = Some(estimate);
                    let show = estimate.base.show_at(now, whole(estimate.offset_at(now)));
                    self.timeline.step(now, show, estimate.skew, &self.profile);
                }
                if is_converged || is_tolerable {
                    self.handed_over = 0.0;
                    self.apply(if is_converged { Evidence::Converged } else { Evidence::Tolerable });
                }
            }
        }
    }

    fn is_converged(&self, estimate: &Estimate, now: Time<Local>) -> bool {
        let is_same_clock = self.in_force.is_some_and(|in_force| in_force.base == estimate.base);
        let needed = if self.state == SyncState::Holdover && is_same_clock {
            self.fresh >= RESUME_SAMPLES
        } else {
            self.fresh >= self.profile.lock_samples
                && now.since(self.fresh_since) >= self.profile.lock_span
                && now.since(self.steady_since) >= self.profile.lock_span
        };
        // A network that cannot do better in this time is used as it is.
        let is_patient = now.since(self.fresh_since) < PATIENCE;
        let limit = if is_patient { self.profile.lock_sigma } else { self.profile.degrade_sigma };
        needed && estimate.sigma <= limit.as_ns() as f64
    }

    fn is_tolerable(&self, estimate: &Estimate, now: Time<Local>) -> bool {
        let limit = self.profile.unlock.as_ns() as f64 * TOLERABLE;
        let is_patient = now.since(self.fresh_since) < LONG_PATIENCE;
        !is_patient && self.fresh >= self.profile.lock_samples && estimate.sigma <= limit
    }

    fn apply(&mut self, evidence: Evidence) {
        let before = self.state;
        self.state = transition(before, evidence);
        if before == self.state {
            return;
        }
        match self.state {
            SyncState::Locked | SyncState::Degraded if !before.is_usable() => self.locks = self.locks.saturating_add(1),
            SyncState::Unlocked => self.unlocks = self.unlocks.saturating_add(1),
            SyncState::Holdover => self.fresh = 0,
            SyncState::Acquiring | SyncState::Locked | SyncState::Degraded => {}
        }
    }

    /// Offset by `estimate` minus offset shown, ns.
    fn error(&self, estimate: &Estimate, now: Time<Local>) -> f64 {
        match estimate.base.offset(now, self.timeline.show_at(now)) {
            Some(shown) => estimate.offset_at(now) - shown as f64,
            None => f64::MAX,
        }
    }

    /// How far the output may be from the truth by the limits of `estimate`, ns.
    fn farthest(&self, estimate: &Estimate, now: Time<Local>) -> f64 {
        let (lower, upper) = estimate.limits_at(now);
        match estimate.base.offset(now, self.timeline.show_at(now)) {
            Some(shown) => (upper - shown as f64).max(shown as f64 - lower),
            None => f64::MAX,
        }
    }
}

/// Whether the newer estimate is what the older one foretold.
fn is_steady(before: &Estimate, after: &Estimate, now: Time<Local>) -> bool {
    let moved = after.offset_at(now) - before.offset_at(now);
    before.base == after.base && moved.abs() <= 2.0 * before.sigma + STEADY_NS
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_wire::time::Show;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// One exchange of a node whose hub is at `offset` with `skew` ns/s, asked at `local`.
    #[derive(Clone, Copy, Debug)]
    struct World {
        offset: i64,
        skew: i64,
    }

    impl World {
        fn show_at(&self, local: i64) -> i64 {
            local + self.offset + (i128::from(local) * i128::from(self.skew)).div_euclid(1_000_000_000) as i64
        }
        fn exchange(&self, local: i64, up: i64, down: i64) -> Exchange {
            let answered = local + up + 20_000;
            Exchange {
                t1: Time::from_ns(local),
                t2: Time::from_ns(self.show_at(local + up)),
                t3: Time::from_ns(self.show_at(answered)),
                t4: Time::from_ns(answered + down),
            }
        }
        fn error(&self, map: &ClockMap, now: Time<Local>) -> Span {
            map.show_at(now).since(Time::<Show>::from_ns(self.show_at(now.as_ns())))
        }
    }

    /// Exchanges every 40 ms; returns the time after them.
    fn feed(estimator: &mut Estimator, world: World, from: i64, n: i64) -> i64 {
        for i in 0..n {
            let jitter = i * 7_919 % 31 * 1_000;
            let exchange = world.exchange(from + i * 40_000_000, 100_000 + jitter, 100_000 + (30_000 - jitter));
            estimator.on_exchange(exchange, exchange.t4);
        }
        from + n * 40_000_000
    }

    /// SYNC-5
    #[test]
    fn a_quiet_path_locks_within_a_second_whatever_the_offset_and_the_skew() {
        for offset in [0, 1_000_000_000_000, -1_000_000_000_000, i64::MAX / 2, i64::MIN / 2] {
            for skew in [-100_000, 0, 100_000] {
                let (mut estimator, world) = (Estimator::new(Profile::DEFAULT), World { offset, skew });
                let now = Time::from_ns(feed(&mut estimator, world, 5_000_000_000, 25));
                assert_eq!(estimator.state(), SyncState::Locked);
                let error = world.error(&estimator.map(now), now);
                assert!(error.abs() < Span::from_us(10), "{offset} {skew}: {error:?}");
            }
        }
    }

    /// SYNC-5
    #[test]
    fn nine_good_samples_are_not_enough_for_lock() {
        let mut estimator = Estimator::new(Profile::DEFAULT);
        let world = World { offset: 77, skew: 0 };
        for i in 0..9 {
            let exchange = world.exchange(i * 200_000_000, 100_000, 100_000);
            estimator.on_exchange(exchange, exchange.t4);
        }
        assert_eq!(estimator.state(), SyncState::Acquiring);
    }

    /// SYNC-5
    #[test]
    fn silence_degrades_then_holds_over_and_in_the_end_unlocks() {
        let mut estimator = Estimator::new(Profile::DEFAULT);
        let end = feed(&mut estimator, World { offset: 0, skew: 20_000 }, 0, 100);
        let mut state_after = |seconds: i64| {
            let now = Time::from_ns(end + seconds * 1_000_000_000);
            estimator.handle_timeout(now);
            (estimator.state(), estimator.map(now).bound)
        };
        assert_eq!(state_after(2).0, SyncState::Locked);
        assert_eq!(state_after(4).0, SyncState::Degraded);
        let (state, bound) = state_after(6);
        assert_eq!(state, SyncState::Holdover);
        let (state, later_bound) = state_after(60);
        assert_eq!(state, SyncState::Holdover);
        assert!(later_bound > bound);
        assert_eq!(state_after(3_600 * 3).0, SyncState::Unlocked);
    }

    /// SYNC-7
    #[test]
    fn a_restarted_hub_within_five_milliseconds_is_slewed_to() {
        let mut estimator = Estimator::new(Profile::DEFAULT);
        let end = feed(&mut estimator, World { offset: 0, skew: 0 }, 0, 100);
        estimator.new_source(Time::from_ns(end));
        assert_eq!(estimator.state(), SyncState::Holdover);
        let now = feed(&mut estimator, World { offset: 4_000_000, skew: 0 }, end, 25);
        assert_eq!((estimator.state(), estimator.figures(Time::from_ns(now)).unlocks), (SyncState::Locked, 0));
        let drift = estimator.drift(Time::from_ns(now));
        assert!((Span::from_us(3_700)..Span::from_us(4_010)).contains(&drift), "{drift:?}");
        let now = Time::from_ns(feed(&mut estimator, World { offset: 4_000_000, skew: 0 }, now, 25 * 30));
        assert!(estimator.drift(now).abs() < Span::from_us(20), "{:?}", estimator.drift(now));
        assert_eq!(estimator.figures(now).unlocks, 0);
    }

    /// SYNC-7
    #[test]
    fn a_restarted_hub_farther_away_is_stepped_to_through_unlocked() {
        let mut estimator = Estimator::new(Profile::DEFAULT);
        let end = feed(&mut estimator, World { offset: 0, skew: 0 }, 0, 100);
        estimator.new_source(Time::from_ns(end));
        let world = World { offset: -6_000_000, skew: 0 };
        let now = Time::from_ns(feed(&mut estimator, world, end, 25));
        assert_eq!((estimator.state(), estimator.figures(now).unlocks), (SyncState::Locked, 1));
        assert!(world.error(&estimator.map(now), now).abs() < Span::from_us(50));
    }

    /// SYNC-8
    #[test]
    fn three_exchanges_that_contradict_the_window_are_another_clock() {
        let mut estimator = Estimator::new(Profile::DEFAULT);
        let end = feed(&mut estimator, World { offset: 0, skew: 0 }, 0, 100);
        let other = World { offset: 1_000_000_000, skew: 0 };
        let verdicts: Vec<Verdict> = (0..4)
            .map(|i| {
                let exchange = other.exchange(end + i * 40_000_000, 100_000, 100_000);
                estimator.on_exchange(exchange, exchange.t4)
            })
            .collect();
        use Verdict::{Accepted, Contradicts, Restarted};
        assert_eq!(verdicts, [Contradicts, Contradicts, Restarted, Accepted]);
        assert_eq!(estimator.state(), SyncState::Holdover);
    }

    /// SYNC-8
    #[test]
    fn one_lying_exchange_changes_nothing() {
        let mut estimator = Estimator::new(Profile::DEFAULT);
        let world = World { offset: 0, skew: 0 };
        let end = feed(&mut estimator, world, 0, 100);
        let before = estimator.map(Time::from_ns(end));
        let lie = World { offset: 3_000_000, skew: 0 }.exchange(end, 100_000, 100_000);
        assert_eq!(estimator.on_exchange(lie, lie.t4), Verdict::Contradicts);
        assert_eq!(estimator.map(Time::from_ns(end)), before);
    }

    fn stamp() -> impl Strategy<Value = i64> {
        prop_oneof![any::<i64>(), -3_000_000_000i64..3_000_000_000, Just(i64::MIN), Just(i64::MAX), Just(0)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// SYNC-8
        #[test]
        fn no_stamps_make_it_panic(
            stamps in prop::collection::vec((stamp(), stamp(), stamp(), stamp(), stamp()), 1..60),
            good_first: bool,
        ) {
            let mut estimator = Estimator::new(Profile::DEFAULT);
            if good_first {
                feed(&mut estimator, World { offset: 9, skew: 50_000 }, 0, 30);
            }
            for (t1, t2, t3, t4, now) in stamps {
                let now = Time::from_ns(now);
                let at = Time::from_ns;
                estimator.on_exchange(Exchange { t1: at(t1), t2: Time::from_ns(t2), t3: Time::from_ns(t3), t4: at(t4) }, now);
                estimator.handle_timeout(now);
                let figures = estimator.figures(now);
                prop_assert!(!figures.skew_ppm.is_nan() && !figures.filter_share.is_nan());
            }
        }

        /// SYNC-3
        #[test]
        fn the_bound_contains_the_truth_whenever_delays_are_not_negative(
            offset in -(1i64 << 60)..1 << 60,
            skew in -250_000i64..250_000,
            (floor_up, floor_down) in (0i64..5_000_000, 0i64..5_000_000),
            queues in prop::collection::vec((0u32..4, 0i64..20_000_000, 0i64..20_000_000), 3..150),
        ) {
            let (mut estimator, world) = (Estimator::new(Profile::DEFAULT), World { offset, skew });
            for (i, (kind, up, down)) in queues.into_iter().enumerate() {
                // Some queue on both directions, some on one, some on none.
                let (up, down) = (up * i64::from(kind & 1), down * i64::from(kind >> 1));
                let exchange = world.exchange(i as i64 * 100_000_000, floor_up + up, floor_down + down);
                estimator.on_exchange(exchange, exchange.t4);
                let now = exchange.t4 + Span::from_ms(37);
                let map = estimator.map(now);
                if map.sigma < Span::MAX {
                    let error = world.error(&map, now).abs();
                    prop_assert!(error <= map.bound, "{i}: error {error:?} bound {:?}", map.bound);
                }
            }
        }
    }
}
