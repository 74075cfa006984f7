//! The thread that owns a database. Requests wait in a queue; those that wait together share one transaction, so that a thousand
//! changes a second cost a few writes to the disk; each has a savepoint of its own, so that one that fails takes no other with it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rusqlite::Connection;
use tracing::{error, info, warn};

use super::condition::Condition;
use super::open::Opened;
use super::request::{Asked, DatabaseError, Request, is_damage, is_disk};
use super::shelf::Shelf;
use super::snapshot;
use crate::events::Events;
use crate::store::DataFolder;

/// Requests that wait; one more is refused, and a note is dropped and counted.
const QUEUE: usize = 1_024;
/// Requests of one transaction at most.
const TOGETHER: usize = 256;
/// How long after a change its snapshot is taken, so that many changes share one.
const SNAPSHOT_AFTER: Duration = Duration::from_secs(60);

/// What the thread is told.
enum Job {
    Request(Box<dyn Request>),
    /// The hub stops; what is asked after this is refused.
    Stop,
}

/// The way to a database. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    jobs: SyncSender<Job>,
    condition: Arc<ArcSwap<Condition>>,
    dropped: Arc<AtomicU64>,
}

/// The thread of a database.
#[derive(Debug)]
pub(crate) struct LibrarianThread {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
    file: &'static str,
}

impl Database {
    /// Starts the thread of an open database. `folder` keeps other hubs out until it has ended.
    pub(crate) fn start(opened: Opened, folder: DataFolder, events: Events) -> io::Result<(Self, LibrarianThread)> {
        let Opened { connection, condition, shelf, folder: path, is_new } = opened;
        if is_new {
            info!("{} is new", path.join(shelf.file).display());
        }
        if condition != Condition::Good {
            events.add(condition.told(shelf.file));
        }
        let (jobs, queue) = sync_channel(QUEUE);
        let condition = Arc::new(ArcSwap::from_pointee(condition));
        let dropped = Arc::new(AtomicU64::new(0));
        let database = Self { jobs: jobs.clone(), condition: condition.clone(), dropped: dropped.clone() };
        let librarian = Librarian {
            seen: connection.total_changes(),
            connection,
            condition,
            dropped,
            told_dropped: 0,
            shelf,
            path,
            events,
            snapshot_at: None,
        };
        let thread = thread::Builder::new().name("librarian".into()).spawn(move || {
            let _folder = folder;
            librarian.run(&queue);
        })?;
        Ok((database, LibrarianThread { jobs, thread, file: shelf.file }))
    }

    /// How the file is.
    pub(crate) fn condition(&self) -> Arc<Condition> {
        self.condition.load_full()
    }

    /// Reads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        self.ask(false, work).await
    }

    /// Changes something: all of it or nothing. It is on the disk when the answer is here (STORE-1).
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        self.ask(true, work).await
    }

    /// Changes something that nobody waits for. It is dropped when the queue is full, which is counted and told.
    pub(crate) fn note(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        let (request, _) = Asked::boxed(true, work);
        if self.jobs.try_send(Job::Request(request)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        is_write: bool,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let (request, answered) = Asked::boxed(is_write, work);
        self.jobs.try_send(Job::Request(request)).map_err(|refused| match refused {
            std::sync::mpsc::TrySendError::Full(_) => DatabaseError::Busy,
            std::sync::mpsc::TrySendError::Disconnected(_) => DatabaseError::Gone,
        })?;
        answered.await.unwrap_or(Err(DatabaseError::Gone))
    }
}

impl LibrarianThread {
    /// Carries out what was asked before, takes a last snapshot, and closes the file.
    pub(crate) fn stop(self) {
        // A full queue has room soon; one without its thread says so.
        let _ = self.jobs.send(Job::Stop);
        if self.thread.join().is_err() {
            error!("the thread of {} failed; its message is in the log", self.file);
        }
    }
}

struct Librarian {
    connection: Connection,
    condition: Arc<ArcSwap<Condition>>,
    dropped: Arc<AtomicU64>,
    told_dropped: u64,
    shelf: &'static Shelf,
    path: PathBuf,
    events: Events,
    /// Rows changed when the last snapshot was taken.
    seen: u64,
    /// When the next snapshot is due.
    snapshot_at: Option<Instant>,
}

impl Librarian {
    fn run(mut self, queue: &Receiver<Job>) {
        // A file without a copy gets one at once.
        if self.shelf.snapshot.is_some_and(|snapshot| !self.path.join(snapshot).exists()) {
            self.take_snapshot();
        }
        loop {
            let now = Instant::now();
            if self.snapshot_at.is_some_and(|at| at <= now) {
                self.take_snapshot();
            }
            let pause = self.snapshot_at.map_or(SNAPSHOT_AFTER, |at| at.saturating_duration_since(now));
            let first = match queue.recv_timeout(pause) {
                Ok(Job::Request(request)) => request,
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => continue,
            };
            let mut together = vec![first];
            let mut is_stopping = false;
            while together.len() < TOGETHER {
                match queue.try_recv() {
                    Ok(Job::Request(request)) => together.push(request),
                    Ok(Job::Stop) => {
                        is_stopping = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.carry_out(together);
            self.tell_dropped();
            if is_stopping {
                break;
            }
            if self.shelf.snapshot.is_some() && self.snapshot_at.is_none() && self.has_changed() {
                self.snapshot_at = Some(Instant::now() + SNAPSHOT_AFTER);
            }
        }
        if self.shelf.snapshot.is_some() && self.has_changed() {
            self.take_snapshot();
        }
    }

    fn has_changed(&self) -> bool {
        self.connection.total_changes() != self.seen
    }

    /// Carries out requests in their order; their changes are one transaction.
    fn carry_out(&mut self, mut requests: Vec<Box<dyn Request>>) {
        let condition = self.condition.load_full();
        if !condition.is_writable() {
            let why = condition.why().unwrap_or_default().to_owned();
            let (writes, reads): (Vec<_>, Vec<_>) = requests.into_iter().partition(|request| request.is_write());
            writes.into_iter().for_each(|write| write.settle(Err(DatabaseError::ReadOnly(why.clone()))));
            requests = reads;
        }
        let is_write = requests.iter().any(|request| request.is_write());
        let mut ends = Vec::with_capacity(requests.len());
        let mut failure = if is_write { self.connection.execute_batch("BEGIN IMMEDIATE").err() } else { None };
        if failure.is_none() {
            for request in &mut requests {
                let end = one(&self.connection, &mut **request);
                let is_rolled_back = is_write && self.connection.is_autocommit();
                match end {
                    // The whole transaction is gone, this request's change and those before it.
                    Err(error) if is_rolled_back => {
                        failure = Some(error);
                        break;
                    }
                    Err(error) => {
                        self.note_damage(&error);
                        ends.push(Err(error.into()));
                    }
                    Ok(()) => ends.push(Ok(())),
                }
            }
        }
        if failure.is_none() && is_write {
            failure = self.connection.execute_batch("COMMIT").err();
        }
        let Some(error) = failure else {
            if is_write {
                self.note_success();
            }
            return requests.into_iter().zip(ends).for_each(|(request, end)| request.settle(end));
        };
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.note_failure(&error);
        requests.into_iter().for_each(|request| request.settle(Err(DatabaseError::Refused(error.to_string()))));
    }

    /// Says once that writing fails (STORE-5).
    fn note_failure(&self, error: &rusqlite::Error) {
        if is_damage(error) {
            return self.note_damage(error);
        }
        let file = self.path.join(self.shelf.file);
        let advice = if is_disk(error) { "; make room on the disk, or mend it: the show goes on" } else { "" };
        let why = format!("{} cannot be written: {error}{advice}", file.display());
        if matches!(**self.condition.load(), Condition::Good) {
            error!("{why}");
            self.change(Condition::Failing { why });
        }
    }

    /// Says once that the file is damaged; from then on it is only read.
    fn note_damage(&self, error: &rusqlite::Error) {
        if is_damage(error) && self.condition.load().is_writable() {
            let file = self.path.join(self.shelf.file);
            let why = format!(
                "{} is damaged: {error}; nothing more is changed in it: restart the hub, which reads the last good copy",
                file.display()
            );
            error!("{why}");
            self.change(Condition::Damaged { why });
        }
    }

    fn note_success(&self) {
        if matches!(**self.condition.load(), Condition::Failing { .. })
            && self.connection.path().is_some_and(|path| !path.is_empty())
        {
            info!("{} can be written again", self.path.join(self.shelf.file).display());
            self.change(Condition::Good);
        }
    }

    fn change(&self, condition: Condition) {
        self.events.add(condition.told(self.shelf.file));
        self.condition.store(Arc::new(condition));
    }

    fn tell_dropped(&mut self) {
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > self.told_dropped {
            warn!(
                notes = dropped - self.told_dropped,
                "{}: more was to be noted than the disk takes; so many notes are missing", self.shelf.file
            );
            self.told_dropped = dropped;
        }
    }

    /// Of a file that is whole; of nothing else, which would take the place of the last good copy.
    fn take_snapshot(&mut self) {
        self.snapshot_at = None;
        let Some(snapshot) = self.shelf.snapshot else { return };
        if !self.condition.load().is_writable() {
            return;
        }
        let changes = self.connection.total_changes();
        match snapshot::take(&self.connection, &self.path.join(snapshot)) {
            Ok(()) => self.seen = changes,
            Err(error) => {
                warn!("no copy of {} can be made: {error}; the one before is kept", self.shelf.file);
                if let snapshot::SnapshotError::Database(error) = &error {
                    self.note_damage(error);
                }
                self.snapshot_at = Some(Instant::now() + SNAPSHOT_AFTER);
            }
        }
    }
}

/// Carries out one request; a change in a savepoint of its own.
fn one(connection: &Connection, request: &mut dyn Request) -> rusqlite::Result<()> {
    if !request.is_write() {
        return request.run(connection);
    }
    connection.execute_batch("SAVEPOINT one")?;
    match request.run(connection) {
        Ok(()) => connection.execute_batch("RELEASE one"),
        Err(error) => {
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK TO one; RELEASE one")?;
            }
            Err(error)
        }
    }
}
