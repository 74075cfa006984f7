//! A node's driver: the role, its clock, its end of the connection.

use cuelight_conductor::ConnId;
use cuelight_net::json::{MAX_NODE_MESSAGE, read_node_message, write_node_message};
use cuelight_proto::node::{NodeConfig, NodeEvent, NodeRole, SyncUse};
use cuelight_proto::sync::Profile;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Topo};
use cuelight_wire::ids::{Mac, TokenHash};
use cuelight_wire::limits::SCHEDULE_CAPACITY;
use cuelight_wire::time::{Local, Show, Span, Time};

use super::check::Truth;
use super::network::{Network, ToHub, ToNode};
use crate::script::{START, Script, drain};

pub(super) struct Node {
    pub(super) role: NodeRole,
    config: NodeConfig,
    clock_ppb: i64,
    pub(super) clock_offset: Span,
    pub(super) conn: Option<ConnId>,
    /// The token of the newest session it was told of.
    session: Option<TokenHash>,
    /// Show time when the clock was last usable, if it has been so since.
    usable_at: Option<Time<Show>>,
    lives: u64,
}

impl Node {
    pub(super) fn new(index: usize, script: &mut Script<'_>) -> Self {
        let config = NodeConfig {
            mac: Mac([2, 0, 0, 0, 0, index as u8 + 1]),
            fw: "fuzz".try_into().expect("it is short"),
            name: None,
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            caps: Caps { udp: true, ota: false, clock: true },
            topo: Topo { leds: 640, channels: 1 },
            udp_port: None,
            ext: if script.u8() & 7 == 7 { Ext::NONE } else { Ext::ALL.without(Ext::SEAL) },
            profile: Profile::DEFAULT,
            sync: SyncUse::Scheduled,
        };
        // Up to 63 ppm either way.
        let clock_ppb = i64::from(script.u8() as i8) * 500;
        let clock_offset = Span::from_us(script.u32().into());
        let mut node = Self {
            role: NodeRole::new(config.clone(), index as u64, START),
            config,
            clock_ppb,
            clock_offset,
            conn: None,
            session: None,
            usable_at: None,
            lives: index as u64,
        };
        node.start_again(START);
        node
    }
    pub(super) fn start_again(&mut self, now: Time<Local>) {
        self.lives += 10;
        self.role = NodeRole::new(self.config.clone(), self.lives, self.local(now));
        (self.conn, self.session, self.usable_at) = (None, None, None);
    }
    /// What its clock reads at a true time.
    pub(super) fn local(&self, now: Time<Local>) -> Time<Local> {
        let skew = i128::from((now - START).as_ns()) * i128::from(self.clock_ppb) / 1_000_000_000;
        now + self.clock_offset + Span::from_ns(i64::try_from(skew).expect("63 ppm of hours are seconds"))
    }
    pub(super) fn takes_full_state(&self) -> bool {
        self.config.ext.has(Ext::FULL_STATE)
    }
    /// Serves the timer that is due; whether one was.
    pub(super) fn serve(&mut self, now: Time<Local>) -> bool {
        let local = self.local(now);
        let is_due = self.role.poll_timeout().is_some_and(|at| at <= local);
        if is_due {
            self.role.handle_timeout(local);
            self.watch_clock(now);
        }
        is_due
    }
    /// Looks at the map as a driver does, after every input: while the clock may be scheduled on, show time does not run
    /// back.
    pub(super) fn watch_clock(&mut self, now: Time<Local>) {
        let local = self.local(now);
        let map = self.role.map(local);
        let show = map.state.is_usable().then(|| map.show_at(local));
        if let (Some(before), Some(after)) = (self.usable_at, show) {
            assert!(before <= after, "show time ran back from {before:?} to {after:?}");
        }
        self.usable_at = show;
    }
    pub(super) fn receive(&mut self, item: ToNode, now: Time<Local>) {
        self.take(item, self.local(now));
        self.watch_clock(now);
    }
    fn take(&mut self, item: ToNode, now: Time<Local>) {
        match item {
            ToNode::Opened(conn) if self.conn == Some(conn) => self.role.handle_connected(now),
            ToNode::Message(conn, message) if self.conn == Some(conn) => self.role.handle_message(&message, now),
            ToNode::Close(conn) if self.conn == Some(conn) => {
                self.conn = None;
                self.role.handle_disconnected(now);
            }
            ToNode::Opened(_) | ToNode::Message(..) | ToNode::Close(_) => {}
            ToNode::Stream(bytes) => self.take_datagram(&bytes, now),
            ToNode::Pong(bytes) => self.role.handle_exchange(&bytes, now, now),
        }
    }
    /// What is taken has the token of this node's own session (STREAM-31).
    fn take_datagram(&mut self, bytes: &[u8], now: Time<Local>) {
        let dropped = self.role.status(now).drops.total();
        self.role.handle_datagram(bytes, now);
        let is_taken = self.role.status(now).drops.total() == dropped;
        let token = bytes.get(8..12).map(|token| TokenHash(u32::from_be_bytes(token.try_into().expect("four bytes"))));
        assert!(!is_taken || (token.is_some() && token == self.session), "{token:?} taken, not {:?}", self.session);
    }
    /// Pings, messages and events, in the order the role documents.
    pub(super) fn collect(&mut self, index: usize, now: Time<Local>, network: &mut Network, truth: &mut Truth) {
        let local = self.local(now);
        let (role, conn) = (&mut self.role, &mut self.conn);
        drain("pings", 4, || role.poll_ping(local), |ping| network.send_up(ToHub::Ping(index, ping.encode().to_vec())));
        drain(
            "messages",
            8,
            || role.poll_message(),
            |message| {
                let text = write_node_message(&message);
                let read = read_node_message(&text, MAX_NODE_MESSAGE).unwrap_or_else(|bad| panic!("{bad}: {text}"));
                conn.iter().for_each(|conn| network.send_up(ToHub::Message(*conn, Box::new(read.clone()))));
            },
        );
        let (session, takes_full_state) = (&mut self.session, self.config.ext.has(Ext::FULL_STATE));
        drain(
            "events",
            SCHEDULE_CAPACITY,
            || role.poll_event(),
            |event| match event {
                NodeEvent::Connect => {
                    let new = network.new_conn();
                    *conn = Some(new);
                    network.send_up(ToHub::Open(new, index));
                }
                NodeEvent::Disconnect(_) => {
                    conn.take().into_iter().for_each(|conn| network.send_up(ToHub::Close(conn)));
                }
                NodeEvent::Welcomed { token_hash, .. } => *session = Some(token_hash),
                NodeEvent::Change { change, on_arrival: false, .. } if takes_full_state => truth.taken(&change),
                _ => {}
            },
        );
    }
}
