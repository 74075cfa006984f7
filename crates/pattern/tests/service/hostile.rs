//! Requests of browsers and of who does not mean well.

use std::net::SocketAddr;

use cuelight_wire::tlv::Dialect;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Server;

/// The status line that answers a request with these lines in its head.
async fn status(at: SocketAddr, path: &str, lines: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\n{lines}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer.to_vec()).unwrap()
}

/// PATTERN-22
#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let server = Server::start();
    let (at, port) = (server.at, server.at.port());
    for (host, origin, expected) in [
        (format!("127.0.0.1:{port}"), None, "101"),
        (format!("localhost:{port}"), Some(format!("http://localhost:{port}")), "101"),
        (format!("node.local:{port}"), Some(format!("http://node.local:{port}")), "101"),
        (format!("127.0.0.1:{port}"), Some("http://evil.example".to_owned()), "403"),
        (format!("evil.example:{port}"), Some(format!("http://evil.example:{port}")), "403"),
        (format!("evil.example:{port}"), None, "403"),
    ] {
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let lines = format!("Host: {host}\r\n{origin}");
        assert_eq!(status(at, "/ws", &lines).await, format!("HTTP/1.1 {expected}"), "{lines}");
    }
    assert_eq!(status(at, "/", &format!("Host: {at}\r\n")).await, "HTTP/1.1 404");
}

#[tokio::test]
async fn what_is_no_request_does_no_harm() {
    let server = Server::start();
    for bytes in [&b"\0\0\0\0"[..], b"GET / HTTP/1.1\r\n\r\n", b"\x82\x85\0\0\0\0hello", &[b'a'; 100_000]] {
        let mut stream = TcpStream::connect(server.at).await.unwrap();
        // The other side may hang up in the middle.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
    // More connections that want nothing than there is room for clients.
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(TcpStream::connect(server.at).await.unwrap());
    }
    assert_eq!(server.client(Dialect::Plain).await.list().await, []);
}
