//! The HTTP front: accepts connections, a bounded number of them, and lets go of those that are idle or slow (HUB-6).
//!
//! A control connection leaves this room with its upgrade and takes a place of its own (`session`), so browsers and
//! scripts cannot push nodes out, nor nodes them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use tracing::{debug, warn};

pub(crate) use shares::{Share, Shares};

/// HTTP connections at once; one more waits in the kernel's queue until another ends.
pub(crate) const ROOM: u32 = 256;
/// Of these, connections from one address other than this machine; one more is refused at once. A browser opens six.
const ROOM_PER_ADDRESS: u32 = 32;
/// How long a connection may take to send a request's head, or be idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one connection serves requests; browsers open another without anybody noticing.
const CONNECTION_LIFE: Duration = Duration::from_secs(300);
/// How long the last request of a connection may take to be answered and read.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes of a request's head, at most.
const MAX_HEAD: usize = 16 * 1024;
/// Pause after the system refused a connection, which it does when the process may open no more files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// The whole answer to one connection too many.
const TOO_MANY: &str = "HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: application/problem+json\r\n\
    Content-Length: 124\r\n\
    Connection: close\r\n\r\n\
    {\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"this address has too many connections open: close some and try again\"}";

/// The limits of the front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) room: u32,
    pub(crate) room_per_address: u32,
    pub(crate) head_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { room: ROOM, room_per_address: ROOM_PER_ADDRESS, head_timeout: HEAD_TIMEOUT }
    }
}

/// The hub's own address of a connection, as an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalAddress(pub(crate) Option<SocketAddr>);

/// Whether a connection is encrypted, as an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encrypted(pub(crate) bool);

/// Serves `router` until `stop` changes or its other end is gone, then ends every connection after its present request.
pub(crate) async fn serve(listener: TcpListener, router: Router, limits: Limits, mut stop: watch::Receiver<()>) {
    let room = Arc::new(Semaphore::new(limits.room as usize));
    let shares = Shares::default();
    loop {
        let place = room.clone().acquire_owned().await.expect("the semaphore is never closed");
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => match shares.take(peer.ip(), limits.room_per_address) {
                Some(share) => {
                    let place = (place, share);
                    tokio::spawn(connection(stream, peer, router.clone(), limits, stop.clone(), place));
                }
                None => refuse(&stream, peer),
            },
            Err(error) => {
                warn!("a connection cannot be accepted: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // Every connection gives its place back when it ends.
    let _all = room.acquire_many(limits.room).await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<()>,
    _place: (OwnedSemaphorePermit, Share),
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, "answers may be held back: {error}");
    }
    let local = LocalAddress(stream.local_addr().ok());
    let service = service_fn(move |request| answer(router.clone(), peer, local, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { tokio::select! { () = sleep(CONNECTION_LIFE) => {}, _ = stop.changed() => {} } } => {
            connection.as_mut().graceful_shutdown();
            match timeout(GRACE, connection).await {
                Ok(ended) => ended,
                Err(_) => return debug!(%peer, "a slow reader of an HTTP answer is let go"),
            }
        }
    };
    if let Err(error) = ended {
        debug!(%peer, "HTTP connection ends: {error}");
    }
}

/// Tells an address with too many connections so, as far as it listens.
fn refuse(stream: &TcpStream, peer: SocketAddr) {
    debug!(%peer, "one connection too many from this address");
    // What does not go out at once is not worth waiting for.
    let _ = stream.try_write(TOO_MANY.as_bytes());
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    local: LocalAddress,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(local);
    request.extensions_mut().insert(Encrypted(false));
    router.oneshot(request).await
}

/// Allows the process as many open files as its connections need; returns how many it may have.
pub(crate) fn allow_open_files(wanted: u64) -> io::Result<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let allowed = wanted.clamp(soft, hard.max(soft));
    if allowed > soft {
        setrlimit(Resource::RLIMIT_NOFILE, allowed, hard)?;
    }
    Ok(allowed)
}

mod shares;
#[cfg(test)]
mod tests;
