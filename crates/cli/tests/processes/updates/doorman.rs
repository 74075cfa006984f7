//! A hub of a few lines: it welcomes one node, tells it what is armed, offers it images, and hears what becomes of them.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use cuelight_update::manifest::Manifest;
use serde_json::{Value, json};

use super::server::Server;
use crate::support::{HERE, Heard, SOON, Socket, until};

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

/// Who stands at the door.
pub(super) struct Doorman {
    listener: TcpListener,
    pub(super) at: SocketAddr,
}

/// A node that came in.
pub(super) struct Guest {
    socket: Socket,
    pub(super) hello: Value,
    armed: Option<String>,
}

impl Doorman {
    pub(super) fn open() -> Self {
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let at = listener.local_addr().unwrap();
        Self { listener, at }
    }

    /// Waits for the node, and welcomes it. While a show is armed it says which.
    pub(super) fn admit(&self, armed: Option<&str>) -> Guest {
        let (mut socket, hello) = until("the node comes", 3 * SOON, || {
            let (stream, _) = self.listener.accept().ok()?;
            stream.set_nonblocking(false).unwrap();
            // Who asks for patterns is sent away.
            let mut socket = Socket::accepted(stream)?;
            match socket.hear(SOON)? {
                Heard::Message(hello) => Some((socket, hello)),
                _ => None,
            }
        });
        socket.send(&json!({
            "t": "welcome", "proto": 1, "nodeId": 7, "token": TOKEN, "udpPort": 49152, "hubEpoch_us": 5_000_000,
            "tsPort": 9, "ext": ["full-state", "ns-exchange", "show-lock", "ota-stop"], "bootId": 1,
        }));
        let mut guest = Guest { socket, hello, armed: None };
        guest.arm(armed);
        guest
    }
}

impl Guest {
    /// Tells it which show is armed.
    pub(super) fn arm(&mut self, show: Option<&str>) {
        self.armed = show.map(str::to_owned);
        self.socket.send(&json!({"t": "show_lock", "nodeId": 7, "token": TOKEN, "show": show}));
    }

    /// Offers it what a server has.
    pub(super) fn offer(&mut self, server: &Server, manifest: &Manifest, in_spite_of: Option<&str>) {
        let mut offer = json!({
            "t": "ota_update", "nodeId": 7, "token": TOKEN, "version": manifest.version.to_string(),
            "url": server.url(), "sha256": manifest.sha256.to_string(), "size": manifest.size,
        });
        if let Some(show) = in_spite_of {
            offer["inSpiteOf"] = json!(show);
        }
        self.socket.send(&offer);
    }

    /// Tells it to leave an update off.
    pub(super) fn stop_update(&mut self, manifest: &Manifest) {
        let sha256 = manifest.sha256.to_string();
        self.socket.send(&json!({"t": "ota_stop", "nodeId": 7, "token": TOKEN, "sha256": sha256}));
    }

    /// The next thing it says, with a word in return, so that the hub is not silent; nothing when it is gone.
    fn hear(&mut self, limit: Duration) -> Option<Value> {
        match self.socket.hear(limit)? {
            Heard::Message(message) => {
                self.arm(self.armed.clone().as_deref());
                Some(message)
            }
            Heard::Closed(..) | Heard::Broken => None,
        }
    }
    /// What it says of its update next, progress aside.
    pub(super) fn told(&mut self, limit: Duration) -> Value {
        until("the node says how its update is", limit, || {
            let message = self.hear(limit).expect("the node is here");
            (message["t"] == "ota_status" && message["state"] != "downloading").then_some(message)
        })
    }
    /// Why its update failed.
    pub(super) fn refusal(&mut self) -> String {
        let told = self.told(3 * SOON);
        assert_eq!(told["state"], "failed", "{told}");
        told["error"].as_str().unwrap().to_owned()
    }
    /// Waits until it has said that it restarts, and is gone.
    pub(super) fn see_off(mut self) {
        let states: Vec<Value> = std::iter::repeat_with(|| self.told(6 * SOON)).take(3).collect();
        let states: Vec<&str> = states.iter().map(|told| told["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["verifying", "applying", "rebooting"]);
        self.wait_until_gone();
    }
    pub(super) fn wait_until_gone(&mut self) {
        until("the node is gone", SOON, || self.hear(SOON).is_none().then_some(()));
    }
    /// Goes on for so many keepalives, which come once a second.
    pub(super) fn chat(&mut self, keepalives: usize) {
        let mut heard = 0;
        until("keepalives", 3 * SOON, || {
            heard += usize::from(self.hear(SOON).expect("the node is here")["t"] == "ka");
            (heard >= keepalives).then_some(())
        });
    }
}
