//! What browsers are told about every answer (HUB-3): nothing is framed, sniffed, or loaded from elsewhere, and what
//! the hub says about the show is not kept.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use cuelight_page::POLICY;

/// Adds the headers.
pub(crate) async fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
