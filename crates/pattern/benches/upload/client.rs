//! The clients of the rows.

use std::net::SocketAddr;
use std::time::Instant;

use cuelight_wire::tlv::{self, Answer, Declared, Dialect, Frame, Request};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::figures::{Latencies, Spent, Watch};

/// A connection to a server.
pub(crate) struct Connection {
    socket: WebSocketStream<TcpStream>,
    dialect: Dialect,
}

impl Connection {
    pub(crate) async fn open(at: SocketAddr, dialect: Dialect) -> Self {
        let stream = TcpStream::connect(at).await.expect("the server is there");
        stream.set_nodelay(true).expect("a socket");
        let config = WebSocketConfig::default()
            .read_buffer_size(tlv::RECEIVE_BUFFER)
            .write_buffer_size(16 * 1024)
            .max_write_buffer_size(64 * 1024);
        let url = format!("ws://{at}/ws");
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await.expect("a WebSocket");
        Self { socket, dialect }
    }

    pub(crate) async fn begin(&mut self, file: &[u8]) {
        let declared = Declared { size: file.len() as u32, crc32: crc32fast::hash(file) };
        self.feed(Request::Begin { name: b"bench", declared: Some(declared) }).await;
        self.flush().await;
        if self.dialect == Dialect::Checked {
            self.done().await;
        }
    }

    /// Every chunk waits for its answer.
    pub(crate) async fn one_at_a_time(&mut self, bytes: &[u8], chunk: usize, latencies: &mut Latencies) -> Spent {
        let watch = Watch::start();
        for (number, bytes) in bytes.chunks(chunk).enumerate() {
            let sent = Instant::now();
            self.feed(Request::Data { offset: Some((number * chunk) as u32), bytes }).await;
            self.flush().await;
            self.done().await;
            latencies.add(sent.elapsed());
        }
        watch.spent()
    }

    /// A number of chunks is under way; `from` is where the bytes begin in the file.
    pub(crate) async fn pipelined(&mut self, bytes: &[u8], from: usize, chunk: usize, window: usize) -> Spent {
        let watch = Watch::start();
        let mut under_way = 0;
        for (number, bytes) in bytes.chunks(chunk).enumerate() {
            self.feed(Request::Data { offset: Some((from + number * chunk) as u32), bytes }).await;
            under_way += 1;
            if under_way == window {
                self.flush().await;
                while under_way > window / 2 {
                    self.done().await;
                    under_way -= 1;
                }
            }
        }
        self.flush().await;
        for _ in 0..under_way {
            self.done().await;
        }
        watch.spent()
    }

    /// Nothing is answered until all of it has been taken, which the answer to LIST tells.
    pub(crate) async fn unanswered(&mut self, bytes: &[u8], chunk: usize) -> Spent {
        let watch = Watch::start();
        for bytes in bytes.chunks(chunk) {
            self.feed(Request::Data { offset: None, bytes }).await;
        }
        self.feed(Request::List).await;
        self.flush().await;
        self.done().await;
        watch.spent()
    }

    /// As [`Self::one_at_a_time`], of a bare echo.
    pub(crate) async fn echoed_one_at_a_time(&mut self, bytes: &[u8], chunk: usize, waits: &mut Latencies) -> Spent {
        let watch = Watch::start();
        for (number, bytes) in bytes.chunks(chunk).enumerate() {
            let sent = Instant::now();
            self.feed(Request::Data { offset: Some((number * chunk) as u32), bytes }).await;
            self.flush().await;
            self.socket.next().await.expect("it comes back").expect("it comes back");
            waits.add(sent.elapsed());
        }
        watch.spent()
    }

    /// The same frames, each of which comes back.
    pub(crate) async fn echoed(&mut self, bytes: &[u8], chunk: usize) -> Spent {
        let watch = Watch::start();
        let (mut sink, mut stream) = (&mut self.socket).split();
        let count = bytes.chunks(chunk).count();
        let send = async {
            let mut frame = [0; tlv::RECEIVE_BUFFER];
            for bytes in bytes.chunks(chunk) {
                let request = Request::Data { offset: None, bytes };
                let len = request.write(Dialect::Plain, &mut frame).expect("it fits");
                sink.feed(Message::Binary(Bytes::copy_from_slice(&frame[..len]))).await.expect("it is sent");
            }
            sink.flush().await.expect("it is sent");
        };
        let receive = async {
            for _ in 0..count {
                stream.next().await.expect("it comes back").expect("it comes back");
            }
        };
        tokio::join!(send, receive);
        watch.spent()
    }

    /// The end, until it is stored.
    pub(crate) async fn end(&mut self) -> Spent {
        let watch = Watch::start();
        self.feed(Request::End).await;
        self.flush().await;
        self.done().await;
        watch.spent()
    }

    async fn feed(&mut self, request: Request<'_>) {
        let mut frame = [0; tlv::RECEIVE_BUFFER];
        let len = request.write(self.dialect, &mut frame).expect("it fits");
        self.socket.feed(Message::Binary(Bytes::copy_from_slice(&frame[..len]))).await.expect("it is sent");
    }

    async fn flush(&mut self) {
        self.socket.flush().await.expect("it is sent");
    }

    async fn done(&mut self) {
        loop {
            if let Message::Binary(message) = self.socket.next().await.expect("an answer").expect("an answer") {
                let answer = Answer::read(&Frame::decode(&message).expect("a frame")).expect("an answer");
                assert!(matches!(answer, Answer::Status { code: 0, .. }), "{answer:?}");
                return;
            }
        }
    }
}
