//! The thread that writes files, for all sessions (PATTERN-20).

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cuelight_proto::pattern::{StoreFailure, UploadId};
use cuelight_wire::tlv::Name;
use tokio::sync::mpsc::{self, error::TryRecvError};
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::CLIENTS;
use super::block::{BLOCKS, Block};
use crate::store::{Store, StoreError, Upload};

/// Jobs that wait: those of every session's blocks and what stands around them. When it is full, sessions wait.
const JOBS: usize = CLIENTS * (BLOCKS + 2);

/// Who is told what came of a job. What waits there is bounded by the jobs under way: a session takes it before it hands
/// over the next one, and a job has at most two outcomes.
pub(super) type Told = mpsc::UnboundedSender<Outcome>;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Job {
    /// An upload of this client begins; one that was under way is given up.
    Open(UploadId, Name),
    /// Its next bytes.
    Append(Block),
    /// That was all of it.
    Commit(UploadId),
    /// It is given up.
    Discard,
    /// A pattern goes.
    Delete(Name),
    /// The client goes: nothing of it is kept.
    Leave,
    /// The thread ends, and says so when it has let go of the store.
    Stop(oneshot::Sender<()>),
}

/// What came of a job.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A block is written, or of an upload that nothing is to become of.
    Block(Block),
    /// An upload is stored, or is not.
    Stored(UploadId, Result<(), StoreFailure>),
    /// A pattern is gone, or is not.
    Deleted(Result<(), StoreFailure>),
}

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Disk {
    jobs: mpsc::Sender<(u64, Told, Job)>,
    clients: AtomicU64,
}

/// One client's way to the thread.
#[derive(Debug)]
pub(super) struct Desk {
    jobs: mpsc::Sender<(u64, Told, Job)>,
    client: u64,
    told: Told,
}

impl Disk {
    pub(super) fn start(store: Store) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(JOBS);
        let worker = Worker { store, uploads: BTreeMap::new() };
        thread::Builder::new().name("uploads".into()).spawn(move || worker.run(queue))?;
        Ok(Self { jobs, clients: AtomicU64::new(0) })
    }

    /// Ends the thread, which lets go of the store.
    pub(super) async fn stop(&self) {
        let (ended, end) = oneshot::channel();
        let (told, _) = mpsc::unbounded_channel();
        // It may have failed, and has then ended already.
        if self.jobs.send((0, told, Job::Stop(ended))).await.is_ok() {
            let _ = end.await;
        }
    }

    /// A client comes; what becomes of its jobs is told to `told`.
    pub(super) fn desk(&self, told: Told) -> Desk {
        Desk { jobs: self.jobs.clone(), client: self.clients.fetch_add(1, Ordering::Relaxed), told }
    }
}

impl Desk {
    /// Hands a job over, waiting for room. Whether the thread has failed is seen by [`Self::failed`].
    pub(super) async fn hand(&self, job: Job) {
        let _ = self.jobs.send((self.client, self.told.clone(), job)).await;
    }

    /// Ready when the thread is no more: it outlives every desk unless it fails.
    pub(super) async fn failed(&self) {
        self.jobs.closed().await;
    }
}

struct Worker {
    store: Store,
    /// The upload of each client, at most one each. `None` in place of an upload that failed: what follows of it is
    /// passed over.
    uploads: BTreeMap<u64, (UploadId, Option<Upload>)>,
}

impl Worker {
    fn run(mut self, mut queue: mpsc::Receiver<(u64, Told, Job)>) {
        let mut is_verified = false;
        loop {
            // While nobody wants anything, what was there at the start is looked at, one pattern after the other.
            let job = match queue.try_recv() {
                Err(TryRecvError::Empty) if !is_verified => {
                    is_verified = !self.store.verify_one();
                    continue;
                }
                Err(TryRecvError::Empty) => queue.blocking_recv(),
                Err(TryRecvError::Disconnected) => None,
                Ok(job) => Some(job),
            };
            match job {
                Some((_, _, Job::Stop(ended))) => {
                    drop(self);
                    let _ = ended.send(());
                    return;
                }
                Some((client, told, job)) => self.work(client, &told, job),
                None => return,
            }
        }
    }

    fn work(&mut self, client: u64, told: &Told, job: Job) {
        match job {
            Job::Open(id, name) => {
                // The one before is dropped, and with it every trace of it.
                self.uploads.remove(&client);
                let upload = match self.store.begin(&name) {
                    Ok(upload) => Some(upload),
                    Err(error) => {
                        tell(told, Outcome::Stored(id, Err(failure(&name, &error))));
                        None
                    }
                };
                self.uploads.insert(client, (id, upload));
            }
            Job::Append(mut block) => {
                self.append(client, told, &block);
                block.clear();
                tell(told, Outcome::Block(block));
            }
            Job::Commit(id) => match self.uploads.remove(&client) {
                Some((open, Some(upload))) if open == id => {
                    let name = upload.name().clone();
                    let outcome = upload.commit().map(|entry| info!(%name, bytes = entry.size, "pattern stored"));
                    tell(told, Outcome::Stored(id, outcome.map_err(|error| failure(&name, &error))));
                }
                // It failed before, and the session was told.
                _ => {}
            },
            Job::Discard | Job::Leave | Job::Stop(_) => {
                self.uploads.remove(&client);
            }
            Job::Delete(name) => {
                let outcome = self.store.remove(&name).map(|_| info!(%name, "pattern deleted"));
                tell(told, Outcome::Deleted(outcome.map_err(|error| failure(&name, &error))));
            }
        }
    }

    fn append(&mut self, client: u64, told: &Told, block: &Block) {
        let Some((id, open)) = self.uploads.get_mut(&client) else { return };
        let Some(upload) = open else { return };
        if let Err(error) = upload.append(block.filled()) {
            tell(told, Outcome::Stored(*id, Err(failure(upload.name(), &error))));
            *open = None;
        }
    }
}

fn tell(told: &Told, outcome: Outcome) {
    // A session that is gone has no use for it.
    let _ = told.send(outcome);
}

fn failure(name: &Name, error: &StoreError) -> StoreFailure {
    match error {
        StoreError::NotFound(_) => StoreFailure::NotFound,
        error if error.is_full() => {
            warn!(%name, "pattern not stored: {error}");
            StoreFailure::Full
        }
        error => {
            warn!(%name, "pattern: {error}");
            StoreFailure::Disk
        }
    }
}
