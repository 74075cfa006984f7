//! A node's control connection: text messages over a WebSocket.
//!
//! Promises: connecting and sending end within their time limits; a connection on which the hub acknowledges nothing for
//! 3.5 s ends by itself, as the hub's own keepalive limit does; why a connection ended can be read (CTRL-24).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use cuelight_trust::{NodeSecret, Pin, Refused, Trust};
use cuelight_wire::control::Refusal;
use cuelight_wire::limits::{KEEPALIVE_TIMEOUT, STUCK_TIMEOUTS};
use futures_util::{SinkExt, StreamExt};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::{BUFFER, MAX_FRAME, refusal_of};
use crate::carrier::{Carrier, TlsFailure};

/// How long to wait for a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For name, connection and handshake together.
    pub connect: Duration,
    /// For one message to leave.
    pub send: Duration,
}

impl Default for Timeouts {
    /// Two seconds to connect (a hub that is there answers in milliseconds, one retransmission takes one second); to send, as
    /// long as a connection may be stuck.
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), send: unacknowledged_limit() }
    }
}

/// After this long without an acknowledgement the hub has ended the session, whatever else it hears (CTRL-38). A hub that is not
/// heard at all is noticed by the session, long before.
const fn unacknowledged_limit() -> Duration {
    Duration::from_nanos(KEEPALIVE_TIMEOUT.as_ns().unsigned_abs() * STUCK_TIMEOUTS.unsigned_abs())
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing answered in time.
    #[error("no answer from {address} within {limit:?}: is it the hub's address, and is the hub running?")]
    TimedOut {
        /// Where.
        address: String,
        /// How long.
        limit: Duration,
    },
    /// The address leads nowhere.
    #[error("no connection to {address}: {source}; is the hub running there?")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// A hub that is not believed.
    #[error("the hub at {address} is refused: {refused}")]
    Refused {
        /// Where.
        address: String,
        /// Why.
        refused: Refused,
    },
    /// No TLS.
    #[error("no TLS with {address}: {problem}")]
    NoTls {
        /// Where.
        address: String,
        /// What went wrong.
        problem: String,
    },
    /// Something answered that is not a hub's control plane.
    #[error("{address} answers, but not as a hub: {problem}")]
    NotAHub {
        /// Where.
        address: String,
        /// How the handshake failed.
        problem: String,
    },
}

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The hub closed it, with a reason.
    #[error("closed by the hub ({code}): {reason}")]
    ByHub {
        /// The close frame's status code (RFC 6455, 7.4.1); 1005 when it had none.
        code: u16,
        /// The close frame's reason; `refusal` knows Cuelight's.
        reason: String,
    },
    /// The connection broke off.
    #[error("the connection broke off: {0}")]
    Broken(String),
    /// The hub did not take a message in time.
    #[error("the hub reads nothing")]
    Stalled,
}

impl Closed {
    /// The hub's reason, when it is one of Cuelight's.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::ByHub { reason, .. } => refusal_of(reason),
            Self::Broken(_) | Self::Stalled => None,
        }
    }
}

/// An open control connection.
#[derive(Debug)]
pub struct Channel {
    stream: WebSocketStream<Carrier>,
    peer: SocketAddr,
    local: SocketAddr,
    origin: String,
    authority: Option<Pin>,
    send_limit: Duration,
}

/// Who is called, and how.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `HOST:PORT`
    pub address: &'a str,
    /// Where its control plane is.
    pub path: &'a str,
    /// Whom to believe; `None` speaks plain text.
    pub trust: Option<&'a Trust>,
    /// From what the key follows that the caller is known by, shown over TLS only.
    pub secret: Option<&'a NodeSecret>,
}

impl<'a> Call<'a> {
    /// In plain text, without a key.
    pub const fn plain(address: &'a str, path: &'a str) -> Self {
        Self { address, path, trust: None, secret: None }
    }
}

/// Opens the control connection.
///
/// # Errors
/// [`ConnectError`], all of which are worth another attempt later.
pub async fn connect(call: Call<'_>, timeouts: Timeouts) -> Result<Channel, ConnectError> {
    match timeout(timeouts.connect, open(call, timeouts.send)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ConnectError::TimedOut { address: call.address.into(), limit: timeouts.connect }),
    }
}

async fn open(call: Call<'_>, send_limit: Duration) -> Result<Channel, ConnectError> {
    let Call { address, path, trust, secret } = call;
    let unreachable = |source| ConnectError::Unreachable { address: address.into(), source };
    let tcp = TcpStream::connect(address).await.map_err(unreachable)?;
    let (peer, local) = prepared(&tcp).map_err(unreachable)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MAX_FRAME)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    let (carrier, authority) = match trust {
        None => (Carrier::Plain(tcp), None),
        Some(trust) => Carrier::secure(tcp, address, trust).await.map_err(|failure| no_tls(address, failure))?,
    };
    let not_a_hub = |error: &Error| ConnectError::NotAHub { address: address.into(), problem: told(error) };
    let mut request = format!("ws://{address}{path}").into_client_request().map_err(|error| not_a_hub(&error))?;
    // TRUST-14: there is an authority in TLS only.
    if let (Some(secret), Some(authority)) = (secret, authority) {
        let key = secret.key(authority).revealed();
        let mut value = HeaderValue::try_from(format!("Bearer {key}")).expect("hex digits");
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    let opened = client_async_with_config(request, carrier, Some(config)).await;
    let (stream, _) = opened.map_err(|error| not_a_hub(&error))?;
    let origin = format!("{}://{address}", if trust.is_some() { "https" } else { "http" });
    Ok(Channel { stream, peer, local, origin, authority, send_limit })
}

fn no_tls(address: &str, failure: TlsFailure) -> ConnectError {
    match failure {
        TlsFailure::Refused(refused) => ConnectError::Refused { address: address.into(), refused },
        other => ConnectError::NoTls { address: address.into(), problem: other.to_string() },
    }
}

/// What failed, with what the other side says about it.
fn told(error: &Error) -> String {
    let Error::Http(response) = error else { return error.to_string() };
    let body: serde_json::Value =
        response.body().as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    body["detail"].as_str().map_or_else(|| error.to_string(), |detail| format!("{}: {detail}", response.status()))
}

/// No waiting for more to send, an end to unacknowledged data, and both addresses.
fn prepared(tcp: &TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
    tcp.set_nodelay(true)?;
    let limit_ms = u32::try_from(unacknowledged_limit().as_millis()).unwrap_or(u32::MAX);
    setsockopt(tcp, sockopt::TcpUserTimeout, &limit_ms)?;
    Ok((tcp.peer_addr()?, tcp.local_addr()?))
}

impl Channel {
    /// The hub's address.
    pub const fn peer_addr(&self) -> SocketAddr {
        self.peer
    }
    /// The address by which the hub knows this machine; the stream comes to it.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }
    /// Where the hub's files are, `https://HOST:PORT`, as the connection was made.
    pub fn origin(&self) -> &str {
        &self.origin
    }
    /// The authority that the hub was believed for; `None` in plain text.
    pub const fn authority(&self) -> Option<Pin> {
        self.authority
    }
    /// The next text message. Pings are answered and binary messages passed over. May be dropped while it waits.
    ///
    /// # Errors
    /// [`Closed`], after which there is nothing more to be had from this channel.
    pub async fn recv(&mut self) -> Result<String, Closed> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => return Err(closed_with(frame.as_ref())),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Err(broken(&error)),
                None => return Err(Closed::Broken("the hub hung up".into())),
            }
        }
    }
    /// Sends one text message.
    ///
    /// # Errors
    /// [`Closed`], after which there is nothing more to be had from this channel.
    pub async fn send(&mut self, text: String) -> Result<(), Closed> {
        self.send_within_limit(Message::text(text)).await
    }
    /// Asks the hub for a sign of life; its answer ends nothing and shows only in the connection not breaking off.
    ///
    /// # Errors
    /// [`Closed`], after which there is nothing more to be had from this channel.
    pub async fn ping(&mut self) -> Result<(), Closed> {
        self.send_within_limit(Message::Ping(Bytes::new())).await
    }
    /// Says goodbye with a reason, at most 123 bytes, and hangs up.
    pub async fn close(mut self, reason: &'static str) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: reason.into() };
        // The hub notices either way.
        let _ = timeout(self.send_limit, self.stream.close(Some(frame))).await;
    }

    async fn send_within_limit(&mut self, message: Message) -> Result<(), Closed> {
        match timeout(self.send_limit, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(Closed::Stalled),
        }
    }
}

fn closed_with(frame: Option<&CloseFrame>) -> Closed {
    frame.map_or_else(
        || Closed::ByHub { code: 1005, reason: String::new() },
        |frame| Closed::ByHub { code: frame.code.into(), reason: frame.reason.as_str().into() },
    )
}

fn broken(error: &Error) -> Closed {
    Closed::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// Connects a channel to a server of the test's own.
    async fn pair() -> (Channel, WebSocketStream<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = async { accept_async(listener.accept().await.unwrap().0).await.unwrap() };
        let (channel, server) = tokio::join!(connect(Call::plain(&address, "/ws"), Timeouts::default()), server);
        (channel.unwrap(), server)
    }

    #[test]
    fn text_goes_both_ways_between_pings() {
        block_on(async {
            let (mut channel, mut server) = pair().await;
            assert!(channel.peer_addr().ip().is_loopback() && channel.local_addr().ip().is_loopback());
            channel.send("{\"t\":\"ka\"}".into()).await.unwrap();
            assert_eq!(server.next().await.unwrap().unwrap(), Message::text("{\"t\":\"ka\"}"));
            for message in [Message::Ping(Bytes::from_static(b"1")), Message::binary(vec![1]), Message::text("two")] {
                server.send(message).await.unwrap();
            }
            assert_eq!(channel.recv().await.unwrap(), "two");
            channel.ping().await.unwrap();
            assert_eq!(server.next().await.unwrap().unwrap(), Message::Pong(Bytes::from_static(b"1")));
            assert_eq!(server.next().await.unwrap().unwrap(), Message::Ping(Bytes::new()));
        });
    }

    /// CTRL-24
    #[test]
    fn the_reason_of_a_close_is_read() {
        block_on(async {
            let (mut channel, mut server) = pair().await;
            let code = super::super::close_code(Refusal::WrongToken);
            let reason = Refusal::WrongToken.to_string();
            server.close(Some(CloseFrame { code: code.into(), reason: reason.clone().into() })).await.unwrap();
            let closed = channel.recv().await.unwrap_err();
            assert_eq!(closed, Closed::ByHub { code: 1008, reason });
            assert_eq!(closed.refusal(), Some(Refusal::WrongToken));
        });
    }

    #[test]
    fn a_hub_that_hangs_up_without_a_word_is_a_broken_connection() {
        block_on(async {
            let (mut channel, server) = pair().await;
            drop(server);
            let closed = channel.recv().await.unwrap_err();
            assert!(matches!(closed, Closed::Broken(_)), "{closed:?}");
            assert_eq!(closed.refusal(), None);
        });
    }

    #[test]
    fn the_hub_reads_why_a_node_left() {
        block_on(async {
            let (channel, mut server) = pair().await;
            channel.close("stopping").await;
            let frame = CloseFrame { code: CloseCode::Normal, reason: "stopping".into() };
            assert_eq!(server.next().await.unwrap().unwrap(), Message::Close(Some(frame)));
        });
    }

    #[test]
    fn a_message_beyond_all_limits_breaks_the_connection() {
        block_on(async {
            let (mut channel, mut server) = pair().await;
            server.send(Message::text("x".repeat(MAX_FRAME))).await.unwrap();
            assert_eq!(channel.recv().await.unwrap().len(), MAX_FRAME);
            server.send(Message::text("x".repeat(MAX_FRAME + 1))).await.unwrap();
            assert!(matches!(channel.recv().await, Err(Closed::Broken(_))));
        });
    }

    #[test]
    fn an_address_without_a_hub_says_what_to_check() {
        block_on(async {
            // Bound and dropped: nobody listens there.
            let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
            let error = connect(Call::plain(&address, "/ws"), Timeouts::default()).await.unwrap_err();
            assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
            assert!(error.to_string().contains(&address) && error.to_string().contains("is the hub running"));
            let error = connect(Call::plain("no port here", "/ws"), Timeouts::default()).await.unwrap_err();
            assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
        });
    }

    #[test]
    fn a_server_that_is_no_hub_is_told_apart() {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let server = async {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            };
            let (outcome, ()) = tokio::join!(connect(Call::plain(&address, "/ws"), Timeouts::default()), server);
            let error = outcome.unwrap_err();
            assert!(matches!(&error, ConnectError::NotAHub { problem, .. } if problem.contains("404")), "{error}");
        });
    }

    #[test]
    fn a_hub_that_accepts_and_says_nothing_is_given_up_in_time() {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let short = Timeouts { connect: Duration::from_millis(20), ..Timeouts::default() };
            let error = connect(Call::plain(&address, "/ws"), short).await.unwrap_err();
            assert!(matches!(error, ConnectError::TimedOut { .. }), "{error}");
        });
    }

    /// CTRL-38
    #[test]
    fn a_connection_may_be_stuck_for_as_long_as_the_hub_waits_for_it() {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            prepared(&tcp).unwrap();
            assert_eq!(nix::sys::socket::getsockopt(&tcp, sockopt::TcpUserTimeout).unwrap(), 17_500);
        });
    }

    #[test]
    fn a_hub_that_does_not_read_is_noticed() {
        block_on(async {
            let (mut channel, _server) = pair().await;
            channel.send_limit = Duration::from_millis(20);
            let closed = loop {
                if let Err(closed) = channel.send("x".repeat(MAX_FRAME)).await {
                    break closed;
                }
            };
            assert_eq!(closed, Closed::Stalled);
        });
    }
}
