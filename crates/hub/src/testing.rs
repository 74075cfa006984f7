//! A whole hub on loopback, and a node's end of a control connection, for tests.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use cuelight_net::carrier::Carrier;
use cuelight_net::ws::close_code;
use cuelight_trust::{KeyHash, NodeSecret, Trust};
use cuelight_wire::control::Refusal;
use cuelight_wire::prism::{Header, Motion, PrismWriter, Rate, max_len};
use cuelight_wire::scene::Rgb;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tower::ServiceExt;

use crate::api;
use crate::error::HubError;
use crate::settings::HubSettings;
use crate::shared::Shared;
use crate::start::Hub;

pub(crate) const LOCAL: &str = "127.0.0.1:50000";
pub(crate) const REMOTE: &str = "192.168.4.7:50000";

/// A pattern of 4 LEDs and 48 frames at 24 frames a second.
pub(crate) fn pattern() -> Vec<u8> {
    let rate = Rate::from_field(24).unwrap();
    let header = Header { leds: 4, frames: 48, rate, color_format: 1, compression: 0, motion: Motion::NONE };
    let mut file = vec![0; max_len(&header, 2)];
    let mut writer = PrismWriter::new(header, &[Rgb::BLACK, Rgb::new(9, 8, 7)], &mut file).unwrap();
    (0..48_u8).for_each(|n| writer.frame(&[n % 2, 0, 1, 0], None).unwrap());
    let len = writer.finish().unwrap();
    file.truncate(len);
    file
}

/// A running hub.
pub(crate) struct TestHub {
    pub(crate) shared: Shared,
    pub(crate) router: Router,
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), HubError>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()
    }
    /// The detail of a problem document with this status.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().unwrap().starts_with("/problems/") && problem["title"].is_string());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn settings(folder: &TempDir) -> HubSettings {
    HubSettings {
        bind: [127, 0, 0, 1].into(),
        port: 0,
        ts_port: 0,
        mdns: false,
        realtime: false,
        max_nodes: 8,
        trust_this_machine: true,
        ..HubSettings::new(folder.path().to_owned())
    }
}

impl TestHub {
    pub(crate) async fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap()).await
    }
    /// A hub on a folder that may hold a show.
    pub(crate) async fn on(folder: TempDir) -> Self {
        let settings = settings(&folder);
        Self::with(folder, settings).await
    }
    /// A hub that trusts nobody, as it is delivered.
    pub(crate) async fn guarded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = HubSettings { trust_this_machine: false, ..settings(&folder) };
        Self::with(folder, settings).await
    }
    pub(crate) async fn with(folder: TempDir, settings: HubSettings) -> Self {
        let hub = Hub::prepare(settings).unwrap();
        let (shared, address) = (hub.shared.clone(), hub.address());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(hub.serve(async {
            let _ = stopped.await;
        }));
        Self { router: api::router(shared.clone()), shared, address, folder, stop, task }
    }
    /// Stops it and gives its folder back.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
        self.folder
    }
    pub(crate) async fn request(&self, peer: &str, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Reply { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
    /// A request from another machine, with further headers and perhaps a body.
    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.request(REMOTE, request.unwrap()).await
    }
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.request(LOCAL, Request::get(path).body(Body::empty()).unwrap()).await
    }
    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        self.request(LOCAL, request.body(Body::from(body.to_string())).unwrap()).await
    }
    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, body).await
    }
    /// The status of an answer whose body may never end.
    pub(crate) async fn status(&self, method: Method, path: &str) -> StatusCode {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(LOCAL.parse::<SocketAddr>().unwrap()));
        self.router.clone().oneshot(request).await.unwrap().status()
    }
    pub(crate) async fn put_group(&self, name: &str, members: &[&str]) {
        let path = format!("/api/v1/groups/{name}");
        self.send(Method::PUT, &path, json!({ "members": members })).await.ok();
    }
    /// Waits until the hub shows something.
    pub(crate) async fn until(&self, path: &str, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let shown = self.get(path).await.ok();
            if is(&shown) {
                return shown;
            }
            tokio::task::yield_now().await;
        }
    }
    /// Has a snapshot made: whoever has an answer finds its effect, and that of everything before it.
    pub(crate) async fn refresh(&self) {
        self.post("/api/v1/blackout", json!({"on": false})).await.ok();
    }
    pub(crate) async fn scene(&self) -> Value {
        self.get("/api/v1/scene").await.ok()
    }
    pub(crate) async fn connect(&self) -> TestNode {
        self.connect_with(format!("ws://{}/ws", self.address).into_client_request().unwrap()).await
    }
    pub(crate) async fn connect_with(&self, request: Request<()>) -> TestNode {
        let stream = TcpStream::connect(self.address).await.unwrap();
        TestNode { socket: tokio_tungstenite::client_async(request, Carrier::Plain(stream)).await.unwrap().0 }
    }
    /// A connection over TLS that shows the key of a node; with what the hub keeps of it.
    pub(crate) async fn connect_as(&self, secret: &NodeSecret) -> (TestNode, KeyHash) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (address, trust) = (self.address.to_string(), Trust::nobody_yet());
        let (carrier, authority) = Carrier::secure(stream, &address, &trust).await.unwrap();
        let key = secret.key(authority.unwrap());
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        let shown = format!("Bearer {}", key.revealed()).parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, shown);
        (TestNode { socket: tokio_tungstenite::client_async(request, carrier).await.unwrap().0 }, key.hash())
    }
    /// A node that has said hello and been welcomed; with its welcome.
    pub(crate) async fn join(&self, mac: &str) -> (TestNode, Value) {
        let mut node = self.connect().await;
        node.say(hello(mac)).await;
        let welcome = node.hear("welcome").await;
        (node, welcome)
    }
}

pub(crate) fn hello(mac: &str) -> Value {
    json!({"t": "hello", "proto": 1, "mac": mac, "fw": "k1-v2.8.0",
        "caps": {"udp": true, "ota": false, "clock": true}, "topo": {"leds": 320, "channels": 2}})
}

/// A node's end of a control connection.
pub(crate) struct TestNode {
    socket: WebSocketStream<Carrier>,
}

impl TestNode {
    pub(crate) async fn say(&mut self, message: Value) {
        self.say_text(message.to_string()).await;
    }
    pub(crate) async fn say_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }
    pub(crate) async fn frame(&mut self, frame: Message) -> Result<(), Error> {
        self.socket.send(frame).await
    }
    /// The next message of this type; others are passed over.
    pub(crate) async fn hear(&mut self, kind: &str) -> Value {
        loop {
            let Message::Text(text) = self.socket.next().await.expect("the connection is open").unwrap() else {
                continue;
            };
            let message: Value = serde_json::from_str(text.as_str()).unwrap();
            if message["t"] == kind || message["type"] == kind {
                return message;
            }
        }
    }
    /// Waits for the end of the connection, which must have this reason.
    pub(crate) async fn ends(mut self, refusal: Refusal) {
        loop {
            match self.socket.next().await.expect("a close frame comes before the end") {
                Ok(Message::Close(Some(frame))) => {
                    assert_eq!(frame.reason.as_str(), refusal.to_string());
                    assert_eq!(u16::from(frame.code), close_code(refusal));
                    return;
                }
                Ok(_) => {}
                Err(error) => panic!("no reason: {error}"),
            }
        }
    }
}
