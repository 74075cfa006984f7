//! The storage thread: everything slow that the tick thread must not wait for. It saves the show, keeps the map from
//! wall clock to show time, writes the log, and the record when one is asked for (HUB-1, HUB-4).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use cuelight_conductor::rollout::Status;
use cuelight_conductor::{Event, Saved, ShowClock, Why};
use cuelight_net::clock::{LocalClock, mono_now_ns, wall_now};
use cuelight_output::ClockSample;
use cuelight_output::record::{Lane, Recorder};
use cuelight_wire::control::OtaState;
use cuelight_wire::time::Span;
use serde_json::json;
use tracing::{debug, error, info, warn};

use crate::events::{self, Events, Told};
use crate::store::{DataFolder, ShowMap};

/// File of the show's state.
pub(crate) const STATE_FILE: &str = "state.json";
/// File of the show time map.
pub(crate) const CLOCK_FILE: &str = "clock.json";

/// Jobs waiting; when it is full, log lines are dropped and counted, and a save is tried again at the next tick. At
/// most one of them is a save.
const QUEUE: usize = 256;
/// Ten clock lines a second in the record.
const PERIOD: Duration = Duration::from_millis(100);
/// The show time map is rewritten every this many periods: a second.
const MAP_EVERY: u32 = 10;

/// What the thread is asked to do.
#[derive(Debug)]
enum Job {
    Save(Box<Saved>, u64),
    Log(Event),
    /// So many were dropped before this.
    Dropped(u64),
}

/// The show clock's offset, for threads that do not own the conductor.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedShowClock(Arc<AtomicI64>);

impl SharedShowClock {
    pub(crate) fn set(&self, clock: ShowClock) {
        self.0.store(clock.offset.as_ns(), Ordering::Relaxed);
    }
    pub(crate) fn get(&self) -> ShowClock {
        ShowClock { offset: Span::from_ns(self.0.load(Ordering::Relaxed)) }
    }
}

/// Why the show is not saved, while it is not, for whoever tells people.
#[derive(Clone, Debug, Default)]
pub(crate) struct SaveTrouble(Arc<ArcSwapOption<String>>);

impl SaveTrouble {
    fn set(&self, trouble: String) {
        self.0.store(Some(Arc::new(trouble)));
    }
    fn clear(&self) {
        self.0.store(None);
    }
    /// One sentence; none when everything is on the disk.
    pub(crate) fn get(&self) -> Option<String> {
        self.0.load().as_deref().cloned()
    }
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(crate) struct Keeper {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
    unlogged: u64,
    /// Of these, those that nobody was told of yet.
    untold: u64,
    is_save_waiting: Arc<AtomicBool>,
    saved_revision: Arc<AtomicU64>,
}

impl Keeper {
    /// Starts the thread.
    pub(crate) fn start(
        folder: DataFolder,
        record: Option<Recorder>,
        clock: LocalClock,
        show: SharedShowClock,
        events: Events,
        trouble: SaveTrouble,
    ) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let lane = record.as_ref().map(|recorder| recorder.lane("clock"));
        let is_save_waiting = Arc::new(AtomicBool::new(false));
        let saved_revision = Arc::new(AtomicU64::new(0));
        let worker = Worker {
            folder,
            record,
            lane,
            clock,
            show,
            events,
            is_save_waiting: is_save_waiting.clone(),
            saved_revision: saved_revision.clone(),
            unsaved: None,
            trouble,
            is_map_unsaved: false,
        };
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || worker.run(&queue))?;
        Ok(Self { jobs, thread, unlogged: 0, untold: 0, is_save_waiting, saved_revision })
    }

    /// Has an event logged; drops it when the log is behind.
    pub(crate) fn log(&mut self, event: Event) {
        if self.untold > 0 && self.jobs.try_send(Job::Dropped(self.untold)).is_ok() {
            self.untold = 0;
        }
        if self.jobs.try_send(Job::Log(event)).is_err() {
            self.unlogged += 1;
            self.untold += 1;
        }
    }

    /// Whether no save is waiting: a slow disk is not given more to do.
    pub(crate) fn is_free(&self) -> bool {
        !self.is_save_waiting.load(Ordering::Relaxed)
    }

    /// The revision of the show that is on the disk.
    pub(crate) fn saved_revision(&self) -> u64 {
        self.saved_revision.load(Ordering::Acquire)
    }

    /// Has the show saved, which is `revision` of it; `false` when it must be tried again later.
    pub(crate) fn save(&self, saved: Saved, revision: u64) -> bool {
        self.is_save_waiting.store(true, Ordering::Relaxed);
        let is_full = matches!(self.jobs.try_send(Job::Save(Box::new(saved), revision)), Err(TrySendError::Full(_)));
        if is_full {
            self.is_save_waiting.store(false, Ordering::Relaxed);
        }
        !is_full
    }

    /// Saves for the last time and waits until everything is written.
    pub(crate) fn stop(self, saved: Saved) {
        let Self { jobs, thread, unlogged, .. } = self;
        if jobs.send(Job::Save(Box::new(saved), 0)).is_err() {
            error!("the storage thread ended early; the last changes are not saved");
        }
        drop(jobs);
        if thread.join().is_err() {
            error!("the storage thread failed; the last changes may not be saved");
        }
        if unlogged > 0 {
            warn!(unlogged, "log lines were dropped because the log was behind");
        }
    }
}

struct Worker {
    folder: DataFolder,
    record: Option<Recorder>,
    lane: Option<Lane>,
    clock: LocalClock,
    show: SharedShowClock,
    events: Events,
    is_save_waiting: Arc<AtomicBool>,
    saved_revision: Arc<AtomicU64>,
    /// What could not be saved, and its revision; it is tried again every second.
    unsaved: Option<(Box<Saved>, u64)>,
    trouble: SaveTrouble,
    /// The last attempt to save show time failed, and that was said.
    is_map_unsaved: bool,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Job>) {
        let mut periods = 0_u32;
        let mut next = Instant::now() + PERIOD;
        loop {
            let now = Instant::now();
            if now >= next {
                // A pause of the machine or a slow disk is not made up for.
                next = (next + PERIOD).max(now);
                periods = periods.wrapping_add(1);
                self.record_clock();
                if periods.is_multiple_of(MAP_EVERY) {
                    self.save_map(false);
                    self.save_again();
                }
            }
            match queue.recv_timeout(next.saturating_duration_since(now)) {
                Ok(Job::Save(saved, revision)) => {
                    self.is_save_waiting.store(false, Ordering::Relaxed);
                    self.save(saved, revision);
                }
                Ok(Job::Log(event)) => {
                    log(&event);
                    if let Some(told) = events::of_event(&event) {
                        self.events.add(told);
                    }
                }
                Ok(Job::Dropped(count)) => self.events.add(Told::new("lost", json!({ "missed": count }))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.save_map(true);
        self.record_clock();
        if let Some(Err(failure)) = self.record.map(Recorder::close) {
            error!("{failure}");
        }
    }

    fn save(&mut self, saved: Box<Saved>, revision: u64) {
        self.unsaved = match self.folder.write(STATE_FILE, &*saved, true) {
            Ok(()) => {
                self.note_saved(revision);
                None
            }
            Err(error) => {
                let folder = self.folder.path().display();
                error!("the show cannot be saved in {folder}: {error}; it is tried again every second");
                self.trouble.set(format!(
                    "the show cannot be saved in {folder} ({error}): a restart would lose the last changes; make room, or change \
                     the folder's owner"
                ));
                Some((saved, revision))
            }
        };
    }

    fn save_again(&mut self) {
        let Some((saved, revision)) = &self.unsaved else { return };
        if self.folder.write(STATE_FILE, &**saved, true).is_ok() {
            self.note_saved(*revision);
            self.unsaved = None;
        }
    }

    /// The show is on the disk. After a failure that is said, whether it was tried again or there was a new change to save.
    fn note_saved(&self, revision: u64) {
        self.saved_revision.store(revision, Ordering::Release);
        if self.unsaved.is_some() {
            info!("the show is saved again");
        }
        self.trouble.clear();
    }

    /// Wall clock and show time change their relation only when the wall clock is set, so losing the last write to a
    /// power cut costs nothing; only the last one waits for the disk.
    fn save_map(&mut self, durable: bool) {
        let show = self.show.get().show_at(self.clock.now());
        let saved = self.folder.write(CLOCK_FILE, &ShowMap::new(wall_now(), show), durable);
        let was_unsaved = std::mem::replace(&mut self.is_map_unsaved, saved.is_err());
        if let Err(error) = saved
            && !was_unsaved
        {
            error!(
                "show time cannot be saved in {}: {error}; it is tried again every second",
                self.folder.path().display()
            );
        }
    }

    fn record_clock(&mut self) {
        let Some(lane) = &mut self.lane else { return };
        let mono_ns = mono_now_ns();
        let show_at = self.show.get().show_at(self.clock.from_mono_ns(mono_ns));
        // The hub's clock is show time itself.
        lane.clock(ClockSample { mono_ns, show_at, sigma: Span::ZERO, bound: Span::ZERO, is_synced: true });
    }
}

fn log(event: &Event) {
    match event {
        Event::Joined { node, mac, ip, new } => info!(node = node.0, %mac, %ip, new, "node joined"),
        Event::Ready { node } => info!(node = node.0, "node is ready"),
        Event::Degraded { node, why: Why::LOCKING } => info!(node = node.0, "node measures its clock"),
        Event::Degraded { node, why } => warn!(node = node.0, "node is degraded: {why}"),
        Event::Lost { node, why } => warn!(node = node.0, ?why, "node is lost"),
        Event::Removed { node } => info!(node = node.0, "lost node left the roster; its number and name are kept"),
        Event::Forgotten { node, mac } => info!(node = node.0, %mac, "node forgotten"),
        Event::Assigned { node, universes: Some(universes) } => info!(node = node.0, %universes, "node has universes"),
        Event::LaidOut { node, geometry: Some(geometry) } => info!(node = node.0, %geometry, "node is laid out"),
        Event::LaidOut { node, geometry: None } => info!(node = node.0, "node is laid out as its own settings say"),
        Event::Assigned { node, universes: None } => info!(node = node.0, "node has the universes of its own settings"),
        Event::Renamed { node, name } => info!(node = node.0, %name, "node renamed"),
        Event::TakeoverRefused { node, ip } => {
            warn!(node = node.0, %ip, "another machine says that it is this node, which is connected from elsewhere: refused");
        }
        Event::Refused { conn, node, refusal } => {
            warn!(conn = conn.0, node = node.map(|node| node.0), "connection ended: {refusal}");
        }
        Event::Changed { rev, apply_at, nodes } => {
            debug!(rev = rev.0, apply_at_us = apply_at.as_us(), nodes, "change announced");
        }
        Event::HintAdopted { node, show } => {
            info!(node = node.0, show_us = show.as_us(), "show time goes on from what a node knows");
        }
        Event::HintDisagrees { node, difference } => {
            warn!(
                node = node.0,
                difference_us = difference.as_us(),
                "a node's show time differs; it will follow this hub"
            );
        }
        Event::NumberTooLarge { node, what, number } => {
            debug!(node = node.0, ?what, number, "above 255: sent to this deployed node on the stream only");
        }
        Event::Overrun { tick, cost } => warn!(tick, cost_us = cost.as_us(), "tick overran"),
        Event::TicksMissed { count } => warn!(count, "ticks left out: the hub did not run in time"),
        Event::SavedIgnored { what } => warn!("part of the saved show cannot be used and is left out: {what}"),
        Event::SceneNotShown { list, cue, problem } => warn!(%list, %cue, "a cue's scene is not shown: {problem}"),
        Event::Armed { show: Some(show) } => info!(%show, "show armed: nodes are not updated unless it is named"),
        Event::Armed { show: None } => info!("no show is armed"),
        Event::Rollout { number, version, status: Status::Stopped(mac, reason) } => {
            warn!(number, %version, %mac, "rollout stopped: {reason}");
        }
        Event::Rollout { number, version, status } => info!(number, %version, ?status, "rollout"),
        Event::Offered { node, version } => info!(node = node.0, %version, "update offered"),
        Event::RestartOrdered { node } => info!(node = node.0, "the node is told to restart"),
        Event::UpdateStopped { node } => info!(node = node.0, "the node is told to leave its update off"),
        Event::Ota { node, status } => match status.state {
            OtaState::Failed => warn!(
                node = node.0,
                log = status.log.as_deref(),
                "update failed: {}",
                status.error.as_deref().unwrap_or("the node does not say why")
            ),
            state => debug!(node = node.0, ?state, pct = status.pct, "update"),
        },
    }
}
