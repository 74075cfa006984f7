//! A port of its own for the service: `/ws` and nothing else, as every node has it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cuelight_net::origin;
use cuelight_wire::limits::WS_PATH;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tracing::{debug, warn};

use super::Service;
use super::link::config;

/// Connections at once: the clients, those that are being refused, and those that have not said what they want.
const ROOM: usize = 16;
/// How long a connection may take to ask for a WebSocket.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Pause after the system refused a connection, which it does when the process may open no more files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// The names by which browsers may call this machine, beside `localhost` and its addresses.
pub type OwnNames = Arc<str>;

/// An open port.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    own_name: OwnNames,
}

impl Listener {
    /// Opens a port. Must be called within a runtime.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn open(at: SocketAddr, own_name: OwnNames) -> io::Result<Self> {
        let tcp = std::net::TcpListener::bind(at)?;
        tcp.set_nonblocking(true)?;
        Ok(Self { tcp: TcpListener::from_std(tcp)?, own_name })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves clients until `stop` changes or its other end is gone.
    pub async fn serve(self, service: Service, mut stop: watch::Receiver<()>) {
        let room = Arc::new(Semaphore::new(ROOM));
        loop {
            let place = room.clone().acquire_owned().await.expect("the semaphore is never closed");
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = stop.changed() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let (service, own_name) = (service.clone(), self.own_name.clone());
                    tokio::spawn(async move {
                        connection(stream, peer, service, &own_name).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!("a pattern client cannot be accepted: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

#[expect(clippy::result_large_err, reason = "the library's own type of a refusal")]
async fn connection(stream: TcpStream, peer: SocketAddr, service: Service, own_name: &str) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, "answers may be held back: {error}");
    }
    let check = |request: &Request, response: Response| match refusal(request, own_name) {
        None => Ok(response),
        Some((status, why)) => {
            let mut refusal = ErrorResponse::new(Some(why));
            *refusal.status_mut() = status;
            Err(refusal)
        }
    };
    match timeout(HANDSHAKE, accept_hdr_async_with_config(stream, check, Some(config()))).await {
        Ok(Ok(socket)) => service.serve(socket, None).await,
        Ok(Err(error)) => debug!(%peer, "no pattern client: {error}"),
        Err(_) => debug!(%peer, "asked for nothing in time"),
    }
}

/// Why a request does not become a session (PATTERN-22).
fn refusal(request: &Request, own_name: &str) -> Option<(StatusCode, String)> {
    if request.uri().path() != WS_PATH {
        return Some((StatusCode::NOT_FOUND, format!("patterns are at {WS_PATH}\n")));
    }
    let text = |name| request.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    let host = text(header::HOST).unwrap_or_default();
    // No key protects a node, so its host must be one of its own names, wherever the request comes from.
    let foreign = origin::foreign_page(host, text(header::ORIGIN), true, Some(own_name));
    foreign.map(|why| (StatusCode::FORBIDDEN, why))
}
