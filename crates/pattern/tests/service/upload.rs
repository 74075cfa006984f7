//! Uploading, listing, deleting.

use std::time::Duration;

use cuelight_pattern::service::Settings;
use cuelight_pattern::store::Limits;
use cuelight_wire::tlv::{Dialect, ErrorCode, Frame, Metrics, Request};
use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Heard, Server, file, until};

/// PATTERN-12
#[tokio::test]
async fn a_checked_upload_is_acknowledged_frame_by_frame() {
    let server = Server::start();
    let mut client = server.client(Dialect::Checked).await;
    let file = file(20_000);
    assert_eq!(client.ask(Client::begin("ocean", &file)).await, Heard::Done(vec![]));
    for (number, bytes) in file.chunks(1024).enumerate() {
        let offset = Some(number as u32 * 1024);
        assert_eq!(client.ask(Request::Data { offset, bytes }).await, Heard::Done(vec![]));
    }
    assert!(matches!(client.ask(Request::End).await, Heard::Done(_)));
    assert_eq!(server.bytes("ocean"), file);
    assert_eq!(client.list().await, [("ocean".into(), 20_000)]);
    assert!(matches!(client.ask(Request::Delete { name: b"ocean" }).await, Heard::Done(_)));
    client.say(Request::Delete { name: b"ocean" }).await;
    client.refused(ErrorCode::PatternNotFound).await;
    assert_eq!(server.files(), 0, "what is answered as done is done");
}

/// PATTERN-12
#[tokio::test]
async fn a_plain_upload_is_answered_once_and_may_be_sent_in_one_go() {
    let server = Server::start();
    let mut client = server.client(Dialect::Plain).await;
    for (number, len, chunk) in [(1, 1, 1), (2, 4096, 4093), (3, 100_000, 1024), (4, 262_144, 4093)] {
        let file = file(len);
        client.push(&format!("p{number}"), &file, chunk).await;
        assert!(matches!(client.hear().await, Heard::Done(_)));
        assert_eq!(server.bytes(&format!("p{number}")), file);
    }
    assert_eq!(client.list().await.len(), 4);
}

/// PATTERN-16
#[tokio::test]
async fn half_a_megabyte_arrives_although_no_answer_is_read() {
    let server = Server::with(Limits { file_max: 512_000, ..Limits::default() }, Settings::default());
    let white = vec![0xff; 512_000];
    // Every byte a frame of its own: half a million answers that nobody fetches, far more than sockets hold.
    for (dialect, chunk) in [(Dialect::Plain, 1024), (Dialect::Checked, 1)] {
        let mut client = server.client(dialect).await;
        client.push("white", &white, chunk).await;
        let mut watch = server.store.watch();
        watch.wait_for(|listing| !listing.patterns.is_empty()).await.unwrap();
        assert_eq!(server.bytes("white"), white);
        server.store.remove(&"white".parse().unwrap()).unwrap();
        drop(client);
    }
}

/// PATTERN-8
#[tokio::test]
async fn a_long_listing_comes_in_several_frames() {
    let server = Server::start();
    let expected: Vec<_> = (0..200).map(|n| (format!("{:a<50}{n:03}", ""), 1)).collect();
    for (name, _) in &expected {
        server.store.put(&name.parse().unwrap(), b"x").unwrap();
    }
    for dialect in [Dialect::Plain, Dialect::Checked] {
        assert_eq!(server.client(dialect).await.list().await, expected);
    }
}

/// PATTERN-9
#[tokio::test]
async fn figures_are_told() {
    let server = Server::with(Limits { quota: 100_000, ..Limits::default() }, Settings::default());
    server.store.put(&"a".parse().unwrap(), &[1; 1000]).unwrap();
    let mut client = server.client(Dialect::Plain).await;
    client.say(Request::Metrics).await;
    let Some(Ok(Message::Binary(answer))) = client.socket.next().await else { panic!("no answer") };
    let metrics = Metrics::read(&Frame::decode(&answer).unwrap()).unwrap();
    assert_eq!((metrics.patterns, metrics.store_used, metrics.store_free), (1, 1000, 99_000));
    assert!(metrics.free_memory > 0 && metrics.largest_memory == metrics.free_memory);
}

/// PATTERN-13
#[tokio::test]
async fn an_upload_that_falls_silent_leaves_nothing() {
    let settings = Settings { frame_timeout: Some(Duration::from_millis(500)) };
    let server = Server::with(Limits::default(), settings);
    let mut client = server.client(Dialect::Checked).await;
    let file = file(10_000);
    assert_eq!(client.ask(Client::begin("a", &file)).await, Heard::Done(vec![]));
    assert_eq!(client.ask(Request::Data { offset: Some(0), bytes: &file[..4000] }).await, Heard::Done(vec![]));
    until(|| server.files() == 1).await;
    until(|| server.files() == 0).await;
    client.say(Request::Data { offset: Some(4000), bytes: &file[4000..8000] }).await;
    assert!(client.refused(ErrorCode::InvalidTlv).await.contains("given up"));
    assert_eq!(client.list().await, []);
}

/// PATTERN-11
#[tokio::test]
async fn a_client_that_goes_in_the_middle_leaves_nothing_and_its_place() {
    let server = Server::start();
    for _ in 0..5 {
        let mut client = server.client(Dialect::Plain).await;
        client.say(Client::begin("a", &[])).await;
        client.say(Request::Data { offset: None, bytes: &file(4000) }).await;
        until(|| server.files() == 1).await;
        drop(client);
        until(|| server.files() == 0).await;
    }
    assert_eq!(server.client(Dialect::Plain).await.list().await, []);
}

/// Two clients at once, on the same name and on others.
#[tokio::test]
async fn two_clients_do_not_disturb_each_other() {
    let server = Server::start();
    let upload = |number: usize| {
        let (dialect, at) = ([Dialect::Plain, Dialect::Checked][number], &server);
        async move {
            let mut client = at.client(dialect).await;
            for round in 0..20 {
                let own = format!("own-{number}-{round}");
                let bytes = vec![number as u8; 5000 + round];
                for name in [own.as_str(), "shared"] {
                    client.push(name, &bytes, 700).await;
                    let answers = if dialect == Dialect::Checked { bytes.len().div_ceil(700) + 2 } else { 1 };
                    for _ in 0..answers {
                        assert!(matches!(client.hear().await, Heard::Done(_)));
                    }
                }
                assert_eq!(at.bytes(&own), bytes);
            }
        }
    };
    tokio::join!(upload(0), upload(1));
    assert_eq!(server.names().len(), 41);
    let shared = server.bytes("shared");
    assert!(shared.iter().all(|byte| *byte == shared[0]), "one upload or the other, never a mixture");
    until(|| server.files() == 41).await;
}
