//! The hub's shell in virtual time: what the tick thread and the time exchange thread of the real one do, in their order.

use std::net::IpAddr;
use std::rc::Rc;

use cuelight_conductor::{Conductor, Config, ConnId, Event, Outgoing, Saved};
use cuelight_oracle::{NodeNo, Sent, What};
use cuelight_proto::sync::SyncServer;
use cuelight_wire::control::HubMessage;
use cuelight_wire::exchange::PONG_NS_LEN;
use cuelight_wire::ids::{Token, TokenHash};
use cuelight_wire::stream::{HEADER_LEN, MAX_PACKET, MsgType};
use cuelight_wire::time::{Local, Show, Time};

use super::clock::Clock;
use super::network::{self, Site, ToHub, ToSite};
use super::setup::{INBOX, Speech};
use super::{World, skew};
use crate::rng::Rng;

/// Sessions whose last transmit stamp is remembered.
const STAMPS: usize = 64;
/// The conductor is told of a session's time exchange this often, as by the hub's exchange thread.
const MENTION_EVERY_NS: i64 = 700_000_000;
/// Ticks between two looks at whether the show must be saved.
const SAVE_EVERY: u64 = 50;
/// Bytes a control message is taken to have on the wire, with its headers.
pub(crate) const MESSAGE_LEN: usize = 400;
/// Bytes of IP and UDP headers.
pub(crate) const UDP_LEN: usize = 28;

/// The hub's machine and, while it runs, its process.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) run: u32,
    pub(crate) process: Option<Process>,
    /// Its machine has no power: connections are not even refused.
    pub(crate) is_dark: bool,
    /// What is on its disk.
    pub(crate) saved: Saved,
    /// Show time minus the oscillator's reading, as of the last process.
    pub(crate) offset_ns: i64,
    pub(crate) events: Vec<(i64, Event)>,
    pub(crate) speech: Speech,
    /// The number of the first datagram of every session.
    pub(crate) first_seq: u32,
    /// It is stopped until then (SIGSTOP): what comes waits.
    pub(crate) stopped_until_ns: i64,
    /// Datagrams of the time exchange that wait; one more than [`INBOX`] is dropped.
    pub(crate) waiting: usize,
    /// A copy of its disk, made by an operator.
    pub(crate) backup: Option<Saved>,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) conductor: Conductor,
    server: Box<SyncServer<STAMPS>>,
    ticks: u64,
    saved_revision: u64,
}

impl Process {
    pub(crate) fn new(config: Config, saved: Saved, now: Time<Local>, show: Option<Time<Show>>) -> Self {
        let conductor = Conductor::new(config, saved, now, show);
        let saved_revision = conductor.saved_revision();
        Self { conductor, server: Box::new(SyncServer::new()), ticks: 0, saved_revision }
    }
}

impl Hub {
    /// A token as real hubs make them: 160 bits in hex.
    fn fresh_token(&mut self) -> Token {
        let words = [self.rng.bits(), self.rng.bits(), self.rng.bits() >> 32];
        let text = format!("{:016x}{:016x}{:08x}", words[0], words[1], words[2]);
        Token::try_from(text.as_str()).expect("40 characters fit")
    }
    /// Show time at a true time, by the process there is or was.
    pub(crate) fn show_at(&mut self, true_ns: i64) -> Time<Show> {
        let read = self.clock.read(true_ns).as_ns() - self.clock.epoch_ns;
        Time::from_ns(read + self.offset_ns)
    }
}

impl World {
    pub(super) fn plan_tick(&mut self) {
        let Some(process) = &self.hub.process else { return };
        let at = self.hub.clock.true_at(process.conductor.poll_timeout(), self.now_ns);
        let run = self.hub.run;
        self.schedule(at, network::Event::Tick { run });
    }
    pub(super) fn on_tick(&mut self, run: u32) {
        if run != self.hub.run {
            return;
        }
        if self.hub.stopped_until_ns > self.now_ns {
            return self.schedule(self.hub.stopped_until_ns, network::Event::Tick { run });
        }
        let now = self.hub.clock.read(self.now_ns);
        let Some(process) = &mut self.hub.process else { return };
        process.conductor.handle_timeout(now);
        let sent = fetch(&mut process.conductor, self.hub.speech, self.hub.first_seq);
        process.conductor.note_tick(now, now);
        process.ticks += 1;
        if process.ticks.is_multiple_of(SAVE_EVERY) && process.conductor.saved_revision() != process.saved_revision {
            process.saved_revision = process.conductor.saved_revision();
            self.hub.saved = process.conductor.saved();
        }
        self.send(sent);
        self.deliver();
        self.plan_tick();
    }
    /// What a command that was just carried out has to say at once (FANOUT-23).
    pub(super) fn send_ahead(&mut self, now: Time<Local>) {
        let Some(process) = &mut self.hub.process else { return };
        if process.conductor.announce_ahead(now) {
            let sent = fetch(&mut process.conductor, self.hub.speech, self.hub.first_seq);
            self.send(sent);
        }
    }
    /// Puts datagrams on the wire.
    fn send(&mut self, datagrams: Vec<(IpAddr, network::Bytes)>) {
        for (ip, bytes) in datagrams {
            let Some(site) = Site::of(ip).filter(|site| site.0 < self.sites.len()) else { continue };
            let fate = self.sites[site.0].path.down(self.now_ns, bytes.len() + UDP_LEN);
            for at in fate.arrivals() {
                self.schedule(at, network::Event::Stream { site, bytes: Rc::clone(&bytes) });
            }
            if self.trace.is_some() {
                self.note(What::Sent(NodeNo(site.0), Sent { arrivals: fate.as_array(), bytes: (*bytes).into() }));
            }
        }
    }

    /// Hands out what the conductor has to say.
    pub(super) fn deliver(&mut self) {
        while let Some((conn, outgoing)) = self.hub.process.as_mut().and_then(|p| p.conductor.poll_message()) {
            match outgoing {
                Outgoing::Message(message) => self.tell(conn, message),
                Outgoing::Close(refusal) => {
                    if let Some(link) = self.conns.get(&conn) {
                        self.note(What::Refused(NodeNo(link.site.0), refusal));
                    }
                    self.close_at_hub(conn);
                }
            }
        }
        while let Some(event) = self.hub.process.as_mut().and_then(|p| p.conductor.poll_event()) {
            self.hub.events.push((self.now_ns, event));
        }
        if let Some(process) = &self.hub.process {
            self.hub.offset_ns = process.conductor.show_clock().offset.as_ns() + self.hub.clock.epoch_ns;
        }
    }
    /// Sends a message of the conductor.
    fn tell(&mut self, conn: ConnId, message: HubMessage) {
        let message = if self.hub.speech == Speech::Later { skew::later_hub(message) } else { message };
        let Some(link) = self.conns.get(&conn) else { return };
        let site = link.site;
        if matches!(message, HubMessage::Welcome(_)) {
            self.sites[site.0].session = Some(conn);
        }
        let told = self.trace.is_some().then(|| Box::new(message.clone()));
        let arrives_at = self.send_to_site(conn, ToSite::Message(Box::new(message)));
        if let Some(message) = told {
            self.note(What::Told(NodeNo(site.0), message, arrives_at));
        }
    }
    /// When it arrives, if it does.
    fn send_to_site(&mut self, conn: ConnId, what: ToSite) -> Option<i64> {
        let link = self.conns.get_mut(&conn).filter(|link| link.is_open_at_hub)?;
        if self.sites[link.site.0].path.is_cut {
            return None;
        }
        let at = link.down.send(self.now_ns, MESSAGE_LEN)?;
        self.schedule(at, network::Event::ToSite { conn, what });
        Some(at)
    }
    fn close_at_hub(&mut self, conn: ConnId) {
        self.send_to_site(conn, ToSite::Close);
        self.note_closed(conn);
    }
    /// The hub's end of a connection is closed.
    fn note_closed(&mut self, conn: ConnId) {
        let Some(link) = self.conns.get_mut(&conn) else { return };
        link.is_open_at_hub = false;
        let site = link.site;
        if self.sites[site.0].session == Some(conn) {
            self.sites[site.0].session = None;
            self.note(What::Closed(NodeNo(site.0)));
        }
    }
    /// The process ends: the machine resets its connections, unless it has no power.
    pub(super) fn drop_hub_connections(&mut self) {
        let open: Vec<ConnId> = self.conns.iter().filter(|(_, c)| c.is_open_at_hub).map(|(id, _)| *id).collect();
        for conn in open {
            if self.hub.is_dark {
                self.note_closed(conn);
            } else {
                self.close_at_hub(conn);
            }
        }
    }

    pub(super) fn on_to_hub(&mut self, conn: ConnId, what: ToHub) {
        let Some(link) = self.conns.get_mut(&conn) else { return };
        let (site, ip) = (link.site, link.site.ip());
        if self.hub.is_dark {
            return;
        }
        if self.hub.stopped_until_ns > self.now_ns {
            return self.schedule(self.hub.stopped_until_ns, network::Event::ToHub { conn, what });
        }
        let Some(process) = &mut self.hub.process else { return self.reset(conn) };
        let now = self.hub.clock.read(self.now_ns);
        if matches!(what, ToHub::Open) {
            link.is_open_at_hub = true;
            process.conductor.handle_open(conn, ip, now);
            self.send_to_site(conn, ToSite::Opened);
            return self.deliver();
        }
        if !link.is_open_at_hub {
            return self.reset(conn);
        }
        match what {
            ToHub::Open => {}
            ToHub::Message(message) => {
                if self.trace.is_some() {
                    self.note(What::Said(NodeNo(site.0), message.clone()));
                }
                let token = self.hub.fresh_token();
                if let Some(process) = &mut self.hub.process {
                    process.conductor.handle_message(conn, &message, token, now, now);
                }
            }
            ToHub::Rubbish(refusal) => process.conductor.handle_refused(conn, refusal, now),
            ToHub::Close => {
                process.conductor.handle_closed(conn, now);
                self.note_closed(conn);
            }
        }
        self.deliver();
        self.forget_if_closed(conn);
    }
    /// Nobody holds this end of the connection: the machine says so.
    fn reset(&mut self, conn: ConnId) {
        let Some(link) = self.conns.get_mut(&conn) else { return };
        if self.sites[link.site.0].path.is_cut {
            return;
        }
        if let Some(at) = link.down.send(self.now_ns, MESSAGE_LEN) {
            self.schedule(at, network::Event::ToSite { conn, what: ToSite::Refused });
        }
    }

    pub(super) fn on_ping(&mut self, site: Site, bytes: &network::Bytes, arrived_at: i64) {
        if self.hub.stopped_until_ns > self.now_ns {
            if self.hub.waiting < INBOX {
                self.hub.waiting += 1;
                let bytes = Rc::clone(bytes);
                self.schedule(self.hub.stopped_until_ns, network::Event::Ping { site, bytes, arrived_at });
            }
            return;
        }
        if arrived_at < self.now_ns {
            self.hub.waiting = self.hub.waiting.saturating_sub(1);
        }
        // The kernel stamps an arrival, whenever the process fetches it.
        let late_ns = self.now_ns - arrived_at;
        let now = self.hub.clock.read(self.now_ns);
        let Some(Process { conductor, server, .. }) = &mut self.hub.process else { return };
        let show = conductor.show_clock().show_at(now);
        let received_at = show - cuelight_wire::time::Span::from_ns(late_ns);
        let is_known = |token: TokenHash| conductor.sessions().any(|(known, _)| known == token);
        let Ok(answer) = server.handle_ping(bytes, is_known, received_at) else { return };
        let token = answer.ping.token_hash;
        let mentioned = &mut self.sites[site.0].mentioned;
        if mentioned.is_none_or(|(of, at_ns)| of != token || self.now_ns - at_ns >= MENTION_EVERY_NS) {
            *mentioned = Some((token, self.now_ns));
            conductor.handle_exchange(token, now);
        }
        let mut pong = [0; PONG_NS_LEN];
        let len = answer.pong(show).encode(&mut pong).expect("a pong fits");
        server.handle_sent(token, answer.ping.seq, show);
        self.note(What::Asked(NodeNo(site.0)));
        let pong: network::Bytes = pong[..len].into();
        for at in self.sites[site.0].path.down(self.now_ns, len + UDP_LEN).arrivals() {
            self.schedule(at, network::Event::Pong { site, bytes: Rc::clone(&pong) });
        }
    }
}

/// The datagrams that a conductor has, and where they go.
fn fetch(conductor: &mut Conductor, speech: Speech, first_seq: u32) -> Vec<(IpAddr, network::Bytes)> {
    let mut packet = [0; MAX_PACKET];
    let mut datagrams = Vec::new();
    while let Some(transmit) = conductor.poll_transmit(&mut packet) {
        datagrams.push((transmit.to.ip(), as_spoken(&packet[..transmit.len], speech, first_seq)));
    }
    datagrams
}

/// A datagram of the conductor as this hub sends it: numbered from where its sessions begin, and with what a later version
/// appends to a full state (WIRE-8).
fn as_spoken(packet: &[u8], speech: Speech, first_seq: u32) -> network::Bytes {
    const SEQ: std::ops::Range<usize> = 4..8;
    const PAYLOAD_LEN: std::ops::Range<usize> = 2..4;
    if speech != Speech::Later && first_seq == 0 {
        return packet.into();
    }
    let mut bytes = packet.to_vec();
    let seq = u32::from_be_bytes(bytes[SEQ].try_into().expect("four bytes"));
    bytes[SEQ].copy_from_slice(&seq.wrapping_add(first_seq).to_be_bytes());
    if speech == Speech::Later && bytes[1] == MsgType::FullState as u8 {
        // No patterns, then what nobody knows.
        bytes.extend_from_slice(b"\0a later version");
        let len = u16::try_from(bytes.len() - HEADER_LEN).expect("payloads are short");
        bytes[PAYLOAD_LEN].copy_from_slice(&len.to_be_bytes());
    }
    bytes.into()
}
