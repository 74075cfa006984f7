//! Both ends of the time exchange over a network that a script runs: delays, loss, repeats, reordering, wrong bytes,
//! stamps that lie, a clock of the node's own.

use cuelight_proto::sync::{Profile, SyncClient, SyncServer};
use cuelight_wire::control::TsPong;
use cuelight_wire::exchange::{Form, PONG_NS_LEN};
use cuelight_wire::ids::{NodeId, TokenHash};
use cuelight_wire::time::{Local, Show, Span, Time};

use crate::script::{START, Script, drain};

const TOKEN: TokenHash = TokenHash(0x86d0_4db5);
/// Datagrams and messages under way; when there are more the oldest is lost.
const UNDER_WAY: usize = 64;
/// Show time minus the hub's clock.
const SHOW_OFFSET: Span = Span::from_s(-900);
/// A step that lets the exchange run undisturbed is so long, or a multiple.
const QUIET: Span = Span::from_ms(20);

/// Whatever the network does, timers make progress and show time does not run back while the clock may be scheduled on.
/// While every stamp is true, the published bound contains the truth.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let flags = script.u8();
    // Up to 63 ppm either way.
    let ppb = i64::from(script.u8() as i8) * 500;
    let form = if flags & 1 == 0 { Form::Nanosecond } else { Form::Deployed };
    let mut world = World {
        client: SyncClient::new(Profile::DEFAULT, script.u16().into()),
        server: SyncServer::new(),
        now: START,
        clock: Clock { ppb, offset: Span::from_us(script.u32().into()) },
        to_hub: Vec::new(),
        to_node: Vec::new(),
        usable_at: None,
        is_honest: flags & 2 == 0,
        form,
    };
    world.client.start(TOKEN, form, world.local());
    while let Some(step) = script.step() {
        world.step(step, &mut script);
    }
}

/// A node's clock over the true one.
#[derive(Clone, Copy)]
struct Clock {
    ppb: i64,
    offset: Span,
}

#[derive(Clone)]
enum ToNode {
    Datagram(Vec<u8>),
    Message(TsPong),
}

#[derive(Clone)]
enum ToHub {
    Datagram(Vec<u8>),
    Message { seq: u32, t1_us: i64 },
}

struct World {
    client: SyncClient,
    server: SyncServer<4>,
    /// The hub's clock, which is the true one.
    now: Time<Local>,
    clock: Clock,
    to_hub: Vec<ToHub>,
    to_node: Vec<ToNode>,
    usable_at: Option<Time<Show>>,
    is_honest: bool,
    form: Form,
}

impl World {
    fn local(&self) -> Time<Local> {
        let ran = self.now - START;
        let skew = i128::from(ran.as_ns()) * i128::from(self.clock.ppb) / 1_000_000_000;
        self.now + self.clock.offset + Span::from_ns(i64::try_from(skew).expect("63 ppm of hours are seconds"))
    }
    fn show(&self) -> Time<Show> {
        Time::from_ns((self.now + SHOW_OFFSET).as_ns())
    }

    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        match step % 12 {
            // The commonest: the exchange runs, with a delay each way.
            0..=3 => {
                let (rounds, up, down) = (script.u8() % 64, script.u8(), script.u8());
                for _ in 0..=rounds {
                    self.pass(QUIET);
                    self.serve();
                    self.pass(Span::from_us(i64::from(up) * 20));
                    while !self.to_hub.is_empty() {
                        self.deliver_to_hub(0);
                    }
                    self.pass(Span::from_us(i64::from(down) * 20));
                    while !self.to_node.is_empty() {
                        self.deliver_to_node(0);
                    }
                }
            }
            4 => self.pass(script.pause()),
            5 => self.deliver_to_hub(script.u8().into()),
            6 => self.deliver_to_node(script.u8().into()),
            7 => self.repeat_or_lose(script),
            8 => {
                self.pass(Span::from_us(script.u16().into()));
                self.serve();
            }
            9 => self.damage(script),
            10 => self.begin_anew(script.u8()),
            _ => self.stamp(script),
        }
        self.check();
    }
    fn pass(&mut self, span: Span) {
        self.now += span;
    }
    /// What a driver does when a timer is due.
    fn serve(&mut self) {
        let now = self.local();
        self.client.handle_timeout(now);
        let (to_hub, client) = (&mut self.to_hub, &mut self.client);
        drain("pings", 4, || client.poll_ping(now), |ping| to_hub.push(ToHub::Datagram(ping.encode().to_vec())));
        drain(
            "messages",
            4,
            || client.poll_ts_ping(now),
            |(seq, t1)| to_hub.push(ToHub::Message { seq, t1_us: t1.as_us() }),
        );
        to_hub.drain(..to_hub.len().saturating_sub(UNDER_WAY));
        assert!(self.client.poll_timeout().is_none_or(|at| at > now), "a timer is due again and again");
        self.check();
    }
    fn deliver_to_hub(&mut self, which: usize) {
        if self.to_hub.is_empty() {
            return;
        }
        let show = self.show();
        let answer = match self.to_hub.remove(which % self.to_hub.len()) {
            ToHub::Datagram(bytes) => {
                let Ok(answer) = self.server.handle_ping(&bytes, |token| token == TOKEN, show) else { return };
                let mut buf = [0; PONG_NS_LEN];
                let len = answer.pong(show).encode(&mut buf).expect("a pong fits");
                self.server.handle_sent(answer.ping.token_hash, answer.ping.seq, show);
                ToNode::Datagram(buf[..len].to_vec())
            }
            ToHub::Message { seq, t1_us } => {
                let (t2_us, t3_us) = (show.as_us(), show.as_us());
                ToNode::Message(TsPong { node_id: NodeId(1), seq, t1_us, t2_us, t3_us })
            }
        };
        self.to_node.push(answer);
        self.to_node.drain(..self.to_node.len().saturating_sub(UNDER_WAY));
    }
    fn deliver_to_node(&mut self, which: usize) {
        if self.to_node.is_empty() {
            return;
        }
        let now = self.local();
        let before = self.client.counters();
        let taken = match self.to_node.remove(which % self.to_node.len()) {
            ToNode::Datagram(bytes) => self.client.handle_datagram(&bytes, now, now),
            ToNode::Message(pong) => self.client.handle_ts_pong(&pong, now, now),
        };
        let after = self.client.counters();
        assert_eq!(after.pongs + after.dropped(), before.pongs + before.dropped() + 1, "counted once: {taken:?}");
        self.check();
    }
    fn repeat_or_lose(&mut self, script: &mut Script<'_>) {
        let (what, which) = (script.u8(), usize::from(script.u8()));
        match what % 3 {
            0 => self.to_node.extend(self.to_node.get(which % self.to_node.len().max(1)).cloned()),
            1 => self.to_hub.extend(self.to_hub.get(which % self.to_hub.len().max(1)).cloned()),
            _ => {
                self.to_node.clear();
                self.to_hub.clear();
            }
        }
    }
    /// Wrong bytes, and any bytes: from then on the truth is nobody's promise.
    fn damage(&mut self, script: &mut Script<'_>) {
        if self.is_honest {
            return;
        }
        let (which, place, mask) = (usize::from(script.u8()), usize::from(script.u8()), script.u8());
        let damage = |bytes: &mut Vec<u8>| {
            let len = bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(place % len) {
                *byte ^= mask;
            }
        };
        let (hub, node) = (self.to_hub.len().max(1), self.to_node.len().max(1));
        match (self.to_hub.get_mut(which % hub), self.to_node.get_mut(which % node)) {
            (_, Some(ToNode::Datagram(bytes))) | (Some(ToHub::Datagram(bytes)), _) => damage(bytes),
            (_, Some(ToNode::Message(pong))) => pong.t2_us ^= i64::from(mask) << (place % 56),
            _ => self.to_node.push(ToNode::Datagram(script.chunk().to_vec())),
        }
    }
    fn begin_anew(&mut self, what: u8) {
        let now = self.local();
        match what % 4 {
            0 => self.client.stop(now),
            1 => self.client.new_source(now),
            2 if !self.is_honest => self.clock.offset = self.clock.offset + Span::from_ms(i64::from(what)),
            _ => {}
        }
        if what % 4 != 2 {
            self.client.start(TOKEN, self.form, now);
        }
    }
    /// The kernel's transmit stamp of a ping: a true one comes with the ping; a lie only from a dishonest kernel.
    fn stamp(&mut self, script: &mut Script<'_>) {
        let (seq, at) = (script.u32(), script.u32());
        if !self.is_honest {
            self.client.handle_sent(seq, self.local() + Span::from_us(i64::from(at as i32)));
        }
    }

    /// After every input, as a driver looks at the map: a clock may step between two that it may be scheduled on.
    fn check(&mut self) {
        let (now, truth) = (self.local(), self.show());
        let map = self.client.map(now);
        let show = map.state.is_usable().then(|| map.show_at(now));
        if let (Some(before), Some(after)) = (self.usable_at, show) {
            assert!(before <= after, "show time ran back from {before:?} to {after:?}");
        }
        self.usable_at = show;
        if let Some(show) = show.filter(|_| self.is_honest) {
            let error = (show - truth).abs();
            assert!(error <= map.bound, "wrong by {error:?}, and the bound is {:?}", map.bound);
        }
        let _ = self.client.figures(now);
    }
}
