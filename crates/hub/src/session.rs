//! `/ws`: one control connection, from upgrade to close. One whose first message is binary is a pattern session (`uploads`).
//!
//! The text of messages is read and written here; what they mean is the conductor's. A connection ends with a reason in
//! its close frame, and what one node does wrong nobody else notices: its queue is its own, bounded, and a node that
//! does not read is let go (CTRL-43, HUB-8).

use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use cuelight_conductor::{ConnId, Outgoing};
use cuelight_net::identity::random_token;
use cuelight_net::json::{self, BadMessage};
use cuelight_net::ws::{BUFFER, MAX_FRAME, close_code};
use cuelight_trust::NodeKey;
use cuelight_wire::control::{ErrorMessage, HubMessage, NodeMessage, Refusal, Text};
use cuelight_wire::ids::Token;
use cuelight_wire::limits::MAX_CONTROL_MESSAGE;
use cuelight_wire::time::{Local, Span, Time};
use cuelight_wire::tlv;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tracing::debug;

use crate::accounts::{Caller, Role};
use crate::api::{Problem, guard, recorded};
use crate::audit::Note;
use crate::front::{Carrier, LocalAddress};
use crate::inbox::{Gone, Input};
use crate::origin::Origin;
use crate::pairing::{Credential, Membership};
use crate::shared::Shared;
use crate::uploads;

mod line;

use line::Line;
pub(crate) use line::{Echoes, Lines};

/// Messages waiting for one node; when it is full the node is a slow reader and is let go.
const OUTGOING: usize = 64;
/// Answers of a pattern session are gathered up to so many bytes while more frames are there to be read. A control message
/// is flushed by itself.
const WRITE_BUFFER: usize = 1024;
/// How long one message may take to be taken off our hands.
const SEND_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the other side may take to answer a close frame. Closing at once, with something of it unread, would make
/// the kernel reset the connection, and the reason would be lost on the way.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Frames a second that the conductor does not hear of (unknown types, pings); more end the session. Those it does hear
/// of it counts itself.
const SIDE_FRAMES: u32 = 100;

static NEXT_CONN: AtomicU64 = AtomicU64::new(1);

/// `GET /ws`
pub(crate) async fn upgrade(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    local: Option<Extension<LocalAddress>>,
    caller: Option<Extension<Caller>>,
    carrier: Option<Extension<Carrier>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Problem::bad_request(rejection.body_text()).into_response(),
    };
    let Ok(place) = shared.connections.clone().try_acquire_owned() else {
        return Problem::unavailable("the hub has no room for another connection; raise max_nodes").into_response();
    };
    let is_tls = matches!(carrier, Some(Extension(Carrier::Tls)));
    let origin = Origin::of(
        &headers,
        local.and_then(|Extension(LocalAddress(local))| local),
        carrier.map_or(Carrier::Plain, |Extension(carrier)| carrier),
    );
    let door = Door { ip: peer.ip().to_canonical(), credential: credential(peer, &headers, is_tls) };
    let caller = caller.map(|Extension(caller)| caller);
    let note = recorded::of(caller.as_ref(), peer.ip(), &Method::GET, "/ws, a session with patterns");
    let is_operator = shared.patterns_are_open || caller.is_some_and(|caller| caller.role.covers(Role::Operator));
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(2 * MAX_FRAME)
        // Which of the two kinds of session it becomes its first message tells; a control message that is too long is
        // refused by its own limit.
        .max_message_size(tlv::MAX_FRAME)
        .max_frame_size(tlv::MAX_FRAME)
        .on_upgrade(move |socket| serve(socket, door, shared, origin, (is_operator, note), place))
}

/// Where a connection comes from, and by what its node is known.
#[derive(Clone, Copy, Debug)]
struct Door {
    ip: IpAddr,
    credential: Credential,
}

/// What a connection shows (TRUST-6, TRUST-12). A node's key is believed in TLS only; what a proxy passes on is not of this
/// machine.
fn credential(peer: SocketAddr, headers: &HeaderMap, is_tls: bool) -> Credential {
    let key = guard::bearer(headers).filter(|_| is_tls).and_then(|key| key.parse::<NodeKey>().ok());
    let is_local = peer.ip().to_canonical().is_loopback() && !guard::is_forwarded(headers);
    key.map_or(Credential::Nothing { is_local }, |key| Credential::Key(key.hash()))
}

async fn serve(
    mut socket: WebSocket,
    door: Door,
    shared: Shared,
    origin: Origin,
    (is_operator, note): (bool, Note),
    _place: OwnedSemaphorePermit,
) {
    let ip = door.ip;
    let conn = ConnId(NEXT_CONN.fetch_add(1, Ordering::Relaxed));
    let (outgoing, mut waiting) = mpsc::channel(OUTGOING);
    let line = shared.lines.open(conn);
    let end = match shared.inbox.send(Input::Open { conn, ip, outgoing }).await {
        Ok(()) => converse(&mut socket, (conn, door), &shared, &origin, &mut waiting, line).await,
        Err(Gone) => End::Refused(Refusal::Stopping),
    };
    debug!(conn = conn.0, %ip, ?end, "control connection ends");
    // What the conductor refused it has forgotten already. When it is gone there is nobody to tell.
    match end {
        End::Lost => {
            let _ = shared.inbox.send(Input::Closed { conn }).await;
        }
        End::Refused(refusal) => {
            let _ = shared.inbox.send(Input::Refused { conn, refusal }).await;
            let _ = shared.inbox.send(Input::Closed { conn }).await;
            close(&mut socket, refusal).await;
        }
        End::NotLetIn(refusal) => {
            let _ = shared.inbox.send(Input::Closed { conn }).await;
            close(&mut socket, refusal).await;
        }
        End::Pattern(first) => {
            let _ = shared.inbox.send(Input::Closed { conn }).await;
            let outcome = if is_operator { "ok" } else { "403 the role does not allow it" }.to_owned();
            shared.audit.note(Note { outcome, ..note });
            uploads::serve(socket, first, &shared, is_operator).await;
        }
    }
}

#[derive(Debug)]
enum End {
    /// The other side is gone, or does not take what it is sent.
    Lost,
    /// The hub ends it.
    Refused(Refusal),
    /// It does not belong to the show. Told to the operator where nodes are admitted, so the conductor hears nothing of it.
    NotLetIn(Refusal),
    /// Its first message, which is binary: it is a pattern session.
    Pattern(Bytes),
}

async fn converse(
    socket: &mut WebSocket,
    (conn, door): (ConnId, Door),
    shared: &Shared,
    origin: &Origin,
    waiting: &mut mpsc::Receiver<Outgoing>,
    mut line: Line,
) -> End {
    let mut side_frames = SideFrames::default();
    let mut is_first = true;
    let mut membership = None;
    loop {
        let ended = tokio::select! {
            outgoing = waiting.recv() => match outgoing {
                Some(Outgoing::Message(message)) => say(socket, json::write_hub_message(&origin.addressed(message))).await,
                Some(Outgoing::Close(refusal)) => Err(End::Refused(refusal)),
                // The tick thread let go of the queue: it is gone, or the queue was full.
                None if shared.inbox.is_closed() => Err(End::Refused(Refusal::Stopping)),
                None => Err(End::Refused(Refusal::SlowReader)),
            },
            received = socket.recv() => match received {
                Some(Ok(Message::Binary(first))) if is_first => Err(End::Pattern(first)),
                Some(Ok(message)) => {
                    is_first &= matches!(message, Message::Ping(_) | Message::Pong(_));
                    if let Message::Pong(payload) = &message {
                        line.handle_pong(payload, shared.clock.now());
                    }
                    hear(socket, (conn, door), shared, message, (&mut side_frames, &mut membership)).await
                }
                Some(Err(error)) => Err(refusal_for(error).map_or(End::Lost, End::Refused)),
                None => Err(End::Lost),
            },
            ping = line.next(shared.clock) => send(socket, Message::Ping(ping)).await,
            () = refused(&mut membership) => Err(End::Refused(Refusal::NotAdmitted)),
        };
        if let Err(end) = ended {
            return end;
        }
    }
}

async fn hear(
    socket: &mut WebSocket,
    (conn, door): (ConnId, Door),
    shared: &Shared,
    message: Message,
    (side_frames, membership): (&mut SideFrames, &mut Option<Membership>),
) -> Result<(), End> {
    let now = shared.clock.now();
    match message {
        Message::Text(text) => match read(text.as_str(), conn, now) {
            Ok(input) => {
                may_come_in(&input, door, shared, membership)?;
                shared.inbox.send(input).await.map_err(|Gone| End::Refused(Refusal::Stopping))
            }
            Err(Unknown(answer)) => {
                side_frames.count(now)?;
                say(socket, answer).await
            }
        },
        Message::Binary(_) => Err(End::Refused(Refusal::Malformed)),
        // Answered by the library.
        Message::Ping(_) | Message::Pong(_) => side_frames.count(now),
        Message::Close(_) => Err(End::Lost),
    }
}

/// Whether the node that says hello, if this is one, belongs to the show.
fn may_come_in(input: &Input, door: Door, shared: &Shared, membership: &mut Option<Membership>) -> Result<(), End> {
    let Input::Message { message, .. } = input else { return Ok(()) };
    let NodeMessage::Hello(hello) = &**message else { return Ok(()) };
    let judged = shared.pairings.judge(hello, door.ip, door.credential);
    *membership = Some(judged.map_err(End::NotLetIn)?);
    Ok(())
}

/// Waits until the node that was let in no longer belongs to the show (TRUST-6).
async fn refused(membership: &mut Option<Membership>) {
    match membership {
        Some(membership) => membership.ended().await,
        None => pending().await,
    }
}

async fn say(socket: &mut WebSocket, text: String) -> Result<(), End> {
    send(socket, Message::Text(text.into())).await
}

async fn send(socket: &mut WebSocket, frame: Message) -> Result<(), End> {
    match timeout(SEND_TIMEOUT, socket.send(frame)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Lost),
        Err(_) => Err(End::Refused(Refusal::SlowReader)),
    }
}

/// Counts the frames of the present second.
#[derive(Default)]
struct SideFrames {
    since: Time<Local>,
    count: u32,
}

impl SideFrames {
    fn count(&mut self, now: Time<Local>) -> Result<(), End> {
        if now - self.since >= Span::from_s(1) {
            *self = Self { since: now, count: 0 };
        }
        self.count += 1;
        if self.count > SIDE_FRAMES { Err(End::Refused(Refusal::TooMany)) } else { Ok(()) }
    }
}

/// The reason to end a session for after what came is no message at all; `None` when the connection broke.
fn refusal_for(error: axum::Error) -> Option<Refusal> {
    use tokio_tungstenite::tungstenite::Error;
    match error.into_inner().downcast_ref()? {
        Error::Capacity(_) => Some(Refusal::Oversized),
        Error::Utf8(_) => Some(Refusal::Malformed),
        _ => None,
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
        Err(error) => refused(error.refusal().unwrap_or(Refusal::Malformed), &error),
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

/// Sends the reason and waits until the other side has seen it, or for a second.
async fn close(socket: &mut WebSocket, refusal: Refusal) {
    let frame = CloseFrame { code: close_code(refusal), reason: refusal.to_string().into() };
    // The other side may already be gone; the reason is then nobody's loss.
    if let Ok(Ok(())) = timeout(SEND_TIMEOUT, socket.send(Message::Close(Some(frame)))).await {
        let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
        let _ = timeout(CLOSE_TIMEOUT, answered).await;
    }
}

/// A token for a hello.
fn fresh_token() -> Token {
    random_token().expect("the system gave random numbers when the hub started")
}

#[cfg(test)]
mod tests;
