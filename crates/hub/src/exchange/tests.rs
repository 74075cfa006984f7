//! The time exchange of a whole hub, over UDP.

use std::net::Ipv4Addr;

use cuelight_wire::ids::TokenHash;
use cuelight_wire::seal::{Seal, TAG_LEN};
use serde_json::json;
use tokio::net::UdpSocket;

use super::Mentions;
use crate::testing::{TestHub, hello};

/// A ping of the deployed form (docs/protocol/40-time-exchange.md).
fn ping(seq: u32, token_hash: u32) -> Vec<u8> {
    let mut bytes = vec![1, 1, 0, 0];
    bytes.extend(seq.to_le_bytes());
    bytes.extend(token_hash.to_le_bytes());
    bytes.extend(123_456_u64.to_le_bytes());
    bytes
}

/// HUB-7
#[tokio::test]
async fn a_ping_right_after_the_welcome_is_answered_and_a_strangers_never() {
    let hub = TestHub::start().await;
    let mut node = hub.connect().await;
    let mut greeting = hello("02:00:00:00:00:01");
    // A Cuelight node is told the port.
    greeting["ext"] = json!(["ns-exchange"]);
    node.say(greeting).await;
    let welcome = node.hear("welcome").await;
    let port = u16::try_from(welcome["tsPort"].as_u64().unwrap()).unwrap();
    let TokenHash(known) = TokenHash::of(welcome["token"].as_str().unwrap().as_bytes());

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let before = hub.get("/health").await.ok()["show_us"].as_u64().unwrap();
    // What is not a ping of a session comes first, and is passed over.
    for stranger in [ping(1, !known), vec![0xff; 20], ping(2, known)[..19].to_vec(), vec![1; 1400], vec![]] {
        socket.send(&stranger).await.unwrap();
    }
    socket.send(&ping(3, known)).await.unwrap();
    let mut pong = [0; 64];
    let len = socket.recv(&mut pong).await.unwrap();
    let after = hub.get("/health").await.ok()["show_us"].as_u64().unwrap();

    assert_eq!((len, pong[0], pong[1]), (36, 1, 2));
    let word = |at: usize| u32::from_le_bytes(pong[at..at + 4].try_into().unwrap());
    let instant = |at: usize| u64::from_le_bytes(pong[at..at + 8].try_into().unwrap());
    assert_eq!((word(4), word(8), instant(12)), (3, known, 123_456));
    let (t2, t3) = (instant(20), instant(28));
    assert!(before <= t2 && t2 <= t3 && t3 <= after, "{before} {t2} {t3} {after}");
    drop(node);
    hub.stop().await;
}

/// WIRE-17, WIRE-18
#[tokio::test]
async fn where_tags_were_agreed_a_ping_without_the_right_one_is_not_answered_and_a_pong_has_one() {
    let hub = TestHub::start().await;
    let mut node = hub.connect().await;
    let mut greeting = hello("02:00:00:00:00:01");
    greeting["ext"] = json!(["ns-exchange", "seal"]);
    node.say(greeting).await;
    let welcome = node.hear("welcome").await;
    assert_eq!(welcome["ext"], json!(["ns-exchange", "seal"]));
    let port = u16::try_from(welcome["tsPort"].as_u64().unwrap()).unwrap();
    let token = welcome["token"].as_str().unwrap().as_bytes();
    let TokenHash(known) = TokenHash::of(token);
    let closed = |seq: u32, seal: &Seal| {
        let mut bytes = ping(seq, known);
        let len = bytes.len();
        bytes.resize(len + TAG_LEN, 0);
        seal.close(&mut bytes, len).unwrap();
        bytes
    };
    let seal = Seal::of_exchange(token);

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    for forged in [ping(1, known), closed(2, &Seal::of_exchange(b"guessed")), closed(3, &Seal::of_stream(token))] {
        socket.send(&forged).await.unwrap();
    }
    socket.send(&closed(4, &seal)).await.unwrap();
    let mut pong = [0; 64];
    let len = socket.recv(&mut pong).await.unwrap();
    let opened = seal.open(&pong[..len]).expect("its tag is right");
    assert_eq!((opened.len(), &opened[..8]), (36, &[1, 2, 0, 0, 4, 0, 0, 0][..]), "the first that is answered");
    drop(node);
    hub.stop().await;
}

/// ROSTER-4
#[test]
fn a_session_is_mentioned_within_every_second_and_one_that_is_over_is_forgotten() {
    let mut mentions = Mentions::default();
    let sessions = [(TokenHash(1), None), (TokenHash(2), None)];
    let ms = 1_000_000;
    let told: Vec<i64> =
        (0..15).map(|i| i * 200).filter(|at| mentions.is_due(TokenHash(1), at * ms, &sessions)).collect();
    assert_eq!(told, [0, 800, 1600, 2400]);
    for over in 10..100 {
        mentions.is_due(TokenHash(over), 0, &sessions);
    }
    assert!(mentions.0.len() <= 2 * sessions.len() + 1, "{}", mentions.0.len());
}
