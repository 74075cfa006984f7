//! A whole show in virtual time, run by the machines that ship.
//!
//! One conductor, one time exchange server, any number of node roles with their frame loops; between them datagram and
//! stream links with any profile; each machine with a clock of its own. A queue of events ordered by (true time, number)
//! is all there is: no clock is read, and everything random comes from the seed, so the same seed gives the same run,
//! told by [`World::run_hash`].
//!
//! The shells here drain the machines in the order of the real ones. What is modelled: delays, losses, order, clocks, the
//! death and birth of processes and machines, partitions, slow and stopped processes, full inboxes, other versions. How long
//! a process really takes to think and how late threads really wake is measured on real machines.
//!
//! | file | idea |
//! |---|---|
//! | `setup` | what a world is made of |
//! | `clock` | local time from true time, and back |
//! | `network` | paths, connections, what is under way |
//! | `hub`, `node`, `frames` | the shells around the machines |
//! | `deployed` | a deployed node |
//! | `guest` | machines a test plays itself |
//! | `skew` | what later versions say |
//! | `record` | what is written down; beside it a trace for a judge, where one is asked for |

mod clock;
mod deployed;
mod frames;
mod guest;
mod hub;
mod network;
mod node;
mod record;
mod setup;
mod skew;

pub use guest::Heard;
pub use network::Site;
pub use record::{FrameRecord, NodeRecord};
pub use setup::{Counter, Cpu, INBOX, NodeSetup, Setup, Speech};

use std::collections::{BTreeMap, BinaryHeap};

use cuelight_conductor::{Answer, Command, CommandError, ConnId, Program, Saved, Snapshot};
use cuelight_oracle::{Entry, NodeNo, What};
use cuelight_proto::node::NodeStatus;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::time::{Show, Span, Time};

use crate::oscillator::Oscillator;
use crate::profiles::PathProfile;
use crate::rng::Rng;
pub(crate) use clock::Clock;
use deployed::Deployed;
use frames::Gallery;
use guest::Guest;
use hub::Hub;
pub(crate) use hub::{MESSAGE_LEN, UDP_LEN};
use network::{Conn, Event, Path, Queued, ToSite};
use node::{Inbound, Node};
use record::RunHash;

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// It is killed; its machine closes its connections and refuses new ones.
    Killed,
    /// Its machine loses power: nobody is told anything.
    PowerCut,
}

/// What a restarted hub starts with.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// What its clock's epoch is shifted by, against its last start.
    pub epoch: Span,
    /// Show time now, as its saved map says.
    pub show_hint: Option<Time<Show>>,
    /// What is on its disk.
    pub disk: Disk,
}

/// What a restarted hub finds on its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// What it saved last.
    Saved,
    /// What it had saved when an operator made a copy: an old state.
    Backup,
    /// Nothing.
    Empty,
}

/// Who is at a place.
#[derive(Debug)]
enum Who {
    Node(Box<Node>),
    Deployed(Box<Deployed>),
    Guest(Guest),
}

#[derive(Debug)]
struct Place {
    path: Path,
    /// Its machine has no power: what comes is not even refused.
    is_dark: bool,
    /// The connection of its session, as the hub has it.
    session: Option<ConnId>,
    /// The session whose time exchange the conductor was told of last, and when.
    mentioned: Option<(TokenHash, i64)>,
    who: Who,
}

impl Place {
    const fn new(path: Path, is_dark: bool, who: Who) -> Self {
        Self { path, is_dark, session: None, mentioned: None, who }
    }
}

/// A world.
#[derive(Debug)]
pub struct World {
    now_ns: i64,
    /// What is under way is bounded by what the machines send.
    queue: BinaryHeap<Queued>,
    serial: u64,
    rng: Rng,
    hub: Hub,
    sites: Vec<Place>,
    conns: BTreeMap<ConnId, Conn>,
    last_conn: u64,
    /// What happened since it was last taken, where a trace is asked for.
    trace: Option<Vec<Entry>>,
    /// Used where a trace is asked for; else every node draws for itself.
    gallery: Gallery,
}

impl World {
    /// A hub that has just started, and nodes that have no power yet; true time 0.
    pub fn new(setup: Setup) -> Self {
        let mut rng = Rng::derived(setup.seed, 0x3041);
        let hub = Hub {
            config: setup.hub,
            clock: Clock::new(Oscillator::new(setup.hub_clock, rng.bits())),
            rng: Rng::new(rng.bits()),
            run: 0,
            process: None,
            is_dark: true,
            saved: Saved::default(),
            offset_ns: 0,
            events: Vec::new(),
            speech: setup.hub_speech,
            first_seq: setup.first_seq,
            stopped_until_ns: 0,
            waiting: 0,
            backup: None,
        };
        let place = |node: NodeSetup| {
            let path = Path::new(node.path, &mut rng);
            let clock = Clock::new(Oscillator::new(node.clock, rng.bits())).with_counter(node.counter);
            let who = if node.speech == Speech::Deployed {
                Who::Deployed(Box::new(Deployed::new(node.mac, clock)))
            } else {
                let record = NodeRecord::default();
                Who::Node(Box::new(Node { setup: node, clock, life: 0, process: None, record }))
            };
            Place::new(path, true, who)
        };
        let sites = setup.nodes.into_iter().map(place).collect();
        let mut world = Self {
            now_ns: 0,
            queue: BinaryHeap::new(),
            serial: 0,
            rng,
            hub,
            sites,
            conns: BTreeMap::new(),
            last_conn: 0,
            trace: setup.is_traced.then(Vec::new),
            gallery: Gallery::default(),
        };
        world.start_hub(Restart { epoch: Span::ZERO, show_hint: None, disk: Disk::Saved });
        world
    }
    /// The same, with every node started.
    pub fn started(setup: Setup) -> Self {
        let mut world = Self::new(setup);
        for site in (0..world.sites.len()).map(Site) {
            world.start_node(site);
        }
        world
    }

    /// True time, nanoseconds.
    pub const fn now_ns(&self) -> i64 {
        self.now_ns
    }
    /// The nodes.
    pub fn nodes(&self) -> Vec<Site> {
        (0..self.sites.len()).map(Site).filter(|site| self.node(*site).is_some()).collect()
    }
    /// Runs for a span of true time.
    pub fn run(&mut self, span: Span) {
        let end = self.now_ns + span.as_ns();
        while self.queue.peek().is_some_and(|next| next.at_ns <= end) {
            let next = self.queue.pop().expect("it was just seen");
            self.now_ns = next.at_ns.max(self.now_ns);
            self.happen(next.event);
        }
        self.now_ns = end;
    }

    /// An operator's wish, now.
    ///
    /// # Errors
    /// As the conductor refuses it.
    ///
    /// # Panics
    /// While no hub runs.
    pub fn command(&mut self, command: Command) -> Result<Answer, CommandError> {
        let now = self.hub.clock.read(self.now_ns);
        let process = self.hub.process.as_mut().expect("an operator talks to a hub that runs");
        let is_change = !matches!(
            command,
            Command::NameNode { .. }
                | Command::SetGroup { .. }
                | Command::DeleteGroup { .. }
                | Command::Forget { .. }
                | Command::RestartNode { .. }
                | Command::Cue { .. }
                | Command::LoadShow(_)
                | Command::UnloadShow
        );
        let answer = process.conductor.handle_command(None, command, now);
        if let Some(answer) = answer.as_ref().ok().filter(|_| is_change) {
            self.note(What::Ordered(answer.rev, answer.apply_at));
        }
        if self.hub.stopped_until_ns <= self.now_ns {
            self.send_ahead(now);
        }
        self.deliver();
        answer
    }
    /// Whether the hub's process is there.
    pub const fn is_hub_up(&self) -> bool {
        self.hub.process.is_some()
    }
    /// What happened since this was last asked for, in the order of true time; nothing where the setup asks for no trace.
    pub fn take_trace(&mut self) -> Vec<Entry> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }
    fn note(&mut self, what: What) {
        if self.trace.is_none() {
            return;
        }
        let (at_ns, show) = (self.now_ns, self.hub.show_at(self.now_ns));
        if let Some(trace) = &mut self.trace {
            trace.push(Entry { at_ns, show, what });
        }
    }
    /// Show time now, as the hub has it (or would have it, had its last process gone on).
    pub fn show_now(&mut self) -> Time<Show> {
        self.hub.show_at(self.now_ns)
    }
    /// Show time minus the reading of the hub's oscillator: what a step of show time changes.
    pub const fn show_offset_ns(&self) -> i64 {
        self.hub.offset_ns
    }
    /// The hub's view; `None` while it does not run.
    pub fn snapshot(&mut self) -> Option<Snapshot> {
        let now = self.hub.clock.read(self.now_ns);
        self.hub.process.as_ref().map(|process| process.conductor.snapshot(now))
    }
    /// What the hub logged, with true times.
    pub fn hub_events(&self) -> &[(i64, cuelight_conductor::Event)] {
        &self.hub.events
    }
    /// What a node did.
    ///
    /// # Panics
    /// When the site is a guest's.
    pub fn record(&self, node: Site) -> &NodeRecord {
        &self.node(node).expect("the site is a node's").record
    }
    /// What a node knows about itself; `None` while it does not run.
    pub fn status(&mut self, node: Site) -> Option<NodeStatus> {
        let now_ns = self.now_ns;
        let node = self.node_mut(node)?;
        let now = node.clock.read(now_ns);
        node.process.as_ref().map(|process| process.role.status(now))
    }
    /// A node's estimate of show time minus the hub's, nanoseconds; `None` while it cannot be scheduled on.
    pub fn clock_error_ns(&mut self, node: Site) -> Option<i64> {
        let now_ns = self.now_ns;
        let show = self.hub.show_at(now_ns);
        let node = self.node_mut(node)?;
        let now = node.clock.read(now_ns);
        let map = node.process.as_ref()?.role.map(now);
        map.state.is_usable().then(|| (map.show_at(now) - show).as_ns())
    }
    /// One number for everything that happened.
    pub fn run_hash(&self) -> u64 {
        let mut hash = RunHash::new();
        for node in (0..self.sites.len()).filter_map(|site| self.node(Site(site))) {
            hash.node(&node.record);
        }
        hash.hub(&self.hub.events);
        hash.value()
    }

    /// A node's process starts, on a clock that begins anew if it has run before.
    pub fn start_node(&mut self, site: Site) {
        let (seed, now_ns) = (self.rng.bits(), self.now_ns);
        let epoch_ns = self.rng.between(-1e12, 1e12) as i64;
        if let Some(node) = self.deployed_mut(site) {
            node.start();
            self.sites[site.0].is_dark = false;
            self.note(What::NodeStarted(NodeNo(site.0)));
            return self.schedule(now_ns, Event::Turn { site });
        }
        let Some(node) = self.node_mut(site) else { return };
        if node.life > 0 {
            node.clock.epoch_ns = epoch_ns;
        }
        node.start(seed, now_ns);
        self.sites[site.0].is_dark = false;
        self.note(What::NodeStarted(NodeNo(site.0)));
        self.with_node(site, |_, _| ());
        self.plan_frame(site);
    }
    /// A node's process ends.
    pub fn kill_node(&mut self, site: Site, death: Death) {
        if let Some(node) = self.deployed_mut(site) {
            node.is_running = false;
        } else if let Some(node) = self.node_mut(site) {
            node.process = None;
            node.life += 1;
        }
        self.note(What::NodeStopped(NodeNo(site.0)));
        self.sites[site.0].is_dark = death == Death::PowerCut;
        let open: Vec<ConnId> =
            self.conns.iter().filter(|(_, c)| c.site == site && c.is_open_at_site).map(|(id, _)| *id).collect();
        for conn in open {
            match death {
                Death::Killed => self.close_at_site(conn),
                Death::PowerCut => self.conns.get_mut(&conn).expect("it was just found").is_open_at_site = false,
            }
        }
    }
    /// The hub's process ends, between two instants of its saving.
    pub fn kill_hub(&mut self, death: Death) {
        self.hub.process = None;
        self.hub.run += 1;
        self.hub.is_dark = death == Death::PowerCut;
        self.note(What::HubStopped);
        self.drop_hub_connections();
    }
    /// The hub's process does nothing for a while, as when it is stopped; what comes meanwhile waits.
    pub fn stop_hub(&mut self, span: Span) {
        self.hub.stopped_until_ns = self.now_ns + span.as_ns();
    }
    /// Makes a copy of what the hub has on its disk.
    pub fn back_up_hub(&mut self) {
        self.hub.backup = Some(self.hub.saved.clone());
    }
    /// The hub's process starts (again).
    pub fn start_hub(&mut self, how: Restart) {
        self.hub.clock.epoch_ns += how.epoch.as_ns();
        self.hub.run += 1;
        self.hub.is_dark = false;
        self.hub.config.boot_id = self.hub.run;
        let saved = match how.disk {
            Disk::Saved => self.hub.saved.clone(),
            Disk::Backup => self.hub.backup.clone().unwrap_or_default(),
            Disk::Empty => Saved::default(),
        };
        let now = self.hub.clock.read(self.now_ns);
        self.hub.process = Some(hub::Process::new(self.hub.config.clone(), saved, now, how.show_hint));
        self.note(What::HubStarted);
        self.deliver();
        self.plan_tick();
    }
    /// The hub's process has read the show that was saved as loaded, before its first tick.
    pub fn give_program(&mut self, program: Program) {
        let process = self.hub.process.as_mut().expect("a hub that has just started");
        process.conductor.handle_program(Some(program));
    }
    /// Cuts a machine off, or connects it again.
    pub fn set_cut(&mut self, site: Site, is_cut: bool) {
        self.sites[site.0].path.is_cut = is_cut;
        self.note(What::Cut(NodeNo(site.0), is_cut));
    }
    /// A machine's way to the hub behaves differently from now on.
    pub fn set_path(&mut self, site: Site, profile: PathProfile) {
        self.sites[site.0].path.set_profile(profile);
        for link in self.conns.values_mut().filter(|link| link.site == site) {
            link.up.set_profile(profile.up);
            link.down.set_profile(profile.down);
        }
    }

    fn schedule(&mut self, at: i64, event: Event) {
        self.serial += 1;
        self.queue.push(Queued { at_ns: at.max(self.now_ns), serial: self.serial, event });
    }
    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick { run } => self.on_tick(run),
            Event::Due { site, at } => self.on_due(site, at),
            Event::Wake { site, life, index } => self.on_wake(site, life, index),
            Event::Output { site, life } => self.on_output(site, life),
            Event::Free { site, life } => self.on_free(site, life),
            Event::Turn { site } => self.on_turn(site),
            Event::Ping { site, bytes, arrived_at } => self.on_ping(site, &bytes, arrived_at),
            Event::Pong { site, bytes } => match self.sites[site.0].who {
                Who::Node(_) => self.arrive(site, Inbound::Pong(bytes)),
                Who::Deployed(_) => self.on_pong_to_deployed(site),
                Who::Guest(_) => self.guest_hears(site, Heard::Pong(bytes.to_vec())),
            },
            Event::Stream { site, bytes } => match self.sites[site.0].who {
                Who::Node(_) => self.arrive(site, Inbound::Stream(bytes)),
                Who::Deployed(_) => {}
                Who::Guest(_) => self.guest_hears(site, Heard::Stream(bytes.to_vec())),
            },
            Event::ToHub { conn, what } => self.on_to_hub(conn, what),
            Event::ToSite { conn, what } => self.on_to_site(conn, what),
        }
    }
    fn on_to_site(&mut self, conn: ConnId, what: ToSite) {
        let Some(link) = self.conns.get_mut(&conn) else { return };
        let site = link.site;
        if self.sites[site.0].is_dark {
            return;
        }
        if !link.is_open_at_site {
            // The machine is there but holds no such connection: it resets the other end.
            if !matches!(what, ToSite::Refused | ToSite::Close) {
                link.is_open_at_site = true;
                self.close_at_site(conn);
            }
            return;
        }
        if matches!(what, ToSite::Refused | ToSite::Close) {
            link.is_open_at_site = false;
        }
        match self.sites[site.0].who {
            Who::Node(_) => self.arrive(site, Inbound::Control(conn, what)),
            Who::Deployed(_) => self.on_to_deployed(site, conn, what),
            Who::Guest(_) => self.on_to_guest(site, conn, what),
        }
        self.forget_if_closed(conn);
    }
    /// A connection that neither end holds any more is gone.
    fn forget_if_closed(&mut self, conn: ConnId) {
        if self.conns.get(&conn).is_some_and(|link| !link.is_open_at_hub && !link.is_open_at_site) {
            self.conns.remove(&conn);
        }
    }

    fn node(&self, site: Site) -> Option<&Node> {
        match &self.sites.get(site.0)?.who {
            Who::Node(node) => Some(node),
            Who::Deployed(_) | Who::Guest(_) => None,
        }
    }
    fn node_mut(&mut self, site: Site) -> Option<&mut Node> {
        match &mut self.sites.get_mut(site.0)?.who {
            Who::Node(node) => Some(node),
            Who::Deployed(_) | Who::Guest(_) => None,
        }
    }
    fn process_mut(&mut self, site: Site) -> Option<&mut node::Process> {
        self.node_mut(site)?.process.as_mut()
    }
}
