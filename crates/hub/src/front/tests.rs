//! The front with a router of its own and real sockets. Time is paused: it moves on when nothing else can.

use axum::routing::get;
use cuelight_trust::Trust;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::*;

async fn front(limits: Limits) -> (SocketAddr, watch::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(());
    let router =
        Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }));
    (address, stop, tokio::spawn(serve(listener, Behind { tls: acceptor(), router }, limits, stopped)))
}

/// For `localhost`.
fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![made.cert.der().clone()], key.into()).unwrap()))
}

async fn answer_on(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
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

/// TRUST-13
#[tokio::test]
async fn one_port_takes_tls_and_plain_text() {
    let (address, stop, task) = front(Limits::default()).await;
    let mut plain = TcpStream::connect(address).await.unwrap();
    assert!(answer_on(&mut plain).await.starts_with("HTTP/1.1 200"));
    let attempt = Trust::nobody_yet().begin();
    let stream = TcpStream::connect(address).await.unwrap();
    let own = stream.local_addr().unwrap().to_string();
    let name = "localhost".try_into().unwrap();
    let mut secured = TlsConnector::from(attempt.config()).connect(name, stream).await.unwrap();
    assert!(answer_on(&mut secured).await.ends_with(&own));
    drop((plain, secured, stop));
    task.await.unwrap();
}

/// HUB-6, TRUST-13
#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_go_on_is_let_go() {
    let (address, stop, task) = front(Limits::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[TLS_RECORD, 3, 1, 2, 0]).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty() && began.elapsed() < HEAD_TIMEOUT + 2 * HANDSHAKE_TIMEOUT, "{:?}", began.elapsed());
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
        // At most one for the first byte and one for the rest.
        assert!(began.elapsed() < 3 * HEAD_TIMEOUT, "{:?}", began.elapsed());
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
