//! One hub, one node, one path, in virtual time: the machines that ship, between links and clocks that misbehave.
//!
//! True time is the hub's clock; the node's clock is an [`Oscillator`]. The error of the node's map is its show time
//! minus the hub's at the same instant.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cuelight_proto::sync::{ClockMap, Profile, SyncClient, SyncServer};
use cuelight_sim::link::{Link, StreamLink};
use cuelight_sim::oscillator::{Oscillator, OscillatorProfile};
use cuelight_sim::profiles::PathProfile;
use cuelight_sim::rng::Rng;
use cuelight_wire::control::TsPong;
use cuelight_wire::exchange::{Form, PONG_NS_LEN, Ping};
use cuelight_wire::ids::{NodeId, TokenHash};
use cuelight_wire::time::{Local, Show, Span, Time};

pub(crate) const S: i64 = 1_000_000_000;
const TOKEN: TokenHash = TokenHash(0xC0FF_EE00);

/// How stamps are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stamps {
    /// Both ends exactly when it happens.
    Exact,
    /// User space: sending is stamped earlier, receiving later, by an exponential time of this mean (ns).
    User(f64),
    /// Reception exact, transmission as in user space, but the kernel tells afterwards when it was.
    Interleaved(f64),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    TsPing(u32, i64),
    TsPong(u32, i64, i64),
}

pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) client: SyncClient,
    pub(crate) server: SyncServer<4>,
    pub(crate) path: PathProfile,
    pub(crate) clock: Oscillator,
    /// Hub clock minus true time.
    pub(crate) hub_offset: i64,
    pub(crate) is_hub_up: bool,
    stamps: Stamps,
    rng: Rng,
    up: Link,
    down: Link,
    up_stream: StreamLink,
    down_stream: StreamLink,
    events: BinaryHeap<Reverse<(i64, u64, Event)>>,
    serial: u64,
}

impl World {
    pub(crate) fn new(
        path: PathProfile,
        profile: Profile,
        clock: OscillatorProfile,
        stamps: Stamps,
        seed: u64,
    ) -> Self {
        let mut world = Self {
            now: 0,
            client: SyncClient::new(profile, seed),
            server: SyncServer::new(),
            path,
            clock: Oscillator::new(clock, seed),
            hub_offset: 3_600 * S,
            is_hub_up: true,
            stamps,
            rng: Rng::derived(seed, 1),
            up: Link::new(path.up, Rng::derived(seed, 2).bits()),
            down: Link::new(path.down, Rng::derived(seed, 3).bits()),
            up_stream: StreamLink::new(path.up, Rng::derived(seed, 4).bits()),
            down_stream: StreamLink::new(path.down, Rng::derived(seed, 5).bits()),
            events: BinaryHeap::new(),
            serial: 0,
        };
        let local = world.local();
        world.client.start(TOKEN, Form::Nanosecond, local);
        world
    }

    pub(crate) fn set_path(&mut self, path: PathProfile) {
        self.path = path;
        self.up.set_profile(path.up);
        self.down.set_profile(path.down);
    }

    pub(crate) fn local(&mut self) -> Time<Local> {
        Time::from_ns(self.clock.read(self.now))
    }

    pub(crate) fn show(&self) -> Time<Show> {
        Time::from_ns(self.now + self.hub_offset)
    }

    pub(crate) fn map(&mut self) -> ClockMap {
        let local = self.local();
        self.client.map(local)
    }

    /// Show time by the node minus show time, ns.
    pub(crate) fn error(&mut self) -> i64 {
        let local = self.local();
        self.client.map(local).show_at(local).since(self.show()).as_ns()
    }

    /// A restarted hub: its clock is another one.
    pub(crate) fn restart_hub(&mut self, offset_change: i64) {
        self.hub_offset += offset_change;
        self.server = SyncServer::new();
        let local = self.local();
        self.client.new_source(local);
        self.client.start(TOKEN, Form::Nanosecond, local);
    }

    /// Runs to `end`, calling `seen` every `every` nanoseconds.
    pub(crate) fn run(&mut self, end: i64, every: i64, mut seen: impl FnMut(&mut Self)) {
        let mut next_look = self.now;
        while self.now < end {
            let local = self.local();
            self.client.handle_timeout(local);
            self.send(local);
            let local = self.local();
            let wake = self.client.poll_timeout().map_or(i64::MAX, |at| at.since(local).as_ns().max(1_000));
            let event = self.events.peek().map_or(i64::MAX, |Reverse((at, ..))| *at);
            let next = event.min(self.now.saturating_add(wake)).min(next_look).min(end);
            self.now = next.max(self.now);
            while let Some(Reverse((_, _, event))) = self.due() {
                self.deliver(event);
            }
            if self.now >= next_look {
                next_look += every;
                seen(self);
            }
        }
    }

    fn due(&mut self) -> Option<Reverse<(i64, u64, Event)>> {
        let is_due = self.events.peek().is_some_and(|Reverse((at, ..))| *at <= self.now);
        if is_due { self.events.pop() } else { None }
    }

    fn schedule(&mut self, at: i64, event: Event) {
        self.serial += 1;
        self.events.push(Reverse((at, self.serial, event)));
    }

    /// How much earlier than the wire user space stamps a transmission.
    fn early(&mut self) -> i64 {
        match self.stamps {
            Stamps::Exact => 0,
            Stamps::User(mean) | Stamps::Interleaved(mean) => self.rng.exponential(mean) as i64,
        }
    }

    /// How much later than the wire a reception is stamped.
    fn late(&mut self) -> i64 {
        match self.stamps {
            Stamps::Exact | Stamps::Interleaved(_) => 0,
            Stamps::User(mean) => self.rng.exponential(mean) as i64,
        }
    }

    fn send(&mut self, local: Time<Local>) {
        if let Some(ping) = self.client.poll_ping(local) {
            let leaves = self.now + self.early();
            if matches!(self.stamps, Stamps::Interleaved(_)) {
                let sent_at = self.clock.read(leaves);
                self.client.handle_sent(ping.seq, Time::from_ns(sent_at));
            }
            let fate = if self.path.is_stream { None } else { Some(self.up.send(leaves, 48)) };
            for at in fate.iter().flat_map(|fate| fate.arrivals()) {
                self.schedule(at, Event::Ping(ping.encode().to_vec()));
            }
        }
        if let Some((seq, t1)) = self.client.poll_ts_ping(local)
            && let Some(at) = self.up_stream.send(self.now, 160)
        {
            self.schedule(at, Event::TsPing(seq, t1.as_us()));
        }
    }

    fn deliver(&mut self, event: Event) {
        match event {
            Event::Ping(bytes) if self.is_hub_up => self.answer(&bytes),
            Event::TsPing(seq, t1_us) if self.is_hub_up => {
                let t2_us = self.show().as_us();
                if let Some(at) = self.down_stream.send(self.now, 160) {
                    self.schedule(at, Event::TsPong(seq, t1_us, t2_us));
                }
            }
            Event::Ping(_) | Event::TsPing(..) => {}
            Event::Pong(bytes) => {
                let rx_at = self.now + self.late();
                let (rx_at, now) =
                    (Time::from_ns(self.clock.read(rx_at)), self.local().max(Time::from_ns(self.clock.read(rx_at))));
                let _ = self.client.handle_datagram(&bytes, rx_at, now);
            }
            Event::TsPong(seq, t1_us, t2_us) => {
                let local = self.local();
                let pong = TsPong { node_id: NodeId(1), seq, t1_us, t2_us, t3_us: t2_us };
                let _ = self.client.handle_ts_pong(&pong, local, local);
            }
        }
    }

    fn answer(&mut self, bytes: &[u8]) {
        let t2 = self.show() + Span::from_ns(self.late());
        let Ok(answer) = self.server.handle_ping(bytes, |token| token == TOKEN, t2) else { return };
        let t3 = t2 + Span::from_us(20);
        let leaves = self.now + t3.since(self.show()).as_ns() + self.early();
        let mut buf = [0; PONG_NS_LEN];
        let len = answer.pong(t3).encode(&mut buf).expect("a pong fits");
        if matches!(self.stamps, Stamps::Interleaved(_)) {
            let seq = Ping::decode(bytes).expect("it was answered").seq;
            self.server.handle_sent(TOKEN, seq, Time::from_ns(leaves + self.hub_offset));
        }
        for at in self.down.send(leaves, 80).arrivals() {
            self.schedule(at, Event::Pong(buf[..len].to_vec()));
        }
    }
}

/// Figures of a run, errors in microseconds against the truth shifted by the path's unavoidable error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) errors_us: Vec<f64>,
    pub(crate) locks_after_s: Vec<f64>,
    pub(crate) bound_violations: u32,
    pub(crate) backward_steps: u32,
    pub(crate) worst_rate_ppm: f64,
    pub(crate) unlocks: u32,
    pub(crate) unusable: u32,
    /// Looks at which the error was beyond three of the published sigma.
    pub(crate) beyond_3_sigma: u32,
}

impl Outcome {
    pub(crate) fn percentile(&mut self, p: f64) -> f64 {
        self.errors_us.sort_by(f64::total_cmp);
        let last = self.errors_us.len().saturating_sub(1);
        self.errors_us.get((last as f64 * p) as usize).copied().unwrap_or(f64::NAN)
    }
    pub(crate) fn slowest_lock_s(&self) -> f64 {
        self.locks_after_s.iter().copied().fold(0.0, f64::max)
    }
}

/// A clock like those of real machines: `ppm` of skew, frequency wandering by 3e-9 per square root of a second.
pub(crate) fn wandering(ppm: f64, offset_ns: i64) -> OscillatorProfile {
    OscillatorProfile { offset_ns, ppm, wander_ppm: 3e-3, ..OscillatorProfile::default() }
}

/// Runs a path for `seconds` with each seed and a clock of that skew, fast or slow in turn, and looks at the map from
/// `from_s` on, ten times a second.
pub(crate) fn observe(
    path: PathProfile,
    profile: Profile,
    clock: OscillatorProfile,
    seeds: u64,
    from_s: i64,
    seconds: i64,
) -> Outcome {
    let mut outcome = Outcome::default();
    for seed in 1..=seeds {
        let ppm = if seed % 2 == 0 { clock.ppm } else { -clock.ppm };
        let clock = OscillatorProfile { ppm, offset_ns: (seed as i64 - 8) * 100 * S, ..clock };
        let mut world = World::new(path, profile, clock, Stamps::Exact, seed);
        watch(&mut world, &mut outcome, from_s, seconds);
    }
    outcome
}

/// Runs one world and adds what is seen to `outcome`.
pub(crate) fn watch(world: &mut World, outcome: &mut Outcome, from_s: i64, seconds: i64) {
    let unavoidable = world.path.unavoidable_ns();
    let mut last_show = None;
    let mut locked_at = None;
    world.run(seconds * S, S / 10, |world| {
        let (map, local, error) = (world.map(), world.local(), world.error());
        if !map.state.is_usable() {
            if locked_at.is_some() {
                outcome.unusable += 1;
            }
            last_show = None;
            return;
        }
        locked_at.get_or_insert(world.now);
        let show = map.show_at(local);
        outcome.backward_steps += u32::from(last_show.is_some_and(|last| show < last));
        last_show = Some(show);
        outcome.worst_rate_ppm = outcome.worst_rate_ppm.max(map.rate_ppm().abs());
        outcome.bound_violations += u32::from(error.abs() > map.bound.as_ns());
        if world.now >= from_s * S {
            outcome.beyond_3_sigma += u32::from((error as f64 - unavoidable).abs() > 3.0 * map.sigma.as_ns() as f64);
            outcome.errors_us.push((error as f64 - unavoidable).abs() / 1e3);
        }
    });
    outcome.locks_after_s.push(locked_at.map_or(f64::INFINITY, |at| at as f64 / 1e9));
    let local = world.local();
    outcome.unlocks += world.client.figures(local).unlocks;
}
