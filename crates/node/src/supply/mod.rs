//! Patterns from the hub (DIST-1, DIST-2): a thread that brings the store up to what the hub has.
//!
//! Every ten seconds it asks for the list, and fetches what is missing by its digest, in parts, what a layer wants first. The
//! frame loop and the driver never wait for it, and it never has more than one pattern in memory. What the hub no longer has
//! stays here; a pattern of the same name is replaced by the hub's.

mod list;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cuelight_fetch::{Digest, Fetch, FetchError, Http, Progress, Wanted};
use cuelight_pattern::store::{Sha256, Store};
use cuelight_trust::Trust;
use cuelight_wire::ids::{Mac, PatternId};
use tracing::{debug, info, warn};

use list::{File, missing, parse};

/// How often the list is asked for: a thousand nodes are a hundred short requests a second.
const LOOK: Duration = Duration::from_secs(10);
/// Pause after a part did not come: from the first to the last, doubling.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// The longest list, bytes: 1024 patterns of 160.
const MAX_LIST: u64 = 256 * 1024;
/// Orders that wait; the thread takes them between two parts.
const ORDERS: usize = 16;

/// What the driver tells it.
#[derive(Clone, Debug)]
enum Order {
    /// There is a session with the hub here, `https://HOST:PORT`.
    Hub(String),
    /// A layer wants this pattern.
    Want(PatternId),
}

/// The driver's side. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Supply {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Supply {
    /// A supply for `store`, fetching by way of `folder`, in the name of the node `mac`.
    pub(crate) fn start(store: Store, folder: PathBuf, mac: Mac, trust: &Trust) -> io::Result<Self> {
        let (orders, inbox) = sync_channel(ORDERS);
        let http = Http::new(concat!("cuelight-node/", env!("CARGO_PKG_VERSION")), trust);
        let thread = thread::Builder::new().name("patterns".into()).spawn(move || {
            let mut worker = Worker { store, folder, mac, http, hub: None, etag: None, files: Vec::new(), first: None };
            worker.run(&inbox);
        })?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }
    /// No supply: the node plays what it has.
    pub(crate) const fn none() -> Self {
        Self { orders: None, thread: None }
    }
    /// There is a session with a hub.
    pub(crate) fn on_hub(&self, hub: String) {
        self.order(Order::Hub(hub));
    }
    /// A layer wants a pattern that is not here.
    pub(crate) fn want(&self, id: PatternId) {
        self.order(Order::Want(id));
    }
    /// An order that finds no room is not missed: the list is asked for again soon.
    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.try_send(order);
        }
    }
}

impl Drop for Supply {
    fn drop(&mut self) {
        self.orders = None;
        // It may be in the middle of a part, which ends within the time-out of a request: the process does not wait for it.
        drop(self.thread.take());
    }
}

struct Worker {
    store: Store,
    folder: PathBuf,
    mac: Mac,
    http: Http,
    hub: Option<String>,
    /// Of the list that `files` is.
    etag: Option<String>,
    files: Vec<File>,
    /// What a layer wants.
    first: Option<PatternId>,
}

/// Whether the thread goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

impl Worker {
    fn run(&mut self, inbox: &Receiver<Order>) {
        let mut complaint: Option<String> = None;
        loop {
            let problem = match self.round(inbox, complaint.as_deref()) {
                Ok(Next::GoOn) => None,
                Ok(Next::End) => return,
                Err(problem) => Some(problem),
            };
            if problem != complaint {
                if let Some(problem) = &problem {
                    warn!("patterns of the hub do not come: {problem}");
                }
                complaint = problem;
            }
            if self.wait(inbox, LOOK) == Next::End {
                return;
            }
        }
    }

    /// Asks for the list and fetches what is missing.
    fn round(&mut self, inbox: &Receiver<Order>, complaint: Option<&str>) -> Result<Next, String> {
        let Some(hub) = self.hub.clone() else { return Ok(Next::GoOn) };
        self.ask(&hub, complaint)?;
        while let Some(file) = self.next_missing() {
            match self.fetch(&hub, &file, inbox) {
                Ok(Next::GoOn) => info!(pattern = %file.name, bytes = file.size, "pattern fetched"),
                Ok(Next::End) => return Ok(Next::End),
                Err(problem) => return Err(format!("pattern {}: {problem}", file.name)),
            }
            if self.hub.as_ref() != Some(&hub) {
                break;
            }
        }
        // So that people see at once that it has everything.
        self.ask(&hub, None)?;
        Ok(Next::GoOn)
    }

    fn ask(&mut self, hub: &str, complaint: Option<&str>) -> Result<(), String> {
        let missing = missing(&self.files, &self.store.listing()).count();
        let have = self.files.len() - missing;
        let mut url = format!("{hub}/patterns?node={}&have={have}&missing={missing}", self.mac);
        if let Some(complaint) = complaint {
            url.push_str("&problem=");
            url.extend(complaint.bytes().take(200).map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            }));
        }
        match self.http.text_if_changed(&url, self.etag.as_deref(), MAX_LIST) {
            Ok(None) => Ok(()),
            Ok(Some((text, etag))) => {
                self.files = parse(&text)?;
                self.etag = etag;
                Ok(())
            }
            // A deployed hub has no list: there is nothing to fetch.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.files.clear();
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// What is fetched next: what a layer wants, then the rest in the order of the names.
    fn next_missing(&self) -> Option<File> {
        let listing = self.store.listing();
        let wanted = self.first.and_then(|id| missing(&self.files, &listing).find(|file| file.sha256.id() == id));
        wanted.or_else(|| missing(&self.files, &listing).next()).cloned()
    }

    fn fetch(&mut self, hub: &str, file: &File, inbox: &Receiver<Order>) -> Result<Next, String> {
        let room = self.store.room(&file.name);
        if file.size > room {
            return Err(format!(
                "it has {} bytes and there is room for {room}: delete patterns on this node",
                file.size
            ));
        }
        let Sha256(digest) = file.sha256;
        let url = format!("{hub}/patterns/{}", file.sha256);
        let wanted = Wanted { url, sha256: Digest(digest), size: u64::from(file.size) };
        let mut fetch = Fetch::open(&self.folder, wanted).map_err(|error| error.to_string())?;
        let mut pause = PAUSES[0];
        loop {
            match fetch.step(&mut self.http) {
                Ok(Progress::Whole) => break,
                Ok(Progress::More(have)) => {
                    debug!(pattern = %file.name, have, "a part has come");
                    pause = PAUSES[0];
                    if self.wait(inbox, Duration::ZERO) == Next::End {
                        return Ok(Next::End);
                    }
                }
                Err(error @ (FetchError::Server { .. } | FetchError::Answer { .. })) if pause < PAUSES[1] => {
                    debug!("{error}; again in {pause:?}");
                    if self.wait(inbox, pause) == Next::End {
                        return Ok(Next::End);
                    }
                    pause = (pause * 2).min(PAUSES[1]);
                }
                Err(error) => return Err(error.to_string()),
            }
            if self.hub.as_deref() != Some(hub) {
                return Err("the hub is another one now".into());
            }
        }
        let bytes = fs::read(fetch.path()).map_err(|error| error.to_string())?;
        self.store.put(&file.name, &bytes).map_err(|error| error.to_string())?;
        fs::remove_file(fetch.path()).map_err(|error| error.to_string())?;
        Ok(Next::GoOn)
    }

    /// Takes an order, or waits for a while.
    fn wait(&mut self, inbox: &Receiver<Order>, span: Duration) -> Next {
        match inbox.recv_timeout(span) {
            Ok(Order::Hub(hub)) => {
                if self.hub.as_ref() != Some(&hub) {
                    self.etag = None;
                    self.hub = Some(hub);
                }
                Next::GoOn
            }
            Ok(Order::Want(id)) => {
                self.first = Some(id);
                Next::GoOn
            }
            Err(RecvTimeoutError::Timeout) => Next::GoOn,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }
}
