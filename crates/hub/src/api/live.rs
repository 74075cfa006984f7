//! `GET /api/v1/live`: a WebSocket on which a page says what it watches and is told what changes (`docs/api/live.md`), and
//! `POST /api/v1/live/tickets`, which opens it from another machine. What one watcher does wrong nobody else notices (LIVE-6).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use cuelight_net::identity::random_token;
use cuelight_wire::ids::NodeId;
use cuelight_wire::time::{Local, Span, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;
use utoipa::ToSchema;

use super::Problem;
use super::body::Asked;
use crate::accounts::Caller;
use crate::live::board::Places;
use crate::live::gallery::{Seat, Wish};
use crate::live::view::{Moment, VIEWS, View};
use crate::live::{GOOD_FOR, MAX_PIXELS};
use crate::shared::Shared;

/// Bytes of a message of the watcher, at most: the numbers of 2,000 nodes.
const MAX_MESSAGE: usize = 16 * 1024;
/// Messages of the watcher in a second; more end the connection.
const MESSAGES: u32 = 100;
/// Views of one watcher.
const MAX_VIEWS: usize = 32;
/// How long a message may take to be taken off our hands. What is new meanwhile is not kept for this watcher.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// A watcher hears of the hub at least this often, so that silence means that the hub is gone.
const PULSE: Duration = Duration::from_secs(1);
/// How soon one whose key or session has ended no longer watches.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entrance {
    /// A ticket, for programs that cannot send a key with a WebSocket.
    #[expect(dead_code, reason = "described and taken here, looked at by the guard")]
    ticket: Option<String>,
}

/// Something that opens one WebSocket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    ticket: String,
    /// How long it is good.
    expires_ms: i64,
}

/// A ticket for one connection to `GET /api/v1/live`, for pages: these cannot send a key with a WebSocket.
#[utoipa::path(
    post,
    path = "/live/tickets",
    operation_id = "giveTicket",
    tag = "events",
    responses((status = OK, description = "The ticket", body = Ticket)),
)]
pub(crate) async fn give_ticket(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Ticket>, Problem> {
    let ticket = random_token().map_err(|_| Problem::unavailable("the system gives no random numbers"))?;
    let answer = Ticket { ticket: ticket.as_str().to_owned(), expires_ms: GOOD_FOR.as_ms() };
    shared.live.tickets.give(ticket, caller, shared.clock.now());
    Ok(Json(answer))
}

/// A WebSocket with live views and pictures of the nodes; its messages are in docs/api/live.md.
#[utoipa::path(
    get,
    path = "/live",
    operation_id = "watch",
    tag = "events",
    params(Entrance),
    responses((status = SWITCHING_PROTOCOLS, description = "The WebSocket is open")),
)]
pub(crate) async fn watch(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    // The guard has looked at it.
    Asked(Entrance { ticket: _ }): Asked<Entrance>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Problem::bad_request(rejection.body_text()).into_response(),
    };
    let Ok(room) = shared.live.room.clone().try_acquire_owned() else {
        return Problem::unavailable("the hub has no room for another watcher: close a page that shows it")
            .into_response();
    };
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| Watcher::new(socket, shared, caller, room).run())
}

/// What a watcher may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "kebab-case", deny_unknown_fields)]
enum Said {
    /// Keep me told.
    Subscribe {
        view: String,
        /// Of which nodes, for pictures.
        nodes: Option<Vec<u16>>,
        /// Pixels of a node at most, for pictures.
        pixels: Option<u16>,
    },
    /// No longer.
    Unsubscribe { view: String },
}

/// Why a connection ends.
struct End(Option<(u16, &'static str)>);

impl End {
    /// The other side is gone.
    const GONE: Self = Self(None);
}

/// One connection.
struct Watcher {
    socket: WebSocket,
    shared: Shared,
    caller: Caller,
    places: Places,
    seat: Option<Seat>,
    messages: Messages,
    _room: OwnedSemaphorePermit,
}

impl Watcher {
    fn new(socket: WebSocket, shared: Shared, caller: Caller, room: OwnedSemaphorePermit) -> Self {
        let (places, messages) = (BTreeMap::new(), Messages::default());
        Self { socket, shared, caller, places, seat: None, messages, _room: room }
    }

    async fn run(mut self) {
        let End(reason) = self.converse().await;
        if let Some((code, reason)) = reason {
            let frame = CloseFrame { code, reason: reason.into() };
            // Whoever does not take it learns it from the end of the connection.
            let _ = timeout(Duration::from_secs(1), self.socket.send(Message::Close(Some(frame)))).await;
        }
        debug!(?reason, "a watcher leaves");
    }

    async fn converse(&mut self) -> End {
        let mut news = self.shared.live.board.listen();
        let mut silent_until = Instant::now() + PULSE;
        let mut looked_at_until = Instant::now() + LOOK;
        loop {
            let picture = async {
                match &mut self.seat {
                    Some(seat) => seat.next().await,
                    None => std::future::pending().await,
                }
            };
            let sent = tokio::select! {
                said = self.socket.recv() => match said {
                    Some(Ok(message)) => self.hear(message).await,
                    Some(Err(_)) | None => Err(End::GONE),
                },
                _ = news.changed() => self.tell_news().await,
                picture = picture => match picture {
                    Some(picture) => self.send(Message::Binary(picture)).await.map(|()| true),
                    None => {
                        self.seat = None;
                        Ok(false)
                    }
                },
                () = sleep_until(looked_at_until) => {
                    looked_at_until = Instant::now() + LOOK;
                    if self.shared.accounts.is_still_good(&self.caller) {
                        Ok(false)
                    } else {
                        Err(End(Some((close_code::POLICY, "the key or the session has ended"))))
                    }
                }
                () = sleep_until(silent_until) => {
                    let moment = Moment::now(&self.shared, &self.shared.snapshot.load());
                    self.send(Message::Text(moment.pulse())).await.map(|()| true)
                }
            };
            match sent {
                Ok(true) => silent_until = Instant::now() + PULSE,
                Ok(false) => {}
                Err(end) => return end,
            }
        }
    }

    /// Sends what is new on the board; says whether there was anything.
    async fn tell_news(&mut self) -> Result<bool, End> {
        if self.shared.live.board.is_stopping() {
            return Err(End(Some((close_code::AWAY, "the hub stops"))));
        }
        let news = self.shared.live.board.news_for(&mut self.places);
        let is_any = !news.is_empty();
        for text in news {
            self.send(Message::Text(text)).await?;
        }
        Ok(is_any)
    }

    async fn hear(&mut self, message: Message) -> Result<bool, End> {
        self.messages.count(self.shared.clock.now())?;
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(End(Some((close_code::UNSUPPORTED, "only text is understood")))),
            // Answered by the library.
            Message::Ping(_) | Message::Pong(_) => return Ok(false),
            Message::Close(_) => return Err(End::GONE),
        };
        let heard = serde_json::from_str(text.as_str()).map_err(|error| error.to_string());
        match heard.and_then(|said| self.carry_out(said)) {
            Ok(()) => self.tell_news().await,
            Err(detail) => {
                let text: Utf8Bytes = json!({ "t": "error", "detail": detail }).to_string().into();
                self.send(Message::Text(text)).await.map(|()| true)
            }
        }
    }

    fn carry_out(&mut self, said: Said) -> Result<(), String> {
        match said {
            Said::Subscribe { view, nodes, pixels } if view == "previews" => {
                let nodes = nodes.map(|mut nodes| {
                    nodes.sort_unstable();
                    nodes.into_iter().map(NodeId).collect()
                });
                let pixels = pixels.unwrap_or(u16::MAX).clamp(1, u16::try_from(MAX_PIXELS).unwrap_or(u16::MAX));
                self.seat = Some(self.shared.live.gallery.sit(Wish { nodes, pixels }));
                Ok(())
            }
            Said::Subscribe { nodes: Some(_), .. } | Said::Subscribe { pixels: Some(_), .. } => {
                Err("nodes and pixels are for previews alone".into())
            }
            Said::Subscribe { view, .. } => {
                let view = named(&view)?;
                if !self.places.contains_key(&view) {
                    if self.places.len() == MAX_VIEWS {
                        return Err(format!("at most {MAX_VIEWS} views: unsubscribe from one first"));
                    }
                    self.shared.live.board.watch(view);
                }
                // Whoever asks again gets all of it again.
                self.places.insert(view, None);
                Ok(())
            }
            Said::Unsubscribe { view } if view == "previews" => {
                self.seat = None;
                Ok(())
            }
            Said::Unsubscribe { view } => {
                let view = named(&view)?;
                if self.places.remove(&view).is_some() {
                    self.shared.live.board.leave(view);
                }
                Ok(())
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::GONE),
            Err(_) => Err(End(Some((close_code::POLICY, "what is sent is not read")))),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        for view in self.places.keys() {
            self.shared.live.board.leave(*view);
        }
    }
}

fn named(view: &str) -> Result<View, String> {
    view.parse().map_err(|_| format!("there is no view \"{}\"; there are {VIEWS}", view.get(..40).unwrap_or(view)))
}

/// Counts the messages of the present second.
#[derive(Default)]
struct Messages {
    since: Time<Local>,
    count: u32,
}

impl Messages {
    fn count(&mut self, now: Time<Local>) -> Result<(), End> {
        if now - self.since >= Span::from_s(1) {
            *self = Self { since: now, count: 0 };
        }
        self.count += 1;
        if self.count > MESSAGES { Err(End(Some((close_code::POLICY, "too many messages")))) } else { Ok(()) }
    }
}
