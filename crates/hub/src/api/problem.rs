//! Errors of the API: RFC 9457 problem documents.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cuelight_showfile::Fault;
use cuelight_wire::time::Span;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::database::DatabaseError;

/// What went wrong, where, and what to do about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    detail: String,
    /// What a document is now, when it is not what a condition wanted; null when it is no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    current: Option<Box<Value>>,
    /// When it may come again, seconds.
    #[serde(skip)]
    retry_after_s: Option<u32>,
    /// Where a file is wrong, each fault on its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FaultView>,
}

/// The detail of a problem, as an extension of its answer.
#[derive(Clone, Debug)]
pub(crate) struct Told(pub(crate) String);

/// A place where a file is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FaultView {
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
    sentence: String,
}

impl Problem {
    /// 400: the request itself is wrong.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "/problems/bad-request", "The request cannot be understood", detail)
    }
    /// 401: nobody knows who calls.
    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "/problems/unauthorized", "A key or a login is needed", detail)
    }
    /// 403: who calls has not the role.
    pub(crate) fn role(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "/problems/role", "The role does not allow it", detail)
    }
    /// 403: the request comes from where none is taken.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "/problems/forbidden", "The request is not allowed from there", detail)
    }
    /// 404: no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "There is no such thing", detail)
    }
    /// 405: another method is meant.
    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "/problems/method", "The method is not for this address", detail)
    }
    /// 409: not in the present state.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "/problems/conflict", "The present state forbids it", detail)
    }
    /// 412: the document is another than the condition wants; with what it is now.
    pub(crate) fn changed(current: Option<Value>) -> Self {
        let detail = "it was changed meanwhile: look at what is there now (`current`), and send If-Match with its ETag";
        let problem =
            Self::new(StatusCode::PRECONDITION_FAILED, "/problems/changed", "It is not what you have read", detail);
        Self { current: Some(Box::new(current.unwrap_or_default())), ..problem }
    }
    /// 413: too much.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "/problems/too-large", "The request is too large", detail)
    }
    /// 422: understood, but a value is out of place.
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "/problems/invalid", "A value is not valid", detail)
    }
    /// 422: a show file is wrong, at these places.
    pub(crate) fn faults(faults: &[Fault]) -> Self {
        let first = faults.first().map_or_else(String::new, |fault| format!(", first at {fault}"));
        let view = |Fault { line, column, sentence }: &Fault| FaultView {
            line: *line,
            column: *column,
            sentence: sentence.clone(),
        };
        let detail = format!("the show file has {} faults{first}", faults.len());
        Self { faults: faults.iter().map(view).collect(), ..Self::unprocessable(detail) }
    }
    /// 429: too many requests; one may come again after `wait`.
    pub(crate) fn too_many(detail: impl Into<String>, wait: Span) -> Self {
        // Up to the next whole second.
        let retry_after_s = u32::try_from((wait.as_ms() + 999) / 1_000).ok();
        let problem =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "/problems/too-many", "There are too many requests", detail);
        Self { retry_after_s, ..problem }
    }
    /// 503: the hub is stopping or swamped.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "/problems/unavailable", "The hub cannot take it now", detail)
    }

    /// What is wrong and what to do, in words.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
    /// Its status and its detail.
    pub(crate) fn words(&self) -> (u16, &str) {
        (self.status, &self.detail)
    }

    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { kind, title, status: status.as_u16(), detail, current: None, retry_after_s: None, faults: Vec::new() }
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_s = self.retry_after_s;
        let told = Told(self.detail.clone());
        let mut response = (status, Json(self)).into_response();
        response.extensions_mut().insert(told);
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
