//! The estimator that ships: what a node schedules by.

use cuelight_proto::sync::{ClockMap, Estimator, Exchange, Profile};
use cuelight_wire::time::{Local, Time};

use super::filter::{Filter, Reading};

/// `proto`'s estimator, called as a node calls it: with every exchange and whenever it wants to be.
pub(super) struct Cuelight {
    estimator: Estimator,
}

impl Cuelight {
    pub(super) fn new(profile: Profile) -> Self {
        Self { estimator: Estimator::new(profile) }
    }

    fn pass(&mut self, now: Time<Local>) {
        while let Some(at) = self.estimator.poll_timeout().filter(|at| *at <= now) {
            self.estimator.handle_timeout(at);
        }
    }
}

impl Filter for Cuelight {
    fn handle_exchange(&mut self, exchange: Exchange) {
        self.pass(exchange.t4);
        self.estimator.on_exchange(exchange, exchange.t4);
    }

    fn read(&mut self, now: Time<Local>) -> Reading {
        self.pass(now);
        let map = self.estimator.map(now);
        let show = (map != ClockMap::UNKNOWN).then(|| map.show_at(now));
        Reading { show, is_locked: map.state.is_usable() }
    }
}
