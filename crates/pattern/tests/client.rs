//! The client against Cuelight's service, and against devices that speak otherwise.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cuelight_pattern::client::{self, Backoff, Client, ClientError, Listed, Progress, Target};
use cuelight_pattern::service::{Listener, Service, Settings};
use cuelight_pattern::store::{Limits, Store};
use cuelight_wire::tlv::{Dialect, ErrorCode, Frame, OlderError, Request};
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server;
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};

struct Server {
    store: Store,
    at: SocketAddr,
    _folder: TempDir,
    _stop: watch::Sender<()>,
}

fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { file_max: 2_000_000, quota: 4_000_000, patterns: 100 };
    let store = Store::open(folder.path(), limits).unwrap();
    let (service, _) = Service::start(store.clone(), Settings::default()).unwrap();
    let listener = Listener::open("127.0.0.1:0".parse().unwrap(), Arc::from("node.local")).unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(());
    tokio::spawn(listener.serve(service, stopped));
    Server { store, at, _folder: folder, _stop: stop }
}

fn file(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[tokio::test]
async fn patterns_are_put_listed_and_deleted_in_both_dialects_and_any_window() {
    let server = server();
    let file = file(1_000_000);
    for (dialect, chunk, window) in [
        (Dialect::Checked, 1024, 1),
        (Dialect::Checked, 1024, 64),
        (Dialect::Checked, 100_000, 1000),
        (Dialect::Plain, 1024, 1),
        (Dialect::Plain, 100_000, 1),
    ] {
        let target = Target { dialect, chunk, window, ..Target::new(server.at.to_string()) };
        let mut client = Client::connect(&target).await.unwrap();
        let mut steps = Vec::new();
        client.put("Waves.prism", &file, |progress| steps.push(progress)).await.unwrap();
        assert_eq!(server.store.read_named(&"waves".parse().unwrap()).unwrap().1, file);
        assert_eq!(steps.first(), Some(&Progress { done: 0, total: file.len() }));
        assert_eq!(steps.last(), Some(&Progress { done: file.len(), total: file.len() }));
        assert!(steps.is_sorted_by_key(|progress| progress.done) && steps.len() > 100);
        assert_eq!(client.list().await.unwrap(), [Listed { name: "waves".into(), size: 1_000_000 }]);
        assert_eq!(client.metrics().await.unwrap().store_used, 1_000_000);
        client.delete("waves").await.unwrap();
        let refused = client.delete("waves").await.unwrap_err();
        let is_missing = matches!(refused, ClientError::Refused { code: ErrorCode::PatternNotFound, .. });
        assert!(is_missing && !refused.is_passing(), "{refused}");
        client.close().await;
    }
}

#[tokio::test]
async fn what_a_store_refuses_is_an_error_with_its_words() {
    let server = server();
    for dialect in [Dialect::Checked, Dialect::Plain] {
        let target = Target { dialect, ..Target::new(server.at.to_string()) };
        let mut client = Client::connect(&target).await.unwrap();
        let error = client.put("large", &file(3_000_000), |_| {}).await.unwrap_err();
        assert!(matches!(error, ClientError::Refused { code: ErrorCode::StorageFull, .. }), "{error}");
        assert!(error.to_string().contains("2000000 bytes"), "{error}");
        let error = Client::connect(&target).await.unwrap().put("a/b", b"1", |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("a-z"), "{error}");
    }
    assert_eq!(server.store.listing().patterns, []);
}

/// A device with one connection after the other; what it was sent of the last upload is returned.
async fn device(
    mut answer: impl FnMut(u8) -> Option<Vec<u8>>,
    connections: usize,
) -> (SocketAddr, impl Future<Output = Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let serve = async move {
        let mut stored = Vec::new();
        for _ in 0..connections {
            let mut socket: WebSocketStream<TcpStream> =
                accept_async(listener.accept().await.unwrap().0).await.unwrap();
            while let Some(Ok(Message::Binary(message))) = socket.next().await {
                let frame = Frame::decode(&message).unwrap();
                match Request::read(&frame).unwrap() {
                    Request::Begin { .. } => stored.clear(),
                    Request::Data { bytes, .. } => stored.extend_from_slice(bytes),
                    _ => {}
                }
                match answer(frame.kind) {
                    Some(bytes) if bytes.is_empty() => break,
                    Some(bytes) => socket.send(Message::binary(bytes)).await.unwrap(),
                    None => {}
                }
            }
        }
        stored
    };
    (at, serve)
}

fn frame(dialect: Dialect, kind: u8, value: &[u8]) -> Vec<u8> {
    let mut buf = [0; 64];
    let len = Frame { dialect, kind, value }.encode(&mut buf).unwrap();
    buf[..len].to_vec()
}

/// PATTERN-24
#[tokio::test]
async fn a_device_that_acknowledges_only_the_end_is_uploaded_to() {
    let file = file(10_000);
    // Its answers may be in either dialect.
    for dialect in [Dialect::Checked, Dialect::Plain] {
        let (at, serve) = device(|kind| (kind == 0x12).then(|| frame(dialect, 0x30, &[0])), 1).await;
        let upload = async {
            let begin_limit = Duration::from_millis(20);
            let mut client = Client::connect(&Target { begin_limit, ..Target::new(at.to_string()) }).await.unwrap();
            client.put("a", &file, |_| {}).await.unwrap();
            client.close().await;
        };
        let (stored, ()) = tokio::join!(serve, upload);
        assert_eq!(stored, file);
    }
}

/// PATTERN-24
#[tokio::test]
async fn the_errors_of_an_older_device_end_an_upload() {
    for (kind, code, error) in [(0x11, 4, OlderError::Full), (0x12, 2, OlderError::Crc)] {
        let (at, serve) = device(|asked| (asked == kind).then(|| frame(Dialect::Checked, 0xff, &[code])), 1).await;
        let upload = async {
            let begin_limit = Duration::from_millis(20);
            let mut client = Client::connect(&Target { begin_limit, ..Target::new(at.to_string()) }).await.unwrap();
            client.put("a", &file(10_000), |_| {}).await.unwrap_err()
        };
        let (_, found) = tokio::join!(serve, upload);
        assert!(matches!(found, ClientError::RefusedByOlder(found) if found == error), "{found}");
        assert_eq!(found.is_passing(), error == OlderError::Crc);
    }
}

/// PATTERN-24
#[tokio::test]
async fn a_store_that_is_slow_to_acknowledge_is_not_taken_for_done_too_early() {
    // Everything is answered after the end: begin and three chunks were taken, the end is refused.
    let mut asked = 0;
    let answer = |kind| {
        asked += 1;
        (kind == 0x12).then(|| frame(Dialect::Checked, 0x30, &[0]))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let serve = async {
        let mut answer = answer;
        let mut socket = accept_async(listener.accept().await.unwrap().0).await.unwrap();
        while let Some(Ok(Message::Binary(message))) = socket.next().await {
            let Some(done) = answer(Frame::decode(&message).unwrap().kind) else { continue };
            for _ in 0..4 {
                socket.send(Message::binary(done.clone())).await.unwrap();
            }
            socket.send(Message::binary(frame(Dialect::Checked, 0x40, &[4]))).await.unwrap();
        }
    };
    let upload = async {
        let begin_limit = Duration::from_millis(20);
        let mut client = Client::connect(&Target { begin_limit, ..Target::new(at.to_string()) }).await.unwrap();
        client.put("a", &file(3_000), |_| {}).await.unwrap_err()
    };
    let ((), error) = tokio::join!(serve, upload);
    assert!(matches!(error, ClientError::Refused { code: ErrorCode::StorageFull, .. }), "{error}");
    assert_eq!(asked, 5);
}

/// PATTERN-25
#[tokio::test]
#[expect(clippy::result_large_err, reason = "the library decides what a refused handshake is")]
async fn a_key_goes_with_the_request_for_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target { key: Some("secret".into()), ..Target::new(listener.local_addr().unwrap().to_string()) };
    let mut shown = Vec::new();
    let serve = async {
        for _ in 0..2 {
            let (stream, _) = listener.accept().await.unwrap();
            let look = |request: &server::Request, response: server::Response| {
                shown.push(request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned()));
                Ok(response)
            };
            accept_hdr_async(stream, look).await.unwrap();
        }
    };
    let connect = async {
        Client::connect(&target).await.unwrap();
        Client::connect(&Target { key: None, ..target.clone() }).await.unwrap();
    };
    tokio::join!(serve, connect);
    assert_eq!(shown, [Some("Bearer secret".to_owned()), None]);
    let unspeakable = Target { key: Some("two\nlines".into()), ..target };
    let (refused, _) = tokio::join!(Client::connect(&unspeakable), listener.accept());
    assert!(matches!(refused, Err(ClientError::Request(_))));
}

/// PATTERN-23
#[tokio::test]
async fn an_upload_that_breaks_off_starts_again_from_its_beginning() {
    let file = file(10_000);
    let (mut chunks, mut breaks) = (0, 0);
    let answer = |kind| {
        chunks += usize::from(kind == 0x11);
        let is_broken = kind == 0x11 && chunks % 5 == 0 && breaks < 3;
        breaks += usize::from(is_broken);
        // Nothing at all: the device hangs up.
        Some(if is_broken { vec![] } else { frame(Dialect::Checked, 0x30, &[0]) })
    };
    let (at, serve) = device(answer, 4).await;
    let mut attempts = Vec::new();
    let upload = async {
        let backoff = Backoff::between(Duration::from_millis(1), Duration::from_millis(2), 1);
        client::put(
            &Target::new(at.to_string()),
            "a",
            &file,
            backoff,
            |_| {},
            |retry| {
                assert!(retry.error.is_passing(), "{}", retry.error);
                attempts.push(retry.attempts);
                true
            },
        )
        .await
    };
    let (stored, outcome) = tokio::join!(serve, upload);
    outcome.unwrap();
    assert_eq!(stored, file);
    assert_eq!(attempts, [1, 2, 3]);
}

#[tokio::test]
async fn nobody_there_says_so_and_is_tried_again_as_long_as_wanted() {
    let at = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let backoff = Backoff::between(Duration::from_millis(1), Duration::from_millis(2), 1);
    let mut attempts = 0;
    let error = client::put(
        &Target::new(at.to_string()),
        "a",
        b"1",
        backoff,
        |_| {},
        |retry| {
            attempts = retry.attempts;
            retry.attempts < 3
        },
    )
    .await
    .unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }) && error.to_string().contains(&at.to_string()), "{error}");
    assert_eq!(attempts, 3);
}
