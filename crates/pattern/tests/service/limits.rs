//! What a client may not, and what it is told.

use cuelight_pattern::service::Settings;
use cuelight_pattern::store::Limits;
use cuelight_wire::tlv::{Dialect, ErrorCode, MAX_FRAME, Request};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Heard, Server, file, until};

/// PATTERN-20
#[tokio::test]
async fn a_third_client_is_told_and_let_go_and_has_room_when_another_leaves() {
    let server = Server::start();
    let mut first = server.client(Dialect::Plain).await;
    let mut second = server.client(Dialect::Checked).await;
    first.list().await;
    second.list().await;
    let mut third = server.client(Dialect::Plain).await;
    assert!(third.refused(ErrorCode::MaxClientsReached).await.contains("two clients"));
    assert!(matches!(third.hear().await, Heard::Closed(1013, _)));
    first.list().await;
    drop(second);
    // Its place is free once its end was noticed.
    loop {
        let mut next = server.client(Dialect::Plain).await;
        let _ = next.message(Message::binary(vec![0x21, 0, 0])).await;
        match next.hear().await {
            Heard::Done(_) => break,
            Heard::Error(ErrorCode::MaxClientsReached, _) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// PATTERN-3
#[tokio::test]
async fn a_message_beyond_the_buffer_is_told_and_the_session_goes_on() {
    let server = Server::start();
    for dialect in [Dialect::Plain, Dialect::Checked] {
        let mut client = server.client(dialect).await;
        let bytes = file(70_000);
        for len in [4_090, 8_000, 65_500] {
            client.say(Client::begin("a", &bytes[..len])).await;
            client.say(Request::Data { offset: Some(0), bytes: &bytes[..len] }).await;
            if dialect == Dialect::Checked {
                assert_eq!(client.hear().await, Heard::Done(vec![]));
            }
            if dialect == Dialect::Plain && len == 4_090 {
                // 4093 bytes with their head: it fits.
                client.raw(&[0x12, 0, 0]).await;
                assert!(matches!(client.hear().await, Heard::Done(_)));
                server.store.remove(&"a".parse().unwrap()).unwrap();
            } else {
                assert!(client.refused(ErrorCode::BufferOverflow).await.contains("4096"));
            }
            assert_eq!(client.list().await, []);
        }
        // Longer than any frame: told, and closed.
        client.raw(&vec![0; MAX_FRAME + 1]).await;
        client.refused(ErrorCode::BufferOverflow).await;
        assert!(matches!(client.hear().await, Heard::Closed(1009, _)));
    }
    until(|| server.files() == 0).await;
}

/// PATTERN-2, PATTERN-11, PATTERN-14, PATTERN-15
#[tokio::test]
async fn every_mistake_has_its_error() {
    let limits = Limits { file_max: 10_000, quota: 15_000, patterns: 10 };
    let server = Server::with(limits, Settings::default());
    let mut plain = server.client(Dialect::Plain).await;
    // Bad length, wrong state, text, unknown type.
    for message in [
        Message::binary(vec![0x11, 0, 9, 1]),
        Message::binary(vec![0x11, 0, 1, 1]),
        Message::binary(vec![0x12, 0, 0]),
        Message::text("hello"),
        Message::binary(vec![0x99, 0, 0]),
        Message::binary(vec![]),
    ] {
        plain.message(message.clone()).await.unwrap();
        assert!(!plain.refused(ErrorCode::InvalidTlv).await.is_empty(), "{message}");
    }
    plain.say(Request::Delete { name: b"nobody" }).await;
    plain.refused(ErrorCode::PatternNotFound).await;
    // More than a pattern may have, then more than the store has room for.
    plain.say(Client::begin("a", &[])).await;
    for bytes in [[1; 4000]; 3] {
        plain.say(Request::Data { offset: None, bytes: &bytes }).await;
    }
    plain.refused(ErrorCode::StorageFull).await;
    plain.push("a", &[1; 10_000], 4000).await;
    assert!(matches!(plain.hear().await, Heard::Done(_)));
    let mut checked = server.client(Dialect::Checked).await;
    checked.say(Client::begin("b", &[0; 5_001])).await;
    assert!(checked.refused(ErrorCode::StorageFull).await.contains("5000"));
    // Bad CRC of a frame, and of the file.
    let mut frame = [0; 64];
    let len = Request::List.write(Dialect::Checked, &mut frame).unwrap();
    frame[len - 1] ^= 1;
    checked.raw(&frame[..len]).await;
    assert!(checked.refused(ErrorCode::InvalidTlv).await.contains("CRC"));
    checked.say(Client::begin("b", &[1, 2])).await;
    assert_eq!(checked.hear().await, Heard::Done(vec![]));
    assert_eq!(checked.ask(Request::Data { offset: Some(0), bytes: &[1, 3] }).await, Heard::Done(vec![]));
    checked.say(Request::End).await;
    assert!(checked.refused(ErrorCode::InvalidTlv).await.contains("CRC"));
    assert_eq!(server.names(), ["a"]);
    until(|| server.files() == 1).await;
}

/// PATTERN-20
#[tokio::test]
async fn a_service_that_stops_says_so() {
    let server = Server::start();
    let mut client = server.client(Dialect::Plain).await;
    client.list().await;
    let service = server.service.clone();
    let (heard, ()) = tokio::join!(client.hear(), service.stop());
    assert_eq!(heard, Heard::Closed(1001, "stopping".into()));
}
