//! Requests that carry an `Idempotency-Key` and come again: they get the first answer (HUB-10).
//!
//! The conductor compares commands by their keys too, but some commands are made from what is shown at the moment: the
//! same request, sent again after a change, would be another command there. Here the requests themselves are compared.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cuelight_wire::time::{Local, Span, Time};
use hyper::body::Body as _;
use serde_json::Value;

use super::Problem;
use super::answer::idempotency_key;
use super::body::MAX_BODY;
use crate::shared::Shared;

/// Answers remembered, 5 MB of them; when there are more the oldest is forgotten.
const CAPACITY: usize = 10_000;
/// How long an answer is remembered.
const KEPT_FOR: Span = Span::from_s(24 * 3_600);
/// Bytes of an answer that is remembered, at most.
const MAX_ANSWER: u64 = 4 * 1024;

/// The newest answers, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeats(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    answers: HashMap<String, Remembered>,
    /// Oldest first.
    keys: VecDeque<(String, Time<Local>)>,
}

#[derive(Clone, Debug)]
struct Remembered {
    request: u64,
    answer: Value,
}

impl Repeats {
    fn find(&self, key: &str, now: Time<Local>) -> Option<Remembered> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while memory.keys.front().is_some_and(|(_, at)| now - *at >= KEPT_FOR) {
            memory.forget_oldest();
        }
        memory.answers.get(key).cloned()
    }
    fn add(&self, key: String, new: Remembered, now: Time<Local>) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.keys.len() == CAPACITY {
            memory.forget_oldest();
        }
        // Of two requests that came at the same instant the first answer stays.
        if !memory.answers.contains_key(&key) {
            memory.answers.insert(key.clone(), new);
            memory.keys.push_back((key, now));
        }
    }
}

impl Memory {
    fn forget_oldest(&mut self) {
        if let Some((key, _)) = self.keys.pop_front() {
            self.answers.remove(&key);
        }
    }
}

/// Answers a request that was answered before; remembers the answers to others.
pub(crate) async fn once(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if request.method() == Method::GET {
        return next.run(request).await;
    }
    let key = match idempotency_key(request.headers()) {
        Ok(Some(key)) => key.to_string(),
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return Problem::too_large(format!("the body has more than {MAX_BODY} bytes")).into_response();
    };
    let mut hasher = DefaultHasher::new();
    (parts.method.as_str(), parts.uri.path(), &body).hash(&mut hasher);
    let asked = hasher.finish();
    match shared.repeats.find(&key, shared.clock.now()) {
        Some(Remembered { request, mut answer }) if request == asked => {
            if let Some(repeated) = answer.get_mut("repeated") {
                *repeated = true.into();
            }
            Json(answer).into_response()
        }
        Some(_) => {
            Problem::conflict("this idempotency key was used for a different command: use a new key for a new command")
                .into_response()
        }
        None => {
            let (parts, answer) = next.run(Request::from_parts(parts, Body::from(body))).await.into_parts();
            if parts.status != StatusCode::OK || answer.size_hint().exact().is_none_or(|size| size > MAX_ANSWER) {
                return Response::from_parts(parts, answer);
            }
            let answer: Bytes = to_bytes(answer, MAX_BODY).await.unwrap_or_default();
            if let Ok(answer) = serde_json::from_slice(&answer) {
                let now = shared.clock.now();
                shared.repeats.add(key, Remembered { request: asked, answer }, now);
            }
            Response::from_parts(parts, Body::from(answer))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HUB-10
    #[test]
    fn ten_thousand_answers_are_remembered_for_a_day() {
        let (repeats, start) = (Repeats::default(), Time::<Local>::ZERO);
        let add = |n: usize| repeats.add(n.to_string(), Remembered { request: 0, answer: n.into() }, start);
        (0..=CAPACITY).for_each(add);
        let find = |n: usize, now| repeats.find(&n.to_string(), now).map(|found| found.answer);
        assert_eq!((find(0, start), find(1, start)), (None, Some(1.into())));
        assert_eq!(repeats.0.lock().unwrap().keys.len(), CAPACITY);
        let almost = start + KEPT_FOR - Span::from_s(1);
        assert_eq!((find(1, almost), find(1, start + KEPT_FOR)), (Some(1.into()), None));
        assert!(repeats.0.lock().unwrap().answers.is_empty());
    }
}
