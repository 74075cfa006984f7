//! What goes into the audit log of what is asked of the API (AUD-1): every change that is let through, with what came of it, and
//! every refusal.

use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Body as _;

use super::Problem;
use super::problem::Told;
use crate::accounts::{Caller, Via};
use crate::audit::{Audit, Note};
use crate::shared::Shared;

/// Calls that change nothing people would ask about: signs of life of receivers, and what opens a connection.
const UNRECORDED: [&str; 3] = ["/api/master/heartbeat", "/api/master/ack", "/api/v1/live/tickets"];
/// Calls in whose bodies or answers there are secrets.
const SECRET: [&str; 5] = ["/api/v1/setup", "/api/v1/session", "/api/v1/me", "/api/v1/accounts", "/api/v1/keys"];
/// Bytes of a body that is written down whole; of a longer one nothing is.
const MAX_BODY: u64 = 512;
/// Bytes of a path, and of a reason, that are written down.
const MAX_WORDS: usize = 256;

/// What an answer says of itself for the log, where address and body do not.
#[derive(Clone, Debug)]
pub(crate) struct About(pub(crate) String);

/// Writes down what is asked and what comes of it. Reading is not written down.
pub(crate) async fn record(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    if request.method().is_safe() || UNRECORDED.contains(&path.as_str()) {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>().cloned();
    let mut pending =
        Pending { audit: shared.audit.clone(), note: of(caller.as_ref(), peer.ip(), request.method(), &path) };
    let (request, body) = match with_words(request, &path).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    if let Some(body) = body {
        pending.add(&body);
    }
    let response = next.run(request).await;
    if let Some(About(about)) = response.extensions().get() {
        pending.add(about);
    }
    let status = response.status();
    let why = response.extensions().get().map(|Told(why)| first(why, MAX_WORDS));
    pending.note.outcome = match why {
        Some(why) => format!("{} {why}", status.as_u16()),
        None if status.is_client_error() || status.is_server_error() => status.as_u16().to_string(),
        None => "ok".to_owned(),
    };
    response
}

/// Writes down that a request was refused before anything looked at it.
pub(crate) fn refused(
    shared: &Shared,
    caller: Option<&Caller>,
    from: IpAddr,
    (method, path): (&Method, &str),
    (status, why): (u16, &str),
) {
    if shared.accounts.count_refusal(from, shared.clock.now()) {
        let outcome = format!("{status} {}", first(why, MAX_WORDS));
        shared.audit.note(Note { outcome, ..of(caller, from, method, path) });
    } else {
        shared.audit.leave_out();
    }
}

/// What is written down of who asks for what.
pub(crate) fn of(caller: Option<&Caller>, from: IpAddr, method: &Method, path: &str) -> Note {
    Note {
        who: caller.map(|caller| match &caller.via {
            Via::Key(id) => format!("{} ({})", caller.name, id.as_str()),
            _ => caller.name.clone(),
        }),
        role: caller.map(|caller| caller.role.word().to_owned()),
        via: caller.map(|caller| caller.via.word().to_owned()),
        from: Some(from.to_canonical().to_string()),
        what: format!("{method} {}", first(path, MAX_WORDS)),
        outcome: String::new(),
    }
}

/// The request, and the text of a small body that has no secrets.
async fn with_words(request: Request, path: &str) -> Result<(Request, Option<String>), Problem> {
    let is_secret = SECRET.iter().any(|secret| path.starts_with(secret));
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_small = request.body().size_hint().exact().is_some_and(|len| (1..=MAX_BODY).contains(&len));
    if is_secret || !is_small || !kind.starts_with("application/json") {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_BODY as usize).await;
    let bytes = bytes.map_err(|_| Problem::bad_request("the body broke off"))?;
    let words = String::from_utf8_lossy(&bytes).into_owned();
    Ok((Request::from_parts(parts, Body::from(bytes)), Some(words)))
}

fn first(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}

/// What is written down when the answer is there, and also when nobody waits for it any more.
struct Pending {
    audit: Audit,
    note: Note,
}

impl Pending {
    fn add(&mut self, words: &str) {
        self.note.what.push(' ');
        self.note.what.push_str(words);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut note = std::mem::take(&mut self.note);
        if note.outcome.is_empty() {
            note.outcome = "given up before it was answered".to_owned();
        }
        self.audit.note(note);
    }
}
