//! Nodes on a thread, and the step they keep with the hub.
//!
//! In a step the hub hands out what it sent in some ticks, and every lane lives until the next one. Between, lanes share
//! nothing. While they live, the hub goes on with the ticks of the next step: what nodes say in a step it hears after that one,
//! however many lanes there are. Waiting is by spinning: a step of a thousand nodes lasts some milliseconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};

use cuelight_conductor::{ConnId, ShowClock};
use cuelight_wire::time::FrameIndex;

use super::facts::Counts;
use super::frames::Easel;
use super::notes::Note;
use super::site::{HubView, Mail, Said, Shared, Site, ToSite};

/// Looks at a flag before the thread lets others run.
const SPINS: u32 = 2_000;

/// Something on a control connection: to whom, by place in the lane, and when it was sent.
type Told = (usize, i64, ConnId, ToSite);

/// A lane's next step, and what came of the last.
#[derive(Debug, Default)]
struct Step {
    /// Payloads that are new.
    payloads: Vec<Arc<[u8]>>,
    /// Datagrams: to whom, by place in the lane.
    mails: Vec<(usize, Mail)>,
    told: Vec<Told>,
    until_ns: i64,
    show: Option<ShowClock>,
    /// Clocks are looked at when it is over, and then this frame.
    looks: Option<FrameIndex>,
    is_over: bool,
    heard: Heard,
}

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What nodes said to the hub.
    pub(super) said: Vec<Said>,
    /// What the judge is to hear.
    pub(super) notes: Vec<Note>,
}

impl Heard {
    fn append(&mut self, other: &mut Self) {
        self.said.append(&mut other.said);
        self.notes.append(&mut other.notes);
    }
}

#[derive(Debug)]
struct Lane {
    sites: Vec<Site>,
    /// When each wakes: all that is looked at of a node that sleeps.
    next: Vec<i64>,
    shared: Shared,
}

impl Lane {
    fn new(sites: Vec<Site>, hub: HubView) -> Self {
        let next = sites.iter().map(Site::next_at).collect();
        let shared = Shared {
            hub,
            easel: Easel::new(),
            counts: Counts::default(),
            said: Vec::new(),
            notes: Vec::new(),
            payloads: Vec::new(),
            from_ns: 0,
        };
        Self { sites, next, shared }
    }
    fn run(&mut self, step: &mut Step) {
        self.shared.hub.show = step.show;
        self.shared.payloads.append(&mut step.payloads);
        for (place, mail) in step.mails.drain(..) {
            if self.sites[place].send(mail) {
                self.next[place] = self.sites[place].next_at();
            }
        }
        for (place, at_ns, conn, what) in step.told.drain(..) {
            self.sites[place].tell(at_ns, conn, what, &mut self.shared);
            self.next[place] = self.sites[place].next_at();
        }
        for (site, next) in self.sites.iter_mut().zip(&mut self.next) {
            if *next < step.until_ns {
                site.run(step.until_ns, &mut self.shared);
                *next = site.next_at();
            }
        }
        if let Some(frame) = step.looks {
            for (site, next) in self.sites.iter_mut().zip(&mut self.next) {
                site.look(step.until_ns, frame, &mut self.shared);
                *next = site.next_at();
            }
        }
        step.heard.said.append(&mut self.shared.said);
        step.heard.notes.append(&mut self.shared.notes);
        self.shared.from_ns = step.until_ns;
    }
}

/// What two threads hold between them.
#[derive(Debug, Default)]
struct Slot {
    step: Mutex<Step>,
    /// Steps that were begun, and that are done.
    begun: AtomicU64,
    done: AtomicU64,
}

impl Slot {
    /// The step, which the other side is not at.
    fn step(&self) -> MutexGuard<'_, Step> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Lives, step by step, until it is over.
    fn work(&self, mut lane: Lane) -> Lane {
        let mut seen = 0;
        loop {
            wait_until(|| self.begun.load(Ordering::Acquire) > seen);
            seen += 1;
            let mut step = self.step();
            if step.is_over {
                return lane;
            }
            lane.run(&mut step);
            drop(step);
            self.done.store(seen, Ordering::Release);
        }
    }
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let mut spins = 0;
    while !is_so() {
        spins += 1;
        if spins < SPINS {
            std::hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

/// The hub's part of all work, measured with a thousand nodes: so much less is its own lane's.
const HUBS_PART: f64 = 0.09;

/// All lanes: the first runs on the hub's thread.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    own: Lane,
    own_heard: Heard,
    slots: &'a [Slot],
    workers: Vec<ScopedJoinHandle<'a, Lane>>,
    begun: u64,
    /// For each node its lane and its place there.
    places: Vec<(usize, usize)>,
    /// The next step of each lane.
    next: Vec<Step>,
}

/// Spreads the nodes over lanes and runs `conduct` with them.
pub(super) fn with_lanes<T>(
    sites: Vec<Site>,
    hub: HubView,
    threads: usize,
    conduct: impl FnOnce(&mut Lanes<'_>) -> T,
) -> T {
    let lanes = threads.clamp(1, sites.len().max(1));
    let own_part = ((1.0 / lanes as f64 - HUBS_PART) / (1.0 - HUBS_PART)).max(0.0);
    let own_count = (sites.len() as f64 * own_part).round() as usize;
    let mut parts: Vec<Vec<Site>> = (0..lanes).map(|_| Vec::new()).collect();
    let mut places = Vec::new();
    for (n, site) in sites.into_iter().enumerate() {
        let lane = if n < own_count || lanes == 1 { 0 } else { 1 + n % (lanes - 1) };
        places.push((lane, parts[lane].len()));
        parts[lane].push(site);
    }
    let mut parts = parts.into_iter().map(|sites| Lane::new(sites, hub.clone()));
    let own = parts.next().expect("there is one lane at least");
    let rest: Vec<Lane> = parts.collect();
    let slots: Vec<Slot> = rest.iter().map(|_| Slot::default()).collect();
    thread::scope(|scope| {
        let workers = rest.into_iter().zip(&slots).map(|(lane, slot)| scope.spawn(move || slot.work(lane)));
        let workers = workers.collect();
        let next = (0..lanes).map(|_| Step::default()).collect();
        conduct(&mut Lanes { own, own_heard: Heard::default(), slots: &slots, workers, begun: 0, places, next })
    })
}

impl Lanes<'_> {
    /// A payload that datagrams have from now on; they are numbered from 0.
    pub(super) fn add_payload(&mut self, payload: &Arc<[u8]>) {
        self.next.iter_mut().for_each(|step| step.payloads.push(Arc::clone(payload)));
    }
    pub(super) fn send(&mut self, site: usize, mail: Mail) {
        let (lane, place) = self.places[site];
        self.next[lane].mails.push((place, mail));
    }
    pub(super) fn tell(&mut self, site: usize, at_ns: i64, conn: ConnId, what: ToSite) {
        let (lane, place) = self.places[site];
        self.next[lane].told.push((place, at_ns, conn, what));
    }
    /// All nodes begin to live until a true time; what came of the step before.
    pub(super) fn run(&mut self, until_ns: i64, show: ShowClock, looks: Option<FrameIndex>) -> Heard {
        self.wait();
        let mut heard = std::mem::take(&mut self.own_heard);
        for step in &mut self.next {
            (step.until_ns, step.show, step.looks) = (until_ns, Some(show), looks);
        }
        self.begun += 1;
        for (slot, next) in self.slots.iter().zip(&mut self.next[1..]) {
            let mut step = slot.step();
            heard.append(&mut step.heard);
            // What was dealt with leaves its room for the step after.
            std::mem::swap(&mut *step, next);
            drop(step);
            slot.begun.store(self.begun, Ordering::Release);
        }
        self.own.run(&mut self.next[0]);
        self.own_heard.append(&mut self.next[0].heard);
        heard
    }
    /// Until all have lived the step that was begun.
    fn wait(&self) {
        for (slot, worker) in self.slots.iter().zip(&self.workers) {
            wait_until(|| {
                let is_done = slot.done.load(Ordering::Acquire) == self.begun;
                assert!(is_done || !worker.is_finished(), "a lane panicked");
                is_done
            });
        }
    }
    /// The end, at a true time: what came of the last step, what was counted, and one number for all.
    pub(super) fn finish(&mut self, at_ns: i64) -> (Heard, Counts, u64) {
        self.wait();
        let mut heard = std::mem::take(&mut self.own_heard);
        for slot in self.slots {
            let mut step = slot.step();
            heard.append(&mut step.heard);
            step.is_over = true;
            drop(step);
            slot.begun.store(self.begun + 1, Ordering::Release);
        }
        let workers = self.workers.drain(..).map(|worker| worker.join().expect("a lane that panicked was noticed"));
        let mut others: Vec<Lane> = workers.collect();
        let mut hashes: Vec<(usize, u64)> = Vec::new();
        let mut counts = self.own.shared.counts;
        for lane in std::iter::once(&mut self.own).chain(&mut others) {
            hashes.extend(lane.sites.iter_mut().map(|site| (site.number(), site.hash(at_ns))));
        }
        for lane in others {
            counts.join(lane.shared.counts);
        }
        hashes.sort_unstable();
        let fold = |hash: u64, (_, own): &(usize, u64)| (hash ^ own).wrapping_mul(1_099_511_628_211);
        (heard, counts, hashes.iter().fold(14_695_981_039_346_656_037, fold))
    }
}
