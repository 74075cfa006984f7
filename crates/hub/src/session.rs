//! `/ws`: one control connection, from upgrade to close.
//!
//! The text of messages is read and written here; what they mean is the conductor's. A connection ends with a reason in
//! its close frame, and what one node does wrong nobody else notices: its queue is its own, bounded, and a node that
//! does not read is let go (CTRL-9).

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use cuelight_conductor::{ConnId, Outgoing};
use cuelight_net::identity::random_token;
use cuelight_net::json::{self, BadMessage};
use cuelight_net::ws::{BUFFER, MAX_FRAME, close_code};
use cuelight_wire::control::{ErrorMessage, HubMessage, Refusal, Text};
use cuelight_wire::ids::Token;
use cuelight_wire::limits::MAX_CONTROL_MESSAGE;
use cuelight_wire::time::{Local, Time};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tracing::debug;

use crate::api::Problem;
use crate::inbox::Input;
use crate::shared::Shared;

/// Messages waiting for one node; when it is full the node is a slow reader and is let go.
const OUTGOING: usize = 64;
/// How long one message may take to be taken off our hands.
const SEND_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection may be silent before its hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// Messages of unknown type one connection may send; each is answered.
const UNKNOWN_MESSAGES: u32 = 100;

static NEXT_CONN: AtomicU64 = AtomicU64::new(1);

/// `GET /ws`
pub(crate) async fn upgrade(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Ok(place) = shared.connections.clone().try_acquire_owned() else {
        return Problem::unavailable("the hub has no room for another connection; raise hub.max_nodes").into_response();
    };
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MAX_FRAME)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(move |socket| serve(socket, peer.ip().to_canonical(), shared, place))
}

async fn serve(mut socket: WebSocket, ip: IpAddr, shared: Shared, _place: OwnedSemaphorePermit) {
    let conn = ConnId(NEXT_CONN.fetch_add(1, Ordering::Relaxed));
    let (outgoing, mut waiting) = mpsc::channel(OUTGOING);
    if shared.inbox.send(Input::Open { conn, ip, outgoing }).await.is_err() {
        return;
    }
    let end = converse(&mut socket, conn, &shared, &mut waiting).await;
    debug!(conn = conn.0, %ip, ?end, "control connection ends");
    if let End::Refused(refusal) = end {
        close(&mut socket, refusal).await;
    }
    // The tick thread outlives every connection unless the hub is stopping, and then there is nobody to tell.
    let _ = shared.inbox.send(Input::Closed { conn }).await;
}

#[derive(Debug)]
enum End {
    /// The other side is gone, or does not take what it is sent.
    Lost,
    /// The hub ends it.
    Refused(Refusal),
}

async fn converse(
    socket: &mut WebSocket,
    conn: ConnId,
    shared: &Shared,
    waiting: &mut mpsc::Receiver<Outgoing>,
) -> End {
    let hello_deadline = tokio::time::sleep(HELLO_TIMEOUT);
    tokio::pin!(hello_deadline);
    let (mut heard, mut unknown) = (false, 0);
    loop {
        tokio::select! {
            outgoing = waiting.recv() => match outgoing {
                Some(Outgoing::Message(message)) => {
                    let text = json::write_hub_message(&message);
                    match timeout(SEND_TIMEOUT, socket.send(Message::Text(text.into()))).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return End::Lost,
                        Err(_) => return End::Refused(Refusal::SlowReader),
                    }
                }
                Some(Outgoing::Close(refusal)) => return End::Refused(refusal),
                // The tick thread let go of the queue: it was full, or the hub stops.
                None => return End::Refused(Refusal::SlowReader),
            },
            received = socket.recv() => {
                heard = true;
                match received {
                    Some(Ok(Message::Text(text))) => match read(text.as_str(), conn, shared.clock.now()) {
                        Ok(input) => {
                            if shared.inbox.send(input).await.is_err() {
                                return End::Refused(Refusal::Stopping);
                            }
                        }
                        Err(_) if unknown == UNKNOWN_MESSAGES => return End::Refused(Refusal::TooMany),
                        Err(Unknown(answer)) => {
                            unknown += 1;
                            if timeout(SEND_TIMEOUT, socket.send(Message::Text(answer.into()))).await.is_err() {
                                return End::Refused(Refusal::SlowReader);
                            }
                        }
                    },
                    Some(Ok(Message::Binary(_))) => return End::Refused(Refusal::Malformed),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Lost,
                }
            }
            () = &mut hello_deadline, if !heard => return End::Refused(Refusal::HelloFirst),
        }
    }
}

/// A message of a type this hub does not know, and the answer to it.
struct Unknown(String);

/// Reads one message: what the conductor is to be told of it.
fn read(text: &str, conn: ConnId, received_at: Time<Local>) -> Result<Input, Unknown> {
    let refused = |refusal, error: &dyn std::fmt::Display| {
        debug!(conn = conn.0, %error, "message refused");
        Ok(Input::Refused { conn, refusal })
    };
    match json::read_node_message(text, MAX_CONTROL_MESSAGE) {
        Ok(message) => Ok(Input::Message { conn, message: Box::new(message), fresh: fresh_token(), received_at }),
        Err(BadMessage::UnknownType(name)) => Err(Unknown(json::write_hub_message(&unknown_type(&name)))),
        Err(error @ BadMessage::Oversized { .. }) => refused(Refusal::Oversized, &error),
        Err(error) => refused(Refusal::Malformed, &error),
    }
}

/// What a node is told about a type this hub does not know; the session goes on.
fn unknown_type(name: &str) -> HubMessage {
    let mut message = Text::new();
    // At most 32 characters of the name are repeated, so the sentence always fits.
    for part in ["unknown message type '", name.get(..name.floor_char_boundary(32)).unwrap_or_default(), "'"] {
        let _ = message.push_str(part);
    }
    HubMessage::Error(ErrorMessage { code: Text::try_from("unknown-type").unwrap_or_default(), message })
}

async fn close(socket: &mut WebSocket, refusal: Refusal) {
    let frame = CloseFrame { code: close_code(refusal), reason: refusal.to_string().into() };
    // The other side may already be gone; the reason is then nobody's loss.
    let _ = timeout(SEND_TIMEOUT, socket.send(Message::Close(Some(frame)))).await;
}

/// A token for a hello.
fn fresh_token() -> Token {
    random_token().expect("the system gave random numbers when the hub started")
}
