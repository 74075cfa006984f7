//! Control connections come in: hello, keepalive, time exchange, update reports, and everything that ends a session
//! (CTRL-41, CTRL-42, CTRL-43, CTRL-44, CTRL-45, CTRL-46).

use core::net::{IpAddr, SocketAddr};

use cuelight_proto::stream::Sender;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Hello, HubMessage, Keepalive, NodeMessage, Refusal, Text, TsPing, TsPong, Welcome};
use cuelight_wire::ids::{NodeId, Revision, Token, TokenHash};
use cuelight_wire::limits::PROTO_VER;
use cuelight_wire::seal::Seal;
use cuelight_wire::time::{Local, Time};

use super::command::check_node_name;
use super::{Conductor, Conn, ConnId, Outgoing};
use crate::clock::Heard;
use crate::event::{Event, LostWhy};
use crate::fanout::Due;
use crate::roster::{Allowance, HELLOS, Happening, MESSAGES, Node, Roster, Session, State};

/// A node's word on the newest change is taken up to here, so that one wrong word cannot use up all numbers.
const MAX_HINTED_REV: u32 = u32::MAX / 2;

impl Conductor {
    /// A control connection was accepted. When there are too many it is told to close at once.
    pub fn handle_open(&mut self, conn: ConnId, ip: IpAddr, now: Time<Local>) {
        if self.is_stopped {
            return self.send(conn, Outgoing::Close(Refusal::Stopping));
        }
        // A hub that listens on both families sees IPv4 peers as mapped addresses.
        let ip = ip.to_canonical();
        if self.conns.len() >= self.config.max_connections || !self.is_room_for_connection(ip) {
            self.refused += 1;
            self.log(Event::Refused { conn, node: None, refusal: Refusal::Full });
            return self.send(conn, Outgoing::Close(Refusal::Full));
        }
        let (messages, hellos) = (Allowance::FULL, Allowance::FULL);
        self.conns.insert(conn, Conn { ip, node: None, opened_at: now, messages, hellos });
    }
    /// A message came (CTRL-43, CTRL-44). `fresh` is a new random token of at least 128 bits, used only if this is a hello;
    /// `received_at` is when the message left the socket. Messages of unknown connections are passed over.
    pub fn handle_message(
        &mut self,
        conn: ConnId,
        message: &NodeMessage,
        fresh: Token,
        received_at: Time<Local>,
        now: Time<Local>,
    ) {
        let Some(Conn { messages, node, .. }) = self.conns.get_mut(&conn) else { return };
        if !messages.take(MESSAGES, now) {
            return self.handle_refused(conn, Refusal::TooMany, now);
        }
        let node = *node;
        let token = match message {
            NodeMessage::Hello(hello) => {
                return match self.hello(conn, hello, fresh, received_at, now) {
                    Ok(()) => {}
                    Err(refusal) => self.handle_refused(conn, refusal, now),
                };
            }
            NodeMessage::Keepalive(ka) => &ka.token,
            NodeMessage::TsPing(ping) => &ping.token,
            NodeMessage::OtaStatus(status) => &status.token,
        };
        let Some(id) = node else { return self.handle_refused(conn, Refusal::HelloFirst, now) };
        let session = self.roster.get(id).and_then(|node| node.session.as_ref());
        if session.is_none_or(|session| session.token != *token) {
            return self.handle_refused(conn, Refusal::WrongToken, now);
        }
        match message {
            NodeMessage::Hello(_) => {}
            NodeMessage::Keepalive(ka) => self.keepalive(id, ka, now),
            NodeMessage::TsPing(ping) => self.ts_ping(conn, id, ping, received_at, now),
            NodeMessage::OtaStatus(status) => self.update_report(id, status, now),
        }
    }
    /// A connection is refused, by the shell (malformed, oversized, not read) or by the rules here: the session ends,
    /// and the shell is told to close by [`Outgoing::Close`].
    pub fn handle_refused(&mut self, conn: ConnId, refusal: Refusal, now: Time<Local>) {
        let Some(Conn { node, .. }) = self.conns.remove(&conn) else { return };
        self.refused += 1;
        self.log(Event::Refused { conn, node, refusal });
        self.send(conn, Outgoing::Close(refusal));
        self.end_session(conn, node, LostWhy::Refused(refusal), now);
    }
    /// A control connection is gone.
    pub fn handle_closed(&mut self, conn: ConnId, now: Time<Local>) {
        let Some(Conn { node, .. }) = self.conns.remove(&conn) else { return };
        self.end_session(conn, node, LostWhy::Closed, now);
    }
    /// A node was heard on the UDP time exchange, told at least once a second. Where the shell tells it, a Cuelight node
    /// whose control connection is stuck is not lost, and a node whose time exchange falls silent is degraded even if it
    /// reports no loss, as deployed nodes never do.
    pub fn handle_exchange(&mut self, token: TokenHash, now: Time<Local>) {
        if self.places_as_of != Some((self.sessions_revision, self.roster.revision)) {
            self.find_places();
        }
        let first = self.places.partition_point(|(known, _)| *known < token);
        for (_, place) in self.places[first..].iter().take_while(|(known, _)| *known == token) {
            if let Some(session) = self.roster.nodes_mut().get_mut(*place).and_then(|node| node.session.as_mut()) {
                session.exchange_at = Some(now);
            }
        }
    }
    /// Where in the roster each session is: a thousand nodes are heard 1,400 times a second.
    fn find_places(&mut self) {
        self.places_as_of = Some((self.sessions_revision, self.roster.revision));
        let sessions = self.roster.nodes().iter().enumerate();
        let tokens = sessions.filter_map(|(place, node)| Some((node.session.as_ref()?.sender.token_hash(), place)));
        self.places.clear();
        self.places.extend(tokens);
        self.places.sort_unstable();
    }
    /// The show ends (CTRL-46): every session is closed with [`Refusal::Stopping`], and so is every new connection.
    pub fn handle_stop(&mut self, now: Time<Local>) {
        self.is_stopped = true;
        while let Some((conn, Conn { node, .. })) = self.conns.pop_first() {
            self.send(conn, Outgoing::Close(Refusal::Stopping));
            self.end_session(conn, node, LostWhy::Refused(Refusal::Stopping), now);
        }
    }
    /// The node's session ends if it is this connection's.
    fn end_session(&mut self, conn: ConnId, node: Option<NodeId>, why: LostWhy, now: Time<Local>) {
        let Some(id) = node else { return };
        if self.roster.get(id).is_some_and(|n| n.session.as_ref().is_some_and(|session| session.conn == conn)) {
            self.lose(id, why, now);
        }
    }

    fn hello(
        &mut self,
        conn: ConnId,
        hello: &Hello,
        fresh: Token,
        received_at: Time<Local>,
        now: Time<Local>,
    ) -> Result<(), Refusal> {
        let Some(Conn { hellos, ip, node: bound, .. }) = self.conns.get_mut(&conn) else { return Ok(()) };
        let (ip, bound) = (*ip, *bound);
        if !hellos.take(HELLOS, now) {
            return Err(Refusal::TooMany);
        }
        if hello.proto != PROTO_VER {
            return Err(Refusal::UnsupportedProto);
        }
        if hello.udp_port == Some(0) {
            return Err(Refusal::Malformed);
        }
        let ext = hello.ext.and(self.config.ext);
        let (id, is_new) = self.admit(hello, ip, !ext.has(Ext::FULL_STATE))?;
        if self.is_held(id, ip, now) {
            // Before the node's own allowance: that is not for others to use up.
            self.log(Event::TakeoverRefused { node: id, ip });
            return Err(Refusal::Taken);
        }
        let node = self.roster.get_mut(id).expect("the node was just admitted");
        if !node.hellos.take(HELLOS, now) {
            return Err(Refusal::TooMany);
        }
        if let Some(other) = bound.filter(|other| *other != id) {
            self.end_session(conn, Some(other), LostWhy::Closed, now);
        }
        self.replace(conn, id);
        self.hear_show_time(id, hello, received_at, now);
        self.welcome(conn, id, hello, ext, ip, fresh, now);
        self.log(Event::Joined { node: id, mac: hello.mac, ip, new: is_new });
        Ok(())
    }
    /// Whether the address may have one more connection: twice as many as nodes, so that all can come back before their
    /// old connections are noticed to be dead (ROSTER-6).
    fn is_room_for_connection(&self, ip: IpAddr) -> bool {
        let limit = 2 * self.config.max_nodes_per_address;
        ip.is_loopback() || self.conns.values().filter(|conn| conn.ip == ip).count() < limit
    }
    /// The node's number, and whether it was not known before (ROSTER-2, ROSTER-5, ROSTER-6).
    fn admit(&mut self, hello: &Hello, ip: IpAddr, is_legacy: bool) -> Result<(NodeId, bool), Refusal> {
        if let Some(id) = self.roster.id_of(hello.mac) {
            return if Roster::fits(id, is_legacy) { Ok((id, false)) } else { Err(Refusal::Full) };
        }
        if !ip.is_loopback() && self.roster.of_address(ip).count() >= self.config.max_nodes_per_address {
            let id = self.roster.dispensable(|node| node.ip == Some(ip)).ok_or(Refusal::Full)?;
            self.forget(id);
        }
        // Numbers are 16 bits wide.
        let max_nodes = self.config.max_nodes.min(usize::from(u16::MAX) - 1);
        while self.roster.nodes().len() >= max_nodes {
            let id = self.roster.dispensable(|_| true).ok_or(Refusal::Full)?;
            self.forget(id);
        }
        if self.roster.free_id(is_legacy).is_none() {
            // All numbers a deployed node can take are known; one of those away makes room.
            let id = self.roster.dispensable(|node| Roster::fits(node.id, is_legacy)).ok_or(Refusal::Full)?;
            self.forget(id);
        }
        let id = self.roster.free_id(is_legacy).ok_or(Refusal::Full)?;
        let track = self.show.track_for(hello.mac);
        let lead = self.show.lead_of(hello.mac, self.config.lead);
        self.roster.insert(Node { state: State::Pending, ..Node::new(id, hello.mac, track, lead) });
        self.saved_revision += 1;
        Ok((id, true))
    }
    /// A node that has no session is not known any more.
    pub(super) fn forget(&mut self, id: NodeId) {
        if let Some(node) = self.roster.remove(id) {
            self.show.tracks.release(node.track);
            self.saved_revision += 1;
            self.log(Event::Forgotten { node: id, mac: node.mac });
        }
    }
    /// Whether the node has a session that another address may not take over (CTRL-42): its connection is alive, as far as can be
    /// told. A connection's address is proven by its handshake, unlike a MAC.
    fn is_held(&self, id: NodeId, ip: IpAddr, now: Time<Local>) -> bool {
        let session = self.roster.get(id).and_then(|node| node.session.as_ref());
        let Some(session) = session.filter(|session| !session.is_quiet(now)) else { return false };
        self.conns.get(&session.conn).is_some_and(|conn| conn.ip != ip)
    }
    /// Ends the node's session on any other connection (CTRL-42); the node itself stays.
    fn replace(&mut self, conn: ConnId, id: NodeId) {
        let session = self.roster.get_mut(id).and_then(|node| node.session.take());
        let Some(Session { conn: other, .. }) = session.filter(|session| session.conn != conn) else { return };
        if self.conns.remove(&other).is_some() {
            self.refused += 1;
            self.log(Event::Refused { conn: other, node: Some(id), refusal: Refusal::Replaced });
            self.send(other, Outgoing::Close(Refusal::Replaced));
        }
    }
    /// A node tells the show time it knows. The first one of a run may set it.
    fn hear_show_time(&mut self, id: NodeId, hello: &Hello, received_at: Time<Local>, now: Time<Local>) {
        if let Some(hint) = hello.show {
            match self.clock.hear(hint, received_at, !self.is_clock_fixed) {
                Heard::Agrees => {}
                Heard::Adopted => self.log(Event::HintAdopted { node: id, show: self.clock.show_at(now) }),
                Heard::Disagrees(difference) => self.log(Event::HintDisagrees { node: id, difference }),
            }
        }
        if !self.is_clock_fixed {
            self.is_clock_fixed = true;
            self.rebase(now);
        }
        let hinted = hello.show.map(|hint| hint.rev).filter(|rev| *rev <= MAX_HINTED_REV).map(Revision);
        if let Some(rev) = hinted.filter(|rev| *rev > self.show.rev) {
            self.reassert(rev, now);
        }
    }
    #[allow(clippy::too_many_arguments, reason = "what a welcome is made of")]
    fn welcome(
        &mut self,
        conn: ConnId,
        id: NodeId,
        hello: &Hello,
        ext: Ext,
        ip: IpAddr,
        token: Token,
        now: Time<Local>,
    ) {
        let can_have = |name: &Text<32>| check_node_name(name).is_ok() && !self.is_name_taken(id, name);
        let own_name = hello.name.clone().filter(can_have);
        let has_full_state = ext.has(Ext::FULL_STATE);
        let has_due = !has_full_state || self.config.control_backstop;
        let node = self.roster.get_mut(id).expect("the node was just admitted");
        node.introduce(hello, ip, ext, now);
        if let Some(name) = own_name.filter(|_| !node.is_named) {
            node.name = name;
        }
        let due = match (has_full_state, has_due) {
            (true, true) => Due::FULL_STATE,
            (false, _) => Due::SNAPSHOT,
            (true, false) => Due::NONE,
        };
        // CTRL-9
        let due = if ext.has(Ext::SHOW_LOCK) { due.or(Due::SHOW_LOCK) } else { due };
        // CTRL-12
        let due = if ext.has(Ext::UNIVERSES) { due.or(Due::UNIVERSES) } else { due };
        // CTRL-13
        let due = if ext.has(Ext::GEOMETRY) { due.or(Due::GEOMETRY) } else { due };
        // WIRE-17
        let bytes = token.as_bytes();
        let is_sealed = ext.has(Ext::SEAL);
        node.session = Some(Session {
            conn,
            token: token.clone(),
            sender: Sender::new(TokenHash::of(bytes)).sealed(is_sealed.then(|| Seal::of_stream(bytes))),
            exchange_seal: is_sealed.then(|| Seal::of_exchange(bytes)),
            to: SocketAddr::new(ip, node.udp_port),
            heard_at: now,
            exchange_at: None,
            was_locked: false,
            good_since: None,
            streams_from: None,
            due,
        });
        let udp_port = node.udp_port;
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.node = Some(id);
        }
        let is_cuelight = !ext.is_none();
        let welcome = Welcome {
            proto: PROTO_VER,
            node_id: id,
            token,
            udp_port,
            hub_epoch_us: self.clock.show_at(now).as_us(),
            ts_port: is_cuelight.then_some(self.config.ts_port),
            ext,
            boot_id: is_cuelight.then_some(self.config.boot_id),
        };
        self.send(conn, Outgoing::Message(HubMessage::Welcome(welcome)));
        self.due_from = Some(0);
        self.sessions_revision += 1;
        // The node may be in any state: a session begins anew, even where the state's name stays the same.
        self.roster.revision += 1;
        self.happen(id, Happening::Welcomed);
    }
    /// Whether another node has this name. The empty name is nobody's.
    pub(super) fn is_name_taken(&self, id: NodeId, name: &str) -> bool {
        !name.is_empty() && self.roster.nodes().iter().any(|node| node.id != id && node.name == name)
    }

    fn keepalive(&mut self, id: NodeId, ka: &Keepalive, now: Time<Local>) {
        if let Some(node) = self.roster.get_mut(id) {
            node.measure(ka, now);
        }
        self.assess(id, true, now);
        self.note_lock(id);
    }
    fn ts_ping(&mut self, conn: ConnId, id: NodeId, ping: &TsPing, received_at: Time<Local>, now: Time<Local>) {
        let pong = TsPong {
            node_id: id,
            seq: ping.seq,
            t1_us: ping.t1_us,
            t2_us: self.clock.show_at(received_at).as_us(),
            t3_us: self.clock.show_at(now).as_us(),
        };
        self.send(conn, Outgoing::Message(HubMessage::TsPong(pong)));
    }
}
