//! `GET /api/v1/events`: what happens in the hub, as server-sent events (HUB-13).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::Problem;
use super::body::Asked;
use crate::accounts::{Accounts, Caller};
use crate::events::{Events, Next, Number};
use crate::shared::Shared;

/// A reader hears something at least this often.
const COMMENT: Duration = Duration::from_secs(15);
/// How long one answer lasts: a little less than a connection. The reader comes back with the last id it has.
const LIFE: Duration = Duration::from_secs(290);
/// How often it is looked whether a reader to whom nothing is told may still be one.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct From {
    /// The id of the last event that is known, as in `Last-Event-ID`, which goes before it. Without either, what happens from
    /// now on is told.
    after: Option<String>,
    /// Only events whose type begins with this, such as `node.`; `lost` always comes.
    types: Option<String>,
}

/// What happens in the hub, as it happens. A reader that comes back with the last id it has goes on from there.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "follow",
    tag = "events",
    params(From, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that is known")),
    responses((
        status = OK,
        description = "Events, each with the fields id, type, time, show_us and data in its data",
        body = String,
        content_type = "text/event-stream"
    )),
)]
pub(crate) async fn follow(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Asked(From { after, types }): Asked<From>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let room = shared.events.room.clone().try_acquire_owned();
    let room = room.map_err(|_| Problem::unavailable("too many programs follow the events: end one of them"))?;
    let last = headers.get("Last-Event-ID").and_then(|id| id.to_str().ok()).map(str::to_owned).or(after);
    let pass = Pass { accounts: shared.accounts.clone(), caller };
    let reader = Reader::new(shared.events.clone(), last.as_deref(), types.unwrap_or_default(), pass, room);
    let events = unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT)).into_response())
}

/// What lets a reader in, as long as it is good.
struct Pass {
    accounts: Accounts,
    caller: Caller,
}

impl Pass {
    fn is_good(&self) -> bool {
        self.accounts.is_still_good(&self.caller)
    }
}

/// One who reads.
struct Reader {
    events: Events,
    news: watch::Receiver<Number>,
    /// The last event it has, or passed over.
    at: Number,
    types: String,
    /// What it is told before anything else.
    first: VecDeque<Event>,
    until: Instant,
    pass: Pass,
    _room: OwnedSemaphorePermit,
}

impl Reader {
    fn new(events: Events, last: Option<&str>, types: String, pass: Pass, room: OwnedSemaphorePermit) -> Self {
        let (news, newest) = (events.listen(), events.newest());
        let mut first = VecDeque::new();
        let at = match last.map(|id| (id, events.number(id))) {
            None => newest,
            Some((_, Some(number))) => number,
            Some((id, None)) => {
                let why = format!("{:.80} is of another run of the hub, or no id", id);
                first.push_back(lost(&events, newest, &json!({ "missed": null, "why": why })));
                newest
            }
        };
        let until = Instant::now() + LIFE;
        Self { events, news, at, types, first, until, pass, _room: room }
    }

    /// The next event; `None` when there will be none. Dropped and asked for again, it goes on where it was.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.first.pop_front() {
            return Some(event);
        }
        while self.pass.is_good() {
            self.news.mark_unchanged();
            match self.events.after(self.at) {
                Next::Event(event) => {
                    self.at = event.number;
                    if event.kind.starts_with(&self.types) || event.kind == "lost" {
                        let id = self.events.id(event.number);
                        return Some(Event::default().id(id).event(event.kind).data(&*event.text));
                    }
                }
                Next::Lost { missed, next } => {
                    self.at = next - 1;
                    let data = json!({ "missed": missed, "why": "the hub no longer has what came before" });
                    return Some(lost(&self.events, self.at, &data));
                }
                Next::Nothing if Instant::now() >= self.until => return None,
                Next::Nothing => tokio::select! {
                    changed = self.news.changed() => changed.ok()?,
                    () = sleep_until(self.until.min(Instant::now() + LOOK)) => {}
                },
                Next::End => return None,
            }
        }
        None
    }
}

/// Tells that events are missing before the one after `at`: whoever keeps a state has to read it anew.
fn lost(events: &Events, at: Number, data: &serde_json::Value) -> Event {
    let id = events.id(at);
    let text = json!({ "id": id, "type": "lost", "data": data }).to_string();
    Event::default().id(id).event("lost").data(text)
}
