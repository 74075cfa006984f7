//! The node's side of the time exchange: when to ask, which answers count.

use cuelight_wire::control::TsPong;
use cuelight_wire::exchange::{Form, Ping};
use cuelight_wire::ids::TokenHash;
use cuelight_wire::time::{Local, Time};

use super::counters::{PongDrop, SyncCounters};
use super::estimator::Estimator;
use super::exchange::Verdict;
use super::figures::Figures;
use super::map::ClockMap;
use super::profile::Profile;

/// Asks the hub for the time and keeps the map.
#[derive(Clone, Debug)]
pub struct SyncClient {
    estimator: Estimator,
    counters: SyncCounters,
}

impl SyncClient {
    /// A client without a session. `seed` disperses the probes of many nodes.
    pub fn new(profile: Profile, _seed: u64) -> Self {
        Self { estimator: Estimator::new(profile), counters: SyncCounters::default() }
    }

    /// A session began: probes start with a burst. `form` is `Nanosecond` only when both sides agreed on it.
    pub fn start(&mut self, _token_hash: TokenHash, _form: Form, _now: Time<Local>) {}

    /// The session ended: no probes, the map holds over.
    pub fn stop(&mut self, now: Time<Local>) {
        self.estimator.source_lost(now);
    }

    /// Another clock is behind the exchanges (a restarted hub, another hub): the map goes on in holdover, measuring
    /// begins anew. Call it before [`SyncClient::start`] of the new session.
    pub fn new_source(&mut self, now: Time<Local>) {
        self.estimator.new_source(now);
    }

    /// The UDP ping that is due, if any; send it at once.
    pub fn poll_ping(&mut self, _now: Time<Local>) -> Option<Ping> {
        None
    }

    /// The kernel sent our ping `seq` at `tx_at`.
    pub fn handle_sent(&mut self, _seq: u32, _tx_at: Time<Local>) {}

    /// A datagram of the time exchange, received at `rx_at`.
    pub fn handle_datagram(
        &mut self,
        _bytes: &[u8],
        _rx_at: Time<Local>,
        _now: Time<Local>,
    ) -> Result<Verdict, PongDrop> {
        Err(PongDrop::NotOutstanding)
    }

    /// Number and t1 of the WebSocket ping that is due, if any: only while UDP pongs do not arrive.
    pub fn poll_ts_ping(&mut self, _now: Time<Local>) -> Option<(u32, Time<Local>)> {
        None
    }

    /// A `ts_pong` of the session, received at `rx_at`.
    pub fn handle_ts_pong(
        &mut self,
        _pong: &TsPong,
        _rx_at: Time<Local>,
        _now: Time<Local>,
    ) -> Result<Verdict, PongDrop> {
        Err(PongDrop::NotOutstanding)
    }

    /// When [`SyncClient::handle_timeout`], then the two `poll_*ping`, want to be called.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        self.estimator.poll_timeout()
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        self.estimator.handle_timeout(now);
    }

    /// The map in use, with its quality at `now`.
    pub fn map(&self, now: Time<Local>) -> ClockMap {
        self.estimator.map(now)
    }

    /// Measured quality.
    pub fn figures(&self, now: Time<Local>) -> Figures {
        self.estimator.figures(now)
    }

    /// What was counted.
    pub fn counters(&self) -> SyncCounters {
        self.counters
    }
}
