//! The driver: one thread that owns the node role, its two UDP sockets and the control connection, and carries what the
//! role says to the frame loop. It decides nothing; the order of draining is the role's.

use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use cuelight_net::clock::LocalClock;
use cuelight_net::json;
use cuelight_net::udp::{AsyncStampedSocket, TxId};
use cuelight_net::ws::{Channel, Closed};
use cuelight_output::record::Record;
use cuelight_output::{Command, Own};
use cuelight_proto::node::{NodeEvent, NodeRole};
use cuelight_proto::session::State;
use cuelight_render::Geometry;
use cuelight_update::health::Health;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{CueReport, Refusal};
use cuelight_wire::cues::CueState;
use cuelight_wire::exchange::PONG_NS_LEN;
use cuelight_wire::seal::TAG_LEN;
use cuelight_wire::stream::MAX_PACKET;
use cuelight_wire::time::{Local, Time};
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tracing::{debug, info, warn};

use crate::cues::{CueNews, Cues};
use crate::dialer::{Caller, DialError, dial};
use crate::frames::Frames;
use crate::lighting::Lighting;
use crate::lights::Lights;
use crate::page::{Kind, Look, Page};
use crate::patterns::Patterns;
use crate::start::Ended;
use crate::universes::{Lit, Universes};
use crate::update::{Rate, UpdateEvent, Updates};
use crate::uploads::{Uploads, Wish};

/// How often the frame loop's figures are taken, and the clock recorded.
const FRAMES_PERIOD: Duration = Duration::from_millis(100);
/// Pings whose transmit stamps may still come.
const UNDER_WAY: usize = 16;
/// Datagrams taken from a socket before the others are looked at.
const AT_ONCE: usize = 32;

type Dialing = Pin<Box<dyn Future<Output = Result<Channel, DialError>>>>;

/// What the driver owns.
pub(crate) struct Driver {
    pub(crate) role: NodeRole,
    pub(crate) clock: LocalClock,
    pub(crate) caller: Caller,
    pub(crate) stream: UdpSocket,
    pub(crate) exchange: AsyncStampedSocket,
    pub(crate) frames: Frames,
    /// How the LEDs are laid out by the settings.
    pub(crate) geometry: Geometry,
    /// None: the node has no universes.
    pub(crate) lights: Option<Lights>,
    /// The hub's cues, for those universes.
    pub(crate) cues: Option<Cues>,
    pub(crate) universes: Universes,
    /// None: it has no page.
    pub(crate) page: Option<Page>,
    pub(crate) patterns: Patterns,
    pub(crate) updates: Updates,
    pub(crate) rate: Rate,
    pub(crate) started_at: Time<Local>,
    /// None: the node takes no patterns.
    pub(crate) uploads: Option<Uploads>,
    /// None: the node takes nothing by protocols of lighting, and sends nothing by Art-Net.
    pub(crate) lighting: Option<Lighting>,
    /// Whether the node does what its fallback says: no hub's stream is here, nor has it just begun to look for one.
    pub(crate) is_alone: bool,
    /// Whether the hub wants it started again.
    pub(crate) is_to_restart: bool,
    pub(crate) link: Link,
}

/// The control connection and what depends on it.
#[derive(Default)]
pub(crate) struct Link {
    channel: Option<Channel>,
    dialing: Option<Dialing>,
    /// The hub's time exchange.
    exchange_at: Option<SocketAddr>,
    /// Pings under way; when full the oldest stamp is passed over.
    pings: heapless::Deque<(TxId, u32), UNDER_WAY>,
    /// The last complaint, so that a missing hub is told once and not at every attempt.
    complaint: Option<String>,
}

impl Link {
    /// The next thing that happens to it; nothing while there is neither a connection nor an attempt at one.
    async fn next(&mut self) -> LinkEvent {
        match (&mut self.channel, &mut self.dialing) {
            (Some(channel), _) => LinkEvent::Message(channel.recv().await),
            (None, Some(dialing)) => LinkEvent::Dialed(dialing.await),
            (None, None) => pending().await,
        }
    }
}

enum LinkEvent {
    Message(Result<String, Closed>),
    Dialed(Result<Channel, DialError>),
}

impl Driver {
    /// Drives the node until `stop` is ready, or until it is to be started again, into an update or because its hub says so.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> io::Result<Ended> {
        tokio::pin!(stop);
        let mut frames_due = interval(FRAMES_PERIOD);
        frames_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            let now = self.clock.now();
            if self.role.poll_timeout().is_some_and(|due| due <= now) {
                self.role.handle_timeout(now);
            }
            self.drain().await;
            if self.is_to_restart {
                break Ended::Restart;
            }
            let timeout = self.timeout();
            tokio::select! {
                biased;
                () = &mut stop => break Ended::Asked,
                ready = self.exchange.ready() => { ready?; self.take_exchange(); }
                ready = self.stream.readable() => { ready?; self.take_stream(); }
                event = self.link.next() => match event {
                    LinkEvent::Message(message) => self.take_message(message),
                    LinkEvent::Dialed(dialed) => self.take_dialed(dialed),
                },
                event = self.patterns.next() => self.patterns.handle(event),
                event = self.updates.next() => match event {
                    UpdateEvent::Report(report) => self.role.handle_update(report, self.clock.now()),
                    UpdateEvent::Restart => break Ended::Restart,
                },
                news = next_news(&mut self.cues) => self.take_news(news),
                lit = self.universes.changed() => self.take_lit(lit),
                wish = next_wish(&mut self.uploads) => self.take_wish(wish),
                _ = frames_due.tick() => {
                    if !self.frames.is_running() {
                        return Err(io::Error::other("the frame thread failed; its message is above"));
                    }
                    self.take_frames();
                    if !self.look_at_lights() {
                        return Err(io::Error::other("the lights thread failed; its message is above"));
                    }
                }
                () = sleep_until(timeout) => {}
            }
        };
        if ended == Ended::Restart {
            // That it restarts is to be said before it is gone.
            self.drain().await;
        }
        let why = match ended {
            Ended::Asked => "the node is shutting down",
            Ended::Restart => "the node restarts",
        };
        info!("{why}");
        if let Some(channel) = self.link.channel.take() {
            channel.close(why).await;
        }
        if let Some(uploads) = self.uploads.take() {
            uploads.stop().await;
        }
        self.frames.stop();
        self.lights.take().into_iter().for_each(Lights::stop);
        Ok(ended)
    }

    /// When the role wants to be called again. The runtime's timers wake up to a millisecond late, which no timeout of
    /// the protocol minds.
    fn timeout(&self) -> Instant {
        let due = self.role.poll_timeout().map_or(i64::MAX, |due| (due - self.clock.now()).as_ns());
        Instant::now() + Duration::from_nanos(due.clamp(0, 1_000_000_000).unsigned_abs())
    }

    async fn drain(&mut self) {
        while let Some(ping) = self.role.poll_ping(self.clock.now()) {
            let Some(to) = self.link.exchange_at else { continue };
            // A ping that does not leave is a ping lost: the role asks again.
            if let Ok(id) = self.exchange.send_to(&self.role.ping_datagram(&ping), to) {
                if self.link.pings.is_full() {
                    self.link.pings.pop_front();
                }
                let _ = self.link.pings.push_back((id, ping.seq));
            }
        }
        while let Some(message) = self.role.poll_message() {
            let Some(channel) = &mut self.link.channel else { continue };
            if let Err(closed) = channel.send(json::write_node_message(&message)).await {
                self.hang_up(&closed.to_string());
            }
        }
        while let Some(event) = self.role.poll_event() {
            self.on_event(event).await;
        }
        let now = self.clock.now();
        self.frames.set_clock(self.role.map(now));
    }

    async fn on_event(&mut self, event: NodeEvent) {
        let now = self.clock.now();
        self.page.iter_mut().for_each(|page| page.note(&event, now));
        match event {
            NodeEvent::Connect => self.link.dialing = Some(Box::pin(dial(self.caller.clone()))),
            NodeEvent::Disconnect(why) => {
                debug!(?why, "hangs up");
                self.link.dialing = None;
                if let Some(channel) = self.link.channel.take() {
                    channel.close("the node hangs up").await;
                }
            }
            NodeEvent::Welcomed { node_id, ts_port, ext, new_hub, .. } => {
                let hub = self.link.channel.as_ref().map(Channel::peer_addr);
                if let Some(channel) = &self.link.channel {
                    self.caller.on_welcome(channel.authority());
                    self.patterns.on_hub(channel.origin().to_owned());
                    self.cues.iter().for_each(|cues| cues.on_hub(channel.origin().to_owned(), new_hub));
                }
                self.updates.on_welcome(ext.has(Ext::SHOW_LOCK));
                self.link.exchange_at = hub.map(|hub| SocketAddr::new(hub.ip(), ts_port));
                self.link.complaint = None;
                self.frames.record_event("welcome");
                info!(node = node_id.0, hub = ?hub, %ext, new_hub, "welcomed");
            }
            NodeEvent::SessionEnded(why) => {
                warn!(?why, "session ended; dialling again");
                self.updates.on_session_end();
            }
            NodeEvent::Heard { rev, apply_at } => {
                self.frames.record(Record::Change {
                    rev,
                    via: "stream",
                    arrived_at: self.role.measured_map(now).show_at(now),
                    apply_at,
                    mono_ns: self.clock.mono_ns_of(now),
                });
            }
            NodeEvent::Change { change, catch_up, .. } => {
                self.patterns.want_for(&change);
                self.lights.iter_mut().for_each(|lights| lights.take_change(&change));
                self.universes.take_change(&change);
                self.frames.send(Command::Change { change, catch_up });
            }
            NodeEvent::Locked => {
                info!("clock locked");
                self.frames.record_event("locked");
                self.frames.send(Command::Restart);
            }
            NodeEvent::Unlocked => {
                warn!("clock not locked: changes are applied when they arrive");
                self.frames.record_event("unlocked");
            }
            NodeEvent::Fallback => {
                warn!("the stream is silent");
                self.is_alone = true;
                self.lights.iter_mut().for_each(|lights| lights.set_alone(true));
                self.frames.record_event("fallback");
                self.frames.send(Command::Fallback);
            }
            NodeEvent::Live => {
                info!("the stream is here");
                self.is_alone = false;
                self.lights.iter_mut().for_each(|lights| lights.set_alone(false));
                self.frames.record_event("live");
                self.frames.send(Command::Live);
            }
            NodeEvent::Update(update) => {
                if let Some(refusal) = self.updates.on_offer(&update) {
                    self.role.handle_update(refusal, self.clock.now());
                }
            }
            NodeEvent::Cues(state) => {
                self.universes.take_state(&state);
                self.tell_state(state);
            }
            NodeEvent::Universes(wanted) => {
                self.universes.want(wanted);
                self.change_universes();
            }
            NodeEvent::Geometry(wanted) => self.lay_out(wanted.as_deref()),
            NodeEvent::StopUpdate(stop) => self.updates.on_stop(&stop),
            // An image on trial has three starts to prove itself, and this would be one of them.
            NodeEvent::Restart if self.updates.is_on_trial() => {
                warn!("the hub wants this node started again: passed over, its image is on trial");
            }
            NodeEvent::Restart => {
                info!("the hub wants this node started again");
                self.is_to_restart = true;
            }
            NodeEvent::ShowLock(show) => self.updates.on_show_lock(show.as_deref()),
            NodeEvent::HubError(error) => warn!(code = %error.code, "the hub says: {}", error.message),
        }
    }

    /// The hub has said how the LEDs are laid out (CTRL-13). As many as there are, it cannot change.
    fn lay_out(&mut self, wanted: Option<&str>) {
        let own = self.geometry;
        let geometry = match wanted.map(str::parse::<Geometry>) {
            Some(Ok(geometry)) if geometry.len() == own.len() => geometry,
            Some(_) => {
                let wanted = wanted.unwrap_or_default();
                warn!(%wanted, %own, "the hub lays out other LEDs than there are: they stay as the settings say");
                own
            }
            None => own,
        };
        self.frames.send(Command::LayOut(geometry));
    }

    fn take_exchange(&mut self) {
        while let Some(sent) = self.exchange.poll_sent() {
            if let Some((_, seq)) = self.link.pings.iter().find(|(id, _)| *id == sent.id) {
                self.role.handle_exchange_sent(*seq, self.clock.from_mono_ns(sent.mono_ns));
            }
        }
        let mut pong = [0; PONG_NS_LEN + TAG_LEN + 1];
        for _ in 0..AT_ONCE {
            // An error belongs to one datagram (an unreachable hub); the role notices by what does not come.
            let Ok(Some(received)) = self.exchange.recv(&mut pong) else { break };
            let rx_at = self.clock.from_mono_ns(received.rx_mono_ns);
            self.role.handle_exchange(&pong[..received.len], rx_at, self.clock.now());
        }
    }

    fn take_stream(&mut self) {
        let mut packet = [0; MAX_PACKET + 1];
        for _ in 0..AT_ONCE {
            let Ok((len, _)) = self.stream.try_recv_from(&mut packet) else { break };
            self.role.handle_datagram(&packet[..len], self.clock.now());
        }
    }

    fn take_message(&mut self, message: Result<String, Closed>) {
        let now = self.clock.now();
        match message {
            Ok(text) => match json::read_hub_message(&text, cuelight_net::ws::MAX_FRAME) {
                Ok(message) => self.role.handle_message(&message, now),
                Err(error) => debug!(%error, "a message of the hub is passed over"),
            },
            Err(closed) => self.take_closed(&closed),
        }
    }

    /// The hub has ended the connection, or it broke off. That the node is to be admitted is said once, with the code.
    fn take_closed(&mut self, closed: &Closed) {
        let authority = self.link.channel.as_ref().and_then(Channel::authority);
        let complaint = match closed.refusal() {
            Some(Refusal::NotAdmitted) => self.caller.asks_to_join(authority),
            Some(Refusal::WrongKey) => format!("control connection: {closed}"),
            _ => return self.hang_up(&closed.to_string()),
        };
        self.complain(complaint);
        self.link.channel = None;
        self.role.handle_disconnected(self.clock.now());
    }

    /// Says what is in the way, once.
    fn complain(&mut self, complaint: String) {
        if self.link.complaint.as_ref() != Some(&complaint) {
            warn!("{complaint}; trying again until it works");
            let now = self.clock.now();
            self.page.iter_mut().for_each(|page| page.say(Kind::Trouble, &*complaint, now));
            self.link.complaint = Some(complaint);
        }
    }

    fn hang_up(&mut self, why: &str) {
        warn!("control connection: {why}");
        self.link.channel = None;
        self.role.handle_disconnected(self.clock.now());
    }

    fn take_dialed(&mut self, dialed: Result<Channel, DialError>) {
        self.link.dialing = None;
        let now: Time<Local> = self.clock.now();
        match dialed {
            Ok(channel) => {
                self.link.channel = Some(channel);
                self.role.handle_connected(now);
            }
            Err(error) => {
                self.complain(error.to_string());
                self.role.handle_disconnected(now);
            }
        }
    }

    /// The cues are told where they are.
    fn tell_state(&self, state: CueState) {
        let now = self.clock.now();
        let map = self.role.map(now);
        let show = map.state.is_usable().then(|| (now, map.show_at(now)));
        self.cues.iter().for_each(|cues| cues.on_state(state.clone(), show));
    }

    /// Begins to play other universes, where the hub wants others. Cues are followed anew for these.
    fn change_universes(&mut self) {
        if self.universes.is_due() {
            self.cues = None;
            self.universes.change(self.lights.take(), self.lighting.take());
        }
    }

    /// The universes are other ones now.
    fn take_lit(&mut self, lit: Lit) {
        (self.lights, self.lighting) = (lit.lights, lit.lighting);
        self.lights.iter_mut().for_each(|lights| lights.set_alone(self.is_alone));
        self.cues = self.universes.cues();
        self.take_news(CueNews::Report(CueReport::default()));
        if let (Some(channel), Some(cues)) = (&self.link.channel, &self.cues) {
            cues.on_hub(channel.origin().to_owned(), true);
        }
        self.universes.state().into_iter().for_each(|state| self.tell_state(state));
        // Another word may have come meanwhile.
        self.change_universes();
    }

    /// The hub's cues have come to something: it is played, and the hub is told.
    fn take_news(&mut self, news: CueNews) {
        match news {
            CueNews::Playing(playing) => {
                self.page.iter_mut().for_each(|page| page.set_playing(&playing));
                self.lights.iter_mut().for_each(|lights| lights.play(playing.clone()));
            }
            CueNews::Report(report) => {
                // Whatever the cues come to: what cannot be put out is not played.
                let failed = report.failed || self.universes.has_failed();
                self.role.handle_cue_report(CueReport { failed, ..report }, self.clock.now());
            }
        }
    }

    /// A client wants something of this node alone. While a hub conducts it, what it shows is the hub's (PATTERN-26).
    fn take_wish(&mut self, Wish { own, answer }: Wish) {
        let outcome = if !self.is_alone {
            Err("a hub conducts this node: command the hub".to_owned())
        } else {
            if let Own::Play(id) = own {
                self.patterns.want(id);
            }
            self.frames.send(Command::Own(own));
            Ok(())
        };
        // A client that is gone has had its wish all the same.
        let _ = answer.send(outcome);
    }

    fn take_frames(&mut self) {
        let now = self.clock.now();
        self.frames.flush();
        self.patterns.collect();
        if let Some(report) = self.frames.report() {
            self.role.handle_frames(report, now);
        }
        if self.updates.is_on_trial() {
            self.watch_trial(now);
        }
        self.tell_page(now);
    }

    /// Leaves for the page what is to be seen.
    fn tell_page(&mut self, now: Time<Local>) {
        let Self { page, role, frames, lights, universes, link, started_at, is_alone, .. } = self;
        let Some(page) = page else { return };
        page.look(|| Look {
            now,
            started_at: *started_at,
            node: role.status(now),
            map: role.map(now),
            hub: link.channel.as_ref().map(|channel| channel.peer_addr().to_string()),
            complaint: link.complaint.clone(),
            is_alone: *is_alone,
            frames: frames.report(),
            put_out: frames.put_out().map_or(0, |(count, _)| count),
            lights: lights.as_ref().and_then(Lights::report),
            universes: universes.words(),
            is_assigned: universes.is_given(),
        });
    }

    /// Whether the universes, if the node has any, go on.
    fn look_at_lights(&mut self) -> bool {
        self.lights.iter_mut().for_each(Lights::look);
        self.lights.as_ref().is_none_or(Lights::is_running)
    }

    /// Whether the image on trial does what the one before did (OTA-2).
    fn watch_trial(&mut self, now: Time<Local>) {
        let age = Duration::from_nanos(now.since(self.started_at).as_ns().max(0).unsigned_abs());
        let put_out = self.frames.put_out();
        let (frames, fps) = put_out.unwrap_or_default();
        let health = Health {
            has_hub: self.role.status(now).session == State::Live,
            is_locked: self.role.measured_map(now).state.is_usable(),
            // One that cannot be opened ends the node before anything runs.
            has_outputs: self.frames.is_running(),
            rate_pct: self.rate.handle(frames, fps, age),
        };
        self.updates.look(&health, age);
    }
}

/// The next news of the cues; never one where none can come.
async fn next_news(cues: &mut Option<Cues>) -> CueNews {
    match cues {
        Some(cues) => match cues.next().await {
            Some(news) => news,
            None => pending().await,
        },
        None => pending().await,
    }
}

/// The next wish of a client; never one where none can come.
async fn next_wish(uploads: &mut Option<Uploads>) -> Wish {
    match uploads {
        Some(uploads) => match uploads.next().await {
            Some(wish) => wish,
            None => pending().await,
        },
        None => pending().await,
    }
}
