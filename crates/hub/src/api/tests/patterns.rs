//! Patterns: listed with what is in them, played, stopped.

use axum::body::Body;
use axum::http::{HeaderName, Request, header};
use cuelight_pattern::store::Sha256;
use serde_json::json;

use crate::testing::{LOCAL, REMOTE, TestHub, pattern};

fn store(hub: &TestHub, name: &str, bytes: &[u8]) {
    hub.shared.patterns.store.put(&name.parse().unwrap(), bytes).unwrap();
}

/// PLAY-5
#[tokio::test]
async fn patterns_are_listed_with_what_is_in_them() {
    let hub = TestHub::start().await;
    assert_eq!(hub.get("/api/v1/patterns").await.ok(), json!([]));
    let file = pattern();
    store(&hub, "waves", &file);
    store(&hub, "notes", b"no pattern at all");
    store(&hub, "cut-short", &file[..90]);
    let sha256 = Sha256::of(&file).to_string();
    let listed = hub.get("/api/v1/patterns").await.ok();
    assert_eq!(
        listed[2],
        json!({"name": "waves", "size": file.len(), "sha256": sha256, "id": sha256[..16], "leds": 4, "frames": 48,
            "fps": 24.0, "duration_ms": 2_000})
    );
    assert_eq!((&listed[0]["name"], &listed[1]["name"]), (&json!("cut-short"), &json!("notes")));
    assert!(listed[0]["problem"].as_str().unwrap().contains("ends early"), "{listed}");
    assert!(listed[1]["problem"].as_str().unwrap().contains("magic"), "{listed}");
    hub.stop().await;
}

/// PLAY-5
#[tokio::test]
async fn a_pattern_plays_from_its_answer_on_until_it_is_stopped() {
    let hub = TestHub::start().await;
    store(&hub, "waves", &pattern());
    let id = Sha256::of(&pattern()).to_string()[..16].to_owned();
    hub.post("/api/v1/scene", json!({"effect": "fire"})).await.ok();
    let answer = hub.post("/api/v1/patterns/waves/play", json!({"lead_ms": 300})).await.ok();
    let scene = hub.scene().await;
    let playing = json!({"id": id, "loop": true, "starts_at_us": answer["apply_at_us"]});
    assert_eq!((&scene["pattern"], &scene["effect"]), (&playing, &json!("fire")));
    hub.post("/api/v1/parameters", json!({"brightness": 20})).await.ok();
    assert_eq!(hub.scene().await["pattern"], playing, "a change goes on with it");
    hub.post("/api/v1/patterns/stop", json!({})).await.ok();
    let scene = hub.scene().await;
    assert_eq!((&scene["pattern"], &scene["effect"], &scene["brightness"]), (&json!(null), &json!("fire"), &json!(20)));

    hub.post("/api/v1/patterns/Waves.prism/play", json!({"loop": false})).await.ok();
    assert_eq!(hub.scene().await["pattern"]["loop"], false);
    hub.post("/api/v1/scene", json!({"effect": "wave"})).await.ok();
    assert_eq!(hub.scene().await["pattern"], json!(null), "an effect takes its place");
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_played_is_refused_with_the_reason() {
    let hub = TestHub::start().await;
    store(&hub, "notes", b"no pattern at all");
    store(&hub, "waves", &pattern());
    let refused = async |path: &str, body, status| hub.post(path, body).await.problem(status);
    assert!(refused("/api/v1/patterns/stars/play", json!({}), 404).await.contains("GET /api/v1/patterns"));
    assert!(refused("/api/v1/patterns/notes/play", json!({}), 422).await.contains("magic at byte 0"));
    assert!(refused("/api/v1/patterns/a%2Fb/play", json!({}), 422).await.contains("0x2f"));
    let both = json!({"lead_ms": 30, "at_us": 1});
    assert!(refused("/api/v1/patterns/waves/play", both, 422).await.contains("not both"));
    assert!(
        refused("/api/v1/patterns/waves/play", json!({"lead_ms": 5}), 422).await.contains("lead_ms must be 10 to 2000")
    );
    assert!(refused("/api/v1/patterns/waves/play", json!({"at_us": 1}), 422).await.contains("at_us"));
    assert!(refused("/api/v1/patterns/waves/play", json!({"scope": "group:none"}), 404).await.contains("none"));
    assert!(refused("/api/v1/patterns/waves/play", json!({"repeat": true}), 422).await.contains("repeat"));
    hub.stop().await;
}

/// DIST-1
#[tokio::test]
async fn nodes_fetch_what_there_is_in_parts_and_are_told_when_nothing_has_changed() {
    let hub = TestHub::start().await;
    store(&hub, "waves", &pattern());
    let sha256 = Sha256::of(&pattern()).to_string();
    let ask = |headers: Vec<(HeaderName, String)>, path: String| {
        let request =
            headers.into_iter().fold(Request::get(path), |request, (name, value)| request.header(name, value));
        hub.request(REMOTE, request.body(Body::empty()).unwrap())
    };
    let list = ask(vec![], "/patterns".into()).await;
    assert_eq!(list.ok(), json!([{"name": "waves", "size": pattern().len(), "sha256": sha256}]), "without a key");
    let etag = list.headers[header::ETAG].to_str().unwrap().to_owned();
    let same = ask(vec![(header::IF_NONE_MATCH, etag.clone())], "/patterns".into()).await;
    assert_eq!(same.status, 304);
    store(&hub, "more", b"bytes");
    let changed = ask(vec![(header::IF_NONE_MATCH, etag)], "/patterns".into()).await;
    assert_eq!(changed.ok().as_array().unwrap().len(), 2);

    let part = vec![(header::RANGE, "bytes=0-3".into()), (header::IF_RANGE, format!("\"{sha256}\""))];
    let part = ask(part, format!("/patterns/{sha256}")).await;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, "PRSM"));
    let none = ask(vec![], format!("/patterns/{}", "0".repeat(64))).await;
    assert!(none.problem(404).contains("no pattern with SHA-256"), "{}", none.text);
    assert!(ask(vec![], "/patterns/../x".into()).await.status.is_client_error());
    hub.stop().await;
}

#[tokio::test]
async fn a_pattern_is_stored_and_deleted_by_http_and_what_cannot_be_played_is_not_stored() {
    let hub = TestHub::start().await;
    let send = async |method, path: &str, bytes: Vec<u8>| {
        hub.request(LOCAL, Request::builder().method(method).uri(path).body(Body::from(bytes)).unwrap()).await
    };
    let stored = send("PUT", "/api/v1/patterns/My%20Waves.prism/file", pattern()).await.ok();
    assert_eq!((&stored["name"], &stored["leds"]), (&json!("my-waves"), &json!(4)));
    assert_eq!(hub.get("/api/v1/patterns").await.ok(), json!([stored]));

    let cut = pattern()[..90].to_vec();
    assert!(send("PUT", "/api/v1/patterns/waves/file", cut).await.problem(422).contains("ends early"));
    let most = hub.shared.patterns.store.limits().file_max as usize;
    assert!(send("PUT", "/api/v1/patterns/waves/file", vec![0; most + 1]).await.problem(413).contains("at most"));
    assert!(send("PUT", "/api/v1/patterns/a%2Fb/file", pattern()).await.problem(422).contains("0x2f"));
    assert_eq!(hub.get("/api/v1/patterns").await.ok(), json!([stored]), "nothing of what was refused is there");

    assert_eq!(send("DELETE", "/api/v1/patterns/my-waves/file", vec![]).await.ok(), stored);
    assert!(send("DELETE", "/api/v1/patterns/my-waves/file", vec![]).await.problem(404).contains("my-waves"));
    hub.stop().await;
}
