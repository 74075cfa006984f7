//! A node's answers to polls of Art-Net. Implements DMX-41 and DMX-42.

use core::fmt::Write;

use cuelight_wire::time::{Local, Span, Time};
use heapless::Vec;

use super::random::Random;
use crate::artnet::{GoodOutput, Poll, PollFlags, PollReply, PortAddress, PortType};
use crate::text::Text;

/// Controllers that are answered. One more takes the place of the one that polled longest ago.
pub const MAX_CONTROLLERS: usize = 4;
/// Art-Net 4: answers are spread over this long, so that those of many nodes do not come at once.
const SPREAD: Span = Span::from_s(1);
/// Art-Net 4, ArtPollReply, GoodInput, bit 7: data comes in.
const GOOD_INPUT_DATA: u8 = 0x80;
/// A controller polls every 2.5 to 3 s: after three polls that did not come it is gone.
const FORGOTTEN_AFTER: Span = Span::from_s(10);

/// One universe of a node, as its replies tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The universe.
    pub port_address: PortAddress,
    /// What the node does with it.
    pub way: PortWay,
}

/// What a node does with a universe. Controllers send levels to those that take them, and to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortWay {
    /// It takes levels from the network and puts them out: an output, in this state.
    Takes(GoodOutput),
    /// It sends levels to the network: an input.
    Sends,
}

#[derive(Clone, Copy, Debug)]
struct Asker {
    ip: [u8; 4],
    wants_changes: bool,
    heard_at: Time<Local>,
    /// When the answer is due, and which reply of it is next.
    answer: Option<(Time<Local>, usize)>,
}

/// Answers polls: one reply for each universe, with bind indexes from 1 on; a node without any answers with one that has
/// none.
#[derive(Clone, Debug)]
pub struct Responder {
    /// What all replies have in common.
    node: PollReply,
    askers: Vec<Asker, MAX_CONTROLLERS>,
    random: Random,
    /// Counts replies; people see it in the report.
    replies: u16,
}

impl Responder {
    /// A node as `node` says; universes, bind index and report are filled in. `seed` spreads the answers of different nodes.
    pub const fn new(node: PollReply, seed: u64) -> Self {
        Self { node, askers: Vec::new(), random: Random(seed), replies: 0 }
    }
    /// The node has other names, or another address.
    pub fn set_node(&mut self, node: PollReply, now: Time<Local>) {
        self.node = node;
        self.handle_change(now);
    }

    /// A poll from the IPv4 address `from`, to a node with these universes.
    pub fn handle_poll(&mut self, poll: &Poll, from: [u8; 4], ports: &[Port], now: Time<Local>) {
        if poll.targets.is_some() && !ports.iter().any(|port| poll.asks_for(port.port_address)) {
            return;
        }
        self.askers.retain(|asker| asker.ip != from && now - asker.heard_at < FORGOTTEN_AFTER);
        if self.askers.is_full()
            && let Some((oldest, _)) = self.askers.iter().enumerate().min_by_key(|(_, asker)| asker.heard_at)
        {
            self.askers.swap_remove(oldest);
        }
        let delay = Span::from_ns(self.random.up_to(SPREAD.as_ns().unsigned_abs()) as i64);
        let wants_changes = poll.flags.has(PollFlags::REPLY_ON_CHANGE);
        let asker = Asker { ip: from, wants_changes, heard_at: now, answer: Some((now + delay, 0)) };
        let pushed = self.askers.push(asker);
        debug_assert!(pushed.is_ok(), "there is room now");
    }

    /// Something of the node has changed: those that asked for it are told at once (DMX-42).
    pub fn handle_change(&mut self, now: Time<Local>) {
        let current = self.askers.iter_mut().filter(|asker| now - asker.heard_at < FORGOTTEN_AFTER);
        current.filter(|asker| asker.wants_changes).for_each(|asker| asker.answer = Some((now, 0)));
    }

    /// The next reply that is due, written to the front of `buf`: to whom, and its length. Call again until there is none.
    pub fn poll_transmit(
        &mut self,
        ports: &[Port],
        buf: &mut [u8; PollReply::LEN],
        now: Time<Local>,
    ) -> Option<([u8; 4], usize)> {
        let asker = self.askers.iter_mut().find(|asker| asker.answer.is_some_and(|(due_at, _)| now >= due_at))?;
        let (due_at, i) = asker.answer?;
        asker.answer = (i + 1 < ports.len()).then_some((due_at, i + 1));
        let to = asker.ip;
        self.replies = (self.replies + 1) % 10_000;
        let mut reply = PollReply { bind_index: (i + 1).min(255) as u8, report: self.report(), ..self.node };
        if let Some(port) = ports.get(i) {
            (reply.net, reply.sub_net) = (port.port_address.net(), port.port_address.sub_net());
            reply.ports = 1;
            let universe = port.port_address.universe();
            match port.way {
                PortWay::Takes(state) => {
                    reply.port_types[0] = PortType::DMX_OUTPUT;
                    (reply.outputs[0], reply.good_output[0]) = (universe, state);
                }
                PortWay::Sends => {
                    reply.port_types[0] = PortType::DMX_INPUT;
                    (reply.inputs[0], reply.good_input[0]) = (universe, GOOD_INPUT_DATA);
                }
            }
        }
        let len = reply.encode(buf).expect("the buffer is exactly as long");
        Some((to, len))
    }

    /// When the next reply is due.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        self.askers.iter().filter_map(|asker| Some(asker.answer?.0)).min()
    }

    /// `#0001 [0042] running`: all is well, how many replies there were.
    fn report(&self) -> Text<64> {
        let mut report = heapless::String::<64>::new();
        write!(report, "#0001 [{:04}] running", self.replies).expect("22 characters fit");
        Text::new(&report)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec as Many;

    use super::*;
    use crate::artnet::{Packet, Targets};

    fn at(ms: i64) -> Time<Local> {
        Time::ZERO + Span::from_ms(ms)
    }
    fn port(number: u16) -> Port {
        Port { port_address: PortAddress::new(number).unwrap(), way: PortWay::Takes(GoodOutput::DATA) }
    }
    const ANYBODY: Poll = Poll { flags: PollFlags::NONE, diagnostics_from: 0, targets: None, esta: 0, oem: 0 };
    const CONTROLLER: [u8; 4] = [10, 0, 0, 1];

    fn node(seed: u64) -> Responder {
        Responder::new(PollReply { ip: [10, 0, 0, 7], port_name: Text::new("door"), ..PollReply::default() }, seed)
    }
    /// Everything that is due: to whom, bind index, universe.
    fn replies(node: &mut Responder, ports: &[Port], now: Time<Local>) -> Many<([u8; 4], u8, Option<u16>)> {
        let mut buf = [0; PollReply::LEN];
        core::iter::from_fn(|| {
            let (to, len) = node.poll_transmit(ports, &mut buf, now)?;
            let Ok(Packet::PollReply(reply)) = Packet::decode(&buf[..len]) else { panic!("it is a reply") };
            assert_eq!((reply.ip, reply.port_name.as_str()), ([10, 0, 0, 7], "door"));
            let address = reply.output_addresses().next().map(PortAddress::number);
            Some((to, reply.bind_index, address))
        })
        .collect()
    }

    /// DMX-41
    #[test]
    fn a_poll_is_answered_within_a_second_with_one_reply_for_each_output() {
        let ports = [port(0x123), port(0x7FFF)];
        let delays: Many<i64> = (0..200)
            .map(|seed| {
                let mut node = node(seed);
                node.handle_poll(&ANYBODY, CONTROLLER, &ports, at(0));
                let due_at = node.poll_timeout().unwrap();
                assert_eq!(replies(&mut node, &ports, due_at - Span::from_ns(1)), []);
                let expected = [(CONTROLLER, 1, Some(0x123)), (CONTROLLER, 2, Some(0x7FFF))];
                assert_eq!(replies(&mut node, &ports, due_at), expected);
                assert_eq!((replies(&mut node, &ports, at(5000)), node.poll_timeout()), (Many::new(), None));
                (due_at - at(0)).as_ms()
            })
            .collect();
        assert!(delays.iter().all(|ms| (0..=1000).contains(ms)));
        // Spread, not bunched: each tenth of the second has some of 200.
        assert!((0..10).all(|tenth| delays.iter().any(|ms| ms / 100 == tenth)), "{delays:?}");
    }

    /// DMX-41
    #[test]
    fn a_node_without_outputs_answers_too_and_targeted_polls_only_concern_those_they_target() {
        let mut node = node(1);
        node.handle_poll(&ANYBODY, CONTROLLER, &[], at(0));
        assert_eq!(replies(&mut node, &[], at(1000)), [(CONTROLLER, 1, None)]);
        let address = |number| PortAddress::new(number).unwrap();
        let poll = Poll { targets: Some(Targets { bottom: address(0x100), top: address(0x1FF) }), ..ANYBODY };
        node.handle_poll(&poll, CONTROLLER, &[port(0x200)], at(1000));
        assert_eq!(replies(&mut node, &[port(0x200)], at(2000)), []);
        node.handle_poll(&poll, CONTROLLER, &[port(0x200), port(0x180)], at(2000));
        assert_eq!(replies(&mut node, &[port(0x200), port(0x180)], at(3000)).len(), 2);
    }

    /// DMX-41
    #[test]
    fn a_universe_that_a_node_sends_is_told_as_an_input_which_nobody_sends_levels_to() {
        let mut node = node(1);
        let sends = Port { way: PortWay::Sends, ..port(0x123) };
        node.handle_poll(&ANYBODY, CONTROLLER, &[sends], at(0));
        let mut buf = [0; PollReply::LEN];
        let (_, len) = node.poll_transmit(&[sends], &mut buf, at(1000)).unwrap();
        let Ok(Packet::PollReply(reply)) = Packet::decode(&buf[..len]) else { panic!("it is a reply") };
        assert_eq!(reply.output_addresses().count(), 0);
        assert_eq!((reply.port_types[0], reply.good_input[0]), (PortType::DMX_INPUT, 0x80));
        assert_eq!((reply.net, reply.sub_net, reply.inputs[0]), (1, 2, 3));
    }

    /// DMX-42
    #[test]
    fn changes_are_told_to_those_who_asked_until_they_poll_no_more() {
        let mut node = node(1);
        let changes = Poll { flags: PollFlags::REPLY_ON_CHANGE, ..ANYBODY };
        node.handle_poll(&ANYBODY, [10, 0, 0, 1], &[], at(0));
        node.handle_poll(&changes, [10, 0, 0, 2], &[], at(0));
        replies(&mut node, &[], at(1000));
        node.handle_change(at(2000));
        assert_eq!(replies(&mut node, &[], at(2000)), [([10, 0, 0, 2], 1, None)]);
        node.handle_change(at(10_000));
        assert_eq!(replies(&mut node, &[], at(10_000)), []);
    }

    #[test]
    fn a_controller_too_many_takes_the_place_of_the_oldest() {
        let mut node = node(1);
        for host in 1..=5 {
            node.handle_poll(&ANYBODY, [10, 0, 0, host], &[], at(i64::from(host)));
        }
        let mut to: Many<u8> = replies(&mut node, &[], at(2000)).iter().map(|(to, ..)| to[3]).collect();
        to.sort();
        assert_eq!(to, [2, 3, 4, 5]);
    }
}
