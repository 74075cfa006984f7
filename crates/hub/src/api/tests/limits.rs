//! What is refused before it is looked at (HUB-5, HUB-6).

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

use crate::api::body::MAX_BODY;
use crate::testing::{LOCAL, TestHub};

/// HUB-5
#[tokio::test]
async fn unknown_addresses_and_wrong_methods_are_problems_too() {
    let hub = TestHub::start().await;
    for path in ["/nowhere", "/api/v1/nowhere", "/api/v2/show", "/api/v1"] {
        assert!(hub.get(path).await.problem(404).contains(path), "{path}");
    }
    for (method, path) in [
        (Method::POST, "/api/v1/show"),
        (Method::GET, "/api/v1/master"),
        (Method::DELETE, "/health"),
        (Method::PUT, "/"),
    ] {
        let reply = hub.send(method, path, json!({})).await;
        assert!(reply.problem(405).contains(path));
        assert!(reply.headers.contains_key(header::ALLOW), "{path}");
    }
    // A plain request to the control plane's address.
    hub.get("/ws").await.problem(400);
    hub.stop().await;
}

/// HUB-6
#[tokio::test]
async fn a_body_of_more_than_64_kib_is_refused() {
    let hub = TestHub::start().await;
    let reply = hub.post("/api/v1/scene", json!({ "scope": "x".repeat(MAX_BODY) })).await;
    assert!(reply.problem(413).contains("65536"));
    // One that fits is read, and then refused for what it says.
    let reply = hub.post("/api/v1/scene", json!({ "scope": "x".repeat(MAX_BODY - 100) })).await;
    reply.problem(422);
    hub.stop().await;
}

/// HUB-5
#[tokio::test]
async fn bodies_that_are_no_json_or_not_called_json_are_400() {
    let hub = TestHub::start().await;
    let request = |kind: Option<&str>, body: &'static [u8]| {
        let request = Request::post("/api/v1/master");
        let request = kind.into_iter().fold(request, |request, kind| request.header(header::CONTENT_TYPE, kind));
        request.body(Body::from(body)).unwrap()
    };
    for (kind, body) in [
        (None, &b"{\"level\":1}"[..]),
        (Some("text/plain"), b"{\"level\":1}"),
        (Some("application/json"), b"{\"level\":"),
        (Some("application/json"), b"\xff\xfe"),
        (Some("application/json"), b""),
    ] {
        hub.request(LOCAL, request(kind, body)).await.problem(400);
    }
    hub.get("/api/v1/nodes/%ff").await.problem(405);
    let reply = hub.send(Method::DELETE, "/api/v1/nodes/%ff", json!(null)).await;
    reply.problem(400);
    assert_eq!(hub.get("/api/v1/scene?scope=show").await.status, StatusCode::OK);
    hub.get("/api/v1/scene?nonsense=1").await.problem(400);
    hub.stop().await;
}

/// HUB-6
#[tokio::test(start_paused = true)]
async fn a_request_whose_body_never_ends_is_given_up() {
    let hub = TestHub::start().await;
    let endless = Body::from_stream(futures_util::stream::pending::<Result<&[u8], std::io::Error>>());
    let request = Request::post("/api/v1/master").header(header::CONTENT_TYPE, "application/json");
    // The clock is paused and moves on by itself when nothing else is to be done.
    hub.request(LOCAL, request.body(endless).unwrap()).await.problem(503);
    hub.stop().await;
}
