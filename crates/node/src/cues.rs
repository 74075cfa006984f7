//! The cues of the hub (CUE-4 to CUE-7): a thread that follows them, with the hub's show files and playbacks, and gives what is
//! to be played.
//!
//! The driver tells it what the stream says; it fetches the show by its digest, in parts, makes the universes of this node
//! ready, and asks for the playbacks where a step is missing. Shows stay on the disk, the last ones, so that a node that
//! starts again needs a few bytes. The lights and the driver never wait for it.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};

use cuelight_dmx::range::UniverseRange;
use cuelight_fetch::{Digest, Fetch, FetchError, Http, Progress, Server, Wanted};
use cuelight_net::clock::LocalClock;
use cuelight_show::{Follower, Playing, Score, Want, Whole};
use cuelight_trust::Trust;
use cuelight_wire::control::CueReport;
use cuelight_wire::cues::{CueState, ShowId};
use cuelight_wire::time::{Local, Show, Time};
use tokio::sync::mpsc;
use tracing::{info, warn};

/// Words from the driver that wait; the thread takes them between two parts. The stream says everything again twice a second.
const ORDERS: usize = 64;
/// News for the driver that wait. It takes them at once.
const NEWS: usize = 64;
/// Shows kept on the disk.
const KEPT: usize = 4;
/// The longest answer to `GET /cues`: 64 lists of 64 runs and anchors, 150 bytes each.
const MAX_WHOLE: u64 = 2 * 1024 * 1024;
/// The longest show file, as in the format.
const MAX_SHOW: u32 = cuelight_showfile::MAX_LEN as u32;
/// How long the thread waits for a word at most, when nothing is to be fetched.
const IDLE: Duration = Duration::from_secs(1);

/// What the driver tells it.
#[derive(Debug)]
enum Order {
    /// There is a session with the hub here, `https://HOST:PORT`; whether it is another run of a hub.
    Hub(String, bool),
    /// The stream has brought a state, when show time was this; nothing while show time is not known.
    State(Box<CueState>, Option<(Time<Local>, Time<Show>)>),
}

/// What the driver is told.
#[derive(Debug)]
pub(crate) enum CueNews {
    /// This is to be played.
    Playing(Playing),
    /// The hub is to be told this.
    Report(CueReport),
}

/// The driver's side. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Cues {
    orders: SyncSender<Order>,
    news: mpsc::Receiver<CueNews>,
}

impl Cues {
    /// Follows cues for these universes, with shows in `folder`.
    pub(crate) fn start(
        folder: PathBuf,
        universes: Vec<UniverseRange>,
        clock: LocalClock,
        trust: &Trust,
    ) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let (orders, inbox) = sync_channel(ORDERS);
        let (sender, news) = mpsc::channel(NEWS);
        let worker = Worker {
            folder,
            universes,
            clock,
            http: Http::new(concat!("cuelight-node/", env!("CARGO_PKG_VERSION")), trust),
            hub: None,
            follower: Follower::default(),
            show_as_of: None,
            reported: None,
            complaint: None,
            news: sender,
        };
        thread::Builder::new().name("cues".into()).spawn(move || worker.run(&inbox))?;
        Ok(Self { orders, news })
    }
    /// There is a session with a hub.
    pub(crate) fn on_hub(&self, hub: String, is_new: bool) {
        self.order(Order::Hub(hub, is_new));
    }
    /// The stream has brought a state.
    pub(crate) fn on_state(&self, state: CueState, show: Option<(Time<Local>, Time<Show>)>) {
        self.order(Order::State(Box::new(state), show));
    }
    /// The next news.
    pub(crate) async fn next(&mut self) -> Option<CueNews> {
        self.news.recv().await
    }
    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            warn!("the cues are behind: what the stream says now is looked at when it is said again");
        }
    }
}

struct Worker {
    folder: PathBuf,
    universes: Vec<UniverseRange>,
    clock: LocalClock,
    http: Http,
    hub: Option<String>,
    follower: Follower,
    /// When show time was what.
    show_as_of: Option<(Time<Local>, Time<Show>)>,
    reported: Option<CueReport>,
    complaint: Option<String>,
    news: mpsc::Sender<CueNews>,
}

/// The driver is gone.
struct Gone;

impl Worker {
    fn run(mut self, inbox: &Receiver<Order>) {
        loop {
            let wait = match self.follower.poll_timeout() {
                Some(at) => Duration::from_nanos((at - self.clock.now()).as_ns().max(0).unsigned_abs()).min(IDLE),
                None => IDLE,
            };
            match inbox.recv_timeout(wait) {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.tell().is_err() {
                return;
            }
            let Some(want) = self.follower.poll_want(self.clock.now()) else { continue };
            if let Err(problem) = self.fetch(want, inbox) {
                if self.complaint.as_ref() != Some(&problem) {
                    warn!("the cues of the hub cannot be played yet: {problem}");
                    self.complaint = Some(problem);
                }
                self.follower.handle_failure(self.clock.now());
            } else {
                self.complaint = None;
            }
            if self.tell().is_err() {
                return;
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Hub(hub, is_new) => {
                self.hub = Some(hub);
                if is_new {
                    self.follower.handle_new_hub();
                }
            }
            Order::State(state, show) => {
                self.show_as_of = show;
                self.follower.handle_state(&state, self.show_now());
            }
        }
    }
    fn show_now(&self) -> Option<Time<Show>> {
        self.show_as_of.map(|(local, show)| show + (self.clock.now() - local))
    }

    fn tell(&mut self) -> Result<(), Gone> {
        while let Some(playing) = self.follower.poll_playing() {
            self.news.blocking_send(CueNews::Playing(playing)).map_err(|_| Gone)?;
        }
        let report = self.follower.report();
        if report != self.reported
            && let Some(report) = report
        {
            self.reported = Some(report);
            self.news.blocking_send(CueNews::Report(report)).map_err(|_| Gone)?;
        }
        Ok(())
    }

    fn fetch(&mut self, want: Want, inbox: &Receiver<Order>) -> Result<(), String> {
        let hub = self.hub.clone().ok_or("no hub is here")?;
        match want {
            Want::Score(show) => {
                let text = match self.kept(&show) {
                    Some(text) => text,
                    None => self.bring(&hub, &show, inbox)?,
                };
                let text = String::from_utf8(text).map_err(|_| "the show file is no text".to_owned())?;
                let read = cuelight_showfile::read(text.strip_prefix('\u{feff}').unwrap_or(&text));
                let read = read.map_err(|faults| {
                    let first = faults.first().map_or_else(String::new, ToString::to_string);
                    format!("this version does not understand the show file: {first}")
                })?;
                let universes = &self.universes;
                let is_mine = |number| universes.is_empty() || universes.iter().any(|range| range.has(number));
                let score = Score::for_universes(&read, is_mine);
                info!(show = %show.sha256, universes = score.rig().universes().len(), "the hub's show is ready");
                self.follower.handle_score(show, Arc::new(score), self.show_now());
            }
            Want::Whole => {
                let text = self.http.text(&format!("{hub}/cues"), MAX_WHOLE).map_err(|error| error.to_string())?;
                let whole: Whole = serde_json::from_slice(&text).map_err(|error| format!("the hub's cues: {error}"))?;
                let now = self.clock.now();
                self.follower.handle_whole(whole, self.show_now(), now);
            }
        }
        Ok(())
    }

    fn path(&self, show: &ShowId) -> PathBuf {
        self.folder.join(format!("{}.toml", show.sha256))
    }
    /// A show that is on the disk, whole.
    fn kept(&self, show: &ShowId) -> Option<Vec<u8>> {
        let bytes = fs::read(self.path(show)).ok()?;
        (Digest::of(&bytes).0 == show.sha256.0).then_some(bytes)
    }
    /// Fetches a show in parts. What the stream says meanwhile is heard between them.
    fn bring(&mut self, hub: &str, show: &ShowId, inbox: &Receiver<Order>) -> Result<Vec<u8>, String> {
        if show.size > MAX_SHOW {
            return Err(format!("the show file has {} bytes, at most {MAX_SHOW} are taken", show.size));
        }
        let url = format!("{hub}/shows/{}", show.sha256);
        let wanted = Wanted { url, sha256: Digest(show.sha256.0), size: u64::from(show.size) };
        let told = |error: FetchError| error.to_string();
        let mut fetch = Fetch::open(&self.folder.join("fetch"), wanted).map_err(told)?;
        while fetch.step(&mut self.http).map_err(told)? != Progress::Whole {
            inbox.try_iter().for_each(|order| self.take(order));
        }
        let bytes = fs::read(fetch.path()).map_err(|error| error.to_string())?;
        fs::rename(fetch.path(), self.path(show)).map_err(|error| error.to_string())?;
        self.forget(show);
        Ok(bytes)
    }
    /// Of more than [`KEPT`] shows the oldest go.
    fn forget(&self, newest: &ShowId) {
        let Ok(folder) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, PathBuf)> = folder
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let meta = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((meta.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(KEPT);
        for (_, path) in files.into_iter().take(surplus).filter(|(_, path)| *path != self.path(newest)) {
            // One that stays costs room and nothing else.
            let _ = fs::remove_file(path);
        }
    }
}
