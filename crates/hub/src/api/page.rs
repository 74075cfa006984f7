//! `GET /`: one built-in page, without a build step: nodes, sync figures, scene buttons. Its script and style are files
//! of their own, so that the content security policy can forbid inline ones.

use axum::http::header;
use axum::response::IntoResponse;

pub(crate) async fn page() -> impl IntoResponse {
    file("text/html; charset=utf-8", include_str!("../page/page.html"))
}

pub(crate) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../page/page.js"))
}

pub(crate) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../page/page.css"))
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], content)
}
