//! A service on a port of its own, and clients by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cuelight_pattern::service::{Listener, Orders, Service, Settings};
use cuelight_pattern::store::{Limits, Store};
use cuelight_wire::tlv::{Answer, Declared, Dialect, ErrorCode, Frame, Listing, MAX_FRAME, Request};
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Far above what anything takes, so that a test that would hang fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A running service.
pub(crate) struct Server {
    pub(crate) service: Service,
    pub(crate) store: Store,
    pub(crate) orders: Orders,
    pub(crate) at: SocketAddr,
    pub(crate) folder: TempDir,
    _stop: watch::Sender<()>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default(), Settings::default())
    }
    pub(crate) fn with(limits: Limits, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), limits).unwrap();
        let (service, orders) = Service::start(store.clone(), settings).unwrap();
        let listener = Listener::open("127.0.0.1:0".parse().unwrap(), Arc::from("node.local")).unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(());
        tokio::spawn(listener.serve(service.clone(), stopped));
        Self { service, store, orders, at, folder, _stop: stop }
    }
    pub(crate) fn names(&self) -> Vec<String> {
        self.store.listing().patterns.iter().map(|entry| entry.name.to_string()).collect()
    }
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        self.store.read_named(&name.parse().unwrap()).unwrap().1
    }
    /// Files in the folder beside the lock.
    pub(crate) fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count() - 1
    }
    pub(crate) async fn client(&self, dialect: Dialect) -> Client {
        let stream = TcpStream::connect(self.at).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(format!("ws://{}/ws", self.at), stream).await.unwrap();
        Client { socket, dialect }
    }
}

/// A client by hand.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) dialect: Dialect,
}

/// What a client heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Done(Vec<u8>),
    Error(ErrorCode, String),
    Closed(u16, String),
    Broken,
}

impl Client {
    pub(crate) async fn say(&mut self, request: Request<'_>) {
        let mut frame = vec![0; MAX_FRAME];
        let len = request.write(self.dialect, &mut frame).unwrap();
        self.raw(&frame[..len]).await;
    }
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.message(Message::binary(bytes.to_vec())).await.unwrap();
    }
    pub(crate) async fn message(&mut self, message: Message) -> Result<(), Error> {
        self.socket.send(message).await
    }
    pub(crate) async fn hear(&mut self) -> Heard {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => {
                        let frame = Frame::decode(&bytes).unwrap();
                        assert_eq!(frame.dialect, self.dialect);
                        return match Answer::read(&frame).unwrap() {
                            Answer::Status { code: 0, rest } => Heard::Done(rest.to_vec()),
                            Answer::Error { code, text } => {
                                Heard::Error(code, String::from_utf8(text.to_vec()).unwrap())
                            }
                            other => panic!("{other:?}"),
                        };
                    }
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return Heard::Closed(frame.code.into(), frame.reason.to_string());
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::Broken,
                }
            }
        };
        tokio::time::timeout(LIMIT, next).await.expect("something is heard")
    }
    pub(crate) async fn ask(&mut self, request: Request<'_>) -> Heard {
        self.say(request).await;
        self.hear().await
    }
    #[track_caller]
    pub(crate) fn begin<'a>(name: &'a str, file: &[u8]) -> Request<'a> {
        let declared = Declared { size: file.len() as u32, crc32: crc32fast::hash(file) };
        Request::Begin { name: name.as_bytes(), declared: Some(declared) }
    }
    /// Uploads without reading any answer.
    pub(crate) async fn push(&mut self, name: &str, file: &[u8], chunk: usize) {
        self.say(Self::begin(name, file)).await;
        let mut offset = 0;
        for bytes in file.chunks(chunk) {
            self.say(Request::Data { offset: Some(offset), bytes }).await;
            offset += bytes.len() as u32;
        }
        self.say(Request::End).await;
    }
    /// Names and sizes, as a client sees them.
    pub(crate) async fn list(&mut self) -> Vec<(String, u32)> {
        self.say(Request::List).await;
        let mut patterns = Vec::new();
        loop {
            let Heard::Done(rest) = self.hear().await else { panic!("no listing") };
            let page = Listing::read(&rest).unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            patterns.extend(page.entries().map(|entry| (text(entry.name), entry.size)));
            if patterns.len() == usize::from(page.count) {
                return patterns;
            }
        }
    }
    /// An error of this kind is heard.
    pub(crate) async fn refused(&mut self, code: ErrorCode) -> String {
        match self.hear().await {
            Heard::Error(found, text) if found == code => text,
            other => panic!("{other:?} instead of {code}"),
        }
    }
}

/// Bytes that look like nothing else.
pub(crate) fn file(len: usize) -> Vec<u8> {
    let numbers = (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8);
    b"PRSM".iter().copied().chain(numbers).take(len).collect()
}

/// Looks again and again, letting everything else go on; a test that would hang fails. What was given up goes from the disk
/// after its answer, not before.
pub(crate) async fn until(is_true: impl Fn() -> bool) {
    for _ in 0..1_000_000 {
        if is_true() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it does not come true");
}
