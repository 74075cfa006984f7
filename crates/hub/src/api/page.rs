//! `GET /`: one built-in page, without a build step: nodes, sync figures, scene buttons.

use axum::http::header;
use axum::response::{Html, IntoResponse};

pub(crate) async fn page() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-cache")], Html(include_str!("../page.html")))
}
