//! The exchanges of one run, asked and answered by the machines that ship, recorded for every filter alike.
//!
//! True time is the hub's clock less an hour; the node's clock is an [`Oscillator`]. The node asks as the
//! shipping client does: a burst, then steadily with dither, over UDP or, where the profile says so, in the WebSocket
//! only. Stamps are exact: the filters are compared, not the ways to take stamps. Whatever the client's own estimator
//! thinks of an exchange, it is recorded.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cuelight_proto::sync::{Exchange, PongDrop, Profile, SyncClient, SyncServer};
use cuelight_wire::control::TsPong;
use cuelight_wire::exchange::{Form, PONG_NS_LEN, Pong};
use cuelight_wire::ids::{NodeId, TokenHash};
use cuelight_wire::time::{Local, Show, Span, Time};

use crate::link::{Link, StreamLink};
use crate::oscillator::{Oscillator, OscillatorProfile};
use crate::profiles::PathProfile;
use crate::rng::Rng;

const S: i64 = 1_000_000_000;
/// The hub's clock minus true time: an hour.
const HUB_OFFSET_NS: i64 = 3_600 * S;
const TOKEN: TokenHash = TokenHash(0xC0FF_EE00);
/// The hub answers so long after it received.
const AT_THE_HUB: Span = Span::from_us(20);
/// Datagrams with their IP and UDP headers, bytes.
const PING_BYTES: usize = 48;
const PONG_BYTES: usize = 80;
/// A message of the exchange in the WebSocket, bytes.
const TEXT_BYTES: usize = 160;

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Message {
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    TsPing { seq: u32, t1: i64 },
    TsPong { seq: u32, t1: i64, t2_us: i64 },
}

/// The exchanges a node completed, in the order in which it did.
#[derive(Clone, Debug)]
pub struct Stream {
    exchanges: Vec<Exchange>,
    clock: Oscillator,
    seconds: i64,
    frequency_file: f64,
    unavoidable_ns: f64,
}

impl Stream {
    /// Records `seconds` on a path between a hub and a node with that clock that asks `probe_hz` times a second. The same
    /// seed gives the same stream.
    pub fn record(path: &PathProfile, clock: OscillatorProfile, probe_hz: u32, seconds: i64, seed: u64) -> Self {
        let frequency_file = 1.0 / (1.0 + clock.ppm * 1e-6) - 1.0;
        let mut recorder = Recorder::new(path, clock, probe_hz, seed);
        recorder.run(seconds * S);
        Self {
            frequency_file,
            exchanges: recorder.exchanges,
            clock: recorder.clock,
            seconds,
            unavoidable_ns: path.unavoidable_ns(),
        }
    }

    /// The exchanges; each was completed at its `t4`.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Hub seconds per second of the node's clock, minus one, without what wanders and warms up: what a frequency file of
    /// an earlier run would hold.
    pub fn frequency_file(&self) -> f64 {
        self.frequency_file
    }

    /// How long it is.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// The node's clock at a true time, nanoseconds.
    pub fn local_at(&mut self, true_ns: i64) -> Time<Local> {
        Time::from_ns(self.clock.read(true_ns))
    }

    /// Show time at a true time as well as any exchange of messages can know it: half the difference of the paths' floors
    /// is in it, nanoseconds.
    pub fn knowable_show_at(&self, true_ns: i64) -> Time<Show> {
        Time::from_ns(true_ns + HUB_OFFSET_NS + self.unavoidable_ns.round() as i64)
    }
}

struct Recorder {
    now: i64,
    client: SyncClient,
    server: SyncServer<1>,
    is_stream: bool,
    clock: Oscillator,
    up: Link,
    down: Link,
    up_stream: StreamLink,
    down_stream: StreamLink,
    under_way: BinaryHeap<Reverse<(i64, u64, Message)>>,
    serial: u64,
    exchanges: Vec<Exchange>,
}

impl Recorder {
    fn new(path: &PathProfile, clock: OscillatorProfile, probe_hz: u32, seed: u64) -> Self {
        let profile = Profile { probe_period: Span::from_ns(S / i64::from(probe_hz.max(1))), ..Profile::DEFAULT };
        let seeds = |purpose| Rng::derived(seed, purpose).bits();
        let mut recorder = Self {
            now: 0,
            client: SyncClient::new(profile, seed),
            server: SyncServer::new(),
            is_stream: path.is_stream,
            clock: Oscillator::new(clock, seed),
            up: Link::new(path.up, seeds(2)),
            down: Link::new(path.down, seeds(3)),
            up_stream: StreamLink::new(path.up, seeds(4)),
            down_stream: StreamLink::new(path.down, seeds(5)),
            under_way: BinaryHeap::new(),
            serial: 0,
            exchanges: Vec::new(),
        };
        let local = recorder.local();
        recorder.client.start(TOKEN, Form::Nanosecond, local);
        recorder
    }

    fn local(&mut self) -> Time<Local> {
        Time::from_ns(self.clock.read(self.now))
    }

    fn show(&self) -> Time<Show> {
        Time::from_ns(self.now + HUB_OFFSET_NS)
    }

    fn run(&mut self, end: i64) {
        while self.now < end {
            let local = self.local();
            self.client.handle_timeout(local);
            self.ask(local);
            let wake = self.client.poll_timeout().map_or(i64::MAX, |at| at.since(local).as_ns().max(1_000));
            let arrival = self.under_way.peek().map_or(i64::MAX, |Reverse((at, ..))| *at);
            self.now = arrival.min(self.now.saturating_add(wake)).min(end).max(self.now);
            while self.under_way.peek().is_some_and(|Reverse((at, ..))| *at <= self.now) {
                let Some(Reverse((.., message))) = self.under_way.pop() else { break };
                self.deliver(message);
            }
        }
    }

    fn send(&mut self, arrives_at: i64, message: Message) {
        self.serial += 1;
        self.under_way.push(Reverse((arrives_at, self.serial, message)));
    }

    fn ask(&mut self, local: Time<Local>) {
        if let Some(ping) = self.client.poll_ping(local)
            && !self.is_stream
        {
            for at in self.up.send(self.now, PING_BYTES).arrivals() {
                self.send(at, Message::Ping(ping.encode().to_vec()));
            }
        }
        if let Some((seq, t1)) = self.client.poll_ts_ping(local)
            && let Some(at) = self.up_stream.send(self.now, TEXT_BYTES)
        {
            self.send(at, Message::TsPing { seq, t1: t1.as_ns() });
        }
    }

    fn deliver(&mut self, message: Message) {
        match message {
            Message::Ping(bytes) => self.answer(&bytes),
            Message::Pong(bytes) => {
                let local = self.local();
                let result = self.client.handle_datagram(&bytes, local, local);
                let pong = Pong::decode(&bytes).expect("the server encoded it");
                self.record(result, Exchange { t1: pong.t1, t2: pong.t2, t3: pong.t3, t4: local });
            }
            Message::TsPing { seq, t1 } => {
                // The hub stamps such an exchange once, in whole microseconds.
                let t2_us = self.show().as_us();
                if let Some(at) = self.down_stream.send(self.now, TEXT_BYTES) {
                    self.send(at, Message::TsPong { seq, t1, t2_us });
                }
            }
            Message::TsPong { seq, t1, t2_us } => {
                let (local, t1, t2) = (self.local(), Time::from_ns(t1), Time::from_us(t2_us));
                let pong = TsPong { node_id: NodeId(1), seq, t1_us: t1.as_us(), t2_us, t3_us: t2_us };
                let result = self.client.handle_ts_pong(&pong, local, local);
                self.record(result, Exchange { t1, t2, t3: t2, t4: local });
            }
        }
    }

    fn answer(&mut self, bytes: &[u8]) {
        let t2 = self.show();
        let Ok(answer) = self.server.handle_ping(bytes, |token| token == TOKEN, t2) else { return };
        let t3 = t2 + AT_THE_HUB;
        let mut buf = [0; PONG_NS_LEN];
        let len = answer.pong(t3).encode(&mut buf).expect("a pong fits");
        for at in self.down.send(self.now + AT_THE_HUB.as_ns(), PONG_BYTES).arrivals() {
            self.send(at, Message::Pong(buf[..len].to_vec()));
        }
    }

    /// Keeps an answer to a question that waited for it.
    fn record(&mut self, result: Result<(), PongDrop>, exchange: Exchange) {
        if matches!(result, Ok(()) | Err(PongDrop::Implausible)) && exchange.delay().is_some() {
            self.exchanges.push(exchange);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles;

    fn stream(path: &PathProfile, hz: u32) -> Stream {
        let clock = OscillatorProfile { offset_ns: 17 * S, ppm: 50.0, ..OscillatorProfile::default() };
        Stream::record(path, clock, hz, 60, 1)
    }

    #[test]
    fn the_node_asks_in_a_burst_and_then_as_often_as_it_should() {
        let stream = stream(&profiles::ETHERNET_PATH, 5);
        let start = stream.exchanges[0].t1;
        let burst = stream.exchanges.iter().filter(|e| e.t1.since(start) < Span::from_s(1)).count();
        assert_eq!(burst, 25);
        let later = stream.exchanges.iter().filter(|e| e.t1.since(start) >= Span::from_s(10)).count();
        assert!((240..=260).contains(&later), "50 s at 5 Hz: {later}");
    }

    #[test]
    fn stamps_differ_by_delays_and_clocks_and_by_nothing_else() {
        let mut stream = stream(&profiles::UNEQUAL_FLOORS, 5);
        let ahead = |stream: &mut Stream, ns: i64| stream.knowable_show_at(ns).as_ns() - stream.local_at(ns).as_ns();
        for exchange in stream.exchanges().to_vec() {
            let ns = exchange.t2.as_ns() - HUB_OFFSET_NS;
            let offset = ahead(&mut stream, ns) - 1_500_000;
            let (up, down) = (exchange.t2.as_ns() - exchange.t1.as_ns(), exchange.t4.as_ns() - exchange.t3.as_ns());
            // 50 ppm of the delays is what the clock gains meanwhile.
            assert!(up - offset >= 4_000_000 - 1_000 && down + offset >= 1_000_000 - 1_000, "{exchange:?}");
        }
    }

    #[test]
    fn losses_and_the_websocket_are_in_the_stream() {
        let asked = stream(&profiles::ETHERNET_PATH, 20).exchanges.len() as f64;
        let answered = stream(&profiles::WIFI_U20_LOSS_20, 20).exchanges.len() as f64;
        assert!((0.55..0.75).contains(&(answered / asked)), "0.8 * 0.8 of {asked}: {answered}");
        let websocket = stream(&profiles::WEBSOCKET, 5);
        assert!(websocket.exchanges.len() > 250);
        assert!(websocket.exchanges.iter().all(|e| e.t2 == e.t3 && e.t2.as_ns() % 1_000 == 0));
    }

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let clock = OscillatorProfile { wander_ppm: 3e-3, ..OscillatorProfile::default() };
        let record = |seed| Stream::record(&profiles::WIFI_EXP, clock, 5, 20, seed).exchanges;
        assert_eq!(record(3), record(3));
        assert_ne!(record(3), record(4));
    }
}
