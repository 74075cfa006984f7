//! What is written down of what is asked (AUD-1, AUD-4).

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::accounts::Role;
use crate::testing::{LOCAL, TestHub};

/// The log, once it has `count` entries besides the hub's own; the oldest first. It is read as who runs the hub, who may ask as
/// often as it takes.
async fn entries(hub: &TestHub, count: usize) -> Vec<Value> {
    let key = std::fs::read_to_string(hub.folder.path().join("operator.key")).unwrap();
    loop {
        let request =
            Request::get("/api/v1/audit?limit=1000").header("authorization", format!("Bearer {}", key.trim()));
        let page = hub.request(LOCAL, request.body(Body::empty()).unwrap()).await.ok();
        let mut entries = page.as_array().unwrap().clone();
        entries.reverse();
        entries.retain(|entry| entry["from"].is_string());
        if entries.len() >= count {
            return entries;
        }
        tokio::task::yield_now().await;
    }
}

/// AUD-1, AUD-4
#[tokio::test]
async fn who_did_what_is_written_down_and_no_secret() {
    let hub = TestHub::guarded().await;
    let (_, key) = hub.shared.accounts.add_key("boss", Role::Admin, None).await.unwrap();
    let (id, desk) = hub.shared.accounts.add_key("desk", Role::Viewer, None).await.unwrap();
    let (admin, desk) = (format!("Bearer {key}"), format!("Bearer {desk}"));
    let post = async |path: &str, key: &str, body: Value| {
        let headers: &[_] = if key.is_empty() { &[] } else { &[("authorization", key)] };
        hub.ask(Method::POST, path, headers, Some(body)).await
    };
    let password = "a secret that is long";
    post("/api/v1/accounts", &admin, json!({"name": "anna", "role": "operator", "password": password})).await;
    post("/api/v1/session", "", json!({"account": "anna", "password": "a wrong sentence"})).await.problem(401);
    post("/api/v1/session", "", json!({"account": password, "password": password})).await.problem(401);
    assert_eq!(post("/api/v1/session", "", json!({"account": "anna", "password": password})).await.status, 201);
    post("/api/v1/blackout", &admin, json!({"on": true})).await.ok();
    post("/api/v1/blackout", &desk, json!({"on": false})).await.problem(403);
    post("/api/v1/blackout", "Bearer wrong", json!({"on": false})).await.problem(401);
    let made = post("/api/v1/keys", &admin, json!({"name": "new", "role": "node"})).await.json();
    // Looking is not written down, nor that nobody is logged in.
    hub.ask(Method::GET, "/api/v1/show", &[("authorization", &admin)], None).await.ok();
    hub.ask(Method::GET, "/api/v1/me", &[], None).await.problem(401);
    hub.ask(Method::GET, "/api/v1/live?ticket=secret", &[], None).await.problem(401);

    let log = entries(&hub, 9).await;
    let line = |number: usize| {
        let text = |field: &str| log[number][field].as_str().unwrap_or("-").to_owned();
        [text("who"), text("role"), text("what"), text("outcome")].join(" | ")
    };
    assert!(
        line(0).starts_with("boss (") && line(0).ends_with("| admin | POST /api/v1/accounts anna as operator | ok"),
        "{}",
        line(0)
    );
    assert!(line(1).starts_with("- | - | POST /api/v1/session as anna | 401 "), "{}", line(1));
    assert!(line(2).contains("as nobody who has an account | 401 "), "{}", line(2));
    assert!(line(3).ends_with("as anna | ok"), "{}", line(3));
    assert!(line(4).ends_with("| admin | POST /api/v1/blackout {\"on\":true} | ok"), "{}", line(4));
    let who = format!("desk ({})", id.as_str());
    assert!(line(5).starts_with(&format!("{who} | viewer | POST /api/v1/blackout | 403 ")), "{}", line(5));
    assert!(line(6).starts_with("- | - | POST /api/v1/blackout | 401 "), "{}", line(6));
    assert!(line(7).contains("POST /api/v1/keys new (") && line(7).ends_with("as node | ok"), "{}", line(7));
    assert!(line(8).contains("GET /api/v1/live | 401 "), "{}", line(8));
    assert_eq!(log.len(), 9, "{log:?}");
    assert!(log.iter().all(|entry| entry["from"] == "192.168.4.7"));

    // In pages: the newest first, and the next one by the header.
    let page = hub.ask(Method::GET, "/api/v1/audit?limit=2", &[("authorization", &admin)], None).await;
    let next = page.headers["link"].to_str().unwrap().split(['<', '>']).nth(1).unwrap().to_owned();
    let (first, rest) = (
        page.ok(),
        hub.ask(Method::GET, &format!("/api/v1/audit{next}"), &[("authorization", &admin)], None).await.ok(),
    );
    assert_eq!(first[1]["number"].as_u64().unwrap(), rest[0]["number"].as_u64().unwrap() + 1);
    hub.ask(Method::GET, "/api/v1/audit?cursor=x", &[("authorization", &admin)], None).await.problem(400);

    let folder = hub.stop().await;
    let text = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    for secret in [password, "wrong sentence", &key[13..], &desk[20..], made["key"].as_str().unwrap(), "ticket"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let mut checker = crate::audit::Checker::default();
    text.lines().for_each(|line| checker.next(line).unwrap());
    assert!(text.lines().next_back().unwrap().contains("the hub stops"));
}

/// AUD-3
#[tokio::test]
async fn a_flood_of_refusals_is_counted_and_does_not_fill_the_log() {
    let hub = TestHub::guarded().await;
    for _ in 0..200 {
        hub.ask(Method::GET, "/api/v1/show", &[("authorization", "Bearer wrong")], None).await;
    }
    let folder = hub.stop().await;
    let text = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    let by_itself = text.lines().filter(|line| line.contains("/api/v1/show")).count();
    assert!((20..200).contains(&by_itself), "{by_itself}");
    assert!(text.contains("more requests were refused"), "{text}");
}
