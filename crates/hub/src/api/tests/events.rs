//! Events as a program follows them, over HTTP to a whole hub.

use axum::body::{Body, BodyDataStream};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tower::ServiceExt;

use crate::testing::{LOCAL, TestHub};

/// One who reads.
struct Reader {
    body: BodyDataStream,
    text: String,
}

impl Reader {
    async fn of(hub: &TestHub, path: &str, last: Option<&str>) -> Self {
        Self::with(hub, path, last.map(|last| ("Last-Event-ID", last))).await
    }
    async fn with(hub: &TestHub, path: &str, header: Option<(&str, &str)>) -> Self {
        let mut request = Request::get(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(LOCAL.parse::<SocketAddr>().unwrap()));
        let response = hub.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }
    /// The next event's id, type and document; `None` at the end.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let (id, kind, data) = (field("id: "), field("event: "), field("data: "));
                self.text = rest.to_owned();
                if let Some(data) = data {
                    return Some((id.unwrap(), kind.unwrap(), serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let part = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&part).unwrap());
        }
    }
    async fn until(&mut self, kind: &str) -> (String, Value) {
        loop {
            let (id, is, document) = self.next().await.expect("there is more");
            assert_eq!((&document["id"], &document["type"]), (&json!(id), &json!(is)));
            if is == kind {
                return (id, document);
            }
        }
    }
}

/// HUB-13
#[tokio::test]
async fn what_happens_is_told_and_a_reader_that_comes_back_misses_nothing() {
    let hub = TestHub::start().await;
    let mut reader = Reader::of(&hub, "/api/v1/events", None).await;
    hub.post("/api/v1/blackout", json!({"on": true})).await.ok();
    let (_, told) = reader.until("blackout").await;
    assert_eq!((&told["data"]["on"], &told["data"]["nodes"]), (&json!(true), &json!(0)));
    assert!(told["data"]["apply_at_us"].is_i64() && told["show_us"].is_i64());
    assert!(told["time"].as_str().is_some_and(|time| time.starts_with("20") && time.ends_with('Z')));
    let (_node, _) = hub.join("02:00:00:00:00:11").await;
    let (last, told) = reader.until("node.joined").await;
    assert_eq!((&told["data"]["mac"], &told["data"]["new"]), (&json!("02:00:00:00:00:11"), &json!(true)));
    drop(reader);

    hub.post("/api/v1/scene", json!({"effect": "fire"})).await.ok();
    hub.post("/api/v1/master", json!({"level": 9})).await.ok();
    let mut reader = Reader::of(&hub, "/api/v1/events", Some(&last)).await;
    assert_eq!(reader.until("scene.changed").await.1["data"]["scope"], "show");
    let (_, told) = reader.until("master.changed").await;
    assert_eq!(told["data"]["level"], 9);
    // The same by the address, and one kind alone.
    let mut reader = Reader::of(&hub, &format!("/api/v1/events?after={last}&types=master."), None).await;
    assert_eq!(reader.next().await.unwrap().1, "master.changed");
    hub.stop().await;
    assert!(reader.next().await.is_none(), "the hub has stopped");
}

/// HUB-10, HUB-13
#[tokio::test]
async fn a_repeated_or_refused_command_is_told_once_or_not_at_all() {
    let hub = TestHub::start().await;
    let mut reader = Reader::of(&hub, "/api/v1/events?types=master", None).await;
    for level in [5, 5, 6] {
        let request = Request::post("/api/v1/master").header(header::CONTENT_TYPE, "application/json");
        let request = request.header("Idempotency-Key", format!("level-{level}"));
        hub.request(LOCAL, request.body(Body::from(json!({"level": level}).to_string())).unwrap()).await.ok();
    }
    hub.post("/api/v1/master", json!({"level": 256})).await.problem(422);
    hub.post("/api/v1/master", json!({"level": 7})).await.ok();
    for level in [5, 6, 7] {
        assert_eq!(reader.next().await.unwrap().2["data"]["level"], level);
    }
    hub.stop().await;
}

/// HUB-13
#[tokio::test]
async fn an_id_of_another_run_is_answered_with_lost() {
    let hub = TestHub::start().await;
    hub.post("/api/v1/master", json!({"level": 5})).await.ok();
    let mut reader = Reader::of(&hub, "/api/v1/events", Some("00000000-7")).await;
    let (id, kind, document) = reader.next().await.unwrap();
    assert_eq!((kind.as_str(), &document["data"]["missed"]), ("lost", &Value::Null));
    // It is itself a place to go on from.
    hub.post("/api/v1/master", json!({"level": 6})).await.ok();
    let mut again = Reader::of(&hub, "/api/v1/events?types=master", Some(&id)).await;
    assert_eq!(again.next().await.unwrap().2["data"]["level"], 6);
    hub.stop().await;
}

/// HUB-13, ACC-2
#[tokio::test]
async fn a_reader_whose_key_is_revoked_is_told_nothing_more() {
    let hub = TestHub::start().await;
    let asked = json!({"name": "wall", "role": "viewer"});
    let made = hub.post("/api/v1/keys", asked).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    let mut wall = Reader::with(&hub, "/api/v1/events", Some(("Authorization", &bearer))).await;
    let mut desk = Reader::of(&hub, "/api/v1/events", None).await;
    hub.post("/api/v1/master", json!({"level": 9})).await.ok();
    wall.until("master.changed").await;
    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(hub.status(Method::DELETE, &path).await, StatusCode::OK);
    hub.post("/api/v1/master", json!({"level": 8})).await.ok();
    while desk.until("master.changed").await.1["data"]["level"] != 8 {}
    assert!(wall.next().await.is_none());
    hub.stop().await;
}
