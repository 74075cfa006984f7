//! Control connections over real sockets: how they begin, what ends them, and that nobody else notices.

use cuelight_trust::NodeSecret;
use cuelight_wire::control::Refusal;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::testing::{TestHub, TestNode, hello};

fn mac(number: usize) -> String {
    format!("02:00:00:00:00:{number:02x}")
}

/// A ping on a session that works is answered.
async fn works(node: &mut TestNode, welcome: &serde_json::Value, seq: u32) {
    let ping = json!({"t": "ts_ping", "nodeId": welcome["nodeId"], "token": welcome["token"], "seq": seq, "t1_us": 5});
    node.say(ping).await;
    let pong = node.hear("ts_pong").await;
    assert_eq!((&pong["seq"], &pong["t1_us"]), (&json!(seq), &json!(5)));
    assert!(pong["t3_us"].as_i64() >= pong["t2_us"].as_i64());
}

#[tokio::test]
async fn a_deployed_hello_is_welcomed_with_deployed_fields_and_the_state() {
    let hub = TestHub::start().await;
    let (mut node, welcome) = hub.join(&mac(1)).await;
    let fields: Vec<_> = welcome.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["hubEpoch_us", "nodeId", "proto", "t", "token", "udpPort"]);
    assert_eq!(welcome["token"].as_str().unwrap().len(), 40);
    assert_eq!(node.hear("state.snapshot").await["nodeId"], 1);
    works(&mut node, &welcome, 1).await;
    drop(node);
    hub.stop().await;
}

/// HUB-8
#[tokio::test]
async fn what_a_node_must_not_send_ends_its_session_with_the_reason_and_no_other() {
    let hub = TestHub::start().await;
    let (mut good, welcome) = hub.join(&mac(1)).await;
    let keepalive = json!({"t": "ka", "nodeId": 1, "token": "wrong"}).to_string();
    let cases = [
        (Message::text("{\"t\":\"hello\","), Refusal::Malformed),
        (Message::text("[]"), Refusal::Malformed),
        (Message::text("{}"), Refusal::Malformed),
        (Message::text(hello(&mac(2)).to_string().replace("\"proto\":1", "\"proto\":2")), Refusal::UnsupportedProto),
        (Message::text(keepalive.clone()), Refusal::HelloFirst),
        (Message::text(format!("{{\"t\":\"hello\",\"x\":\"{}\"}}", "y".repeat(1010))), Refusal::Oversized),
        (Message::text("y".repeat(5000)), Refusal::Oversized),
        // Longer than the WebSocket layer takes at all.
        (Message::text("y".repeat(70_000)), Refusal::Oversized),
    ];
    for (seq, (frame, refusal)) in (2..).zip(cases) {
        let mut bad = hub.connect().await;
        bad.frame(frame).await.unwrap();
        bad.ends(refusal).await;
        works(&mut good, &welcome, seq).await;
    }
    // Binary after text, which is a control session's.
    let (mut mixed, _) = hub.join(&mac(4)).await;
    mixed.frame(Message::binary(vec![0; 28])).await.unwrap();
    mixed.ends(Refusal::Malformed).await;
    works(&mut good, &welcome, 98).await;
    let (mut impostor, _) = hub.join(&mac(3)).await;
    impostor.say_text(keepalive).await;
    impostor.ends(Refusal::WrongToken).await;
    works(&mut good, &welcome, 99).await;
    hub.refresh().await;
    assert!(hub.get("/metrics").await.ok()["connections"]["refused"].as_u64() >= Some(9));
    drop(good);
    hub.stop().await;
}

/// CTRL-22
#[tokio::test]
async fn an_unknown_type_is_answered_and_the_session_goes_on() {
    let hub = TestHub::start().await;
    let (mut node, welcome) = hub.join(&mac(1)).await;
    node.say(json!({"t": "dance", "x": 1})).await;
    let error = node.hear("error").await;
    assert_eq!(error["code"], "unknown-type");
    assert!(error["message"].as_str().unwrap().contains("dance"));
    works(&mut node, &welcome, 1).await;
    drop(node);
    hub.stop().await;
}

/// HUB-8
#[tokio::test]
async fn floods_of_frames_that_mean_nothing_end_the_session() {
    let hub = TestHub::start().await;
    for frame in [Message::text("{\"t\":\"dance\"}"), Message::Ping(vec![1, 2, 3].into())] {
        let (mut node, _) = hub.join(&mac(1)).await;
        for _ in 0..1000 {
            if node.frame(frame.clone()).await.is_err() {
                break;
            }
        }
        node.ends(Refusal::TooMany).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_second_connection_of_the_same_node_replaces_the_first() {
    let hub = TestHub::start().await;
    let (first, before) = hub.join(&mac(1)).await;
    let (mut second, after) = hub.join(&mac(1)).await;
    first.ends(Refusal::Replaced).await;
    assert_eq!(before["nodeId"], after["nodeId"]);
    assert_ne!(before["token"], after["token"]);
    works(&mut second, &after, 1).await;
    drop(second);
    hub.stop().await;
}

#[tokio::test]
async fn there_is_room_for_twice_as_many_connections_as_nodes_and_for_no_more() {
    let hub = TestHub::start().await;
    let mut connections = Vec::new();
    for _ in 0..16 {
        connections.push(hub.connect().await);
    }
    let stream = TcpStream::connect(hub.address).await.unwrap();
    let url = format!("ws://{}/ws", hub.address);
    match tokio_tungstenite::client_async(url, stream).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("{other:?}"),
    }
    drop(connections);
    hub.stop().await;
}

/// HUB-8
#[tokio::test]
async fn a_hub_that_stops_tells_every_session_before_it_is_gone() {
    let hub = TestHub::start().await;
    let mut nodes = Vec::new();
    for number in 1..=8 {
        nodes.push(hub.join(&mac(number)).await.0);
    }
    // Not yet a session, and told all the same.
    nodes.push(hub.connect().await);
    let told: Vec<_> = nodes.into_iter().map(|node| tokio::spawn(node.ends(Refusal::Stopping))).collect();
    let connections = hub.shared.connections.clone();
    hub.stop().await;
    assert_eq!(connections.available_permits(), 16, "the end waited for every session");
    for node in told {
        node.await.unwrap();
    }
}

/// TRUST-6
#[tokio::test]
async fn a_node_is_let_in_by_its_key_once_it_is_admitted_and_its_session_ends_when_it_is_refused() {
    let hub = TestHub::start().await;
    let folder = tempfile::tempdir().unwrap();
    let secret = NodeSecret::load_or_create(&folder.path().join("node-key")).unwrap();
    let (mut node, key) = hub.connect_as(&secret).await;
    node.say(hello(&mac(1))).await;
    node.ends(Refusal::NotAdmitted).await;
    let code = hub.shared.pairings.code(key);
    assert_eq!(hub.shared.pairings.admit(code).await.unwrap().len(), 1);
    let (mut good, welcome) = hub.join(&mac(2)).await;

    let (mut node, _) = hub.connect_as(&secret).await;
    node.say(hello(&mac(1))).await;
    node.hear("welcome").await;
    // Another key does not speak for it.
    let other = NodeSecret::load_or_create(&folder.path().join("other")).unwrap();
    let (mut impostor, _) = hub.connect_as(&other).await;
    impostor.say(hello(&mac(1))).await;
    impostor.ends(Refusal::WrongKey).await;

    assert_eq!(hub.shared.pairings.refuse(code).await.unwrap().len(), 1);
    node.ends(Refusal::NotAdmitted).await;
    let (mut node, _) = hub.connect_as(&secret).await;
    node.say(hello(&mac(1))).await;
    node.ends(Refusal::NotAdmitted).await;
    works(&mut good, &welcome, 1).await;
    drop(good);
    hub.stop().await;
}

/// TRUST-12: through a proxy nobody is of this machine.
#[tokio::test]
async fn a_node_without_a_key_that_comes_through_a_proxy_is_not_let_in() {
    let hub = TestHub::start().await;
    let mut request = format!("ws://{}/ws", hub.address).into_client_request().unwrap();
    request.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
    let mut node = hub.connect_with(request).await;
    node.say(hello(&mac(1))).await;
    node.ends(Refusal::NotAdmitted).await;
    hub.stop().await;
}
