//! The hub's shell in virtual time: what the tick thread and the time exchange thread of the real one do, in their order.

use cuelight_conductor::{Conductor, Config, ConnId, Event, Outgoing, Saved};
use cuelight_proto::sync::SyncServer;
use cuelight_wire::exchange::{Form, PONG_NS_LEN};
use cuelight_wire::ids::{Token, TokenHash};
use cuelight_wire::stream::MAX_PACKET;
use cuelight_wire::time::{Local, Show, Time};

use super::World;
use super::clock::Clock;
use super::network::{self, Site, ToHub, ToSite};
use crate::rng::Rng;

/// Sessions whose last transmit stamp is remembered.
const STAMPS: usize = 64;
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
        let now = self.hub.clock.read(self.now_ns);
        let Some(process) = &mut self.hub.process else { return };
        process.conductor.handle_timeout(now);
        let mut packet = [0; MAX_PACKET];
        let mut sent = Vec::new();
        while let Some(transmit) = process.conductor.poll_transmit(&mut packet) {
            sent.push((transmit.to.ip(), packet[..transmit.len].to_vec()));
        }
        process.conductor.note_tick(now, now);
        process.ticks += 1;
        if process.ticks.is_multiple_of(SAVE_EVERY) && process.conductor.saved_revision() != process.saved_revision {
            process.saved_revision = process.conductor.saved_revision();
            self.hub.saved = process.conductor.saved();
        }
        for (ip, bytes) in sent {
            let Some(site) = Site::of(ip).filter(|site| site.0 < self.sites.len()) else { continue };
            for at in self.sites[site.0].path.down(self.now_ns, bytes.len() + UDP_LEN) {
                self.schedule(at, network::Event::Stream { site, bytes: bytes.clone() });
            }
        }
        self.deliver();
        self.plan_tick();
    }

    /// Hands out what the conductor has to say.
    pub(super) fn deliver(&mut self) {
        while let Some((conn, outgoing)) = self.hub.process.as_mut().and_then(|p| p.conductor.poll_message()) {
            match outgoing {
                Outgoing::Message(message) => self.send_to_site(conn, ToSite::Message(message)),
                Outgoing::Close(_) => self.close_at_hub(conn),
            }
        }
        while let Some(event) = self.hub.process.as_mut().and_then(|p| p.conductor.poll_event()) {
            self.hub.events.push((self.now_ns, event));
        }
        if let Some(process) = &self.hub.process {
            self.hub.offset_ns = process.conductor.show_clock().offset.as_ns() + self.hub.clock.epoch_ns;
        }
    }
    fn send_to_site(&mut self, conn: ConnId, what: ToSite) {
        let Some(link) = self.conns.get_mut(&conn).filter(|link| link.is_open_at_hub) else { return };
        if self.sites[link.site.0].path.is_cut {
            return;
        }
        if let Some(at) = link.down.send(self.now_ns, MESSAGE_LEN) {
            self.schedule(at, network::Event::ToSite { conn, what });
        }
    }
    fn close_at_hub(&mut self, conn: ConnId) {
        self.send_to_site(conn, ToSite::Close);
        if let Some(link) = self.conns.get_mut(&conn) {
            link.is_open_at_hub = false;
        }
    }
    /// The process ends: the machine resets its connections, unless it has no power.
    pub(super) fn drop_hub_connections(&mut self) {
        let open: Vec<ConnId> = self.conns.iter().filter(|(_, c)| c.is_open_at_hub).map(|(id, _)| *id).collect();
        for conn in open {
            if self.hub.is_dark {
                self.conns.get_mut(&conn).expect("it was just found").is_open_at_hub = false;
            } else {
                self.close_at_hub(conn);
            }
        }
    }

    pub(super) fn on_to_hub(&mut self, conn: ConnId, what: ToHub) {
        let Some(link) = self.conns.get_mut(&conn) else { return };
        let ip = link.site.ip();
        if self.hub.is_dark {
            return;
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
                let token = self.hub.fresh_token();
                if let Some(process) = &mut self.hub.process {
                    process.conductor.handle_message(conn, &message, token, now, now);
                }
            }
            ToHub::Rubbish(refusal) => process.conductor.handle_refused(conn, refusal, now),
            ToHub::Close => {
                link.is_open_at_hub = false;
                process.conductor.handle_closed(conn, now);
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

    pub(super) fn on_ping(&mut self, site: Site, bytes: &[u8]) {
        let now = self.hub.clock.read(self.now_ns);
        let Some(Process { conductor, server, .. }) = &mut self.hub.process else { return };
        let show = conductor.show_clock().show_at(now);
        let is_known = |token: TokenHash| conductor.sessions().any(|known| known == token);
        let Ok(answer) = server.handle_ping(bytes, is_known, show) else { return };
        if answer.ping.form == Form::Deployed {
            conductor.handle_exchange(answer.ping.token_hash, now);
        }
        let mut pong = [0; PONG_NS_LEN];
        let len = answer.pong(show).encode(&mut pong).expect("a pong fits");
        server.handle_sent(answer.ping.token_hash, answer.ping.seq, show);
        for at in self.sites[site.0].path.down(self.now_ns, len + UDP_LEN) {
            self.schedule(at, network::Event::Pong { site, bytes: pong[..len].to_vec() });
        }
    }
}
