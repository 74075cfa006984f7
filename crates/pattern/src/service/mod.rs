//! The service that takes uploads: two clients at once, one store, one thread for the disk.
//!
//! A session is `cuelight_proto::pattern`'s; this module brings it messages, lends it blocks for what is uploaded, and
//! hands those to the thread that writes files. A session waits for the disk and for nobody else, and nobody waits for it:
//! no runtime thread writes a file (PATTERN-20).

mod block;
mod client;
mod disk;
mod goodbye;
mod link;
mod listener;
mod memory;
mod orders;

pub use link::{Broken, Incoming, Link, Outgoing, came_of};
pub use listener::{Listener, OwnNames};
pub use orders::{Light, Order, Orders};

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cuelight_proto::pattern::Config;
use cuelight_wire::time::{Local, Time};
use cuelight_wire::tlv::{self, Dialect, ErrorCode};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tracing::debug;

use crate::store::Store;
use client::Client;
use disk::Disk;

/// Clients at once.
pub const CLIENTS: usize = 2;
/// Orders that wait for whoever carries them out; each session waits for its own.
const ORDERS: usize = CLIENTS;

/// Status codes of close frames (RFC 6455, 7.4.1, and its registry).
const POLICY: u16 = 1008;
const TRY_LATER: u16 = 1013;

/// The limits of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How long a client may be silent in the middle of an upload, when it is not the protocol's 5 s.
    pub frame_timeout: Option<Duration>,
}

/// The service. It is shared by cloning it; the thread for the disk ends with the last clone and the last session.
#[derive(Clone, Debug)]
pub struct Service {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    disk: Disk,
    config: Config,
    /// Room for clients.
    places: Arc<Semaphore>,
    orders: mpsc::Sender<Order>,
    started_at: Instant,
    stop: watch::Sender<bool>,
}

impl Service {
    /// Starts the thread for the disk. CONTROL comes out of the other end of `Orders`; when that is dropped, it is refused.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(store: Store, settings: Settings) -> io::Result<(Self, Orders)> {
        let default = Config::default();
        let frame_timeout = settings.frame_timeout.map_or(default.frame_timeout, |limit| {
            cuelight_wire::time::Span::from_ns(i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX))
        });
        let config = Config { file_max: store.limits().file_max, frame_timeout };
        let disk = Disk::start(store.clone())?;
        let (orders, taken) = mpsc::channel(ORDERS);
        let inner = Inner {
            store,
            disk,
            config,
            places: Arc::new(Semaphore::new(CLIENTS)),
            orders,
            started_at: Instant::now(),
            stop: watch::Sender::new(false),
        };
        Ok((Self { inner: Arc::new(inner) }, taken))
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Serves one client until it is gone. `first` is a message that was read from `link` already.
    pub async fn serve<L: Link>(&self, link: L, first: Option<Incoming>) {
        match self.inner.places.clone().try_acquire_owned() {
            Ok(place) => Client::new(self.inner.clone(), link, place).run(first).await,
            Err(_) => self.refuse(link, first).await,
        }
    }

    /// Ends every session: each stores what it is storing, and says why it closes. Then the thread for the disk ends, too,
    /// and nobody is served any more.
    pub async fn stop(&self) {
        self.inner.stop.send_replace(true);
        // Never closed, so this is the wait for the places to be given back.
        if let Ok(all) = self.inner.places.acquire_many(CLIENTS as u32).await {
            all.forget();
        }
        self.inner.disk.stop().await;
    }

    /// Serves nobody: answers with an error in the dialect of the message that was read from `link` already, and closes.
    /// `reason` has at most 123 bytes.
    pub async fn turn_away<L: Link>(link: L, first: &Incoming, reason: &'static str) {
        goodbye::refuse(link, dialect_of(Some(first)), ErrorCode::InvalidTlv, POLICY, reason).await;
    }

    /// The third client: an error in its own dialect if it has spoken, and the end (PATTERN-20).
    async fn refuse<L: Link>(&self, link: L, first: Option<Incoming>) {
        debug!("a third pattern client is refused");
        let (dialect, code) = (dialect_of(first.as_ref()), ErrorCode::MaxClientsReached);
        goodbye::refuse(link, dialect, code, TRY_LATER, "two clients are there already").await;
    }
}

/// The dialect of a client that has said this.
fn dialect_of(first: Option<&Incoming>) -> Dialect {
    match first {
        Some(Incoming::Binary(bytes)) => tlv::Frame::decode(bytes).map_or(Dialect::Plain, |frame| frame.dialect),
        _ => Dialect::Plain,
    }
}

impl Inner {
    /// The local time of sessions, which begins with the service.
    fn now(&self) -> Time<Local> {
        let elapsed = self.started_at.elapsed().as_nanos();
        Time::from_ns(i64::try_from(elapsed).unwrap_or(i64::MAX))
    }
}
