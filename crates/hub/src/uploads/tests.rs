//! Pattern sessions beside control sessions, over real sockets.

use cuelight_pattern::client::{Client, ClientError, Target};
use cuelight_wire::tlv::{Answer, Dialect, ErrorCode, Frame};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::testing::{TestHub, pattern};

async fn client(hub: &TestHub, dialect: Dialect) -> Client {
    Client::connect(&Target { dialect, ..Target::new(hub.address.to_string()) }).await.unwrap()
}

#[track_caller]
fn assert_refused(outcome: Result<(), ClientError>, expected: ErrorCode, words: &str) {
    match outcome {
        Err(ClientError::Refused { code, text }) if code == expected && text.contains(words) => {}
        other => panic!("{other:?} instead of {expected} with {words:?}"),
    }
}

/// PATTERN-25
#[tokio::test]
async fn what_a_client_plays_is_a_change_of_the_whole_show() {
    let hub = TestHub::start().await;
    hub.post("/api/v1/scene", json!({"effect": "fire"})).await.ok();
    let mut client = client(&hub, Dialect::Checked).await;
    client.put("Waves.prism", &pattern(), |_| {}).await.unwrap();
    client.put("notes", b"no pattern", |_| {}).await.unwrap();
    client.put("broken", &pattern()[..90], |_| {}).await.unwrap();
    let listed = hub.get("/api/v1/patterns").await.ok();
    assert_eq!((&listed[2]["name"], &listed[2]["frames"]), (&json!("waves"), &json!(48)));
    client.play("waves").await.unwrap();
    hub.refresh().await;
    let playing = hub.scene().await["pattern"].clone();
    assert_eq!((&playing["id"], &playing["loop"]), (&listed[2]["id"], &json!(true)));
    client.brightness(77).await.unwrap();
    // It is in force at its applyAt.
    while hub.get("/api/v1/show").await.ok()["master"]["level"] != 77 {
        hub.refresh().await;
    }
    client.stop().await.unwrap();
    hub.refresh().await;
    assert_eq!(hub.scene().await["pattern"], json!(null));
    assert_refused(client.play("notes").await, ErrorCode::PatternNotFound, "PRSM");
    assert_refused(client.play("broken").await, ErrorCode::InvalidTlv, "ends early");
    assert_refused(client.play("nobody").await, ErrorCode::PatternNotFound, "not stored");
    client.close().await;
    hub.stop().await;
}

/// PATTERN-20
#[tokio::test]
async fn only_pattern_sessions_count_as_clients_and_a_third_is_refused_at_its_first_message() {
    let hub = TestHub::start().await;
    let (mut node, _) = hub.join("02:00:00:00:00:01").await;
    let mut first = client(&hub, Dialect::Plain).await;
    let mut second = client(&hub, Dialect::Checked).await;
    first.list().await.unwrap();
    second.list().await.unwrap();
    for dialect in [Dialect::Plain, Dialect::Checked] {
        let mut third = client(&hub, dialect).await;
        let outcome = third.list().await.map(drop);
        assert_refused(outcome, ErrorCode::MaxClientsReached, "two clients");
        assert!(matches!(third.list().await, Err(ClientError::Broken { .. })), "closed");
    }
    // Nodes come and stay all the same.
    let (mut other, _) = hub.join("02:00:00:00:00:02").await;
    for node in [&mut node, &mut other] {
        node.say(json!({"t": "dance"})).await;
        node.hear("error").await;
    }
    first.put("a", b"1", |_| {}).await.unwrap();
    assert_eq!(second.list().await.unwrap().len(), 1);
    drop((node, other));
    hub.stop().await;
}

/// PATTERN-14, PATTERN-3
#[tokio::test]
async fn a_pattern_session_stays_one() {
    let hub = TestHub::start().await;
    let stream = TcpStream::connect(hub.address).await.unwrap();
    let url = format!("ws://{}/ws", hub.address);
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let mut ask = async |message: Message| {
        socket.send(message).await.unwrap();
        let Some(Ok(Message::Binary(answer))) = socket.next().await else { panic!("no answer") };
        match Answer::read(&Frame::decode(&answer).unwrap()).unwrap() {
            Answer::Status { .. } => None,
            Answer::Error { code, .. } => Some(code),
            other => panic!("{other:?}"),
        }
    };
    let list = || Message::binary(vec![0x21, 0, 0]);
    assert_eq!(ask(list()).await, None);
    assert_eq!(ask(Message::text("{\"t\":\"hello\"}")).await, Some(ErrorCode::InvalidTlv));
    assert_eq!(
        ask(Message::binary([&[0x11, 0x75, 0x30][..], &[0; 30_000]].concat())).await,
        Some(ErrorCode::BufferOverflow)
    );
    assert_eq!(ask(list()).await, None);
    drop(socket);
    hub.stop().await;
}

/// PATTERN-25
#[tokio::test]
async fn a_client_elsewhere_needs_the_key_unless_the_operator_opens_the_store() {
    let hub = TestHub::start().await;
    let key = std::fs::read_to_string(hub.folder.path().join("operator.key")).unwrap();
    let list = async |key: Option<&str>| {
        let mut request = format!("ws://{}/ws", hub.address).into_client_request().unwrap();
        // As a proxy on this machine passes on what comes from elsewhere.
        request.headers_mut().insert("x-forwarded-for", "192.168.4.7".parse().unwrap());
        if let Some(key) = key {
            request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        }
        let stream = TcpStream::connect(hub.address).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        socket.send(Message::binary(vec![0x21, 0, 0])).await.unwrap();
        match socket.next().await {
            Some(Ok(Message::Binary(answer))) => answer,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(list(Some(key.trim())).await[..], [0x30, 0, 3, 0, 0, 0]);
    for key in [None, Some("wrong")] {
        let answer = list(key).await;
        assert_eq!((answer[0], answer[3]), (0x40, ErrorCode::InvalidTlv.number()));
        assert!(String::from_utf8_lossy(&answer).contains("operator key"));
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_hub_that_stops_says_so_and_leaves_its_store_to_the_next() {
    let mut folder = tempfile::tempdir().unwrap();
    for round in 0..3_usize {
        let hub = TestHub::on(folder).await;
        let mut client = client(&hub, Dialect::Plain).await;
        assert_eq!(client.list().await.unwrap().len(), round);
        client.put(&format!("p{round}"), b"x", |_| {}).await.unwrap();
        folder = hub.stop().await;
        let Err(ClientError::Broken { problem, .. }) = client.list().await else { panic!("it goes on") };
        assert!(problem.contains("stopping"), "{problem}");
    }
}
