//! A controller's view of the nodes of Art-Net: it polls, and knows who takes which universe. Implements DMX-43 and DMX-44.

use cuelight_wire::time::{Local, Span, Time};
use heapless::{Deque, Vec};

use crate::artnet::{Poll, PollFlags, PollReply, PortAddress};
use crate::text::Text;

/// Art-Net 4: every 2.5 to 3 s.
const PERIOD: Span = Span::from_ms(2750);
/// Art-Net 4: a node that has not answered for this long is gone.
const PATIENCE: Span = Span::from_s(3);
/// Events that wait at most; then the oldest is dropped.
const MAX_EVENTS: usize = 16;

/// A node, or one bound part of it, as it said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where its data goes.
    pub ip: [u8; 4],
    /// Which part of the device.
    pub bind_index: u8,
    /// What it calls itself.
    pub name: Text<18>,
    /// The universes its outputs take.
    pub outputs: Vec<PortAddress, 4>,
    /// When the first poll was sent that it has not answered yet.
    asked_at: Option<Time<Local>>,
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeEvent {
    /// A node is there, or takes other universes than before.
    Found {
        /// Its address.
        ip: [u8; 4],
        /// Its part.
        bind_index: u8,
    },
    /// It does not answer any more.
    Lost {
        /// Its address.
        ip: [u8; 4],
        /// Its part.
        bind_index: u8,
    },
}

/// Polls, and keeps the nodes that answer: `NODES` at most, bound parts counted each. One more is passed over and counted.
#[derive(Clone, Debug)]
pub struct Controller<const NODES: usize> {
    nodes: Vec<Node, NODES>,
    poll_at: Time<Local>,
    events: Deque<NodeEvent, MAX_EVENTS>,
    refused: u64,
}

impl<const NODES: usize> Controller<NODES> {
    /// The first poll is due at once.
    pub const fn new(now: Time<Local>) -> Self {
        Self { nodes: Vec::new(), poll_at: now, events: Deque::new(), refused: 0 }
    }
    /// The nodes that are there.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    /// Where the levels of a universe go (DMX-44); an address may come twice when two parts of a device take it.
    pub fn receivers_of(&self, port_address: PortAddress) -> impl Iterator<Item = [u8; 4]> + '_ {
        self.nodes.iter().filter(move |node| node.outputs.contains(&port_address)).map(|node| node.ip)
    }
    /// Replies of nodes for which there was no room.
    pub const fn refused(&self) -> u64 {
        self.refused
    }
    /// What has happened.
    pub fn poll_event(&mut self) -> Option<NodeEvent> {
        self.events.pop_front()
    }

    /// A reply to a poll.
    pub fn handle_reply(&mut self, reply: &PollReply) {
        let node = Node {
            ip: reply.ip,
            bind_index: reply.bind_index,
            name: reply.port_name,
            outputs: reply.output_addresses().collect(),
            asked_at: None,
        };
        let found = NodeEvent::Found { ip: node.ip, bind_index: node.bind_index };
        match self.nodes.iter_mut().find(|n| (n.ip, n.bind_index) == (node.ip, node.bind_index)) {
            Some(known) => {
                let is_news = known.outputs != node.outputs;
                *known = node;
                if is_news {
                    self.tell(found);
                }
            }
            None => match self.nodes.push(node) {
                Ok(()) => self.tell(found),
                Err(_) => self.refused = self.refused.saturating_add(1),
            },
        }
    }

    /// The poll, if it is due, written to the front of `buf`: its length. It goes to everybody.
    pub fn poll_transmit(&mut self, buf: &mut [u8; Poll::LEN], now: Time<Local>) -> Option<usize> {
        if now < self.poll_at {
            return None;
        }
        let next = self.poll_at + PERIOD;
        self.poll_at = if next > now { next } else { now + PERIOD };
        for node in &mut self.nodes {
            node.asked_at = Some(node.asked_at.unwrap_or(now));
        }
        let poll = Poll { flags: PollFlags::REPLY_ON_CHANGE, diagnostics_from: 0, targets: None, esta: 0, oem: 0 };
        Some(poll.encode(buf).expect("the buffer is exactly as long"))
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        let is_gone = |node: &Node| node.asked_at.is_some_and(|asked_at| now - asked_at >= PATIENCE);
        while let Some(lost) = self.nodes.iter().position(is_gone) {
            let node = self.nodes.swap_remove(lost);
            self.tell(NodeEvent::Lost { ip: node.ip, bind_index: node.bind_index });
        }
    }
    /// When [`poll_transmit`](Self::poll_transmit) or [`handle_timeout`](Self::handle_timeout) is wanted next.
    pub fn poll_timeout(&self) -> Time<Local> {
        self.nodes.iter().filter_map(|node| Some(node.asked_at? + PATIENCE)).fold(self.poll_at, Time::min)
    }

    fn tell(&mut self, event: NodeEvent) {
        if self.events.is_full() {
            self.events.pop_front();
        }
        let pushed = self.events.push_back(event);
        debug_assert!(pushed.is_ok(), "there is room now");
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec as Many;

    use super::*;
    use crate::artnet::{Packet, PortType};

    fn at(ms: i64) -> Time<Local> {
        Time::ZERO + Span::from_ms(ms)
    }
    fn reply(host: u8, bind_index: u8, universe: u8) -> PollReply {
        let mut reply = PollReply { ip: [10, 0, 0, host], bind_index, ports: 1, ..PollReply::default() };
        (reply.port_types[0], reply.outputs[0]) = (PortType::DMX_OUTPUT, universe);
        reply
    }
    fn events(controller: &mut Controller<3>) -> Many<NodeEvent> {
        core::iter::from_fn(|| controller.poll_event()).collect()
    }

    /// DMX-43
    #[test]
    fn polls_go_out_every_two_and_a_half_to_three_seconds() {
        let mut controller = Controller::<3>::new(at(0));
        let mut buf = [0; Poll::LEN];
        let mut sent = Many::new();
        for ms in 0..30_000 {
            if let Some(len) = controller.poll_transmit(&mut buf, at(ms)) {
                let Ok(Packet::Poll(poll)) = Packet::decode(&buf[..len]) else { panic!("it is a poll") };
                assert!(poll.flags.has(PollFlags::REPLY_ON_CHANGE));
                sent.push(ms);
            }
        }
        assert_eq!(sent[0], 0);
        assert!(sent.windows(2).all(|pair| (2500..=3000).contains(&(pair[1] - pair[0]))), "{sent:?}");
    }

    /// DMX-43
    #[test]
    fn a_node_that_leaves_a_poll_unanswered_for_three_seconds_is_gone() {
        let mut controller = Controller::<3>::new(at(0));
        let mut buf = [0; Poll::LEN];
        let mut lost_at = Many::new();
        for ms in 0..20_000 {
            let asked = controller.poll_transmit(&mut buf, at(ms)).is_some();
            // One answers always, the other the first two polls.
            if asked {
                controller.handle_reply(&reply(1, 1, 5));
                if ms <= 2750 {
                    controller.handle_reply(&reply(2, 1, 5));
                }
            }
            controller.handle_timeout(at(ms));
            lost_at.extend(events(&mut controller).into_iter().filter_map(|event| match event {
                NodeEvent::Lost { ip, .. } => Some((ms, ip[3])),
                NodeEvent::Found { .. } => None,
            }));
        }
        // The third poll was sent at 5.5 s.
        assert_eq!(lost_at, [(8500, 2)]);
    }

    /// DMX-44
    #[test]
    fn levels_go_to_those_who_take_their_universe() {
        let mut controller = Controller::<3>::new(at(0));
        controller.handle_reply(&reply(1, 1, 5));
        controller.handle_reply(&reply(1, 2, 6));
        controller.handle_reply(&reply(2, 1, 5));
        let address = |number| PortAddress::new(number).unwrap();
        let receivers = |controller: &Controller<3>, number| {
            controller.receivers_of(address(number)).map(|ip| ip[3]).collect::<Many<_>>()
        };
        assert_eq!((receivers(&controller, 5), receivers(&controller, 6)), ([1, 2].to_vec(), [1].to_vec()));
        events(&mut controller);
        controller.handle_reply(&reply(2, 1, 7));
        assert_eq!((receivers(&controller, 5), receivers(&controller, 7)), ([1].to_vec(), [2].to_vec()));
        assert_eq!(events(&mut controller), [NodeEvent::Found { ip: [10, 0, 0, 2], bind_index: 1 }]);
        controller.handle_reply(&reply(3, 1, 1));
        assert_eq!((controller.nodes().len(), controller.refused()), (3, 1));
    }
}
