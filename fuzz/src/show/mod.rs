//! A whole show under an adversary: the hub's conductor and two node roles, each with a clock of its own, and a network
//! that delays, loses, repeats, reorders and damages what a script says; connections that are cut, a hub that starts
//! again from what it saved, nodes that start again, timers that are served late.

mod check;
mod hub;
mod network;
mod node;

use cuelight_conductor::{Command, ConnId};
use cuelight_net::json::{MAX_NODE_MESSAGE, read_node_message};
use cuelight_wire::control::Refusal;
use cuelight_wire::time::{Local, Span, Time};

use crate::conductor::command;
use crate::script::{START, Script};
use check::Truth;
use hub::Hub;
use network::{Network, Way};
use node::Node;

/// Nodes of the show.
const NODES: usize = 2;
/// Timers of a node that follow from each other.
const TIMERS_AT_ONCE: u32 = 16;
/// A quiet round: a tick, and what it takes to carry everything where it belongs.
const ROUND: Span = Span::from_ms(10);
/// Rounds after which a show that is left alone is well again: a node that was refused waits for up to 5 s, hellos are
/// counted over 10 s, a hub takes 10 s to notice that a connection is dead, and a clock takes a second to lock.
const RECOVERY: u32 = 40_000 / RECOVERY_ROUND.as_ms() as u32;
/// Longer than a tick, so that recovering costs less.
const RECOVERY_ROUND: Span = Span::from_ms(40);

/// Nothing that the network does makes a machine panic or hold more than it may. No node takes a packet of another
/// session, and its show time does not run back. While nobody forges anything every node holds each change at the applyAt
/// its operator was told, its clock's bound contains the truth, and a show that is left alone recovers.
pub fn run(data: &[u8]) {
    let mut script = Script::new(data);
    let flags = script.u8();
    let mut show = Show::new(flags & 1 == 0, &mut script);
    while let Some(step) = script.step() {
        show.step(step, &mut script);
    }
    if flags & 6 == 2 {
        show.recover();
    }
}

struct Show {
    /// True time, which is also what the hub's clock reads.
    now: Time<Local>,
    hub: Hub,
    nodes: [Node; NODES],
    network: Network,
    truth: Truth,
}

impl Show {
    fn new(is_honest: bool, script: &mut Script<'_>) -> Self {
        let nodes = [0, 1].map(|index| Node::new(index, script));
        Self { now: START, hub: Hub::new(), nodes, network: Network::default(), truth: Truth::new(is_honest) }
    }

    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        match step % 16 {
            // The commonest: the show goes on.
            0..=3 => {
                let (rounds, delay) = (script.u8() % 64, Span::from_us(i64::from(script.u8()) * 10));
                (0..=rounds).for_each(|_| self.quiet_round(ROUND, delay));
            }
            4 => self.now += script.pause(),
            5 => self.deliver(Way::Up, script.u8().into()),
            6 => self.deliver(Way::Down, script.u8().into()),
            7 => self.network.disturb(script, !self.truth.is_honest),
            8 => self.serve_hub(),
            9 => self.serve_node(usize::from(script.u8()) % NODES),
            10 | 11 => {
                let command = command(script);
                self.command(command);
            }
            12 => self.cut(script.u8()),
            13 => self.start_again(script.u8()),
            14 => self.clock_jumps(script),
            _ => self.forge(script),
        }
        self.check();
    }
    /// Timers are served and everything arrives, in order.
    fn quiet_round(&mut self, round: Span, delay: Span) {
        self.now += round;
        self.serve_hub();
        (0..NODES).for_each(|node| self.serve_node(node));
        // A question and its answer, a hello and its welcome, and what follows from that.
        for way in [Way::Up, Way::Down, Way::Up, Way::Down] {
            self.now += delay;
            for _ in 0..self.network.len(way) {
                self.deliver(way, 0);
            }
        }
        self.check();
    }
    fn command(&mut self, command: Command) {
        if let Ok(answer) = self.hub.conductor.handle_command(None, command, self.now) {
            self.truth.accepted(answer, &self.hub);
            self.hub.send_ahead(self.now, &mut self.network);
        }
    }
    /// A connection ends, seen by one of its ends or by both.
    fn cut(&mut self, what: u8) {
        let index = usize::from(what) % NODES;
        let Some(conn) = self.nodes[index].conn else { return };
        if what & 0x40 == 0 {
            self.hub.conductor.handle_closed(conn, self.now);
            self.hub.open.remove(&conn);
        }
        if what & 0x80 == 0 {
            self.nodes[index].conn = None;
            let now = self.nodes[index].local(self.now);
            self.nodes[index].role.handle_disconnected(now);
        }
        self.network.forget(conn);
        self.collect();
    }
    fn start_again(&mut self, what: u8) {
        match usize::from(what) % (NODES + 1) {
            NODES => {
                self.hub.start_again(what & 0x80 != 0, self.now);
                self.truth.hub_started_again();
                // The machine resets the connections of the process that is gone.
                for index in 0..NODES {
                    let Some(conn) = self.nodes[index].conn.take() else { continue };
                    self.network.forget(conn);
                    let now = self.nodes[index].local(self.now);
                    self.nodes[index].role.handle_disconnected(now);
                }
            }
            index => {
                if let Some(conn) = self.nodes[index].conn {
                    self.network.forget(conn);
                    self.hub.conductor.handle_closed(conn, self.now);
                    self.hub.open.remove(&conn);
                }
                self.nodes[index].start_again(self.now);
            }
        }
        self.collect();
    }
    /// A node's clock stood still for its process, as when its machine sleeps.
    fn clock_jumps(&mut self, script: &mut Script<'_>) {
        let (index, jump) = (usize::from(script.u8()) % NODES, script.pause());
        if !self.truth.is_honest {
            self.nodes[index].clock_offset = self.nodes[index].clock_offset + jump;
        }
    }
    /// Somebody else sends: any text to the hub on a connection of its own, any bytes to a node.
    fn forge(&mut self, script: &mut Script<'_>) {
        if self.truth.is_honest {
            return;
        }
        let conn = ConnId(u64::from(script.u8()) | 0x1000);
        match script.u8() % 4 {
            0 => self.hub.conductor.handle_open(conn, [10, 0, 0, 9].into(), self.now),
            1 => match read_node_message(script.text(), MAX_NODE_MESSAGE) {
                Ok(message) => self.hub.hear(conn, &message, self.now),
                Err(_) => self.hub.conductor.handle_refused(conn, Refusal::Malformed, self.now),
            },
            2 => self.hub.conductor.handle_closed(conn, self.now),
            _ => {
                let (index, bytes) = (usize::from(script.u8()) % NODES, script.chunk());
                let now = self.nodes[index].local(self.now);
                self.nodes[index]
                    .role
                    .handle_datagram(&bytes[..bytes.len().min(cuelight_wire::stream::MAX_PACKET)], now);
            }
        }
        self.collect();
    }

    fn serve_hub(&mut self) {
        self.hub.tick(self.now, &mut self.network);
        self.collect();
    }
    /// Timers that are due are served, a few times and not for ever.
    fn serve_node(&mut self, index: usize) {
        for _ in 0..TIMERS_AT_ONCE {
            if !self.nodes[index].serve(self.now) {
                return;
            }
            self.collect();
        }
        panic!("a timer of node {index} is due again and again at {:?}", self.now);
    }
    fn deliver(&mut self, way: Way, which: usize) {
        match way {
            Way::Up => {
                if let Some(item) = self.network.take_up(which) {
                    self.hub.receive(item, self.now, &mut self.network);
                }
            }
            Way::Down => {
                if let Some((index, item)) = self.network.take_down(which) {
                    self.nodes[index].receive(item, self.now);
                }
            }
        }
        self.collect();
    }
    /// What machines have to say goes on its way.
    fn collect(&mut self) {
        self.hub.collect(&mut self.network);
        for (index, node) in self.nodes.iter_mut().enumerate() {
            node.collect(index, self.now, &mut self.network, &mut self.truth);
        }
    }
    fn check(&mut self) {
        self.truth.check(&self.hub, &mut self.nodes, self.now);
    }
    fn recover(&mut self) {
        if self.hub.is_stopped || !self.truth.is_honest {
            return;
        }
        (0..RECOVERY).for_each(|_| self.quiet_round(RECOVERY_ROUND, Span::from_us(100)));
        self.truth.check_recovered(&self.hub, &mut self.nodes, self.now);
    }
}
