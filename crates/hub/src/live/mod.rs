//! What people watch while the show runs: views that are kept up to date, and pictures of what the nodes show.
//!
//! Two threads, which sleep while nobody watches, read the snapshots that the tick thread leaves; the tick never waits for them
//! (LIVE-1). What a watcher has not taken is replaced by what is newer; nothing is kept for those that are slow (LIVE-3).
//!
//! | module | is |
//! |---|---|
//! | `view` | which views there are, and what each says |
//! | `patch` | what changed between two states |
//! | `board` | the newest of every view, and the last changes of it |
//! | `publisher` | the thread that writes on the board, ten times a second |
//! | `gallery` | who wants pictures of which nodes, and the newest of them |
//! | `painter` | the thread that draws them, twelve times a second |
//! | `tickets` | how a page on another machine opens a WebSocket without its key in an address |

pub(crate) mod board;
pub(crate) mod gallery;
mod levels;
mod painter;
mod patch;
mod publisher;
mod tickets;
pub(crate) mod view;

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::Semaphore;

use crate::shared::Shared;

pub(crate) use painter::MAX_PIXELS;
pub(crate) use tickets::{GOOD_FOR, Tickets};

/// Watchers at once; one more is refused.
const ROOM: usize = 64;

/// Where watchers find what they watch. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) board: Arc<board::Board>,
    pub(crate) gallery: Arc<gallery::Gallery>,
    pub(crate) tickets: Tickets,
    /// Room for watchers.
    pub(crate) room: Arc<Semaphore>,
}

impl Default for Live {
    fn default() -> Self {
        let (board, gallery) = Default::default();
        Self { board, gallery, tickets: Tickets::default(), room: Arc::new(Semaphore::new(ROOM)) }
    }
}

/// The two threads.
#[derive(Debug)]
pub(crate) struct Threads {
    live: Live,
    threads: [JoinHandle<()>; 2],
}

impl Threads {
    /// Starts them.
    pub(crate) fn start(shared: &Shared) -> io::Result<Self> {
        let start = |name: &str, work: fn(&Shared)| {
            let shared = shared.clone();
            thread::Builder::new().name(name.into()).spawn(move || work(&shared))
        };
        let threads = [start("live", publisher::publish)?, start("preview", painter::paint)?];
        Ok(Self { live: shared.live.clone(), threads })
    }

    /// Ends them; every watcher is told.
    pub(crate) fn stop(self) {
        self.live.board.stop();
        self.live.gallery.stop();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread that serves live views failed; its message is in the log");
            }
        }
    }
}
