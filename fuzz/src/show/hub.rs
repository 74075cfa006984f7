//! The hub's shell: what the tick thread and the thread of the time exchange do, without their threads.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use cuelight_conductor::{Conductor, Config, ConnId, Event, Outgoing, Saved};
use cuelight_net::json::{MAX_HUB_MESSAGE, read_hub_message, write_hub_message};
use cuelight_proto::sync::SyncServer;
use cuelight_wire::control::NodeMessage;
use cuelight_wire::exchange::PONG_NS_LEN;
use cuelight_wire::ids::{Token, TokenHash};
use cuelight_wire::stream::{Header, MAX_PACKET};
use cuelight_wire::time::{Local, Time};

use super::NODES;
use super::network::{Network, ToHub, ToNode};
use crate::script::{START, drain};

/// Room for the nodes, for those they were before they were forgotten, and for strangers.
const MAX_NODES: usize = 4;
const MAX_CONNECTIONS: usize = 8;

pub(super) struct Hub {
    pub(super) conductor: Conductor,
    server: SyncServer<4>,
    /// Connections whose other end is a node, and which one.
    pub(super) open: BTreeMap<ConnId, usize>,
    pub(super) is_stopped: bool,
    /// Whether a node has been welcomed, after which show time is fixed.
    pub(super) has_welcomed: bool,
    boots: u32,
    tokens: u64,
}

fn address(index: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, index as u8 + 1).into()
}

fn config(boot_id: u32) -> Config {
    Config { boot_id, max_nodes: MAX_NODES, max_connections: MAX_CONNECTIONS, ..Config::default() }
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            conductor: Conductor::new(config(1), Saved::default(), START, None),
            server: SyncServer::new(),
            open: BTreeMap::new(),
            is_stopped: false,
            has_welcomed: false,
            boots: 1,
            tokens: 0,
        }
    }
    /// Another run, from what this one saved; with or without the map from the wall clock to show time.
    pub(super) fn start_again(&mut self, knows_show_time: bool, now: Time<Local>) {
        self.boots += 1;
        let show = self.conductor.show_clock().show_at(now);
        let saved = self.conductor.saved();
        self.conductor = Conductor::new(config(self.boots), saved, now, knows_show_time.then_some(show));
        self.server = SyncServer::new();
        self.open.clear();
        (self.is_stopped, self.has_welcomed) = (false, false);
    }
    /// A tick if one is due: what leaves is bounded, and each packet is one that a session of now understands.
    pub(super) fn tick(&mut self, now: Time<Local>, network: &mut Network) {
        let conductor = &mut self.conductor;
        if !self.is_stopped {
            drain("ticks", 2, || (conductor.poll_timeout() <= now).then(|| conductor.handle_timeout(now)), drop);
        }
        self.send(network);
        self.conductor.note_tick(now, now);
    }
    /// What a command that was just carried out has to say at once.
    pub(super) fn send_ahead(&mut self, now: Time<Local>, network: &mut Network) {
        if self.conductor.announce_ahead(now) {
            self.send(network);
        }
    }
    fn send(&mut self, network: &mut Network) {
        let conductor = &mut self.conductor;
        let sessions: Vec<TokenHash> = conductor.sessions().map(|(token, _)| token).collect();
        assert!(sessions.len() <= MAX_NODES, "{sessions:?}");
        let mut buf = [0; MAX_PACKET];
        let mut packets = 0;
        while let Some(transmit) = conductor.poll_transmit(&mut buf) {
            packets += 1;
            assert!(packets <= 3 * MAX_NODES, "more than three packets a node in one tick");
            let bytes = &buf[..transmit.len];
            assert!(sessions.iter().any(|session| Header::decode(bytes, *session).is_ok()), "a packet of no session");
            if let Some(index) = (0..NODES).find(|index| address(*index) == transmit.to.ip()) {
                network.send_down(index, ToNode::Stream(bytes.to_vec()));
            }
        }
    }
    pub(super) fn hear(&mut self, conn: ConnId, message: &NodeMessage, now: Time<Local>) {
        self.tokens += 1;
        let token = Token::try_from(format!("{:032x}", self.tokens).as_str()).expect("32 characters fit");
        self.conductor.handle_message(conn, message, token, now, now);
    }
    pub(super) fn receive(&mut self, item: ToHub, now: Time<Local>, network: &mut Network) {
        match item {
            ToHub::Open(conn, index) => {
                self.open.insert(conn, index);
                self.conductor.handle_open(conn, address(index), now);
                network.send_down(index, ToNode::Opened(conn));
            }
            ToHub::Message(conn, message) => match self.open.get(&conn) {
                Some(_) => self.hear(conn, &message, now),
                None => self.conductor.handle_closed(conn, now),
            },
            ToHub::Close(conn) => {
                self.open.remove(&conn);
                self.conductor.handle_closed(conn, now);
            }
            ToHub::Ping(index, bytes) => {
                let show = self.conductor.show_clock().show_at(now);
                let is_known = |token| self.conductor.sessions().any(|(session, _)| session == token);
                let Ok(answer) = self.server.handle_ping(&bytes, is_known, show) else { return };
                self.conductor.handle_exchange(answer.ping.token_hash, now);
                let mut buf = [0; PONG_NS_LEN];
                let len = answer.pong(show).encode(&mut buf).expect("a pong fits");
                self.server.handle_sent(answer.ping.token_hash, answer.ping.seq, show);
                network.send_down(index, ToNode::Pong(buf[..len].to_vec()));
            }
        }
    }
    /// Messages and log lines.
    pub(super) fn collect(&mut self, network: &mut Network) {
        let (conductor, open) = (&mut self.conductor, &mut self.open);
        drain(
            "messages",
            1024,
            || conductor.poll_message(),
            |(conn, outgoing)| {
                let index = open.get(&conn).copied();
                match outgoing {
                    Outgoing::Message(message) => {
                        let text = write_hub_message(&message);
                        assert_eq!(read_hub_message(&text, MAX_HUB_MESSAGE).as_ref(), Ok(&message), "{text}");
                        let item = ToNode::Message(conn, Box::new(message));
                        index.into_iter().for_each(|index| network.send_down(index, item.clone()));
                    }
                    Outgoing::Close(_) => {
                        open.remove(&conn);
                        index.into_iter().for_each(|index| network.send_down(index, ToNode::Close(conn)));
                    }
                }
            },
        );
        let has_welcomed = &mut self.has_welcomed;
        drain(
            "events",
            1024,
            || conductor.poll_event(),
            |event| *has_welcomed |= matches!(event, Event::Joined { .. }),
        );
    }
}
