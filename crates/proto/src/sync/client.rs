//! The node's side of the time exchange: when to ask, which answers count. Implements SYNC-9, SYNC-11 and SYNC-12.
//!
//! UDP first. While no UDP pong arrives, the WebSocket exchange is asked as well and UDP is only tried once a second.
//!
//! In the nanosecond form a hub tells in each pong when its kernel sent the one before. A pong of such a hub waits for
//! the next one: its own `t3` is then replaced by that stamp. When the next pong does not come, `t3` as read before
//! sending is used; that only looks like a little more delay.

use cuelight_wire::control::TsPong;
use cuelight_wire::exchange::{BadExchange, Form, PING_LEN, Ping, Pong};
use cuelight_wire::ids::TokenHash;
use cuelight_wire::seal::{Seal, TAG_LEN};
use cuelight_wire::time::{Local, Show, Span, Time};
use heapless::Vec;

use super::counters::{PongDrop, SyncCounters};
use super::estimator::Estimator;
use super::exchange::{Exchange, MAX_ROUND_TRIP, Verdict};
use super::figures::Figures;
use super::lock::SyncState;
use super::map::ClockMap;
use super::probe::Probe;
use super::profile::Profile;
use super::round_trips::{Reach, RoundTrips};

/// Pings that may wait for an answer: more than a burst asks in [`MAX_ROUND_TRIP`]. Full: the oldest is given up.
const OUTSTANDING: usize = 64;
/// Without a first UDP pong for so long the WebSocket is asked too: 15 probes of the burst.
const UDP_DEAF: Span = Span::from_ms(600);
/// The same once UDP was heard: eight steady probes; at 20 % loss each way so many are lost in a row twice an hour.
const UDP_SILENCE: Span = Span::from_ms(1_600);
/// UDP is tried at a fifth of the steady rate while the WebSocket answers instead.
const UDP_SLOW: i64 = 5;
/// A burst goes on until the offset is known this well.
const SETTLED: Span = Span::from_us(100);
/// A pong waits so long for the next one's word about when it was sent: two steady probes and a half.
const STAMP_WAIT: Span = Span::from_ms(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Via {
    Udp,
    WebSocket,
}

#[derive(Clone, Copy, Debug)]
struct Outstanding {
    seq: u32,
    via: Via,
    t1: Time<Local>,
    /// When the kernel sent it, if it told.
    sent_at: Option<Time<Local>>,
}

/// A pong that waits for its transmit stamp.
#[derive(Clone, Copy, Debug)]
struct Pending {
    seq: u32,
    exchange: Exchange,
    until: Time<Local>,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    token_hash: TokenHash,
    form: Form,
    /// Without a UDP pong until then the WebSocket is asked.
    udp_deaf_at: Time<Local>,
    is_on_websocket: bool,
}

/// Asks the hub for the time and keeps the map.
#[derive(Clone, Debug)]
pub struct SyncClient {
    estimator: Estimator,
    session: Option<Session>,
    /// Of the session's datagrams, where that was agreed.
    seal: Option<Seal>,
    udp: Probe,
    websocket: Probe,
    next_seq: u32,
    outstanding: Vec<Outstanding, OUTSTANDING>,
    pending: Option<Pending>,
    counters: SyncCounters,
    round_trips: RoundTrips,
}

impl SyncClient {
    /// A client without a session. `seed` disperses the probes of many nodes.
    pub fn new(profile: Profile, seed: u64) -> Self {
        Self {
            estimator: Estimator::new(profile),
            session: None,
            seal: None,
            udp: Probe::new(profile.probe_period, seed),
            websocket: Probe::new(profile.probe_period, !seed),
            next_seq: 1,
            outstanding: Vec::new(),
            pending: None,
            counters: SyncCounters::default(),
            round_trips: RoundTrips::default(),
        }
    }

    /// A session began: probes start with a burst. `form` is `Nanosecond` only when both sides agreed on it. Its datagrams have
    /// no tags until [`SyncClient::seal`] says so.
    pub fn start(&mut self, token_hash: TokenHash, form: Form, now: Time<Local>) {
        self.forget_questions();
        self.seal = None;
        self.round_trips.forget();
        self.session = Some(Session { token_hash, form, udp_deaf_at: now + UDP_DEAF, is_on_websocket: false });
        self.udp.start_burst(now);
    }

    /// Both sides agreed that the session's datagrams end with a tag (`WIRE-17`).
    pub fn seal(&mut self, seal: Seal) {
        self.seal = Some(seal);
    }

    /// The datagram of a ping that was polled.
    pub fn datagram(&self, ping: &Ping) -> Vec<u8, { PING_LEN + TAG_LEN }> {
        let mut bytes = [0; PING_LEN + TAG_LEN];
        bytes[..PING_LEN].copy_from_slice(&ping.encode());
        let len = self.seal.as_ref().map_or(Ok(PING_LEN), |seal| seal.close(&mut bytes, PING_LEN));
        let len = len.expect("there is room for a ping and its tag");
        bytes[..len].iter().copied().collect()
    }

    /// The session ended: no probes, the map holds over.
    pub fn stop(&mut self, now: Time<Local>) {
        self.session = None;
        self.forget_questions();
        self.estimator.source_lost(now);
    }

    /// Another clock is behind the exchanges (a restarted hub, another hub): the map goes on in holdover, measuring
    /// begins anew. Call it before [`SyncClient::start`] of the new session.
    pub fn new_source(&mut self, now: Time<Local>) {
        self.forget_questions();
        self.estimator.new_source(now);
    }

    /// The UDP ping that is due, if any; send it at once.
    pub fn poll_ping(&mut self, now: Time<Local>) -> Option<Ping> {
        let session = self.session?;
        let slow = if session.is_on_websocket { UDP_SLOW } else { 1 };
        if !self.udp.poll(self.is_settled(), slow, now) {
            return None;
        }
        self.counters.pings = self.counters.pings.saturating_add(1);
        let seq = self.ask(Via::Udp, now);
        Some(Ping { form: session.form, seq, token_hash: session.token_hash, t1: now })
    }

    /// Number and t1 of the WebSocket ping that is due, if any: only while UDP pongs do not arrive.
    pub fn poll_ts_ping(&mut self, now: Time<Local>) -> Option<(u32, Time<Local>)> {
        self.fall_back_if_silent(now);
        let session = self.session?;
        if !session.is_on_websocket || !self.websocket.poll(self.is_settled(), 1, now) {
            return None;
        }
        self.counters.ts_pings = self.counters.ts_pings.saturating_add(1);
        Some((self.ask(Via::WebSocket, now), now))
    }

    /// The kernel sent our ping `seq` at `tx_at`.
    pub fn handle_sent(&mut self, seq: u32, tx_at: Time<Local>) {
        if let Some(ping) = self.outstanding.iter_mut().find(|ping| ping.seq == seq) {
            if tx_at >= ping.t1 && tx_at.since(ping.t1) <= MAX_ROUND_TRIP {
                ping.sent_at = Some(tx_at);
                return;
            }
        } else if let Some(pending) = self.pending.as_mut().filter(|pending| pending.seq == seq) {
            let stamped = Exchange { t1: tx_at, ..pending.exchange };
            if tx_at >= pending.exchange.t1 && stamped.delay().is_some() {
                pending.exchange = stamped;
                return;
            }
        } else {
            // The stamp of a ping that was answered and used already comes too late to matter.
            return;
        }
        self.counters.bad_stamps = self.counters.bad_stamps.saturating_add(1);
    }

    /// A datagram of the time exchange, received at `rx_at`. What is dropped is counted as well.
    pub fn handle_datagram(&mut self, bytes: &[u8], rx_at: Time<Local>, now: Time<Local>) -> Result<(), PongDrop> {
        let result = self.take_pong(bytes, rx_at, now);
        self.counted(result)
    }

    /// A `ts_pong` of the session, received at `rx_at`. What is dropped is counted as well.
    pub fn handle_ts_pong(&mut self, pong: &TsPong, rx_at: Time<Local>, now: Time<Local>) -> Result<(), PongDrop> {
        let result = self.take_ts_pong(pong, rx_at, now);
        self.counted(result)
    }

    /// When [`SyncClient::handle_timeout`], then the two `poll_*ping`, want to be called.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        let mut earliest = self.estimator.poll_timeout();
        let mut sooner = |at: Time<Local>| earliest = Some(earliest.map_or(at, |other| other.min(at)));
        if let Some(session) = &self.session {
            sooner(self.udp.due_at());
            sooner(if session.is_on_websocket { self.websocket.due_at() } else { session.udp_deaf_at });
        }
        if let Some(pending) = &self.pending {
            sooner(pending.until);
        }
        earliest
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        if self.pending.is_some_and(|pending| now >= pending.until) {
            self.complete_pending(None, now);
        }
        self.fall_back_if_silent(now);
        self.estimator.handle_timeout(now);
    }

    /// The map in use, with its quality at `now`.
    pub fn map(&self, now: Time<Local>) -> ClockMap {
        self.estimator.map(now)
    }

    /// What the map in use is good for; cheaper than the map, which needs its quality computed.
    pub fn state(&self) -> SyncState {
        self.estimator.state()
    }

    /// Measured quality.
    pub fn figures(&self, now: Time<Local>) -> Figures {
        self.estimator.figures(now)
    }

    /// What was counted.
    pub fn counters(&self) -> SyncCounters {
        self.counters
    }

    /// How the newest questions by UDP fared; `None` before the first one's fate is known.
    pub fn reach(&self) -> Option<Reach> {
        self.round_trips.reach()
    }

    /// Whether a burst may end early.
    fn is_settled(&self) -> bool {
        self.estimator.state() == SyncState::Locked && self.estimator.sigma() <= SETTLED
    }

    fn counted(&mut self, result: Result<(), PongDrop>) -> Result<(), PongDrop> {
        match result {
            Ok(()) => self.counters.pongs = self.counters.pongs.saturating_add(1),
            Err(why) => self.counters.count(why),
        }
        result
    }

    fn fall_back_if_silent(&mut self, now: Time<Local>) {
        let Some(session) = &mut self.session else { return };
        if !session.is_on_websocket && now >= session.udp_deaf_at {
            session.is_on_websocket = true;
            self.websocket.start_burst(now);
        }
    }

    fn forget_questions(&mut self) {
        self.outstanding.clear();
        self.pending = None;
    }

    /// Notes a question asked at `now` and gives up those that are too old to be answered.
    fn ask(&mut self, via: Via, now: Time<Local>) -> u32 {
        let before = self.outstanding.len();
        let round_trips = &mut self.round_trips;
        let mut lose = |ping: &Outstanding| {
            if ping.via == Via::Udp {
                round_trips.push(None);
            }
        };
        self.outstanding.retain(|ping| {
            let may_come = now.since(ping.t1) <= MAX_ROUND_TRIP;
            if !may_come {
                lose(ping);
            }
            may_come
        });
        if self.outstanding.is_full() {
            lose(&self.outstanding.remove(0));
        }
        let given_up = u32::try_from(before - self.outstanding.len()).expect("at most OUTSTANDING");
        self.counters.lost = self.counters.lost.saturating_add(given_up);
        let seq = self.next_seq;
        self.next_seq = self.next_seq.wrapping_add(1);
        self.outstanding.push(Outstanding { seq, via, t1: now, sent_at: None }).expect("room was made");
        seq
    }

    /// Removes and returns the question that this answers.
    fn answered(&mut self, seq: u32, via: Via, is_same: impl Fn(Time<Local>) -> bool) -> Option<Outstanding> {
        let place = self.outstanding.iter().position(|p| p.seq == seq && p.via == via && is_same(p.t1))?;
        Some(self.outstanding.remove(place))
    }

    fn take_pong(&mut self, bytes: &[u8], rx_at: Time<Local>, now: Time<Local>) -> Result<(), PongDrop> {
        let pong = match &self.seal {
            Some(seal) => Pong::decode(seal.open(bytes).ok_or(PongDrop::WrongTag)?)?,
            None => Pong::decode(bytes)?,
        };
        let session = self.session.as_mut().filter(|s| s.token_hash == pong.token_hash).ok_or(PongDrop::WrongToken)?;
        if pong.form != session.form {
            return Err(BadExchange::UnknownType.into());
        }
        let is_same = |t1: Time<Local>| match pong.form {
            Form::Deployed => t1.as_us() == pong.t1.as_us(),
            Form::Nanosecond => t1 == pong.t1,
        };
        let ping = self.answered(pong.seq, Via::Udp, is_same).ok_or(PongDrop::NotOutstanding)?;
        if let Some(session) = &mut self.session {
            (session.udp_deaf_at, session.is_on_websocket) = (now + UDP_SILENCE, false);
        }
        let plain = Exchange { t1: ping.t1, t2: pong.t2, t3: pong.t3, t4: rx_at };
        let stamped = Exchange { t1: ping.sent_at.unwrap_or(ping.t1), ..plain };
        let exchange = if stamped.delay().is_some() { stamped } else { plain };
        self.complete_pending(pong.previous, now);
        if exchange.delay().is_none() {
            return Err(PongDrop::Implausible);
        }
        if pong.previous.is_some() {
            // This hub tells; the next pong will say when this one was sent.
            self.pending = Some(Pending { seq: pong.seq, exchange, until: now + STAMP_WAIT });
            return Ok(());
        }
        self.round_trips.push(exchange.delay());
        self.measure(exchange, now)
    }

    fn take_ts_pong(&mut self, pong: &TsPong, rx_at: Time<Local>, now: Time<Local>) -> Result<(), PongDrop> {
        if self.session.is_none() {
            return Err(PongDrop::WrongToken);
        }
        let is_same = |t1: Time<Local>| t1.as_us() == pong.t1_us;
        let ping = self.answered(pong.seq, Via::WebSocket, is_same).ok_or(PongDrop::NotOutstanding)?;
        let (t2, t3) = (Time::from_us(pong.t2_us), Time::from_us(pong.t3_us));
        self.measure(Exchange { t1: ping.t1, t2, t3, t4: rx_at }, now)
    }

    /// Uses the pong that waited, with its transmit stamp if `previous` is about it.
    fn complete_pending(&mut self, previous: Option<(u32, Time<Show>)>, now: Time<Local>) {
        let Some(Pending { seq, mut exchange, .. }) = self.pending.take() else { return };
        if let Some((_, sent_at)) = previous.filter(|(stamped, _)| *stamped == seq) {
            let stamped = Exchange { t3: sent_at, ..exchange };
            if sent_at >= exchange.t3 && stamped.delay().is_some() {
                exchange = stamped;
                self.counters.interleaved = self.counters.interleaved.saturating_add(1);
            } else {
                self.counters.bad_stamps = self.counters.bad_stamps.saturating_add(1);
            }
        }
        self.round_trips.push(exchange.delay());
        // It was looked at when it arrived; what the estimator thinks of it is in its own figures.
        let _ = self.measure(exchange, now);
    }

    fn measure(&mut self, exchange: Exchange, now: Time<Local>) -> Result<(), PongDrop> {
        match self.estimator.on_exchange(exchange, now) {
            Verdict::Accepted => Ok(()),
            Verdict::Impossible | Verdict::Contradicts => Err(PongDrop::Implausible),
            Verdict::Restarted => {
                let is_on_websocket = self.session.is_some_and(|session| session.is_on_websocket);
                if is_on_websocket {
                    self.websocket.start_burst(now)
                } else {
                    self.udp.start_burst(now)
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{BadCounters, SyncServer};
    use cuelight_wire::exchange::PONG_NS_LEN;
    use cuelight_wire::ids::NodeId;
    use std::vec::Vec;

    const TOKEN: TokenHash = TokenHash(0xBEEF);
    /// Hub minus node.
    const OFFSET: Span = Span::from_s(1_000);

    fn show(local: Time<Local>) -> Time<Show> {
        Time::from_ns(local.as_ns()) + OFFSET
    }

    fn at_ms(ms: i64) -> Time<Local> {
        Time::from_us(ms * 1_000)
    }

    fn started(form: Form) -> SyncClient {
        let mut client = SyncClient::new(Profile::DEFAULT, 7);
        client.start(TOKEN, form, at_ms(0));
        client
    }

    /// The hub's answer, 100 us away each way, 50 us at the hub of which the last 20 are not in t3.
    fn pong(ping: &Ping, previous: Option<(u32, Time<Show>)>) -> Pong {
        let Ping { form, seq, token_hash, t1 } = *ping;
        let t2 = show(t1) + Span::from_us(100);
        Pong { form, seq, token_hash, t1, t2, t3: t2 + Span::from_us(30), previous }
    }

    fn bytes(pong: &Pong) -> Vec<u8> {
        let mut buf = [0; PONG_NS_LEN];
        let len = pong.encode(&mut buf).unwrap();
        buf[..len].to_vec()
    }

    fn receive(client: &mut SyncClient, pong: &Pong) -> Result<(), PongDrop> {
        let rx_at = Time::from_ns((pong.t3 - OFFSET).as_ns()) + Span::from_us(120);
        client.handle_datagram(&bytes(pong), rx_at, rx_at)
    }

    /// WIRE-17, WIRE-18
    #[test]
    fn where_tags_were_agreed_pings_have_them_and_pongs_without_the_right_one_are_dropped() {
        let seal = Seal::of_exchange(b"token");
        let mut client = started(Form::Nanosecond);
        client.seal(seal.clone());
        let ping = client.poll_ping(at_ms(0)).unwrap();
        assert_eq!(seal.open(&client.datagram(&ping)), Some(&ping.encode()[..]));
        let pong = pong(&ping, None);
        assert_eq!(receive(&mut client, &pong), Err(PongDrop::WrongTag), "no tag");
        let mut sealed = bytes(&pong);
        sealed.resize(sealed.len() + TAG_LEN, 0);
        let rx_at = at_ms(1);
        assert_eq!(client.handle_datagram(&sealed, rx_at, rx_at), Err(PongDrop::WrongTag), "a guessed tag");
        seal.close(&mut sealed, PONG_NS_LEN).unwrap();
        assert_eq!(client.handle_datagram(&sealed, rx_at, rx_at), Ok(()));
        assert_eq!((client.counters().wrong_tag, client.counters().dropped()), (2, 2));
        client.start(TOKEN, Form::Nanosecond, at_ms(40));
        let ping = client.poll_ping(at_ms(40)).unwrap();
        assert_eq!(client.datagram(&ping), ping.encode(), "another session has not agreed");
    }

    /// SYNC-12
    #[test]
    fn an_answer_is_taken_once() {
        let mut client = started(Form::Nanosecond);
        let pong = pong(&client.poll_ping(at_ms(0)).unwrap(), None);
        assert_eq!(receive(&mut client, &pong), Ok(()));
        assert_eq!(receive(&mut client, &pong), Err(PongDrop::NotOutstanding));
        assert_eq!((client.counters().pongs, client.counters().not_outstanding), (1, 1));
    }

    /// SYNC-12
    #[test]
    fn answers_that_do_not_match_are_dropped_and_counted_by_reason() {
        let mut client = started(Form::Nanosecond);
        let good = pong(&client.poll_ping(at_ms(0)).unwrap(), None);
        let datagram = bytes(&good);
        let mut other_version = datagram.clone();
        other_version[0] = 9;
        let mut too_long = datagram.clone();
        too_long.push(0);
        let mut take = |bytes: &[u8]| client.handle_datagram(bytes, at_ms(1), at_ms(1)).unwrap_err();
        assert_eq!(take(&datagram[..51]), PongDrop::Bad(BadExchange::Truncated));
        assert_eq!(take(&too_long), PongDrop::Bad(BadExchange::Oversized));
        assert_eq!(take(&other_version), PongDrop::Bad(BadExchange::WrongVersion));
        assert_eq!(take(&bytes(&Pong { form: Form::Deployed, ..good })), PongDrop::Bad(BadExchange::UnknownType));
        assert_eq!(take(&bytes(&Pong { token_hash: TokenHash(1), ..good })), PongDrop::WrongToken);
        assert_eq!(take(&bytes(&Pong { seq: 99, ..good })), PongDrop::NotOutstanding);
        assert_eq!(take(&bytes(&Pong { t1: at_ms(1), ..good })), PongDrop::NotOutstanding);
        assert_eq!(take(&bytes(&Pong { t3: good.t2 - Span::from_ms(1), ..good })), PongDrop::Implausible);
        let c = client.counters();
        assert_eq!(c.bad, BadCounters { truncated: 1, oversized: 1, wrong_version: 1, wrong_type: 1 });
        assert_eq!((c.wrong_token, c.implausible, c.not_outstanding, c.dropped(), c.pongs), (1, 1, 2, 8, 0));
    }

    /// SYNC-9
    #[test]
    fn the_transmit_stamp_in_the_next_pong_replaces_the_one_before_sending() {
        let mut client = started(Form::Nanosecond);
        let mut previous = None;
        for i in 0..25 {
            let ping = client.poll_ping(at_ms(i * 40)).unwrap();
            let pong = pong(&ping, previous);
            receive(&mut client, &pong).unwrap();
            // It left 20 us after t3.
            previous = Some((pong.seq, pong.t3 + Span::from_us(20)));
        }
        let now = at_ms(1_000);
        // The first pong brought no stamp and was used as it was; the last one still waits for its own.
        assert_eq!((client.counters().interleaved, client.figures(now).accepted), (23, 24));
        let error = client.map(now).show_at(now).since(show(now)).abs();
        assert!(error < Span::from_us(2), "{error:?}");
    }

    /// SYNC-9
    #[test]
    fn when_the_next_pong_is_lost_the_stamp_before_sending_is_used() {
        let mut client = started(Form::Nanosecond);
        let first = pong(&client.poll_ping(at_ms(0)).unwrap(), None);
        receive(&mut client, &first).unwrap();
        let second = pong(&client.poll_ping(at_ms(40)).unwrap(), Some((first.seq, first.t3)));
        receive(&mut client, &second).unwrap();
        assert_eq!(client.figures(at_ms(50)).accepted, 1);
        client.poll_ping(at_ms(80)).unwrap();
        let fourth = pong(&client.poll_ping(at_ms(120)).unwrap(), Some((3, second.t3)));
        receive(&mut client, &fourth).unwrap();
        assert_eq!((client.figures(at_ms(130)).accepted, client.counters().interleaved), (2, 0));
        client.handle_timeout(at_ms(700));
        assert_eq!(client.figures(at_ms(700)).accepted, 3);
    }

    /// SYNC-9
    #[test]
    fn a_transmit_stamp_that_cannot_be_true_is_left_out_and_counted() {
        let mut client = started(Form::Nanosecond);
        let first = pong(&client.poll_ping(at_ms(0)).unwrap(), Some((77, Time::ZERO)));
        receive(&mut client, &first).unwrap();
        // Sent a second after it was received.
        let lie = Some((first.seq, first.t3 + Span::from_s(1)));
        let second = pong(&client.poll_ping(at_ms(40)).unwrap(), lie);
        receive(&mut client, &second).unwrap();
        assert_eq!((client.counters().bad_stamps, client.figures(at_ms(50)).accepted), (1, 1));
        let third = client.poll_ping(at_ms(80)).unwrap();
        client.handle_sent(third.seq, at_ms(79));
        assert_eq!(client.counters().bad_stamps, 2);
    }

    /// SYNC-9
    #[test]
    fn our_own_transmit_stamp_makes_the_round_trip_shorter() {
        let mut client = started(Form::Nanosecond);
        for i in 0..25 {
            let ping = client.poll_ping(at_ms(i * 40)).unwrap();
            client.handle_sent(ping.seq, ping.t1 + Span::from_us(60));
            receive(&mut client, &pong(&ping, None)).unwrap();
        }
        // 100 - 60 us up, 120 us down.
        let floor = client.figures(at_ms(1_000)).floor_rtt;
        assert!((floor - Span::from_us(160)).abs() < Span::from_us(1), "{floor:?}");
    }

    /// SYNC-10
    #[test]
    fn a_deployed_hub_is_locked_to_in_a_second() {
        let mut client = started(Form::Deployed);
        let mut server = SyncServer::<1>::new();
        for ms in 0..1_000 {
            let Some(ping) = client.poll_ping(at_ms(ms)) else { continue };
            assert_eq!(ping.encode()[1], 1, "the deployed type");
            let arrives = show(at_ms(ms)) + Span::from_us(150);
            let answer = server.handle_ping(&ping.encode(), |token| token == TOKEN, arrives).unwrap();
            let rx_at = at_ms(ms) + Span::from_us(350);
            client.handle_datagram(&bytes(&answer.pong(arrives + Span::from_us(50))), rx_at, rx_at).unwrap();
        }
        let (now, map) = (at_ms(1_000), client.map(at_ms(1_000)));
        assert_eq!(map.state, SyncState::Locked);
        assert!(map.show_at(now).since(show(now)).abs() < Span::from_us(3));
    }

    /// SYNC-11
    #[test]
    fn the_websocket_is_asked_while_udp_is_deaf_and_no_longer() {
        let mut client = started(Form::Nanosecond);
        let asked = |client: &mut SyncClient, from: i64, to: i64| {
            let (mut udp, mut websocket) = (Vec::new(), Vec::new());
            for ms in from..to {
                udp.extend(client.poll_ping(at_ms(ms)));
                websocket.extend(client.poll_ts_ping(at_ms(ms)));
            }
            (udp, websocket)
        };
        let (udp, websocket) = asked(&mut client, 0, 600);
        assert_eq!((udp.len(), websocket.len()), (15, 0));
        let (_, websocket) = asked(&mut client, 600, 1_000);
        assert_eq!(websocket.len(), 10);
        let (seq, t1) = websocket[9];
        let t2_us = show(t1).as_us() + 900;
        let pong_of = |seq| TsPong { node_id: NodeId(1), seq, t1_us: t1.as_us(), t2_us, t3_us: t2_us };
        let rx_at = t1 + Span::from_us(1_800);
        assert_eq!(client.handle_ts_pong(&pong_of(seq), rx_at, rx_at), Ok(()));
        assert_eq!(client.handle_ts_pong(&pong_of(seq), rx_at, rx_at), Err(PongDrop::NotOutstanding));
        let (udp, _) = asked(&mut client, 4_000, 14_000);
        assert!((8..=12).contains(&udp.len()), "about once a second: {}", udp.len());
        receive(&mut client, &pong(udp.last().unwrap(), None)).unwrap();
        let (_, websocket) = asked(&mut client, 14_000, 14_500);
        assert!(websocket.is_empty());
    }

    /// SYNC-12
    #[test]
    fn without_a_session_nothing_is_asked_or_taken() {
        let mut client = started(Form::Nanosecond);
        let pong = pong(&client.poll_ping(at_ms(0)).unwrap(), None);
        client.stop(at_ms(1));
        assert_eq!(client.poll_ping(at_ms(1_000)), None);
        assert_eq!(client.poll_ts_ping(at_ms(1_000)), None);
        assert_eq!(receive(&mut client, &pong), Err(PongDrop::WrongToken));
        assert_eq!(client.poll_timeout(), None);
    }

    /// NODE-37
    #[test]
    fn how_the_questions_by_udp_fared_is_known_without_the_time_at_the_hub() {
        let mut client = started(Form::Deployed);
        assert_eq!(client.reach(), None);
        let mut asked = 0;
        // Long enough for the burst at the beginning to be forgotten: what it lost is known later than what came back.
        for ms in 0..30_000 {
            let Some(ping) = client.poll_ping(at_ms(ms)) else { continue };
            asked += 1;
            // Every fourth gets no answer.
            if asked % 4 != 0 {
                receive(&mut client, &pong(&ping, None)).unwrap();
            }
        }
        let reach = client.reach().unwrap();
        assert!(reach.asked == 32 && (7..=9).contains(&reach.lost), "{reach:?}");
        // `pong` is 100 us away each way, and holds nothing back that t2 and t3 do not tell but 20 us.
        assert!(reach.rtt_min == reach.rtt_max && reach.rtt_median == reach.rtt_min, "{reach:?}");
        assert!((Span::from_us(200)..=Span::from_us(220)).contains(&reach.rtt_min), "{reach:?}");
        client.start(TOKEN, Form::Deployed, at_ms(30_000));
        assert_eq!(client.reach(), None, "another session, another path");
    }

    #[test]
    fn unanswered_pings_are_given_up_and_counted() {
        let mut client = started(Form::Nanosecond);
        for ms in 0..20_000 {
            client.poll_ping(at_ms(ms));
        }
        assert!(client.outstanding.len() <= OUTSTANDING);
        assert_eq!(client.counters().lost as usize + client.outstanding.len(), client.counters().pings as usize);
    }

    #[test]
    fn the_next_timeout_is_never_later_than_the_next_ping() {
        let mut client = started(Form::Nanosecond);
        let mut now = at_ms(0);
        for _ in 0..100 {
            client.handle_timeout(now);
            client.poll_ping(now);
            client.poll_ts_ping(now);
            let next = client.poll_timeout().unwrap();
            assert!(next > now && next.since(now) <= Span::from_ms(1_100), "{now:?} {next:?}");
            now = next;
        }
    }
}
