//! The few calls a measured show makes to its hub.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ureq::http::request::Builder;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// A hub that takes longer is not well. Commands are answered within one tick, 10 ms.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a call can come to besides its answer.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Nobody answers.
    #[error("no hub answers at {at}: {why}")]
    Unreachable {
        /// Where.
        at: SocketAddr,
        /// Why, as the system puts it.
        why: String,
    },
    /// The hub refuses the call.
    #[error("the hub at {at} refuses {path} ({status}): {text}")]
    Refused {
        /// Where.
        at: SocketAddr,
        /// What was called.
        path: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
    /// The answer is not what was expected.
    #[error("what {at} answers to {path} is not what was expected: {source}")]
    Strange {
        /// Where.
        at: SocketAddr,
        /// What was called.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// The control calls of one hub.
#[derive(Clone, Debug)]
pub struct HubApi {
    agent: Agent,
    hub: SocketAddr,
    key_file: Option<PathBuf>,
}

/// What is looked at of `GET /api/v1/show`.
#[derive(Clone, Debug, Deserialize)]
pub struct Show {
    /// Show time, microseconds.
    pub show_us: i64,
    /// The beat.
    pub tempo: Tempo,
    /// The level above everything.
    pub master: Master,
    /// The scene of the whole show.
    pub scene: Scene,
    /// Who is in the show.
    pub nodes: Vec<Node>,
    /// How the ticks go.
    pub tick: Tick,
}

/// The beat of a show.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Tempo {
    /// Beats a minute.
    pub bpm: f64,
    /// Beats since beat 0, a downbeat.
    pub beat: f64,
    /// Beats in a bar.
    pub beats_per_bar: u8,
}

/// The level above everything.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Master {
    /// 255 is full.
    pub level: u8,
    /// Whether all is dark.
    pub blackout: bool,
}

/// A scene, by its names.
#[derive(Clone, Debug, Deserialize)]
pub struct Scene {
    /// Name of the effect.
    pub effect: String,
    /// Name of the palette.
    pub palette: String,
}

/// One node as its hub sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// Its identity.
    pub mac: String,
    /// `pending`, `authed`, `ready`, `degraded`, `lost` or `offline`.
    pub state: String,
    /// Why it is degraded, when it is.
    pub degraded: Option<String>,
    /// Whether its clock can be scheduled on.
    pub lock: bool,
    /// Its own estimate of its clock's error.
    pub sigma_ns: i64,
    /// The bound it gives for that error.
    pub bound_ns: i64,
    /// 99th percentile of its output's lateness, by its own word.
    pub late_ns_p99: i64,
    /// Its loss, percent.
    pub loss_pct: f32,
    /// Frames a second.
    pub fps: f32,
}

impl Node {
    /// Whether it takes the stream and its clock can be scheduled on.
    pub fn is_ready(&self) -> bool {
        self.state == "ready" && self.lock
    }
    /// Whether it takes the stream, well or badly, and its clock can be scheduled on.
    pub fn is_playing(&self) -> bool {
        matches!(self.state.as_str(), "ready" | "degraded") && self.lock
    }
}

/// How the ticks of a hub go.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Tick {
    /// Ticks since the start.
    pub count: u64,
    /// Ticks a second.
    pub hz: f64,
    /// Ticks that took too long.
    pub overruns: u64,
    /// Ticks left out.
    pub missed: u64,
    /// What a tick costs, microseconds.
    pub cost_us_p50: f64,
    /// The same, 99th percentile.
    pub cost_us_p99: f64,
    /// The same, at most.
    pub cost_us_max: f64,
}

/// The answer to a command.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Answer {
    /// The number of the change.
    pub rev: u32,
    /// Show time from which it holds.
    pub apply_at_us: i64,
}

impl HubApi {
    /// The calls of the hub at an address; connects to nothing yet.
    pub fn new(hub: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("cuelight-measure/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), hub, key_file: None }
    }

    /// The same, with the operator key that the hub keeps in this file: as from another machine.
    pub fn with_key_file(self, key_file: PathBuf) -> Self {
        Self { key_file: Some(key_file), ..self }
    }

    /// Whether the hub answers and says that it is well.
    pub fn is_up(&self) -> bool {
        self.ask::<Value>("GET", "/health", None).is_ok()
    }

    /// Everything about the show.
    ///
    /// # Errors
    /// [`HubError`].
    pub fn show(&self) -> Result<Show, HubError> {
        self.get("/api/v1/show")
    }

    /// What is at a path.
    ///
    /// # Errors
    /// [`HubError`].
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, HubError> {
        self.ask("GET", path, None)
    }

    /// A command: posts `body` to the path below `/api/v1/`.
    ///
    /// # Errors
    /// [`HubError`].
    pub fn command(&self, path: &str, body: Value) -> Result<Answer, HubError> {
        self.ask("POST", &format!("/api/v1/{path}"), Some(body))
    }

    /// Loads a show file. It is played from the instant of the answer on, each list from its first GO.
    ///
    /// # Errors
    /// [`HubError`].
    pub fn load_show(&self, text: &str) -> Result<Answer, HubError> {
        const PATH: &str = "/api/v1/show/file";
        let request = self.request("PUT", PATH).header("Content-Type", "application/toml");
        let sent = request.body(text.to_owned()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request));
        self.answer(PATH, sent)
    }

    fn ask<T: DeserializeOwned>(&self, method: &str, path: &str, body: Option<Value>) -> Result<T, HubError> {
        self.answer(path, self.send(method, path, body.as_ref()))
    }

    fn answer<T: DeserializeOwned>(
        &self,
        path: &str,
        answered: Result<Response<Body>, ureq::Error>,
    ) -> Result<T, HubError> {
        let unreachable = |error: ureq::Error| HubError::Unreachable { at: self.hub, why: error.to_string() };
        let response = answered.map_err(unreachable)?;
        let status = response.status();
        let text = response.into_body().read_to_string().map_err(unreachable)?;
        if !status.is_success() {
            return Err(HubError::Refused { at: self.hub, path: path.to_owned(), status: status.as_u16(), text });
        }
        let strange = |source| HubError::Strange { at: self.hub, path: path.to_owned(), source };
        serde_json::from_str(&text).map_err(strange)
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Response<Body>, ureq::Error> {
        let request = self.request(method, path);
        match body {
            Some(body) => self.agent.run(request.header("Content-Type", "application/json").body(body.to_string())?),
            None => self.agent.run(request.body(())?),
        }
    }

    fn request(&self, method: &str, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(format!("http://{}{path}", self.hub));
        // Read for each call: a hub writes its key when it first starts.
        match self.key_file.as_ref().and_then(|file| fs::read_to_string(file).ok()) {
            Some(key) => request.header("Authorization", format!("Bearer {}", key.trim())),
            None => request,
        }
    }
}
