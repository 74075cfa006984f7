//! A show with many nodes: the conductor that ships, with nodes that joined and send their keepalives.

use std::net::SocketAddr;

use cuelight_conductor::{Command, Conductor, Config, ConnId, NodeRef, Outgoing, Saved, Scope, Snapshot};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Hello, HubMessage, Keepalive, NodeMessage, Text, Topo};
use cuelight_wire::ids::{EffectId, Mac, NodeId, Token};
use cuelight_wire::limits::{APPLY_AHEAD, UDP_TICK_HZ};
use cuelight_wire::scene::{BlendMode, Scene, Zone};
use cuelight_wire::stream::MAX_PACKET;
use cuelight_wire::time::{Local, Span, Time};

/// What is different from row to row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) nodes: usize,
    /// The first so many are deployed nodes; their numbers have one byte.
    pub(crate) deployed: usize,
    pub(crate) change: Change,
}

/// What operators do while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// A cross-fade for the whole show in every second tick, so that something is announced in every tick.
    Always,
    /// Each node shows its own scene with four zones, as different and as long as it can be.
    OwnScenes,
}

/// A datagram of a tick.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// The conductor and its nodes.
pub(crate) struct Show {
    pub(crate) conductor: Conductor,
    row: Row,
    nodes: Vec<(ConnId, NodeId, Token)>,
    keepalive_from: usize,
    ticks: u64,
}

impl Show {
    /// All nodes have joined and are ready.
    pub(crate) fn new(row: Row, addresses: &[SocketAddr], now: Time<Local>) -> Self {
        let conductor = Conductor::new(Config::default(), Saved::default(), now, None);
        let mut show = Self { conductor, row, nodes: Vec::new(), keepalive_from: 0, ticks: 0 };
        for (index, address) in addresses.iter().take(row.nodes).enumerate() {
            show.join(index, *address, now);
        }
        for index in 0..row.nodes {
            show.say_keepalive(index, now);
        }
        if row.change == Change::OwnScenes {
            for index in 0..row.nodes {
                show.give_own_scene(index, now);
            }
        }
        show.drain();
        show
    }
    fn join(&mut self, index: usize, address: SocketAddr, now: Time<Local>) {
        let conn = ConnId(index as u64);
        self.conductor.handle_open(conn, address.ip(), now);
        let [.., hi, lo] = index.to_be_bytes();
        let hello = Hello {
            proto: 1,
            mac: Mac([2, 0, 0, 0, hi, lo]),
            fw: Text::new(),
            caps: Caps { udp: true, ota: true, clock: true },
            topo: Topo::default(),
            udp_port: Some(address.port()),
            name: None,
            ext: if index < self.row.deployed { Ext::NONE } else { Ext::ALL },
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            show: None,
        };
        let token = Token::try_from(format!("{index:032}").as_str()).expect("32 characters");
        self.conductor.handle_message(conn, &NodeMessage::Hello(hello), token, now, now);
        while let Some((_, outgoing)) = self.conductor.poll_message() {
            if let Outgoing::Message(HubMessage::Welcome(welcome)) = outgoing {
                self.nodes.push((conn, welcome.node_id, welcome.token));
            }
        }
        assert_eq!(self.nodes.len(), index + 1, "every node is welcomed");
    }
    fn say_keepalive(&mut self, index: usize, now: Time<Local>) {
        let (conn, node_id, token) = self.nodes[index].clone();
        let keepalive = Keepalive {
            node_id,
            token,
            rssi: 0,
            loss_pct: 0.0,
            drift_us: 0,
            uptime_s: 0,
            render_fps: 120.0,
            heap_free: 0,
            sync: None,
            cues: None,
        };
        self.conductor.handle_message(conn, &NodeMessage::Keepalive(keepalive), Token::new(), now, now);
    }
    fn give_own_scene(&mut self, index: usize, now: Time<Local>) {
        let scene = scene(index, 4);
        let scope = Scope::Node(NodeRef::Id(self.nodes[index].1));
        self.conductor
            .handle_command(None, Command::SetScene { scope, scene, fade_ms: 3_600_000 }, now)
            .expect("valid");
    }
    /// What comes in between two ticks: a hundredth of the nodes' keepalives, and an operator's change if the row has any.
    pub(crate) fn take_inputs(&mut self, now: Time<Local>) {
        self.ticks += 1;
        let to = (self.keepalive_from + self.nodes.len().div_ceil(UDP_TICK_HZ as usize)).min(self.nodes.len());
        for index in self.keepalive_from..to {
            self.say_keepalive(index, now);
        }
        self.keepalive_from = if to == self.nodes.len() { 0 } else { to };
        if self.row.change == Change::Always && self.ticks.is_multiple_of(2) {
            let scene = scene(self.ticks as usize, 0);
            let command = Command::SetScene { scope: Scope::Show, scene, fade_ms: 1_000 };
            self.conductor.handle_command(None, command, now).expect("a valid command");
        }
    }
    /// Fetches the messages and log lines that came of the last tick, and returns how many messages.
    pub(crate) fn drain(&mut self) -> usize {
        while self.conductor.poll_event().is_some() {}
        std::iter::from_fn(|| self.conductor.poll_message()).count()
    }
    /// The first `count` datagrams of the tick that is due, for whoever sends them; copies beyond are left out.
    pub(crate) fn tick(&mut self, now: Time<Local>, count: usize) -> Vec<Datagram> {
        let mut buf = [0; MAX_PACKET];
        self.conductor.handle_timeout(now);
        let next = || {
            let transmit = self.conductor.poll_transmit(&mut buf)?;
            Some(Datagram { to: transmit.to, bytes: buf[..transmit.len].to_vec() })
        };
        let datagrams = std::iter::from_fn(next).take(count).collect();
        self.conductor.skip_copies();
        self.conductor.note_tick(now, now);
        datagrams
    }
    pub(crate) fn snapshot(&self, now: Time<Local>) -> Snapshot {
        self.conductor.snapshot(now)
    }
}

/// After so long every node streams, and what was announced at the start holds.
pub(crate) const WARM_UP: Span = Span::from_ms(500);
const _: () = assert!(WARM_UP.as_ms() > 2 * APPLY_AHEAD.as_ms());

fn scene(number: usize, zones: u8) -> Scene {
    let mut scene = Scene { effect: EffectId((number % 8) as u16), seed: number as u32, ..Scene::default() };
    for id in 0..zones {
        let zone = Zone {
            id,
            effect: scene.effect,
            palette: scene.palette,
            brightness: number as u8,
            speed: 20,
            blend: BlendMode::Overwrite,
            from: 50 * id,
            to: 50 * id + 49,
        };
        scene.zones.push(zone).expect("there is room for four");
    }
    scene
}
