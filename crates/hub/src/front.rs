//! The HTTP front: accepts connections, a bounded number of them, and lets go of those that are idle or slow (HUB-6).
//!
//! One port takes TLS and plain text: the first byte of a connection tells them apart (TRUST-13). A handshake has the place of
//! its connection and a limit in time, and is made on the runtime thread, never on the tick.
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
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
/// How long a TLS handshake may take: three times there and back, on a link that loses some.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// The first byte of a TLS connection: a record with a handshake message (RFC 8446, 5.1). No HTTP request begins so.
const TLS_RECORD: u8 = 0x16;
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

/// What a connection travels in, as an extension of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// TLS.
    Tls,
    /// Plain text.
    Plain,
}

/// The hub's own address of a connection, as an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalAddress(pub(crate) Option<SocketAddr>);

/// What connections come to: the way into TLS, and the requests behind it.
#[derive(Clone)]
pub(crate) struct Behind {
    pub(crate) tls: TlsAcceptor,
    pub(crate) router: Router,
}

/// Serves what is `behind` until `stop` changes or its other end is gone, then ends every connection after its present request.
pub(crate) async fn serve(listener: TcpListener, behind: Behind, limits: Limits, mut stop: watch::Receiver<()>) {
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
                    tokio::spawn(connection(stream, peer, behind.clone(), limits, stop.clone(), place));
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

/// What is known of a connection beside its bytes.
#[derive(Clone, Copy)]
struct Ends {
    peer: SocketAddr,
    local: LocalAddress,
    carrier: Carrier,
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    Behind { tls, router }: Behind,
    limits: Limits,
    mut stop: watch::Receiver<()>,
    _place: (OwnedSemaphorePermit, Share),
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, "answers may be held back: {error}");
    }
    let local = LocalAddress(stream.local_addr().ok());
    let carrier = tokio::select! {
        carrier = timeout(limits.head_timeout, carrier_of(&stream)) => carrier,
        _ = stop.changed() => return,
    };
    let Ok(Ok(Some(carrier))) = carrier else { return debug!(%peer, "a connection says nothing") };
    let ends = Ends { peer, local, carrier };
    match carrier {
        Carrier::Plain => requests(stream, ends, router, limits, stop).await,
        Carrier::Tls => match timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => requests(stream, ends, router, limits, stop).await,
            Ok(Err(error)) => debug!(%peer, "no TLS: {error}"),
            Err(_) => debug!(%peer, "a slow TLS handshake is let go"),
        },
    }
}

/// What the first byte says; `None` when there is none.
async fn carrier_of(stream: &TcpStream) -> io::Result<Option<Carrier>> {
    let mut first = [0];
    Ok(match stream.peek(&mut first).await? {
        0 => None,
        _ if first[0] == TLS_RECORD => Some(Carrier::Tls),
        _ => Some(Carrier::Plain),
    })
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ends: Ends,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<()>,
) {
    let peer = ends.peer;
    let service = service_fn(move |request| answer(router.clone(), ends, request));
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

async fn answer(router: Router, ends: Ends, mut request: Request<Incoming>) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(ends.peer));
    request.extensions_mut().insert(ends.local);
    request.extensions_mut().insert(ends.carrier);
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
