//! The hub's shell in a crowd: what its tick thread does, at ticks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::sync::Arc;

use cuelight_conductor::{Conductor, Config, ConnId, Outgoing, Saved, ShowClock};
use cuelight_oracle::{NodeNo, What};
use cuelight_wire::control::HubMessage;
use cuelight_wire::ids::Token;
use cuelight_wire::stream::{HEADER_LEN, MAX_PACKET};
use cuelight_wire::time::{FrameIndex, Span};

use super::facts::Facts;
use super::lane::Lanes;
use super::notes::{Note, Notebook};
use super::site::{HubView, Mail, Said, Site, ToHub, ToSite};
use super::{Crowd, STARTS_WITHIN_NS};
use crate::oscillator::Oscillator;
use crate::rng::Rng;
use crate::scenario::change;
use crate::world::{self, Clock, Setup};

/// Nobody is asked to show a change in the last second.
const LAST_CHANGE_NS: i64 = 1_000_000_000;

/// Frames are rendered 2 ms ahead, by clocks that are some milliseconds wrong at worst.
const LOOK_AHEAD: Span = Span::from_ms(25);

/// The hub.
#[derive(Debug)]
pub(super) struct Hub {
    conductor: Conductor,
    clock: Clock,
    rng: Rng,
    /// What was said to it, by arrival; bounded by what nodes say between two ticks.
    inbox: BinaryHeap<Reverse<Waiting>>,
    /// The payload of the last datagram: most repeat it.
    payload: Arc<[u8]>,
    payloads: u32,
    now_ns: i64,
    lasts_ns: i64,
    scenes: u16,
    orders: u64,
    /// Changes that nodes are to show, each on each node.
    expected: u64,
    /// For each node the connection of its session.
    sessions: Vec<Option<ConnId>>,
    notebook: Notebook,
    notes: Vec<Note>,
}

/// In the order of arrival; at one instant by node, then as said.
#[derive(Debug)]
struct Waiting(Said);

impl Waiting {
    const fn key(&self) -> (i64, usize, u64) {
        (self.0.arrives_at, self.0.site, self.0.serial)
    }
}
impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// A hub that has just started, and its nodes.
pub(super) fn populate(crowd: &Crowd) -> (Hub, Vec<Site>) {
    let setup = Setup::new(crowd.nodes, crowd.path, crowd.seed);
    let mut rng = Rng::derived(crowd.seed, 0xc40d);
    let mut clock = Clock::new(Oscillator::new(setup.hub_clock, rng.bits()));
    let own = Config::default();
    // Room for every node to reconnect before its old connection is noticed to be dead.
    let config = Config {
        max_nodes: own.max_nodes.max(crowd.nodes),
        max_connections: own.max_connections.max(2 * crowd.nodes),
        ..setup.hub
    };
    let conductor = Conductor::new(config, Saved::default(), clock.read(0), None);
    let sites = setup.nodes.into_iter().enumerate().map(|(n, node)| {
        let starts_at = rng.between(0.0, STARTS_WITHIN_NS as f64) as i64;
        Site::new(n, node, starts_at, &mut rng)
    });
    let sites = sites.collect();
    let mut hub = Hub {
        conductor,
        clock,
        rng,
        inbox: BinaryHeap::new(),
        payload: Arc::new([]),
        payloads: 0,
        now_ns: 0,
        lasts_ns: crowd.lasts.as_ns(),
        scenes: 0,
        orders: 0,
        expected: 0,
        sessions: vec![None; crowd.nodes],
        notebook: Notebook::of_hub(),
        notes: Vec::new(),
    };
    hub.note(What::HubStarted);
    (hub, sites)
}

impl Hub {
    /// The true time of its next tick.
    pub(super) fn next_tick(&mut self) -> i64 {
        self.clock.true_at(self.conductor.poll_timeout(), self.now_ns)
    }
    pub(super) fn show_clock(&self) -> ShowClock {
        self.conductor.show_clock()
    }
    /// Its clock, for those who cannot ask.
    pub(super) fn view(&self) -> HubView {
        HubView { clock: self.clock.clone(), show: None }
    }
    /// An operator changes the scene.
    pub(super) fn change(&mut self, at_ns: i64) {
        if at_ns > self.lasts_ns - LAST_CHANGE_NS {
            return;
        }
        self.now_ns = at_ns;
        let now = self.clock.read(at_ns);
        let command = change(self.scenes, cuelight_conductor::Scope::Show);
        let answer = self.conductor.handle_command(None, command, now).expect("a change of scene is accepted");
        self.scenes = self.scenes.wrapping_add(1);
        self.orders += 1;
        self.expected += answer.nodes as u64;
        self.note(What::Ordered(answer.rev, answer.apply_at));
    }
    fn note(&mut self, what: What) {
        let show = self.conductor.show_clock().show_at(self.clock.read(self.now_ns));
        self.notes.push(self.notebook.write(self.now_ns, show, what));
    }
    /// What the judge is to hear of it.
    pub(super) fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }
    /// The hub's end of a connection is closed.
    fn end(&mut self, conn: ConnId) {
        let site = owner(conn);
        if self.sessions[site].take_if(|session| *session == conn).is_some() {
            self.note(What::Closed(NodeNo(site)));
        }
    }
    /// What nodes said.
    pub(super) fn take(&mut self, said: Vec<Said>) {
        self.inbox.extend(said.into_iter().map(|said| Reverse(Waiting(said))));
    }
    /// A tick: what has come, then what goes out.
    pub(super) fn tick(&mut self, at_ns: i64, lanes: &mut Lanes<'_>) {
        self.now_ns = at_ns;
        let now = self.clock.read(at_ns);
        while self.inbox.peek().is_some_and(|Reverse(waiting)| waiting.0.arrives_at <= at_ns) {
            let Some(Reverse(Waiting(said))) = self.inbox.pop() else { break };
            let conn = said.conn;
            match said.what {
                ToHub::Open => {
                    self.conductor.handle_open(conn, address(said.site), now);
                    lanes.tell(said.site, at_ns, conn, ToSite::Opened);
                }
                ToHub::Message(message) => {
                    let (token, arrived_at) = (self.fresh_token(), self.clock.read(said.arrives_at));
                    self.conductor.handle_message(conn, &message, token, arrived_at, now);
                }
                ToHub::Close => {
                    self.conductor.handle_closed(conn, now);
                    self.end(conn);
                }
                ToHub::Mention(token) => self.conductor.handle_exchange(token, now),
            }
        }
        self.conductor.handle_timeout(now);
        let mut packet = [0; MAX_PACKET];
        while let Some(transmit) = self.conductor.poll_transmit(&mut packet) {
            let (header, payload) = packet[..transmit.len].split_at(HEADER_LEN);
            if *self.payload != *payload {
                self.payload = payload.into();
                self.payloads += 1;
                lanes.add_payload(&self.payload);
            }
            let (header, len) = (header.try_into().expect("a header's length"), payload.len() as u32);
            let mail = Mail { at_ns, header, payload: self.payloads - 1, len };
            lanes.send(site_of(transmit.to.ip()), mail);
        }
        self.conductor.note_tick(now, now);
        while let Some((conn, outgoing)) = self.conductor.poll_message() {
            let what = match outgoing {
                Outgoing::Message(message) => {
                    if matches!(message, HubMessage::Welcome(_)) {
                        self.sessions[owner(conn)] = Some(conn);
                    }
                    ToSite::Message(Box::new(message))
                }
                Outgoing::Close(_) => {
                    self.end(conn);
                    ToSite::Close
                }
            };
            lanes.tell(owner(conn), at_ns, conn, what);
        }
        while self.conductor.poll_event().is_some() {}
    }
    /// A token as real hubs make them: 160 bits in hex.
    fn fresh_token(&mut self) -> Token {
        let words = [self.rng.bits(), self.rng.bits(), self.rng.bits() >> 32];
        let text = format!("{:016x}{:016x}{:08x}", words[0], words[1], words[2]);
        Token::try_from(text.as_str()).expect("40 characters fit")
    }
    /// What it knows at the end.
    pub(super) fn facts(&mut self, crowd: &Crowd) -> Facts {
        let now = self.clock.read(self.now_ns);
        let totals = self.conductor.snapshot(now).totals;
        Facts {
            nodes: crowd.nodes,
            lasts_ns: crowd.lasts.as_ns(),
            ready: totals.ready,
            degraded: totals.degraded,
            datagrams: totals.packets,
            orders: self.orders,
            expected: self.expected,
            ..Facts::default()
        }
    }
    /// The frame to look at, soon after a true time: far enough ahead that every node can still render it.
    pub(super) fn frame_soon(&mut self, at_ns: i64) -> FrameIndex {
        let show = self.conductor.show_clock().show_at(self.clock.read(at_ns));
        FrameIndex::first_at_or_after(show + LOOK_AHEAD)
    }
}

fn address(site: usize) -> IpAddr {
    world::Site(site).ip()
}
fn site_of(ip: IpAddr) -> usize {
    world::Site::of(ip).expect("the conductor sends where a node is").0
}
/// The node whose connection it is, as [`Site`] numbers them.
const fn owner(conn: ConnId) -> usize {
    (conn.0 >> 24) as usize
}
