//! The stages in order: from exchanges to the map in use.

use cuelight_wire::time::{Local, Span, Time};

use super::exchange::{Exchange, Verdict};
use super::figures::Figures;
use super::lock::SyncState;
use super::map::ClockMap;
use super::profile::Profile;

/// Estimates show time from exchanges with one hub.
#[derive(Clone, Debug)]
pub struct Estimator {
    profile: Profile,
    map: ClockMap,
}

impl Estimator {
    /// Nothing measured yet.
    pub fn new(profile: Profile) -> Self {
        Self { profile, map: ClockMap::UNKNOWN }
    }

    /// Takes a completed exchange.
    pub fn on_exchange(&mut self, exchange: Exchange, _now: Time<Local>) -> Verdict {
        if exchange.delay().is_some() { Verdict::Accepted } else { Verdict::Impossible }
    }

    /// Another clock is behind the exchanges from now on (the hub was restarted, or another took over): the output
    /// map goes on, measuring begins anew.
    pub fn new_source(&mut self, _now: Time<Local>) {}

    /// The hub is gone: hold over until exchanges come again.
    pub fn source_lost(&mut self, _now: Time<Local>) {}

    /// Lets time pass: slewing, holdover, unlock.
    pub fn handle_timeout(&mut self, _now: Time<Local>) {}

    /// When [`Estimator::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        None
    }

    /// The map in use, with its quality at `now`.
    pub fn map(&self, _now: Time<Local>) -> ClockMap {
        self.map
    }

    /// Whether show time may be used.
    pub fn state(&self) -> SyncState {
        self.map.state
    }

    /// Offset as measured minus offset in use.
    pub fn drift(&self, _now: Time<Local>) -> Span {
        Span::ZERO
    }

    /// Measured quality.
    pub fn figures(&self, _now: Time<Local>) -> Figures {
        Figures {
            state: self.map.state,
            sigma: self.map.sigma,
            bound: self.map.bound,
            drift: Span::ZERO,
            floor_rtt: Span::ZERO,
            skew_ppm: self.profile.max_skew_ppm,
            filter_share: 0.0,
            accepted: 0,
            rejected: 0,
            flushes: 0,
            restarts: 0,
            locks: 0,
            unlocks: 0,
        }
    }
}
