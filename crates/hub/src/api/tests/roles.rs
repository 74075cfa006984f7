//! Every route and every kind of message, with every role, without a key and with a wrong one (ACC-1).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tower::ServiceExt;

use super::super::calls;
use crate::accounts::{Least, Role};
use crate::testing::{REMOTE, TestHub, hello};

/// Somebody who calls: the role, and what is sent as the key.
type Somebody = (Option<Role>, Option<String>);

/// A caller of every role, one without a key, and those whose key is wrong.
async fn everybody(hub: &TestHub) -> Vec<Somebody> {
    let wrong = format!("cue_{}_{}", "0".repeat(8), "0".repeat(43));
    let mut all: Vec<Somebody> = vec![(None, None), (None, Some(wrong)), (None, Some("0".repeat(80)))];
    for role in Role::ALL {
        let (id, key) = hub.shared.accounts.add_key(role.word(), role, None).await.unwrap();
        // Right up to its last character, and another one's secret under this id.
        all.push((None, Some(format!("{}-", &key[..key.len() - 1]))));
        all.push((None, Some(key.replace(id.as_str(), "00000000"))));
        all.push((Some(role), Some(key)));
    }
    all
}

async fn status(hub: &TestHub, method: &Method, path: &str, key: Option<&str>) -> StatusCode {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "hub.local");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(REMOTE.parse::<SocketAddr>().unwrap()));
    hub.router.clone().oneshot(request).await.unwrap().status()
}

/// ACC-1
#[tokio::test]
async fn every_call_is_let_through_or_refused_as_its_least_role_says() {
    let folder = tempfile::tempdir().unwrap();
    let settings = crate::settings::HubSettings {
        trust_this_machine: false,
        reads_per_s: 1_000_000,
        writes_per_s: 1_000_000,
        ..crate::testing::settings(&folder)
    };
    let hub = TestHub::with(folder, settings).await;
    let everybody = everybody(&hub).await;
    let calls = calls(None);
    assert!(calls.entries().len() > 60, "the table is there");
    for entry in calls.entries() {
        let path = entry.path.replace(['{', '}'], "");
        for (role, key) in &everybody {
            let status = status(&hub, &entry.method, &path, key.as_deref()).await;
            let expected = match (entry.least.is_met_by(*role), role) {
                (true, _) => None,
                (false, Some(_)) => Some(StatusCode::FORBIDDEN),
                (false, None) => Some(StatusCode::UNAUTHORIZED),
            };
            let refused =
                [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED].into_iter().find(|refused| *refused == status);
            assert_eq!(refused, expected, "{} {path} as {role:?} answers {status}", entry.method);
        }
    }
    assert_eq!(status(&hub, &Method::HEAD, "/api/v1/show", None).await, StatusCode::UNAUTHORIZED);
    hub.stop().await;
}

/// ACC-1
#[test]
fn what_changes_the_show_is_for_operators_and_what_changes_the_hub_for_admins() {
    let calls = calls(None);
    let of = |least: Least| {
        let entries = calls.entries().iter().filter(move |entry| entry.least == least);
        entries.map(|entry| format!("{} {}", entry.method, entry.path)).collect::<Vec<_>>()
    };
    // What those may change who cannot play is of themselves alone.
    let harmless = |calls: Vec<String>| calls.into_iter().filter(|call| !call.starts_with("GET ")).collect::<Vec<_>>();
    let mut open = harmless(of(Least::Anybody));
    open.sort();
    assert_eq!(open, ["DELETE /api/v1/session", "POST /api/v1/session", "POST /api/v1/setup"]);
    assert_eq!(harmless(of(Least::Known)), ["PUT /api/v1/me/password"]);
    let mut viewer = harmless(of(Least::Role(Role::Viewer)));
    viewer.sort();
    assert_eq!(viewer, ["DELETE /api/v1/sessions/{id}", "POST /api/v1/live/tickets"]);
    assert_eq!(of(Least::Role(Role::Metrics)), ["GET /metrics"]);
    let receivers = ["POST /api/nodes/register", "POST /api/master/heartbeat", "POST /api/master/ack"];
    assert_eq!(of(Least::Role(Role::Node)), receivers);

    let admin = of(Least::Role(Role::Admin));
    let is_of_the_hub = |call: &&String| {
        let (method, path) = call.split_once(' ').unwrap();
        let changes = method != "GET";
        path.starts_with("/api/v1/accounts")
            || path.starts_with("/api/v1/keys")
            || (changes && path.starts_with("/api/v1/ota/"))
            || (changes && path.starts_with("/api/v1/groups"))
            || (changes && path.starts_with("/api/v1/pairings"))
            || (changes && path.starts_with("/api/v1/nodes/") && !path.ends_with("/test"))
            || (changes && path == "/api/v1/show/file")
    };
    let all: Vec<String> = calls.entries().iter().map(|entry| format!("{} {}", entry.method, entry.path)).collect();
    for call in all.iter().filter(is_of_the_hub) {
        assert!(admin.contains(call), "{call}");
    }
    for call in ["POST /api/v1/scene", "POST /api/v1/blackout", "POST /api/v1/cues/{list}/{word}"] {
        assert!(of(Least::Role(Role::Operator)).iter().any(|other| other == call), "{call}");
    }
}

async fn open(hub: &TestHub, path: &str, key: Option<&str>) -> Result<WebSocketStream<TcpStream>, StatusCode> {
    let mut request = format!("ws://{}{path}", hub.address).into_client_request().unwrap();
    if let Some(key) = key {
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    }
    let stream = TcpStream::connect(hub.address).await.unwrap();
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status()),
        Err(other) => panic!("{other}"),
    }
}

/// The answer to the first message.
async fn answer(socket: &mut WebSocketStream<TcpStream>, first: Message) -> Message {
    socket.send(first).await.unwrap();
    socket.next().await.unwrap().unwrap()
}

/// ACC-1: nodes and what they say are not the API's; deployed ones have no key.
#[tokio::test]
async fn every_kind_of_message_is_answered_or_refused_by_role() {
    let hub = TestHub::guarded().await;
    let everybody = everybody(&hub).await;
    let mut answers = BTreeMap::new();
    for (number, (role, key)) in everybody.iter().enumerate() {
        let key = key.as_deref();
        let who = format!("{role:?} {number}");
        // Control messages: the protocol's own sessions say who may say what, and keys change nothing about it.
        for kind in [
            hello(&format!("02:00:00:00:00:{number:02x}")),
            json!({"t": "keepalive"}),
            json!({"t": "ts_ping"}),
            json!({"t": "ota_status"}),
            json!({"t": "no-such-type"}),
        ] {
            let mut socket = open(&hub, "/ws", key).await.expect(&who);
            let answer = match answer(&mut socket, Message::text(kind.to_string())).await {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(text.as_str()).unwrap();
                    message["t"].as_str().or(message["type"].as_str()).unwrap().to_owned()
                }
                Message::Close(frame) => frame.unwrap().reason.as_str().to_owned(),
                other => panic!("{who} {kind}: {other:?}"),
            };
            let kind = kind["t"].as_str().unwrap().to_owned();
            assert!(kind != "hello" || answer == "welcome", "{who}: {answer}");
            let first = answers.entry(kind.clone()).or_insert_with(|| answer.clone());
            assert_eq!(*first, answer, "{who} {kind}");
        }
        // Messages of pattern sessions: LIST, GET, PUT, DELETE, CONTROL and unknown ones.
        for kind in [0x11_u8, 0x12, 0x13, 0x20, 0x21, 0x22, 0x7f] {
            let mut socket = open(&hub, "/ws", key).await.expect(&who);
            let Message::Binary(bytes) = answer(&mut socket, Message::binary(vec![kind, 0, 0])).await else {
                panic!("{who} {kind:#x}")
            };
            let is_turned_away = String::from_utf8_lossy(&bytes).contains("operator key");
            let may = role.is_some_and(|role| role.covers(Role::Operator));
            assert_eq!(is_turned_away, !may, "{who} {kind:#x}");
        }
        // Live views: subscribing and leaving.
        let may = role.is_some_and(|role| role.covers(Role::Viewer));
        match open(&hub, "/api/v1/live", key).await {
            Ok(mut socket) => {
                assert!(may, "{who}");
                for message in ["subscribe", "unsubscribe"] {
                    socket.send(Message::text(json!({"t": message, "view": "show"}).to_string())).await.unwrap();
                }
                assert!(matches!(socket.next().await.unwrap().unwrap(), Message::Text(_)));
            }
            Err(status) => {
                assert!(!may, "{who}");
                assert_eq!(status.as_u16(), if role.is_some() { 403 } else { 401 }, "{who}");
            }
        }
    }
    hub.stop().await;
}

/// ACC-1: whoever is neither in the table nor known is nobody.
#[test]
fn a_method_that_no_call_takes_has_no_role() {
    let roles = calls(None).roles();
    assert_eq!(roles.least("/api/v1/show", &Method::HEAD), Some(Least::Role(Role::Viewer)));
    assert_eq!(roles.least("/api/v1/show", &Method::POST), None);
    assert_eq!(roles.least("/nowhere", &Method::GET), None);
}
