//! A hub's shell in virtual time: connections, nodes that answer or not, ticks.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use cuelight_conductor::{Answer, Command, Conductor, Config, ConnId, Event, NodeSnapshot, Outgoing, Saved, Scope};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{
    Caps, Hello, HubMessage, Keepalive, NodeMessage, Refusal, ShowHint, SyncReport, Text, Topo, Welcome,
};
use cuelight_wire::ids::{EffectId, Mac, NodeId, Token, TokenHash};
use cuelight_wire::scene::{FullState, Scene};
use cuelight_wire::seal::Seal;
use cuelight_wire::stream::payload::ParamDelta;
use cuelight_wire::stream::{Header, MAX_PACKET, MsgType, full_state};
use cuelight_wire::time::{Local, Show, Span, Time};
use cuelight_wire::universes::UniverseRanges;

pub(crate) const TICK: Span = Span::from_ms(10);

/// A datagram as a node gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

impl Datagram {
    pub(crate) fn open(&self, peer: &Peer) -> (Header, &[u8]) {
        let token = peer.token.as_bytes();
        // A node that knows no tags gets none.
        let bytes = Seal::of_stream(token).open(&self.bytes).unwrap_or(&self.bytes);
        Header::decode(bytes, TokenHash::of(token)).expect("a datagram of this session")
    }
    pub(crate) fn full_state(&self, peer: &Peer) -> (Header, FullState) {
        let (header, payload) = self.open(peer);
        assert_eq!(header.msg_type, MsgType::FullState);
        (header, full_state::decode(payload).expect("a full state"))
    }
    pub(crate) fn params(&self, peer: &Peer) -> Option<(Header, ParamDelta)> {
        let (header, payload) = self.open(peer);
        (header.msg_type == MsgType::ParamDelta).then(|| (header, ParamDelta::decode(payload).unwrap()))
    }
}

/// A node's end of a session.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) conn: ConnId,
    pub(crate) mac: Mac,
    pub(crate) id: NodeId,
    pub(crate) token: Token,
    pub(crate) addr: SocketAddr,
}

pub(crate) struct World {
    pub(crate) conductor: Conductor,
    pub(crate) now: Time<Local>,
    pub(crate) sent: VecDeque<(ConnId, Outgoing)>,
    /// What is on the hub's disk.
    pub(crate) disk: Saved,
    /// What left ahead of the tick after the newest command.
    pub(crate) ahead: Vec<Datagram>,
    /// Whether the disk takes anything.
    pub(crate) saves: bool,
    saved_revision: u64,
    tokens: u32,
    conns: u64,
}

pub(crate) fn mac(n: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, n])
}

pub(crate) fn effect(n: u16) -> Scene {
    Scene { effect: EffectId(n), ..Scene::default() }
}

pub(crate) fn set_scene(scope: Scope, n: u16) -> Command {
    Command::SetScene { scope, scene: effect(n), fade_ms: 0 }
}

pub(crate) fn group(name: &str) -> Text<32> {
    Text::try_from(name).unwrap()
}

pub(crate) fn hello(mac: Mac, ext: Ext) -> Hello {
    Hello {
        proto: 1,
        mac,
        fw: Text::try_from("k1-v2.0.0").unwrap(),
        caps: Caps { udp: true, ota: true, clock: true },
        topo: Topo { leds: 320, channels: 2 },
        udp_port: None,
        name: None,
        ext,
        hardware: None,
        universes: UniverseRanges::new([(1, 4)]).ok(),
        page_port: None,
        geometry: None,
        show: None,
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Config { boot_id: 7, ..Config::default() })
    }
    pub(crate) fn with(config: Config) -> Self {
        Self::restarted(config, Saved::default(), Time::from_us(123_456_789), None)
    }
    pub(crate) fn restarted(config: Config, saved: Saved, now: Time<Local>, show: Option<Time<Show>>) -> Self {
        let (disk, sent) = (saved.clone(), VecDeque::new());
        let conductor = Conductor::new(config, saved, now, show);
        Self { conductor, now, sent, disk, ahead: Vec::new(), saves: true, saved_revision: 0, tokens: 0, conns: 0 }
    }
    pub(crate) fn show(&self) -> Time<Show> {
        self.conductor.show_clock().show_at(self.now)
    }
    pub(crate) fn open(&mut self) -> (ConnId, IpAddr) {
        let [.., high, low] = (self.conns + 1).to_be_bytes();
        let ip = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
        (self.open_from(ip), ip)
    }
    pub(crate) fn open_from(&mut self, ip: IpAddr) -> ConnId {
        self.conns += 1;
        let conn = ConnId(self.conns);
        self.conductor.handle_open(conn, ip, self.now);
        self.collect();
        conn
    }
    /// Sends a message on a connection and fetches what the hub answers.
    pub(crate) fn say(&mut self, conn: ConnId, message: NodeMessage) {
        self.tokens += 1;
        let token = Token::try_from(format!("token-{:08}", self.tokens).as_str()).unwrap();
        self.conductor.handle_message(conn, &message, token, self.now, self.now);
        self.collect();
    }
    fn collect(&mut self) {
        while let Some(outgoing) = self.conductor.poll_message() {
            self.sent.push_back(outgoing);
        }
    }
    pub(crate) fn welcome(&mut self, conn: ConnId) -> Option<Welcome> {
        self.messages(conn).into_iter().find_map(|m| if let HubMessage::Welcome(w) = m { Some(w) } else { None })
    }
    /// Takes what was sent on a connection.
    pub(crate) fn messages(&mut self, conn: ConnId) -> Vec<HubMessage> {
        let mut messages = Vec::new();
        self.sent.retain(|(to, outgoing)| match outgoing {
            Outgoing::Message(message) if *to == conn => {
                messages.push(message.clone());
                false
            }
            _ => true,
        });
        messages
    }
    /// Why a connection was closed.
    pub(crate) fn closed(&self, conn: ConnId) -> Option<Refusal> {
        self.sent.iter().find_map(|(to, o)| match o {
            Outgoing::Close(refusal) if *to == conn => Some(*refusal),
            _ => None,
        })
    }
    pub(crate) fn join_with(&mut self, hello: Hello) -> Peer {
        let (conn, ip) = self.open();
        self.join_on(conn, ip, hello)
    }
    /// The same machine comes again, on another connection.
    pub(crate) fn join_again(&mut self, before: &Peer, hello: Hello) -> Peer {
        let ip = before.addr.ip();
        let conn = self.open_from(ip);
        self.join_on(conn, ip, hello)
    }
    fn join_on(&mut self, conn: ConnId, ip: IpAddr, hello: Hello) -> Peer {
        let mac = hello.mac;
        self.say(conn, NodeMessage::Hello(hello));
        let welcome = self.welcome(conn).expect("a welcome");
        let addr = SocketAddr::new(ip, welcome.udp_port);
        Peer { conn, mac, id: welcome.node_id, token: welcome.token, addr }
    }
    /// A Cuelight node joins and is ready.
    pub(crate) fn join(&mut self, n: u8) -> Peer {
        let peer = self.join_with(hello(mac(n), Ext::ALL));
        self.keepalive(&peer);
        peer
    }
    /// A deployed node joins and is ready.
    pub(crate) fn join_legacy(&mut self, n: u8) -> Peer {
        let peer = self.join_with(hello(mac(n), Ext::NONE));
        self.say(peer.conn, NodeMessage::Keepalive(Keepalive { sync: None, ..ka(&peer) }));
        peer
    }
    pub(crate) fn keepalive(&mut self, peer: &Peer) {
        self.say(peer.conn, NodeMessage::Keepalive(ka(peer)));
    }
    /// One tick at its deadline: what each node gets, in sending order.
    pub(crate) fn tick(&mut self) -> Vec<Datagram> {
        self.now = self.conductor.poll_timeout();
        self.conductor.handle_timeout(self.now);
        let datagrams = self.fetch();
        self.save();
        self.collect();
        datagrams
    }
    fn fetch(&mut self) -> Vec<Datagram> {
        let mut datagrams = Vec::new();
        let mut buf = [0; MAX_PACKET];
        while let Some(transmit) = self.conductor.poll_transmit(&mut buf) {
            datagrams.push(Datagram { to: transmit.to, bytes: buf[..transmit.len].to_vec() });
        }
        datagrams
    }
    /// The commands that waited are carried out: what leaves ahead of the tick lies in `ahead`.
    pub(crate) fn send_ahead(&mut self) {
        let has_any = self.conductor.announce_ahead(self.now);
        self.ahead.clear();
        if has_any {
            self.ahead = self.fetch();
            self.collect();
        }
    }
    /// What changed goes to the disk, as text, and the conductor is told.
    fn save(&mut self) {
        let revision = self.conductor.saved_revision();
        if self.saves && revision != self.saved_revision {
            let text = serde_json::to_string(&self.conductor.saved()).unwrap();
            self.disk = serde_json::from_str(&text).unwrap();
            self.saved_revision = revision;
            self.conductor.handle_saved(revision, self.now);
        }
    }
    /// One tick of a shell that has time for so many datagrams: where they went.
    pub(crate) fn tick_with_time_for(&mut self, datagrams: usize) -> Vec<SocketAddr> {
        self.now = self.conductor.poll_timeout();
        self.conductor.handle_timeout(self.now);
        let mut sent = Vec::new();
        let mut buf = [0; MAX_PACKET];
        loop {
            if sent.len() >= datagrams {
                self.conductor.skip_copies();
            }
            let Some(transmit) = self.conductor.poll_transmit(&mut buf) else { break };
            sent.push(transmit.to);
        }
        self.collect();
        sent
    }
    /// Ticks for a span, with keepalives of `peers` every 500 ms.
    pub(crate) fn run(&mut self, span: Span, peers: &[&Peer]) {
        let end = self.now + span;
        while self.now < end {
            let tick = self.tick();
            drop(tick);
            if self.now.as_ns() / 500_000_000 != (self.now - TICK).as_ns() / 500_000_000 {
                peers.iter().for_each(|peer| self.keepalive(peer));
            }
        }
    }
    pub(crate) fn command(&mut self, command: Command) -> Answer {
        let answer = self.conductor.handle_command(None, command, self.now).expect("an accepted command");
        self.send_ahead();
        answer
    }
    pub(crate) fn node(&self, peer: &Peer) -> NodeSnapshot {
        self.conductor.snapshot(self.now).nodes.into_iter().find(|node| node.id == peer.id).expect("a known node")
    }
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.conductor.poll_event()).collect()
    }
}

pub(crate) fn ka(peer: &Peer) -> Keepalive {
    Keepalive {
        node_id: peer.id,
        token: peer.token.clone(),
        rssi: -50,
        loss_pct: 0.0,
        drift_us: 0,
        uptime_s: 1,
        render_fps: 120.0,
        heap_free: 0,
        sync: Some(SyncReport { locked: true, sigma_ns: 900, bound_ns: 40_000, ..SyncReport::default() }),
        cues: None,
    }
}

pub(crate) fn hint(show: Time<Show>, bound_us: i64, rev: u32) -> Option<ShowHint> {
    Some(ShowHint { now_us: show.as_us(), bound_us, rev })
}

/// The datagrams of one node.
pub(crate) fn of<'a>(datagrams: &'a [Datagram], peer: &Peer) -> Vec<&'a Datagram> {
    datagrams.iter().filter(|datagram| datagram.to == peer.addr).collect()
}
