//! A node and its links, from tick to tick.

use std::collections::VecDeque;
use std::sync::Arc;

use cuelight_conductor::{ConnId, ShowClock};
use cuelight_oracle::{ClockSample, Frame, Sent, What};
use cuelight_proto::node::{FrameReport, NodeEvent, NodeRole};
use cuelight_proto::sync::SyncServer;
use cuelight_wire::control::{HubMessage, NodeMessage};
use cuelight_wire::exchange::PONG_NS_LEN;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::limits::FRAME_HZ;
use cuelight_wire::stream::{HEADER_LEN, MAX_PACKET};
use cuelight_wire::time::{FrameIndex, Local, Show, Time};

use super::facts::Counts;
use super::frames::{self, Easel, Frames};
use super::notes::{Note, Notebook};
use crate::link::{Link, StreamLink};
use crate::oscillator::Oscillator;
use crate::rng::Rng;
use crate::world::{Clock, MESSAGE_LEN, NodeSetup, UDP_LEN};

/// The hub is told of a session's time exchange this often, as by its exchange thread.
const MENTION_EVERY_NS: i64 = 700_000_000;

/// What reaches a node on its control connection.
#[derive(Clone, Debug)]
pub(super) enum ToSite {
    Opened,
    Message(Box<HubMessage>),
    Close,
}

/// What reaches the hub.
#[derive(Clone, Debug)]
pub(super) enum ToHub {
    Open,
    Message(Box<NodeMessage>),
    Close,
    /// Its time exchange was heard.
    Mention(TokenHash),
}

/// Something said to the hub: when it arrives, by whom, on which connection.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) arrives_at: i64,
    pub(super) site: usize,
    pub(super) serial: u64,
    pub(super) conn: ConnId,
    pub(super) what: ToHub,
}

/// A datagram on its way: the header is its own, the payload is one of the lane's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mail {
    pub(super) at_ns: i64,
    pub(super) header: [u8; HEADER_LEN],
    /// The number of the payload, and its length.
    pub(super) payload: u32,
    pub(super) len: u32,
}

/// What the hub's clock shows, for those that cannot ask it.
#[derive(Clone, Debug)]
pub(super) struct HubView {
    pub(super) clock: Clock,
    pub(super) show: Option<ShowClock>,
}

impl HubView {
    fn show_at(&mut self, true_ns: i64) -> Time<Show> {
        let now = self.clock.read(true_ns);
        self.show.map_or(Time::ZERO, |show| show.show_at(now))
    }
}

/// What a node uses together with the others of its lane.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) hub: HubView,
    pub(super) easel: Easel,
    pub(super) counts: Counts,
    pub(super) said: Vec<Said>,
    pub(super) notes: Vec<Note>,
    /// Payloads by their numbers: one for each change that was announced, came into force or was merged.
    pub(super) payloads: Vec<Arc<[u8]>>,
    /// When the step under way began.
    pub(super) from_ns: i64,
}

#[derive(Debug)]
enum Event {
    Start,
    Ping(Box<[u8]>),
    Pong(Box<[u8]>),
    Control(ConnId, ToSite),
    Frame(FrameIndex),
}

/// A node.
#[derive(Debug)]
pub(super) struct Site {
    number: usize,
    setup: NodeSetup,
    seed: u64,
    clock: Clock,
    role: Option<Box<NodeRole>>,
    frames: Frames,
    report: FrameReport,
    up: Link,
    down: Link,
    rng: Rng,
    conn: Option<(ConnId, StreamLink, StreamLink)>,
    conns: u64,
    /// The session the hub's exchange answers.
    session: Option<TokenHash>,
    server: SyncServer<1>,
    mentioned: Option<(TokenHash, i64)>,
    /// Datagrams sent whose fate is not drawn yet, of at most the ticks of a step and of those between two time exchanges;
    /// whether each may be news.
    sent: VecDeque<(bool, Mail)>,
    /// Datagrams under way, by arrival; whether each must be handed over when it arrives.
    under_way: VecDeque<(i64, bool, Mail)>,
    /// What the newest datagram says that arrives.
    payload: Option<u32>,
    /// When the first one that says it arrives.
    news_at: i64,
    /// Whether the node has its show: then a datagram that repeats has no consequences.
    is_live: bool,
    /// Events by (true time, number); a handful.
    events: Vec<(i64, u64, Event)>,
    serial: u64,
    due_at: i64,
    /// When the next datagram arrives that must be handed over then.
    urgent_at: i64,
    notebook: Notebook,
    hash: u64,
}

impl Site {
    pub(super) fn new(number: usize, setup: NodeSetup, starts_at: i64, rng: &mut Rng) -> Self {
        let mut site = Self {
            number,
            seed: rng.bits(),
            clock: Clock::new(Oscillator::new(setup.clock, rng.bits())),
            role: None,
            frames: Frames::default(),
            report: FrameReport { fps: FRAME_HZ as f32, ..FrameReport::default() },
            up: Link::new(setup.path.up, rng.bits()),
            down: Link::new(setup.path.down, rng.bits()),
            rng: Rng::new(rng.bits()),
            conn: None,
            conns: 0,
            session: None,
            server: SyncServer::new(),
            mentioned: None,
            sent: VecDeque::new(),
            under_way: VecDeque::new(),
            payload: None,
            news_at: i64::MIN,
            is_live: false,
            events: Vec::new(),
            serial: 0,
            due_at: i64::MAX,
            urgent_at: i64::MAX,
            notebook: Notebook::of_site(number),
            hash: 14_695_981_039_346_656_037,
            setup,
        };
        site.plan(starts_at, Event::Start);
        site
    }
    pub(super) const fn number(&self) -> usize {
        self.number
    }
    /// When something happens to it that cannot wait.
    pub(super) fn next_at(&self) -> i64 {
        let event = self.events.iter().map(|(at, ..)| *at).min().unwrap_or(i64::MAX);
        event.min(self.due_at).min(self.urgent_at)
    }

    /// The hub sent a datagram; whether it may be news, so that the node must wake for it.
    pub(super) fn send(&mut self, mail: Mail) -> bool {
        let may_be_news = self.may_be_news(&mail);
        self.sent.push_back((may_be_news, mail));
        if may_be_news {
            self.urgent_at = self.urgent_at.min(mail.at_ns);
        }
        may_be_news
    }
    /// Whether it may be the first with its payload that arrives, or the node is not one that repeats mean nothing to.
    fn may_be_news(&self, mail: &Mail) -> bool {
        !self.is_live || self.payload != Some(mail.payload) || mail.at_ns < self.news_at
    }
    /// The hub sent something on a control connection.
    pub(super) fn tell(&mut self, at_ns: i64, conn: ConnId, what: ToSite, shared: &mut Shared) {
        let down = self.conn.as_mut().filter(|(id, ..)| *id == conn).map(|(_, _, down)| down);
        let arrives_at = down.and_then(|down| down.send(at_ns, MESSAGE_LEN));
        if let ToSite::Message(message) = &what
            && let HubMessage::Welcome(welcome) = &**message
        {
            self.session = Some(TokenHash::of(welcome.token.as_bytes()));
            self.note(at_ns, What::Told(self.notebook.node(), message.clone(), arrives_at), shared);
        }
        if let Some(at) = arrives_at {
            self.plan(at, Event::Control(conn, what));
        }
    }
    fn note(&mut self, at_ns: i64, what: What, shared: &mut Shared) {
        let show = shared.hub.show_at(at_ns);
        shared.notes.push(self.notebook.write(at_ns, show, what));
    }
    /// Draws when the datagrams that were sent until now arrive, in the order they were sent.
    fn draw_fates(&mut self, until_ns: i64, shared: &mut Shared) {
        while let Some((_, mail)) = self.sent.pop_front_if(|(_, mail)| mail.at_ns <= until_ns) {
            let may_be_news = self.may_be_news(&mail);
            let fate = self.down.send(mail.at_ns, HEADER_LEN + mail.len as usize + UDP_LEN);
            // What became urgent later only, with a clock that was lost, repeats what the judge has heard.
            if may_be_news && mail.at_ns >= shared.from_ns {
                let bytes = [&mail.header[..], &shared.payloads[mail.payload as usize]].concat().into();
                let sent = Sent { arrivals: fate.as_array(), bytes };
                self.note(mail.at_ns, What::Sent(self.notebook.node(), sent), shared);
            }
            for at in fate.arrivals() {
                // From here on this is what repeats, unless a later one overtakes it.
                let is_first = self.payload != Some(mail.payload) || at < self.news_at;
                if is_first {
                    (self.payload, self.news_at) = (Some(mail.payload), at);
                }
                let is_urgent = !self.is_live || is_first;
                let place = self.under_way.iter().rposition(|(other, ..)| *other <= at).map_or(0, |place| place + 1);
                self.under_way.insert(place, (at, is_urgent, mail));
            }
        }
    }
    fn plan_urgent(&mut self) {
        let news = self.sent.iter().find(|(may_be_news, _)| *may_be_news).map_or(i64::MAX, |(_, mail)| mail.at_ns);
        let urgent = self.under_way.iter().find(|(_, is_urgent, _)| *is_urgent).map_or(i64::MAX, |(at, ..)| *at);
        self.urgent_at = news.min(urgent);
    }

    /// Lives until a true time, exclusive.
    pub(super) fn run(&mut self, until_ns: i64, shared: &mut Shared) {
        loop {
            let at_ns = self.next_at();
            if at_ns >= until_ns {
                return;
            }
            self.draw_fates(at_ns, shared);
            self.hand_over(at_ns, shared);
            self.plan_urgent();
            let earliest = self.events.iter().enumerate().min_by_key(|(_, (at, serial, _))| (*at, *serial));
            match earliest.map(|(place, (at, ..))| (place, *at)).filter(|(_, at)| *at <= at_ns) {
                Some((place, _)) => {
                    let (_, _, event) = self.events.swap_remove(place);
                    self.happen(at_ns, event, shared);
                }
                None if self.due_at <= at_ns => self.on_due(at_ns, shared),
                None => {}
            }
            self.plan_due(at_ns);
        }
    }
    /// Hands over what has arrived, each datagram at its instant.
    fn hand_over(&mut self, until_ns: i64, shared: &mut Shared) {
        let mut buf = [0; MAX_PACKET];
        while self.under_way.front().is_some_and(|(at, ..)| *at <= until_ns) {
            let Some((at_ns, _, mail)) = self.under_way.pop_front() else { break };
            let len = HEADER_LEN + mail.len as usize;
            buf[..HEADER_LEN].copy_from_slice(&mail.header);
            buf[HEADER_LEN..len].copy_from_slice(&shared.payloads[mail.payload as usize]);
            let now = self.clock.read(at_ns);
            let Some(role) = &mut self.role else { continue };
            role.handle_datagram(&buf[..len], now);
            let said = self.drain(at_ns, now, shared);
            // Within a step nobody else notices when it is dealt with.
            shared.counts.disturbed += u64::from(said && at_ns < shared.from_ns);
        }
    }
    fn happen(&mut self, at_ns: i64, event: Event, shared: &mut Shared) {
        let now = self.clock.read(at_ns);
        match event {
            Event::Start => {
                self.note(at_ns, What::NodeStarted(self.notebook.node()), shared);
                let mut role = Box::new(NodeRole::new(self.setup.config(), self.seed, now));
                role.handle_frames(self.report, now);
                self.role = Some(role);
            }
            Event::Ping(bytes) => return self.answer(at_ns, &bytes, shared),
            Event::Pong(bytes) => {
                if let Some(role) = &mut self.role {
                    role.handle_exchange(&bytes, now, now);
                    shared.counts.exchanges += 1;
                }
            }
            Event::Control(conn, what) => self.on_control(conn, what, now),
            Event::Frame(index) => return self.on_frame(at_ns, index, shared),
        }
        self.drain(at_ns, now, shared);
    }
    fn on_control(&mut self, conn: ConnId, what: ToSite, now: Time<Local>) {
        if self.conn.as_ref().is_none_or(|(id, ..)| *id != conn) {
            return;
        }
        let Some(role) = &mut self.role else { return };
        match what {
            ToSite::Opened => role.handle_connected(now),
            ToSite::Message(message) => role.handle_message(&message, now),
            ToSite::Close => {
                self.conn = None;
                role.handle_disconnected(now);
            }
        }
    }
    /// The hub's exchange thread answers a ping.
    fn answer(&mut self, at_ns: i64, bytes: &[u8], shared: &mut Shared) {
        let show = shared.hub.show_at(at_ns);
        let session = self.session;
        let Ok(answer) = self.server.handle_ping(bytes, |token| session == Some(token), show) else { return };
        let token = answer.ping.token_hash;
        if self.mentioned.is_none_or(|(of, last)| of != token || at_ns - last >= MENTION_EVERY_NS) {
            self.mentioned = Some((token, at_ns));
            let conn = self.conn.as_ref().map_or(ConnId(0), |(id, ..)| *id);
            self.say(at_ns, conn, ToHub::Mention(token), shared);
        }
        let mut pong = [0; PONG_NS_LEN];
        let len = answer.pong(show).encode(&mut pong).expect("a pong fits");
        self.server.handle_sent(token, answer.ping.seq, show);
        for at in self.down.send(at_ns, len + UDP_LEN).arrivals() {
            self.plan(at, Event::Pong(pong[..len].into()));
        }
    }
    fn on_due(&mut self, at_ns: i64, shared: &mut Shared) {
        /// Timeouts that may follow from dealing with one.
        const MAX_ROUNDS: u32 = 8;
        let now = self.clock.read(at_ns);
        for _ in 0..MAX_ROUNDS {
            let Some(role) = &mut self.role else { return };
            if role.poll_timeout().is_none_or(|due| due > now) {
                return;
            }
            role.handle_timeout(now);
            self.drain(at_ns, now, shared);
        }
        panic!("node {} at {at_ns} ns: a timeout that is dealt with is over", self.number);
    }
    fn plan_due(&mut self, at_ns: i64) {
        let Some(role) = &self.role else { return };
        let due = role.poll_timeout().unwrap_or(Time::from_ns(i64::MAX));
        self.due_at = self.clock.true_at(due, at_ns).max(at_ns);
    }
    fn plan(&mut self, at_ns: i64, event: Event) {
        self.serial += 1;
        self.events.push((at_ns, self.serial, event));
    }

    /// Takes what the role has to say, in the order it documents; whether there was anything.
    fn drain(&mut self, at_ns: i64, now: Time<Local>, shared: &mut Shared) -> bool {
        let mut said = false;
        while let Some(ping) = self.role.as_mut().and_then(|role| role.poll_ping(now)) {
            said = true;
            if let Some(role) = &mut self.role {
                role.handle_exchange_sent(ping.seq, now);
            }
            let bytes = ping.encode();
            for at in self.up.send(at_ns, bytes.len() + UDP_LEN).arrivals() {
                self.plan(at, Event::Ping(bytes[..].into()));
            }
        }
        while let Some(message) = self.role.as_mut().and_then(|role| role.poll_message()) {
            said = true;
            shared.counts.messages += 1;
            self.say_on_connection(at_ns, ToHub::Message(Box::new(message)), shared);
        }
        while let Some(event) = self.role.as_mut().and_then(|role| role.poll_event()) {
            said = true;
            self.on_event(at_ns, now, event, shared);
        }
        said
    }
    fn on_event(&mut self, at_ns: i64, now: Time<Local>, event: NodeEvent, shared: &mut Shared) {
        match event {
            NodeEvent::Connect => {
                self.conns += 1;
                let conn = ConnId((self.number as u64) << 24 | self.conns);
                let NodeSetup { path, .. } = &self.setup;
                let (up, down) =
                    (StreamLink::new(path.up, self.rng.bits()), StreamLink::new(path.down, self.rng.bits()));
                self.conn = Some((conn, up, down));
                self.say_on_connection(at_ns, ToHub::Open, shared);
            }
            NodeEvent::Disconnect(_) => {
                self.say_on_connection(at_ns, ToHub::Close, shared);
                self.conn = None;
            }
            NodeEvent::Change { change, catch_up, .. } => {
                let Some(role) = &self.role else { return };
                self.frames.insert(change, catch_up, &role.map(now), now);
                self.plan_frame(at_ns, now);
            }
            NodeEvent::Locked => {
                self.frames.restart();
                self.is_live = true;
            }
            NodeEvent::Unlocked => {
                shared.counts.unlocks += 1;
                self.is_live = false;
            }
            NodeEvent::Live => self.is_live = self.role.as_ref().is_some_and(|role| role.map(now).state.is_usable()),
            NodeEvent::Fallback | NodeEvent::SessionEnded(_) => self.is_live = false,
            NodeEvent::Welcomed { .. } => {
                self.is_live = self.role.as_ref().is_some_and(|role| role.map(now).state.is_usable());
                // A new session: what comes first is news.
                self.payload = None;
            }
            NodeEvent::Heard { .. }
            | NodeEvent::Cues(_)
            | NodeEvent::Update(_)
            | NodeEvent::StopUpdate(_)
            | NodeEvent::Restart
            | NodeEvent::ShowLock(_)
            | NodeEvent::Universes(_)
            | NodeEvent::Geometry(_)
            | NodeEvent::HubError(_) => {}
        }
        self.mix(at_ns as u64);
    }
    fn plan_frame(&mut self, at_ns: i64, now: Time<Local>) {
        self.events.retain(|(_, _, event)| !matches!(event, Event::Frame(_)));
        let Some(role) = &self.role else { return };
        if let Some((index, wake_at)) = self.frames.plan(&role.map(now), now) {
            let at = self.clock.true_at(wake_at, at_ns);
            self.plan(at, Event::Frame(index));
        }
    }
    fn on_frame(&mut self, at_ns: i64, index: FrameIndex, shared: &mut Shared) {
        let now = self.clock.read(at_ns);
        let Some(role) = &mut self.role else { return };
        let map = role.map(now);
        if !frames::is_current(&map, index, now) {
            return self.plan_frame(at_ns, now);
        }
        let out_ns = self.clock.true_at(Frames::due_at(&map, index), at_ns);
        let (is_synced, late) = (map.state.is_usable(), &mut self.report.late);
        let late_before = *late;
        let (rev, hash) = self.frames.render(index, &mut shared.easel, |applied| {
            *late += u32::from(is_synced && !applied.catch_up && index > applied.own);
        });
        if self.report.late != late_before {
            role.handle_frames(self.report, now);
        }
        let frame = Frame { index, is_synced, rev, hash };
        self.note(out_ns, What::Frame(self.notebook.node(), frame), shared);
        [index.0 as u64, rev.0.into(), hash, out_ns as u64].into_iter().for_each(|word| self.mix(word));
        self.plan_frame(at_ns, now);
    }

    fn say_on_connection(&mut self, at_ns: i64, what: ToHub, shared: &mut Shared) {
        let Some((conn, up, _)) = &mut self.conn else { return };
        let conn = *conn;
        if let Some(at) = up.send(at_ns, MESSAGE_LEN) {
            self.say(at, conn, what, shared);
        }
    }
    fn say(&mut self, arrives_at: i64, conn: ConnId, what: ToHub, shared: &mut Shared) {
        self.serial += 1;
        shared.said.push(Said { arrives_at, site: self.number, serial: self.serial, conn, what });
    }

    /// Its clock is looked at from outside, and soon one of its frames.
    pub(super) fn look(&mut self, at_ns: i64, frame: FrameIndex, shared: &mut Shared) {
        let Some(role) = &self.role else { return };
        let now = self.clock.read(at_ns);
        let map = role.map(now);
        let sample = ClockSample { show: map.show_at(now), is_usable: map.state.is_usable(), bound: map.bound };
        self.note(at_ns, What::Clock(self.notebook.node(), sample), shared);
        self.mix(sample.show.as_ns() as u64);
        self.mix(sample.bound.as_ns() as u64);
        self.frames.want(frame);
        self.plan_frame(at_ns, now);
    }
    /// One number for everything that happened to it.
    pub(super) fn hash(&mut self, at_ns: i64) -> u64 {
        let now = self.clock.read(at_ns);
        if let Some(role) = &self.role {
            let told = format!("{:?}", role.status(now));
            told.bytes().for_each(|byte| self.mix(u64::from(byte)));
        }
        self.hash
    }
    /// FNV-1a, 64 bits, a word at a time.
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(1_099_511_628_211);
    }
}
