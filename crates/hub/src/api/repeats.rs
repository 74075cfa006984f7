//! Requests that carry an `Idempotency-Key` and come again: they get the first answer (HUB-10).
//!
//! The conductor compares commands by their keys too, but some commands are made from what is shown at the moment: the
//! same request, sent again after a change, would be another command there. Here the requests themselves are compared.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;
use super::answer::CommandAnswer;
use super::body::MAX_BODY;
use crate::shared::Shared;

/// Answers remembered; when it is full the oldest is forgotten, as in the conductor.
const CAPACITY: usize = 256;
/// Bytes of a command's answer, at most.
const MAX_ANSWER: usize = 1024;

/// The newest answers, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeats(Arc<Mutex<VecDeque<Remembered>>>);

#[derive(Clone, Debug)]
struct Remembered {
    key: String,
    request: u64,
    answer: CommandAnswer,
}

impl Repeats {
    fn find(&self, key: &str) -> Option<Remembered> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.iter().find(|remembered| remembered.key == key).cloned()
    }
    fn add(&self, new: Remembered) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() == CAPACITY {
            remembered.pop_front();
        }
        remembered.push_back(new);
    }
}

/// Answers a request that was answered before; remembers the answers to others.
pub(crate) async fn once(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let Some(key) = key.filter(|_| request.method() != Method::GET) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return Problem::too_large(format!("the body has more than {MAX_BODY} bytes")).into_response();
    };
    let mut hasher = DefaultHasher::new();
    (parts.method.as_str(), parts.uri.path(), &body).hash(&mut hasher);
    let asked = hasher.finish();
    match shared.repeats.find(&key) {
        Some(Remembered { request, answer, .. }) if request == asked => Json(answer.again()).into_response(),
        Some(_) => {
            Problem::conflict("this idempotency key was used for a different command: use a new key for a new command")
                .into_response()
        }
        None => {
            let (parts, answer) = next.run(Request::from_parts(parts, Body::from(body))).await.into_parts();
            let answer: Bytes = to_bytes(answer, MAX_ANSWER).await.unwrap_or_default();
            if parts.status == StatusCode::OK
                && let Ok(answer) = serde_json::from_slice(&answer)
            {
                shared.repeats.add(Remembered { key, request: asked, answer });
            }
            Response::from_parts(parts, Body::from(answer))
        }
    }
}
