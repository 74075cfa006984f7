//! Nodes that take offers as told, over their control connections.

use cuelight_conductor::rollout::{Image, Order, Phase, RolloutSnapshot, Word};
use cuelight_conductor::{Answer, Command, CommandError, Config, ConnId, Outgoing};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{
    Hello, HubMessage, Keepalive, NodeMessage, OtaState, OtaStatus, OtaStop, OtaUpdate, Text,
};
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Span, Time};

use crate::world::{Peer, World, hello, ka};

pub(crate) const OLD: &str = "0.1.0";
pub(crate) const NEW: &str = "0.2.0";
pub(crate) const PLATFORM: &str = "cuelight-node-x86_64-linux";
pub(crate) const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// How a node takes an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// It fetches for 8 s, is away for 4 s, and is back on the new version.
    Good,
    /// It fetches for an hour.
    Patient,
    /// It says that the hash is wrong.
    Reports,
    /// It is back on the old version and says why.
    FallsBack,
    /// It is never seen again.
    NeverBack,
    /// It does not answer.
    Deaf,
    /// It is back and draws 60 frames a second.
    Slow,
}

pub(crate) struct Node {
    pub(crate) mac: Mac,
    pub(crate) version: &'static str,
    pub(crate) conduct: Conduct,
    pub(crate) ext: Ext,
    pub(crate) can_update: bool,
    pub(crate) peer: Option<Peer>,
    pub(crate) offers: Vec<OtaUpdate>,
    /// How often it was told to leave an update off.
    pub(crate) stops: u32,
    /// So many of these messages are lost with their connection.
    pub(crate) loses_stops: u32,
    /// How often it began an update.
    pub(crate) updates: u32,
    /// When its process started.
    started_at: Time<Local>,
    at_it_since: Option<Time<Local>>,
    back_at: Option<Time<Local>>,
}

pub(crate) struct Fleet {
    pub(crate) world: World,
    pub(crate) nodes: Vec<Node>,
    pub(crate) most_at_once: usize,
}

pub(crate) fn mac(n: usize) -> Mac {
    Mac([2, 0, 0, 0, 0, n as u8])
}

pub(crate) fn order(version: &str) -> Order {
    let image = |platform: &str, path: &str| Image {
        platform: platform.into(),
        path: path.into(),
        sha256: SHA256.into(),
        size: 4_000_000,
    };
    Order {
        version: version.into(),
        images: vec![
            image(PLATFORM, &format!("/ota/{PLATFORM}/{version}.bin")),
            image("k1", &format!("/ota/k1/s3/{version}.bin")),
        ],
        nodes: None,
        canary: None,
        limit: Span::from_s(180),
        settle: Span::from_s(5),
        confirm_canary: false,
        in_spite_of: None,
    }
}

impl Fleet {
    /// So many Cuelight nodes, numbered from 0, all READY.
    pub(crate) fn new(count: usize) -> Self {
        let world = World::with(Config { boot_id: 7, ..Config::default() });
        let mut fleet = Self { world, nodes: Vec::new(), most_at_once: 0 };
        for n in 0..count {
            fleet.add(mac(n), Ext::ALL);
        }
        fleet.run(Span::from_s(1));
        fleet
    }
    pub(crate) fn add(&mut self, mac: Mac, ext: Ext) {
        let node = Node {
            mac,
            version: OLD,
            conduct: Conduct::Good,
            ext,
            can_update: true,
            peer: None,
            offers: Vec::new(),
            stops: 0,
            loses_stops: 0,
            updates: 0,
            // It has run for a while before the test looks at it.
            started_at: self.world.now - Span::from_s(600),
            at_it_since: None,
            back_at: None,
        };
        self.nodes.push(node);
        self.join(self.nodes.len() - 1);
    }
    pub(crate) fn command(&mut self, command: Command) -> Result<Answer, CommandError> {
        self.world.conductor.handle_command(None, command, self.world.now)
    }
    pub(crate) fn begin(&mut self, order: Order) -> Result<Answer, CommandError> {
        self.command(Command::BeginRollout(Box::new(order)))
    }
    pub(crate) fn arm(&mut self, show: Option<&str>) {
        let show = show.map(|show| Text::try_from(show).unwrap());
        self.command(Command::Arm { show }).unwrap();
    }
    pub(crate) fn word(&mut self, word: Word) -> Result<Answer, CommandError> {
        self.command(Command::Rollout(word))
    }
    pub(crate) fn rollout(&self) -> RolloutSnapshot {
        self.world.conductor.snapshot(self.world.now).rollout.expect("a rollout")
    }
    pub(crate) fn on(&self, version: &str) -> usize {
        self.nodes.iter().filter(|node| node.version == version).count()
    }
    /// The hub loses power; another one starts, on another clock, with what is on the disk.
    pub(crate) fn restart_hub(&mut self) {
        let (disk, show) = (self.world.disk.clone(), self.world.show());
        let now = self.world.now + Span::from_s(77);
        let passed = now - self.world.now;
        self.world = World::restarted(Config { boot_id: 8, ..Config::default() }, disk, now, Some(show));
        for n in 0..self.nodes.len() {
            let node = &mut self.nodes[n];
            node.started_at += passed;
            node.at_it_since = node.at_it_since.map(|at| at + passed);
            node.back_at = node.back_at.map(|at| at + passed);
            // Its session is gone; it is back when it is not away for reasons of its own.
            if node.peer.take().is_some() {
                node.back_at = Some(now + Span::from_ms(300));
            }
        }
    }

    pub(crate) fn run(&mut self, span: Span) {
        let end = self.world.now + span;
        while self.world.now < end {
            self.world.tick();
            let now = self.world.now;
            while let Some((conn, outgoing)) = self.world.sent.pop_front() {
                if let Outgoing::Message(HubMessage::OtaStop(stop)) = &outgoing {
                    self.stop(conn, stop);
                }
                let Outgoing::Message(HubMessage::OtaUpdate(update)) = outgoing else { continue };
                let node = self.nodes.iter_mut().find(|node| node.peer.as_ref().is_some_and(|peer| peer.conn == conn));
                let node = node.expect("an offer to a node that is there");
                assert_eq!(update.token, node.peer.as_ref().unwrap().token);
                node.offers.push(update);
                if node.conduct != Conduct::Deaf && node.at_it_since.is_none() && node.version != NEW {
                    node.at_it_since = Some(now);
                    node.updates += 1;
                }
            }
            for n in 0..self.nodes.len() {
                self.live(n, now);
            }
            let on_the_way = |phase: &Phase| matches!(phase, Phase::Offered | Phase::Working(..) | Phase::Proving);
            if now.as_ns() / 1_000_000 % 500 < 10
                && let Some(rollout) = self.world.conductor.snapshot(now).rollout
            {
                let count = rollout.steps.iter().filter(|step| on_the_way(&step.phase)).count();
                self.most_at_once = self.most_at_once.max(count);
            }
        }
    }
    fn stop(&mut self, conn: ConnId, stop: &OtaStop) {
        let n = self.nodes.iter().position(|node| node.peer.as_ref().is_some_and(|peer| peer.conn == conn));
        let n = n.expect("a word to a node that is there");
        let node = &mut self.nodes[n];
        assert!(node.ext.has(Ext::OTA_STOP), "it knows no such word");
        assert_eq!((&stop.token, stop.sha256.as_str()), (&node.peer.as_ref().unwrap().token, SHA256));
        node.stops += 1;
        if node.loses_stops >= node.stops {
            return;
        }
        node.at_it_since = None;
        self.say(n, OtaState::Failed, 0, Some("left off"), None);
    }
    fn live(&mut self, n: usize, now: Time<Local>) {
        let node = &mut self.nodes[n];
        if node.back_at.is_some_and(|at| at <= now) {
            node.back_at = None;
            self.join(n);
            return;
        }
        if node.peer.is_none() {
            return;
        }
        let at_it = node.at_it_since.map(|since| now - since);
        let ms = now.as_ns() / 1_000_000;
        if let Some(at_it) = at_it.filter(|_| ms % 250 < 10) {
            match node.conduct {
                Conduct::Reports => {
                    node.at_it_since = None;
                    return self.say(n, OtaState::Failed, 0, Some("wrong hash"), None);
                }
                Conduct::Patient => self.say(n, OtaState::Downloading, 1, None, None),
                _ if at_it < Span::from_s(7) => {
                    self.say(n, OtaState::Downloading, (at_it.as_ms() / 70) as u8, None, None)
                }
                _ => self.say(n, OtaState::Rebooting, 100, None, None),
            }
        }
        let fetching = if self.nodes[n].conduct == Conduct::Patient { Span::from_s(3_600) } else { Span::from_s(8) };
        if at_it.is_some_and(|at_it| at_it >= fetching) {
            return self.restart(n, now);
        }
        if ms % 500 < 10 {
            let node = &self.nodes[n];
            let (peer, node_started_at) = (node.peer.clone().unwrap(), node.started_at);
            let render_fps = if node.conduct == Conduct::Slow && node.version == NEW { 60.0 } else { 120.0 };
            self.keepalive(&peer, render_fps, now - node_started_at);
        }
    }
    fn keepalive(&mut self, peer: &Peer, render_fps: f32, uptime: Span) {
        let uptime_s = uptime.as_ms().unsigned_abs() / 1000;
        self.world.say(peer.conn, NodeMessage::Keepalive(Keepalive { render_fps, uptime_s, ..ka(peer) }));
    }
    /// Into the new image, or out of it again.
    fn restart(&mut self, n: usize, now: Time<Local>) {
        let node = &mut self.nodes[n];
        let peer = node.peer.take().unwrap();
        node.at_it_since = None;
        node.started_at = now + Span::from_s(3);
        node.back_at = (node.conduct != Conduct::NeverBack).then(|| now + Span::from_s(4));
        if matches!(node.conduct, Conduct::Good | Conduct::Slow) {
            node.version = NEW;
        }
        self.world.conductor.handle_closed(peer.conn, now);
    }
    pub(crate) fn join(&mut self, n: usize) {
        let node = &self.nodes[n];
        let is_legacy = node.ext.is_none();
        let fw = if is_legacy { format!("k1-v{}", node.version) } else { format!("cuelight-{}", node.version) };
        let base = hello(node.mac, node.ext);
        let peer = self.world.join_with(Hello {
            fw: fw.as_str().try_into().unwrap(),
            hardware: (!is_legacy).then(|| "x86_64-linux".try_into().unwrap()),
            caps: cuelight_wire::control::Caps { ota: node.can_update, ..base.caps },
            ..base
        });
        let uptime = self.world.now - self.nodes[n].started_at;
        self.keepalive(&peer, 120.0, uptime);
        self.nodes[n].peer = Some(peer);
        if self.nodes[n].conduct == Conduct::FallsBack && self.nodes[n].updates > 0 {
            self.say(n, OtaState::Failed, 0, Some("0.2.0 ended 3 times"), Some("cannot open output"));
        }
    }
    fn say(&mut self, n: usize, state: OtaState, pct: u8, error: Option<&str>, log: Option<&str>) {
        let peer = self.nodes[n].peer.clone().unwrap();
        let status = OtaStatus {
            node_id: peer.id,
            token: peer.token,
            state,
            pct,
            error: error.map(|text| text.try_into().unwrap()),
            log: log.map(|text| text.try_into().unwrap()),
        };
        self.world.say(peer.conn, NodeMessage::OtaStatus(status));
    }
}
