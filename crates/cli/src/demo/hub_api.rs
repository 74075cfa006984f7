//! The few calls a demo makes to its hub.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ctl::call::{Call, Method};
use crate::ctl::client::{Client, Target};

/// The control calls of one hub.
pub(crate) struct HubApi {
    client: Client,
}

/// What the demo looks at of `GET /api/v1/show`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Show {
    pub(crate) show_us: i64,
    pub(crate) tempo: Tempo,
    pub(crate) master: Master,
    pub(crate) scene: Scene,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tick: Tick,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Tempo {
    pub(crate) bpm: f64,
    /// Beats since beat 0, a downbeat.
    pub(crate) beat: f64,
    pub(crate) beats_per_bar: u8,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Master {
    pub(crate) level: u8,
    pub(crate) blackout: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scene {
    pub(crate) effect: String,
    pub(crate) palette: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) mac: String,
    pub(crate) state: String,
    /// Why it is degraded, when it is.
    pub(crate) degraded: Option<String>,
    pub(crate) lock: bool,
    pub(crate) sigma_ns: i64,
    pub(crate) bound_ns: i64,
    pub(crate) late_ns_p99: i64,
    pub(crate) loss_pct: f32,
    pub(crate) fps: f32,
}

impl Node {
    /// Whether it takes the stream and its clock can be scheduled on.
    pub(crate) fn is_ready(&self) -> bool {
        self.state == "ready" && self.lock
    }
    /// Whether it takes the stream, well or badly, and its clock can be scheduled on.
    pub(crate) fn is_playing(&self) -> bool {
        matches!(self.state.as_str(), "ready" | "degraded") && self.lock
    }
}

#[derive(Clone, Copy, Debug, Deserialize, serde::Serialize)]
pub(crate) struct Tick {
    pub(crate) count: u64,
    pub(crate) hz: f64,
    pub(crate) overruns: u64,
    pub(crate) missed: u64,
    pub(crate) cost_us_p50: f64,
    pub(crate) cost_us_p99: f64,
    pub(crate) cost_us_max: f64,
}

/// The answer to a command.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) rev: u32,
}

impl HubApi {
    pub(crate) fn new(hub: SocketAddr) -> Self {
        let address = hub.to_string().parse().expect("a socket address is a hub's address");
        Self { client: Client::new(&Target::at(address)) }
    }

    /// Whether the hub answers.
    pub(crate) fn is_up(&self) -> bool {
        self.client.ask(&Call::get("/health")).is_ok()
    }

    /// Everything about the show.
    pub(crate) fn show(&self) -> Result<Show> {
        read(self.client.ask(&Call::get("/api/v1/show"))?)
    }

    /// A command.
    pub(crate) fn command(&self, path: &str, body: Value) -> Result<Answer> {
        let call = Call { method: Method::Post, path: format!("/api/v1/{path}"), body: Some(body) };
        read(self.client.ask(&call)?)
    }
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T> {
    serde_json::from_value(answer).context("the hub's answer is not what was expected")
}
