//! Documents that several people change: `ETag` says which state one has read, `If-Match` changes it only while it is that
//! (RFC 9110 section 13.1.1, HUB-15).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::Problem;
use crate::shared::Shared;

/// Held by whoever changes a document: by one alone between the look at it and the change, when the change has a condition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Documents(Arc<RwLock<()>>);

/// Lets a change through; to be kept until it is made.
#[derive(Debug)]
#[expect(dead_code, reason = "kept for what their ends do")]
pub(crate) enum Held {
    /// Together with others.
    Shared(OwnedRwLockReadGuard<()>),
    /// Alone.
    Alone(OwnedRwLockWriteGuard<()>),
}

/// A document with its validator.
#[derive(Debug)]
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let document = serde_json::to_value(self.0).unwrap_or_default();
        let etag = HeaderValue::from_str(&etag(&document)).expect("hex and quotes are header text");
        ([(header::ETAG, etag)], Json(document)).into_response()
    }
}

/// A strong validator of a document: equal for equal documents, within one run of the hub.
fn etag(document: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    document.to_string().hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Lets a change of a document through when the request has no condition, or its condition holds for what `document` is now
/// (`None`: there is none). Otherwise the problem tells what it is now.
pub(crate) async fn hold<D: Serialize>(
    shared: &Shared,
    headers: &HeaderMap,
    document: impl FnOnce(&Shared) -> Option<D>,
) -> Result<Held, Problem> {
    let lock = shared.documents.0.clone();
    let Some(wanted) = headers.get(header::IF_MATCH) else { return Ok(Held::Shared(lock.read_owned().await)) };
    let wanted = wanted.to_str().map_err(|_| Problem::bad_request("If-Match is \"*\" or what ETag said"))?;
    let held = lock.write_owned().await;
    let now = document(shared).and_then(|document| serde_json::to_value(document).ok());
    let is_met = now.as_ref().is_some_and(|now| {
        let etag = etag(now);
        wanted.trim() == "*" || wanted.split(',').any(|wanted| wanted.trim() == etag)
    });
    if is_met { Ok(Held::Alone(held)) } else { Err(Problem::changed(now)) }
}

/// Lets a change through that reaches over many documents: no other is made meanwhile.
pub(crate) async fn hold_alone(shared: &Shared) -> Held {
    Held::Alone(shared.documents.0.clone().write_owned().await)
}

/// Lets a change through that has no document of its own.
pub(crate) async fn hold_plain(shared: &Shared) -> Held {
    Held::Shared(shared.documents.0.clone().read_owned().await)
}
