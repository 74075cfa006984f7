//! One node and the simplest hub there is, a millisecond at a time.

use std::vec::Vec;

use cuelight_proto::node::{NodeConfig, NodeEvent, NodeRole, SyncUse, Via};
use cuelight_proto::session::Ended;
use cuelight_proto::stream::Sender;
use cuelight_proto::sync::Profile;
use cuelight_wire::caps::Ext;
use cuelight_wire::change::Change;
use cuelight_wire::control::{
    Caps, FullStateMessage, Hello, HexPayload, HubMessage, Keepalive, NodeMessage, Topo, TsPong, Welcome,
};
use cuelight_wire::exchange::{PONG_NS_LEN, Ping, Pong};
use cuelight_wire::ids::{Mac, NodeId, Revision, TokenHash};
use cuelight_wire::scene::{FullState, Layer, Master, Scene};
use cuelight_wire::seal::{Seal, TAG_LEN};
use cuelight_wire::stream::{MAX_PACKET, MsgType, full_state};
use cuelight_wire::time::{Local, Show, Span, Time};

/// One way through the network.
const ONE_WAY: Span = Span::from_us(100);
pub(crate) const NODE: NodeId = NodeId(7);

pub(crate) fn ms(ms: i64) -> Span {
    Span::from_ms(ms)
}

pub(crate) struct Hub {
    /// Listening.
    pub(crate) is_up: bool,
    /// Its machine has no power: nothing is answered, connections are not even refused.
    pub(crate) is_dark: bool,
    /// Sends the stream.
    pub(crate) streams: bool,
    /// Answers UDP pings.
    pub(crate) pongs: bool,
    /// Answers the time exchange on the control connection.
    pub(crate) ts_pongs: bool,
    /// Reads and answers the control connection.
    pub(crate) answers: bool,
    /// Show time minus the node's local time.
    pub(crate) offset: Span,
    pub(crate) boot_id: Option<u32>,
    pub(crate) ext: Ext,
    pub(crate) state: FullState,
    pub(crate) token: &'static str,
    sender: Option<Sender>,
}

pub(crate) struct World {
    pub(crate) node: NodeRole,
    pub(crate) now: Time<Local>,
    pub(crate) hub: Hub,
    /// Everything since the last look, with when it happened.
    pub(crate) events: Vec<(Time<Local>, NodeEvent)>,
    pub(crate) messages: Vec<(Time<Local>, NodeMessage)>,
}

pub(crate) fn config(sync: SyncUse) -> NodeConfig {
    NodeConfig {
        mac: Mac([2, 0, 0, 0, 0, 1]),
        fw: "cuelight-0.1.0".try_into().unwrap(),
        name: None,
        hardware: None,
        universes: None,
        page_port: None,
        geometry: None,
        caps: Caps { udp: true, ota: false, clock: false },
        topo: Topo { leds: 320, channels: 2 },
        udp_port: None,
        ext: Ext::ALL,
        profile: Profile::DEFAULT,
        sync,
    }
}

impl World {
    /// A node that has just started, and a hub that is listening.
    pub(crate) fn new(sync: SyncUse) -> Self {
        let now = Time::ZERO + Span::from_s(5);
        let hub = Hub {
            is_up: true,
            is_dark: false,
            streams: true,
            pongs: true,
            ts_pongs: true,
            answers: true,
            offset: Span::from_s(1000),
            boot_id: Some(11),
            ext: Ext::ALL,
            state: FullState::default(),
            token: "0123456789abcdef0123456789abcdef",
            sender: None,
        };
        Self { node: NodeRole::new(config(sync), 42, now), now, hub, events: Vec::new(), messages: Vec::new() }
    }

    /// A hub of the deployed kind.
    pub(crate) fn deployed() -> Self {
        let mut world = Self::new(SyncUse::Scheduled);
        (world.hub.ext, world.hub.boot_id) = (Ext::NONE, None);
        world
    }

    /// Started, joined and locked.
    pub(crate) fn joined(mut self) -> Self {
        self.run(ms(3000));
        assert!(self.node.map(self.now).state.is_usable(), "the node locks within three seconds");
        self.forget();
        self
    }

    /// Started and joined, whatever timeline it uses.
    pub(crate) fn joined_unsynced(mut self) -> Self {
        self.run(ms(3000));
        self.forget();
        self
    }

    pub(crate) fn forget(&mut self) {
        self.events.clear();
        self.messages.clear();
    }

    pub(crate) fn show_now(&self) -> Time<Show> {
        self.show_at(self.now)
    }
    fn show_at(&self, local: Time<Local>) -> Time<Show> {
        Time::from_ns(local.as_ns()) + self.hub.offset
    }

    pub(crate) fn run(&mut self, span: Span) {
        let end = self.now + span;
        while self.now < end {
            self.now += ms(1);
            // What the hub answers at once may make something due at once.
            let mut rounds = 0;
            while self.node.poll_timeout().is_some_and(|at| at <= self.now) {
                self.node.handle_timeout(self.now);
                self.drain();
                rounds += 1;
                assert!(rounds < 5, "a timeout that is dealt with is over");
            }
            if self.hub.streams && self.hub.sender.is_some() && self.now.as_ns() % 10_000_000 == 0 {
                if self.hub.ext.has(Ext::FULL_STATE) {
                    self.stream_state();
                } else {
                    self.stream(MsgType::Heartbeat, self.show_now() + ms(30), &[]);
                }
            }
        }
    }

    /// Drains the outputs in the documented order and lets the hub answer.
    pub(crate) fn drain(&mut self) {
        while let Some(ping) = self.node.poll_ping(self.now) {
            self.pong(ping);
        }
        while let Some(message) = self.node.poll_message() {
            self.messages.push((self.now, message.clone()));
            self.answer(&message);
        }
        while let Some(event) = self.node.poll_event() {
            self.events.push((self.now, event.clone()));
            match event {
                NodeEvent::Connect if self.hub.is_dark => continue,
                NodeEvent::Connect if self.hub.is_up => self.node.handle_connected(self.now),
                NodeEvent::Connect => self.node.handle_disconnected(self.now),
                _ => continue,
            }
            self.drain();
        }
    }

    fn pong(&mut self, ping: Ping) {
        if !(self.hub.is_up && self.hub.pongs) {
            return;
        }
        let Ping { form, seq, token_hash, t1 } = Ping::decode(&ping.encode()).unwrap();
        let t2 = self.show_at(self.now + ONE_WAY);
        let pong = Pong { form, seq, token_hash, t1, t2, t3: t2, previous: None };
        let mut buf = [0; PONG_NS_LEN + TAG_LEN];
        let mut len = pong.encode(&mut buf).unwrap();
        if self.hub.ext.has(Ext::SEAL) {
            len = Seal::of_exchange(self.hub.token.as_bytes()).close(&mut buf, len).unwrap();
        }
        let back = self.now + ONE_WAY + ONE_WAY;
        self.node.handle_exchange(&buf[..len], back, back);
    }

    fn answer(&mut self, message: &NodeMessage) {
        if !(self.hub.is_up && self.hub.answers) {
            return;
        }
        match message {
            NodeMessage::Hello(_) => self.welcome(),
            NodeMessage::TsPing(ping) if self.hub.ts_pongs => {
                let at_us = self.show_now().as_us();
                let pong = TsPong { node_id: NODE, seq: ping.seq, t1_us: ping.t1_us, t2_us: at_us, t3_us: at_us };
                self.node.handle_message(&HubMessage::TsPong(pong), self.now);
            }
            _ => {}
        }
    }

    pub(crate) fn welcome_message(&self) -> Welcome {
        Welcome {
            proto: 1,
            node_id: NODE,
            token: self.hub.token.try_into().unwrap(),
            udp_port: 49152,
            hub_epoch_us: self.show_now().as_us(),
            ts_port: None,
            ext: self.hub.ext,
            boot_id: self.hub.boot_id,
        }
    }

    pub(crate) fn welcome(&mut self) {
        let token = self.hub.token.as_bytes();
        let seal = self.hub.ext.has(Ext::SEAL).then(|| Seal::of_stream(token));
        self.hub.sender = Some(Sender::new(TokenHash::of(token)).sealed(seal));
        self.message(HubMessage::Welcome(self.welcome_message()));
    }

    pub(crate) fn message(&mut self, message: HubMessage) {
        self.node.handle_message(&message, self.now);
        self.drain();
    }

    /// The next packet with the hub's state, not delivered.
    pub(crate) fn state_packet(&mut self) -> Vec<u8> {
        let mut payload = [0; full_state::MAX_LEN];
        let len = full_state::encode(&self.hub.state, &mut payload).unwrap();
        self.packet(MsgType::FullState, self.show_now() + ms(30), &payload[..len])
    }

    /// One packet with the hub's state.
    pub(crate) fn stream_state(&mut self) {
        let packet = self.state_packet();
        self.deliver(&packet);
    }

    /// The control plane's copy of the hub's state.
    pub(crate) fn copy_state(&mut self) {
        let mut payload = [0; full_state::MAX_LEN];
        let len = full_state::encode(&self.hub.state, &mut payload).unwrap();
        let payload = HexPayload(heapless::Vec::from_slice(&payload[..len]).unwrap());
        self.message(HubMessage::FullState(FullStateMessage { node_id: NODE, payload }));
    }

    pub(crate) fn packet(&mut self, msg_type: MsgType, apply_at: Time<Show>, payload: &[u8]) -> Vec<u8> {
        let now = self.show_now();
        let mut buf = [0; MAX_PACKET];
        let sender = self.hub.sender.as_mut().expect("a session is live");
        let len = sender.packet(msg_type, now, apply_at, payload, &mut buf).unwrap();
        buf[..len].to_vec()
    }

    pub(crate) fn stream(&mut self, msg_type: MsgType, apply_at: Time<Show>, payload: &[u8]) {
        let packet = self.packet(msg_type, apply_at, payload);
        self.deliver(&packet);
    }

    pub(crate) fn deliver(&mut self, packet: &[u8]) {
        self.node.handle_datagram(packet, self.now);
        self.drain();
    }

    /// The hub process dies: connection reset, nothing answers.
    pub(crate) fn kill_hub(&mut self) {
        self.hub.is_up = false;
        self.hub.sender = None;
        self.node.handle_disconnected(self.now);
        self.drain();
    }

    /// It is back, with a new run number and a new token.
    pub(crate) fn restart_hub(&mut self) {
        self.hub.is_up = true;
        self.hub.boot_id = self.hub.boot_id.map(|id| id + 1);
        self.hub.token = "fedcba9876543210fedcba9876543210";
    }

    pub(crate) fn changes(&self) -> Vec<(Change, Via)> {
        let change = |(_, event): &(_, NodeEvent)| match event {
            NodeEvent::Change { change, via, .. } => Some((change.clone(), *via)),
            _ => None,
        };
        self.events.iter().filter_map(change).collect()
    }

    pub(crate) fn when(&self, is_it: impl Fn(&NodeEvent) -> bool) -> Option<Time<Local>> {
        self.events.iter().find(|(_, event)| is_it(event)).map(|(at, _)| *at)
    }

    pub(crate) fn count(&self, is_it: impl Fn(&NodeEvent) -> bool) -> usize {
        self.events.iter().filter(|(_, event)| is_it(event)).count()
    }

    pub(crate) fn hellos(&self) -> Vec<(Time<Local>, Hello)> {
        let hello = |(at, message): &(Time<Local>, NodeMessage)| match message {
            NodeMessage::Hello(hello) => Some((*at, hello.clone())),
            _ => None,
        };
        self.messages.iter().filter_map(hello).collect()
    }

    pub(crate) fn keepalives(&self) -> Vec<(Time<Local>, Keepalive)> {
        let keepalive = |(at, message): &(Time<Local>, NodeMessage)| match message {
            NodeMessage::Keepalive(keepalive) => Some((*at, keepalive.clone())),
            _ => None,
        };
        self.messages.iter().filter_map(keepalive).collect()
    }

    pub(crate) fn ended(&self) -> Vec<Ended> {
        let ended = |(_, event): &(_, NodeEvent)| match event {
            NodeEvent::SessionEnded(why) => Some(*why),
            _ => None,
        };
        self.events.iter().filter_map(ended).collect()
    }
}

pub(crate) fn layer(rev: u32, at: Time<Show>) -> Layer {
    Layer { rev: Revision(rev), at, fade_ms: 500, scene: Scene::default(), phase: 9, zone_phases: [0; 4] }
}

pub(crate) fn master(rev: u32, at: Time<Show>) -> Master {
    Master { rev: Revision(rev), at, level: 255, blackout: true }
}
