//! Setup, logins, sessions, accounts and keys, as a browser and a program see them.

use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::testing::{Reply, TestHub};

const PASSWORD: &str = "a long enough sentence";

/// The cookie of a login, as a browser sends it back.
fn cookie(reply: &Reply) -> String {
    let line = reply.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(line.contains("; HttpOnly") && line.contains("; SameSite=Strict"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

async fn as_session(hub: &TestHub, cookie: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
    let headers = [("cookie", cookie), ("host", "hub.local"), ("origin", "http://hub.local")];
    hub.ask(method, path, &headers, body).await
}

async fn log_in(hub: &TestHub, account: &str, password: &str, remember: bool) -> Reply {
    let body = json!({"account": account, "password": password, "remember": remember});
    hub.ask(Method::POST, "/api/v1/session", &[], Some(body)).await
}

/// A hub whose admin is anna, and her cookie.
async fn set_up() -> (TestHub, String) {
    let hub = TestHub::guarded().await;
    hub.ask(Method::GET, "/api/v1/setup", &[], None).await.ok();
    let body = json!({"code": hub.shared.accounts.code(), "account": "Anna", "password": PASSWORD});
    let made = hub.ask(Method::POST, "/api/v1/setup", &[], Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let cookie = cookie(&made);
    (hub, cookie)
}

/// ACC-5
#[tokio::test]
async fn the_first_browser_with_the_code_makes_the_admin_and_nobody_after_it() {
    let hub = TestHub::guarded().await;
    assert_eq!(hub.ask(Method::GET, "/api/v1/setup", &[], None).await.ok(), json!({"is_needed": true}));
    let try_it = async |code: &str, account: &str, password: &str| {
        let body = json!({"code": code, "account": account, "password": password});
        hub.ask(Method::POST, "/api/v1/setup", &[], Some(body)).await
    };
    let code = hub.shared.accounts.code();
    assert!(try_it("0000-0000", "anna", PASSWORD).await.problem(401).contains("console"));
    assert!(try_it(&code, "anna", "short").await.problem(422).contains("10 to 128"));
    assert!(try_it(&code, "a b", PASSWORD).await.problem(422).contains("letters"));
    let made = try_it(&code.to_lowercase(), "anna", PASSWORD).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let me = as_session(&hub, &cookie(&made), Method::GET, "/api/v1/me", None).await.ok();
    assert_eq!((&me["role"], &me["account"], &me["via"]), (&json!("admin"), &json!("anna"), &json!("session")));
    assert!(me["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(hub.ask(Method::GET, "/api/v1/setup", &[], None).await.ok(), json!({"is_needed": false}));
    assert!(try_it(&code, "eve", PASSWORD).await.problem(409).contains("log in"));

    // It survives a restart, and the file has nothing in it that opens the hub.
    let folder = hub.stop().await;
    let text = std::fs::read_to_string(folder.path().join("accounts.json")).unwrap();
    let secret = cookie(&made);
    assert!(!text.contains(PASSWORD) && !text.contains(secret.split_once('=').unwrap().1));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(folder.path().join("accounts.json")).unwrap().permissions().mode() & 0o777, 0o600);
    let hub = TestHub::on(folder).await;
    assert_eq!(as_session(&hub, &cookie(&made), Method::GET, "/api/v1/me", None).await.ok(), me);
    hub.stop().await;
}

/// ACC-4
#[tokio::test]
async fn a_browser_logs_in_and_out_and_a_session_that_ended_is_worth_nothing() {
    let (hub, first) = set_up().await;
    log_in(&hub, "anna", "a wrong sentence", false).await.problem(401);
    log_in(&hub, "nobody", PASSWORD, false).await.problem(401);
    let again = log_in(&hub, "ANNA", PASSWORD, true).await;
    assert_eq!(again.status, 201);
    let line = again.headers[header::SET_COOKIE].to_str().unwrap();
    let age: i64 = line.split("Max-Age=").nth(1).unwrap().parse().unwrap();
    assert!((30 * 86_400 - 60..=30 * 86_400).contains(&age), "{line}");
    let second = cookie(&again);
    let get = async |cookie: &str, path: &str| as_session(&hub, cookie, Method::GET, path, None).await;
    let sessions = get(&second, "/api/v1/sessions").await.ok();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    let own: Vec<_> = sessions.as_array().unwrap().iter().filter(|session| session["is_current"] == true).collect();
    assert_eq!((own.len(), &own[0]["remembered"], &own[0]["address"]), (1, &json!(true), &json!("192.168.4.7")));
    let other = sessions.as_array().unwrap().iter().find(|session| session["is_current"] == false).unwrap();

    let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(as_session(&hub, &second, Method::DELETE, &path, None).await.status, 200);
    get(&first, "/api/v1/show").await.problem(401);
    let out = as_session(&hub, &second, Method::DELETE, "/api/v1/session", None).await;
    assert_eq!(out.status, 204);
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    get(&second, "/api/v1/show").await.problem(401);
    hub.stop().await;
}

/// ACC-3
#[tokio::test]
async fn accounts_have_roles_that_hold_at_once_and_end_with_them() {
    let (hub, anna) = set_up().await;
    let admin = async |method, path: &str, body| as_session(&hub, &anna, method, path, Some(body)).await;
    let ben = json!({"name": "ben", "role": "viewer", "password": PASSWORD});
    assert_eq!(admin(Method::POST, "/api/v1/accounts", ben.clone()).await.status, 201);
    admin(Method::POST, "/api/v1/accounts", ben).await.problem(409);
    let robot = json!({"name": "robot", "role": "node", "password": PASSWORD});
    assert!(admin(Method::POST, "/api/v1/accounts", robot).await.problem(422).contains("keys"));
    admin(Method::POST, "/api/v1/accounts", json!({"name": "x", "role": "root", "password": PASSWORD}))
        .await
        .problem(422);

    let cookie = cookie(&log_in(&hub, "ben", PASSWORD, false).await);
    let dark = async || as_session(&hub, &cookie, Method::POST, "/api/v1/blackout", Some(json!({"on": true}))).await;
    assert!(dark().await.problem(403).contains("operator"));
    assert_eq!(admin(Method::PATCH, "/api/v1/accounts/ben", json!({"role": "operator"})).await.status, 200);
    dark().await.ok();
    as_session(&hub, &cookie, Method::GET, "/api/v1/accounts", None).await.problem(403);
    // He sees his own sessions and ends no other's.
    let seen = as_session(&hub, &cookie, Method::GET, "/api/v1/sessions", None).await.ok();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    let all = as_session(&hub, &anna, Method::GET, "/api/v1/sessions", None).await.ok();
    let hers = all.as_array().unwrap().iter().find(|session| session["account"] == "anna").unwrap();
    let path = format!("/api/v1/sessions/{}", hers["id"].as_str().unwrap());
    as_session(&hub, &cookie, Method::DELETE, &path, None).await.problem(404);

    let change = json!({"current": PASSWORD, "password": "another long sentence"});
    let changed = as_session(&hub, &cookie, Method::PUT, "/api/v1/me/password", Some(change.clone())).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    as_session(&hub, &cookie, Method::PUT, "/api/v1/me/password", Some(change)).await.problem(422);
    dark().await.ok();
    let list = as_session(&hub, &anna, Method::GET, "/api/v1/accounts", None).await.ok();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        (&list[1]["name"], &list[1]["role"], &list[1]["sessions"]),
        (&json!("ben"), &json!("operator"), &json!(1))
    );
    assert!(!list.to_string().contains("hash"));

    assert_eq!(admin(Method::DELETE, "/api/v1/accounts/ben", json!(null)).await.status, 200);
    dark().await.problem(401);
    assert!(admin(Method::DELETE, "/api/v1/accounts/anna", json!(null)).await.problem(409).contains("only admin"));
    hub.stop().await;
}

/// ACC-2
#[tokio::test]
async fn a_key_is_told_once_listed_without_its_secret_and_revoked() {
    let (hub, anna) = set_up().await;
    let admin = async |method, path: &str, body| as_session(&hub, &anna, method, path, body).await;
    let asked = json!({"name": "Desk", "role": "operator", "expires_in_s": 3_600});
    let made = admin(Method::POST, "/api/v1/keys", Some(asked)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let key = made["key"].as_str().unwrap();
    let bearer = format!("Bearer {key}");
    let me = hub.ask(Method::GET, "/api/v1/me", &[("authorization", &bearer)], None).await.ok();
    assert_eq!((&me["role"], &me["account"], &me["via"]), (&json!("operator"), &json!(null), &json!("key")));
    let list = admin(Method::GET, "/api/v1/keys", None).await;
    assert!(!list.text.contains(&key[13..]));
    let entry = list.ok()[0].clone();
    assert_eq!((&entry["id"], &entry["name"], &entry["expires_at"]), (&made["id"], &json!("desk"), &me["expires_at"]));
    assert!(entry["last_used_at"].is_string());
    admin(Method::POST, "/api/v1/keys", Some(json!({"name": "x", "role": "node", "expires_in_s": 0})))
        .await
        .problem(422);

    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(admin(Method::DELETE, &path, None).await.status, 200);
    hub.ask(Method::GET, "/api/v1/me", &[("authorization", &bearer)], None).await.problem(401);
    admin(Method::DELETE, &path, None).await.problem(404);
    hub.stop().await;
}

/// ACC-6
#[tokio::test]
async fn logins_are_held_up_and_told_when_to_come_again() {
    let (hub, _) = set_up().await;
    for _ in 0..5 {
        log_in(&hub, "anna", "a wrong sentence", false).await.problem(401);
    }
    let refused = log_in(&hub, "anna", PASSWORD, false).await;
    assert!(refused.problem(429).contains("five times a minute"));
    let wait: u32 = refused.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    hub.stop().await;
}

/// ACC-6
#[tokio::test]
async fn each_key_has_requests_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let slow = crate::settings::HubSettings { reads_per_s: 1, writes_per_s: 1, ..crate::testing::settings(&folder) };
    let hub = TestHub::with(folder, slow).await;
    let role = crate::accounts::Role::Operator;
    let mut keys = Vec::new();
    for name in ["a", "b"] {
        keys.push(format!("Bearer {}", hub.shared.accounts.add_key(name, role, None).await.unwrap().1));
    }
    let dark = async |key: &str| {
        hub.ask(Method::POST, "/api/v1/blackout", &[("authorization", key)], Some(json!({"on": true}))).await.status
    };
    let mut first = Vec::new();
    for _ in 0..40 {
        first.push(dark(&keys[0]).await.as_u16());
    }
    assert!(first[..2] == [200, 200] && first.contains(&429), "{first:?}");
    assert_eq!(dark(&keys[1]).await, 200);
    hub.stop().await;
}

/// HUB-3, ACC-4: a browser sends its cookie along with what a page of another site does.
#[tokio::test]
async fn a_session_does_nothing_for_pages_of_other_sites() {
    let (hub, anna) = set_up().await;
    let dark = async |headers: &[(&str, &str)]| {
        let all: Vec<_> =
            [("cookie", anna.as_str()), ("host", "hub.local")].into_iter().chain(headers.iter().copied()).collect();
        hub.ask(Method::POST, "/api/v1/blackout", &all, Some(json!({"on": true}))).await
    };
    dark(&[("origin", "http://hub.local"), ("sec-fetch-site", "same-origin")]).await.ok();
    dark(&[("origin", "http://evil.example")]).await.problem(403);
    dark(&[("origin", "null")]).await.problem(403);
    dark(&[("sec-fetch-site", "cross-site")]).await.problem(403);
    // A WebSocket whose origin nobody tells has no session.
    let socket = [
        ("cookie", anna.as_str()),
        ("host", "hub.local"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    hub.ask(Method::GET, "/api/v1/live", &socket, None).await.problem(401);
    hub.ask(Method::GET, "/api/v1/live", &[&socket[..], &[("origin", "http://evil.example")]].concat(), None)
        .await
        .problem(403);
    let own =
        hub.ask(Method::GET, "/api/v1/live", &[&socket[..], &[("origin", "http://hub.local")]].concat(), None).await;
    assert!(![401, 403].contains(&own.status.as_u16()), "{}", own.text);
    hub.stop().await;
}
