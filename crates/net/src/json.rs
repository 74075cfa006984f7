//! The JSON text of control messages (`docs/protocol/20-control.md`).
//!
//! `t` or `type` names the type on reading, whichever is there (`t` when both are). On writing the show messages of
//! deployed hubs are named by `type`, everything else by `t` (CTRL-4). The name is read first and then the struct, so no
//! tagged enums are needed and the wire types stay free of allocation.
//!
//! Promises: no text makes a reader panic; unknown fields are passed over; an unknown type is told apart from a message
//! that is wrong, because the session goes on after it (CTRL-5).

use cuelight_wire::control::{ErrorMessage, HubMessage, Keepalive, NodeMessage, Refusal, Text};
use cuelight_wire::limits::MAX_CONTROL_MESSAGE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest message a hub reads, bytes.
pub const MAX_NODE_MESSAGE: usize = MAX_CONTROL_MESSAGE;
/// The longest message a Cuelight node reads, bytes: deployed nodes get 1024 at most, a full state in hex is longer.
pub const MAX_HUB_MESSAGE: usize = 2 * MAX_CONTROL_MESSAGE;

/// How much of a sender's own text an error repeats, characters.
const QUOTED: usize = 40;

/// Why a text is not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    /// Longer than the limit.
    #[error("a message of {len} bytes; at most {limit} are read")]
    Oversized {
        /// Bytes of the text.
        len: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Neither `t` nor `type`.
    #[error("the message names no type: it needs a field t")]
    NoType,
    /// A type that this side does not read. Not an error of the session.
    #[error("unknown type {0}")]
    UnknownType(String),
    /// Not JSON, or a field is missing or has the wrong form.
    #[error("{kind}: {problem}{}{field}", if field.is_empty() { "" } else { " at field " })]
    Malformed {
        /// The message's type, or `message` when it could not be read.
        kind: &'static str,
        /// The path of the field, as `topo.leds`; empty when the text is not JSON at all.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

impl BadMessage {
    /// The reason to end the session for, or `None` when it goes on.
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Oversized { .. } => Some(Refusal::Oversized),
            Self::NoType | Self::Malformed { .. } => Some(Refusal::Malformed),
            Self::UnknownType(_) => None,
        }
    }
    /// The message that tells the sender.
    pub fn to_error_message(&self) -> ErrorMessage {
        let code = self.refusal().map_or("unknown-type", Refusal::code);
        ErrorMessage { code: cut(code), message: cut(&self.to_string()) }
    }
}

/// As many characters of `text` as fit.
fn cut<const N: usize>(text: &str) -> Text<N> {
    let mut fitting = Text::new();
    for c in text.chars() {
        if fitting.push(c).is_err() {
            break;
        }
    }
    fitting
}

/// Reads what a node sent. `limit` in bytes, usually [`MAX_NODE_MESSAGE`].
///
/// # Errors
/// [`BadMessage`].
pub fn read_node_message(text: &str, limit: usize) -> Result<NodeMessage, BadMessage> {
    match type_of(text, limit)?.as_str() {
        "hello" => body("hello", text).map(NodeMessage::Hello),
        "ka" => body("ka", text).and_then(finite).map(NodeMessage::Keepalive),
        "ts_ping" => body("ts_ping", text).map(NodeMessage::TsPing),
        "ota_status" => body("ota_status", text).map(NodeMessage::OtaStatus),
        unknown => Err(unknown_type(unknown)),
    }
}

/// Reads what a hub sent. `limit` in bytes, usually [`MAX_HUB_MESSAGE`].
///
/// # Errors
/// [`BadMessage`].
pub fn read_hub_message(text: &str, limit: usize) -> Result<HubMessage, BadMessage> {
    match type_of(text, limit)?.as_str() {
        "welcome" => body("welcome", text).map(HubMessage::Welcome),
        "ts_pong" => body("ts_pong", text).map(HubMessage::TsPong),
        "ota_update" => body("ota_update", text).map(HubMessage::OtaUpdate),
        "state.snapshot" => body("state.snapshot", text).map(HubMessage::Snapshot),
        "effects.setCurrent" => body("effects.setCurrent", text).map(HubMessage::SetEffect),
        "parameters.set" => body("parameters.set", text).map(HubMessage::ParametersSet),
        "zones.update" => body("zones.update", text).map(HubMessage::ZoneUpdate),
        "state.full" => body("state.full", text).map(HubMessage::FullState),
        "error" => body("error", text).map(HubMessage::Error),
        unknown => Err(unknown_type(unknown)),
    }
}

/// The text of a node's message.
pub fn write_node_message(message: &NodeMessage) -> String {
    match message {
        NodeMessage::Hello(hello) => with_t("hello", hello),
        NodeMessage::Keepalive(keepalive) => with_t("ka", &without_infinities(keepalive)),
        NodeMessage::TsPing(ping) => with_t("ts_ping", ping),
        NodeMessage::OtaStatus(status) => with_t("ota_status", status),
    }
}

/// The text of a hub's message.
pub fn write_hub_message(message: &HubMessage) -> String {
    match message {
        HubMessage::Welcome(welcome) => with_t("welcome", welcome),
        HubMessage::TsPong(pong) => with_t("ts_pong", pong),
        HubMessage::OtaUpdate(update) => with_t("ota_update", update),
        HubMessage::Snapshot(snapshot) => with_type("state.snapshot", snapshot),
        HubMessage::SetEffect(effect) => with_type("effects.setCurrent", effect),
        HubMessage::ParametersSet(parameters) => with_type("parameters.set", parameters),
        HubMessage::ZoneUpdate(zone) => with_type("zones.update", zone),
        HubMessage::FullState(state) => with_t("state.full", state),
        HubMessage::Error(error) => with_t("error", error),
    }
}

#[derive(Deserialize)]
struct Head {
    t: Option<String>,
    r#type: Option<String>,
}

fn type_of(text: &str, limit: usize) -> Result<String, BadMessage> {
    if text.len() > limit {
        return Err(BadMessage::Oversized { len: text.len(), limit });
    }
    let head: Head = body("message", text)?;
    head.t.or(head.r#type).ok_or(BadMessage::NoType)
}

fn unknown_type(name: &str) -> BadMessage {
    BadMessage::UnknownType(name.chars().take(QUOTED).collect())
}

fn body<T: DeserializeOwned>(kind: &'static str, text: &str) -> Result<T, BadMessage> {
    serde_json::from_str(text).map_err(|error| diagnosed::<T>(kind, text, &error))
}

/// Names the field of a text that could not be read. Reads it once more, with the path, which good messages need not pay for.
fn diagnosed<T: DeserializeOwned>(kind: &'static str, text: &str, error: &serde_json::Error) -> BadMessage {
    let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(text)).err();
    let problem: String = error.to_string().chars().take(2 * QUOTED).collect();
    let mut path = located.map_or_else(String::new, |located| located.path().to_string());
    if path == "." {
        path.clear();
    }
    if let Some((name, _)) = problem.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        path = if path.is_empty() { name.into() } else { format!("{path}.{name}") };
    }
    BadMessage::Malformed { kind, field: path.chars().take(QUOTED).collect(), problem }
}

/// Refuses numbers too large for their field, which would be read as infinite.
fn finite(keepalive: Keepalive) -> Result<Keepalive, BadMessage> {
    let fields = [("loss_pct", keepalive.loss_pct), ("render_fps", keepalive.render_fps)];
    match fields.iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(keepalive),
        Some((field, _)) => {
            Err(BadMessage::Malformed { kind: "ka", field: (*field).into(), problem: "number out of range".into() })
        }
    }
}

/// JSON has no word for what is not a number.
fn without_infinities(keepalive: &Keepalive) -> Keepalive {
    let finite = |value: f32| if value.is_finite() { value } else { 0.0 };
    Keepalive { loss_pct: finite(keepalive.loss_pct), render_fps: finite(keepalive.render_fps), ..keepalive.clone() }
}

fn with_t<T: Serialize>(t: &'static str, body: &T) -> String {
    #[derive(Serialize)]
    struct Named<'a, T> {
        t: &'static str,
        #[serde(flatten)]
        body: &'a T,
    }
    text_of(&Named { t, body })
}

fn with_type<T: Serialize>(r#type: &'static str, body: &T) -> String {
    #[derive(Serialize)]
    struct Named<'a, T> {
        r#type: &'static str,
        #[serde(flatten)]
        body: &'a T,
    }
    text_of(&Named { r#type, body })
}

fn text_of<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("control messages are plain structs with text keys")
}
