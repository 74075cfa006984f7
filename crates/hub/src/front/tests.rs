//! The front with a router of its own and real sockets. Time is paused: it moves on when nothing else can.

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;

async fn front(limits: Limits) -> (SocketAddr, watch::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(());
    let router =
        Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }));
    (address, stop, tokio::spawn(serve(listener, router, limits, stopped)))
}

async fn answer_on(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut text = Vec::new();
    let is_whole = |text: &[u8]| text.windows(4).any(|end| end == b"\r\n\r\n") && !text.ends_with(b"\r\n\r\n");
    while !is_whole(&text) {
        let mut buffer = [0; 1024];
        let len = stream.read(&mut buffer).await.unwrap();
        assert!(len > 0, "closed after {:?}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..len]);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn requests_know_who_asks() {
    let (address, stop, task) = front(Limits::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let own = stream.local_addr().unwrap().to_string();
    for _ in 0..3 {
        assert!(answer_on(&mut stream).await.ends_with(&own));
    }
    drop(stop);
    task.await.unwrap();
}

/// HUB-6
#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_and_an_idle_connection_are_let_go() {
    let (address, stop, task) = front(Limits::default()).await;
    for begun in [&b"GET / HTTP/1.1\r\nHost: loc"[..], b""] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let began = tokio::time::Instant::now();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
        assert!(began.elapsed() < 2 * HEAD_TIMEOUT, "{:?}", began.elapsed());
    }
    drop(stop);
    task.await.unwrap();
}

/// HUB-6
#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let limits = Limits { room: 2, ..Limits::default() };
    let (address, stop, task) = front(limits).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    answer_on(&mut first).await;
    answer_on(&mut second).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    let turn = tokio::spawn(async move { answer_on(&mut third).await });
    answer_on(&mut first).await;
    assert!(!turn.is_finished());
    drop(first);
    turn.await.unwrap();
    drop((second, stop));
    task.await.unwrap();
}

/// HUB-5
#[test]
fn the_answer_to_one_connection_too_many_is_a_whole_problem_document() {
    let (head, body) = TOO_MANY.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{}", body.len());
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["status"], 503);
}

#[test]
fn open_files_are_raised_as_far_as_the_system_allows_and_never_lowered() {
    let now = allow_open_files(0).unwrap();
    assert!(now > 0);
    assert!(allow_open_files(now + 1).unwrap() >= now);
    assert!(allow_open_files(u64::MAX).unwrap() >= now);
}
