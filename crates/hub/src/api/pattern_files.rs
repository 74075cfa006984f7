//! `/patterns`: what nodes fetch. Open to everybody on the network, as the stream is: it tells what the show looks like.
//!
//! A node asks for the list every few seconds and says with it how many of the patterns it has, so that people can see how far
//! they have come (DIST-1, DIST-3).

use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, extract::rejection::QueryRejection};
use cuelight_pattern::store::{Listing, Sha256};
use cuelight_wire::ids::Mac;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use tokio::task::spawn_blocking;

use super::{Problem, ranges};
use crate::distribution::Holding;
use crate::shared::Shared;

/// One line of the list.
#[derive(Debug, Serialize)]
struct FileView {
    name: String,
    size: u32,
    sha256: String,
}

/// What a node says of itself with its question.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Question {
    node: Option<Mac>,
    #[serde(default)]
    have: u32,
    #[serde(default)]
    missing: u32,
    problem: Option<String>,
}

/// `GET /patterns`
pub(crate) async fn list(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    question: Result<Query<Question>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(question) = question.map_err(|bad| Problem::bad_request(bad.body_text()))?;
    // Only of nodes the hub knows, from where it knows them: the list stays as short as the roster.
    let is_known = |mac: &Mac| {
        let snapshot = shared.snapshot.load();
        snapshot.nodes.iter().any(|node| node.mac == *mac && node.ip == Some(peer.ip().to_canonical()))
    };
    if let Some(mac) = question.node.filter(is_known) {
        let Question { have, missing, problem, .. } = question;
        shared.distribution.note(mac, Holding::new(have, missing, problem, shared.clock.now()));
    }
    let listing = shared.patterns.store.listing();
    let etag = etag(&listing);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let view = |entry: &cuelight_pattern::store::Entry| FileView {
        name: entry.name.as_str().to_owned(),
        size: entry.size,
        sha256: entry.sha256.to_string(),
    };
    let mut response = Json(listing.patterns.iter().map(view).collect::<Vec<_>>()).into_response();
    let etag = HeaderValue::from_str(&etag).expect("hex and quotes are header text");
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// `GET /patterns/{sha256}`
pub(crate) async fn file(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sha256: Sha256 = sha256.parse().map_err(|bad| Problem::bad_request(format!("{bad}")))?;
    let store = shared.patterns.store.clone();
    let entry = store.listing().with_hash(&sha256).cloned();
    let entry = entry.ok_or_else(|| Problem::not_found(format!("there is no pattern with SHA-256 {sha256}")))?;
    let bytes = spawn_blocking(move || store.read(&entry)).await.map_err(|_| Problem::unavailable("reading failed"))?;
    let bytes = bytes.map_err(|error| Problem::not_found(error.to_string()))?;
    Ok(ranges::answer(&headers, &format!("\"{sha256}\""), bytes))
}

/// Changes with every name and every byte.
fn etag(listing: &Listing) -> String {
    let text: String =
        listing.patterns.iter().map(|entry| format!("{} {}\n", entry.name.as_str(), entry.sha256)).collect();
    format!("\"{}\"", Sha256::of(text.as_bytes()))
}
