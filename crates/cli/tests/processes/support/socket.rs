//! A control connection by hand.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, accept, client};

use super::{HERE, SOON};

/// A WebSocket to a hub's `/ws`.
pub(crate) struct Socket {
    socket: WebSocket<TcpStream>,
}

/// What came over it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Message(Value),
    /// Closed with a status code and a reason.
    Closed(u16, String),
    /// The connection broke without a word.
    Broken,
}

/// A TCP connection from one of this machine's addresses.
pub(crate) fn tcp(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    connect(from, to, |_| {})
}

/// A TCP connection in which little is under way: a small window, and small segments, from which the sender's system
/// derives the size of its buffer.
pub(crate) fn narrow_tcp(to: SocketAddr) -> TcpStream {
    connect(HERE, to, |socket| {
        socket.set_recv_buffer_size(2048).unwrap();
        setsockopt(socket, sockopt::TcpMaxSeg, &536).unwrap();
    })
}

fn connect(from: Ipv4Addr, to: SocketAddr, prepare: impl FnOnce(&TcpSocket)) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        prepare(&socket);
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

impl Socket {
    /// Connects to a hub.
    pub(crate) fn connect(hub: SocketAddr) -> Self {
        Self::over(tcp(HERE, hub), hub)
    }

    /// Opens the WebSocket on a connection that stands.
    pub(crate) fn over(stream: TcpStream, hub: SocketAddr) -> Self {
        stream.set_read_timeout(Some(SOON)).unwrap();
        let (socket, _) = client(format!("ws://{hub}/ws"), stream).unwrap();
        Self { socket }
    }

    /// The other end: what a client has opened on a connection that was taken; nothing when it wants something else.
    pub(crate) fn accepted(stream: TcpStream) -> Option<Self> {
        stream.set_read_timeout(Some(SOON)).unwrap();
        accept(stream).ok().map(|socket| Self { socket })
    }

    /// Connects and says hello; the welcome is returned.
    pub(crate) fn welcomed(hub: SocketAddr, hello: &Value) -> (Self, Value) {
        let mut socket = Self::connect(hub);
        socket.send(hello);
        let welcome = socket.message("welcome");
        (socket, welcome)
    }

    /// Sends a message; a connection that is closed already is noticed by who listens.
    pub(crate) fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }
    /// Sends any text.
    pub(crate) fn send_text(&mut self, text: &str) {
        let _ = self.socket.send(Message::text(text));
    }
    /// Sends any bytes.
    pub(crate) fn send_binary(&mut self, bytes: &[u8]) {
        let _ = self.socket.send(Message::binary(bytes.to_vec()));
    }

    /// The next thing, nothing when none comes within `limit`.
    pub(crate) fn hear(&mut self, limit: Duration) -> Option<Heard> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.get_ref().set_read_timeout(Some(left)).unwrap();
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(Heard::Message(serde_json::from_str(&text).unwrap())),
                Ok(Message::Close(Some(frame))) => {
                    return Some(Heard::Closed(frame.code.into(), frame.reason.to_string()));
                }
                Ok(Message::Close(None)) => return Some(Heard::Closed(1005, String::new())),
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
                {
                    if Instant::now() >= deadline {
                        return None;
                    }
                }
                Err(_) => return Some(Heard::Broken),
            }
        }
    }

    /// The next message of this type, whichever field names it; others are passed over.
    pub(crate) fn message(&mut self, kind: &str) -> Value {
        let deadline = Instant::now() + SOON;
        loop {
            match self.hear(deadline.saturating_duration_since(Instant::now())) {
                Some(Heard::Message(message)) if message["t"] == kind || message["type"] == kind => return message,
                Some(Heard::Message(_)) => {}
                other => panic!("{other:?} instead of {kind}"),
            }
        }
    }

    /// How the session ends; messages before that are passed over.
    pub(crate) fn end(&mut self) -> (u16, String) {
        let deadline = Instant::now() + SOON;
        loop {
            match self.hear(deadline.saturating_duration_since(Instant::now())) {
                Some(Heard::Message(_)) => {}
                Some(Heard::Closed(code, reason)) => return (code, reason),
                other => panic!("{other:?} instead of a close frame"),
            }
        }
    }
}

/// A hello as deployed nodes say it.
pub(crate) fn hello(mac: &str) -> Value {
    json!({
        "t": "hello", "proto": 1, "mac": mac, "fw": "k1-v2.7.1",
        "caps": {"udp": true, "ota": true, "clock": true}, "topo": {"leds": 320, "channels": 2},
    })
}
