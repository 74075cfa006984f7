//! The JSON text of control messages (`docs/protocol/20-control.md`).
//!
//! `t` or `type` names the type on reading, whichever is there (`t` when both are). On writing the show messages of
//! deployed hubs are named by `type`, everything else by `t` (CTRL-21). The name is read first and then the struct, so no
//! tagged enums are needed and the wire types stay free of allocation.
//!
//! Promises: no text makes a reader panic; unknown fields are passed over; an unknown type is told apart from a message
//! that is wrong, because the session goes on after it (CTRL-22).

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
        "ota_stop" => body("ota_stop", text).map(HubMessage::OtaStop),
        "restart" => body("restart", text).map(HubMessage::Restart),
        "show_lock" => body("show_lock", text).map(HubMessage::ShowLock),
        "universes" => body("universes", text).map(HubMessage::Universes),
        "geometry" => body("geometry", text).map(HubMessage::Geometry),
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
        HubMessage::OtaStop(stop) => with_t("ota_stop", stop),
        HubMessage::Restart(restart) => with_t("restart", restart),
        HubMessage::ShowLock(lock) => with_t("show_lock", lock),
        HubMessage::Universes(assigned) => with_t("universes", assigned),
        HubMessage::Geometry(laid_out) => with_t("geometry", laid_out),
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

#[cfg(test)]
mod tests {
    use cuelight_wire::caps::Ext;
    use cuelight_wire::control::{
        Assigned, Caps, CueReport, FullStateMessage, GlobalState, Hello, HexPayload, LaidOut, OtaState, OtaStatus,
        OtaStop, OtaUpdate, ParametersSet, Restart, SetEffect, ShowLock, Snapshot, SyncReport, Topo, TsPing, TsPong,
        Welcome, ZoneState, ZoneUpdate,
    };
    use cuelight_wire::ids::{Mac, NodeId, Token};
    use cuelight_wire::stream::full_state::MAX_LEN;
    use cuelight_wire::universes::UniverseRanges;
    use proptest::prelude::*;

    use super::*;

    fn from_node(text: &str) -> Result<NodeMessage, BadMessage> {
        read_node_message(text, MAX_NODE_MESSAGE)
    }
    fn from_hub(text: &str) -> Result<HubMessage, BadMessage> {
        read_hub_message(text, MAX_HUB_MESSAGE)
    }
    fn text<const N: usize>(text: &str) -> Text<N> {
        text.try_into().unwrap()
    }

    const HELLO: &str = r#"{"t":"hello","proto":1,"mac":"AA:BB:CC:DD:EE:FF","fw":"k1-v2.8.0",
        "caps":{"udp":true,"ota":true,"clock":true},"topo":{"leds":320,"channels":2}}"#;

    #[test]
    fn a_deployed_hello_announces_no_extension() {
        let hello = Hello {
            proto: 1,
            mac: Mac([0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]),
            fw: text("k1-v2.8.0"),
            caps: Caps { udp: true, ota: true, clock: true },
            topo: Topo { leds: 320, channels: 2 },
            udp_port: None,
            name: None,
            ext: Ext::NONE,
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            show: None,
        };
        assert_eq!(from_node(HELLO), Ok(NodeMessage::Hello(hello.clone())));
        // And a hello without extensions is written without fields that a deployed hub does not know.
        let written = write_node_message(&NodeMessage::Hello(hello));
        assert_eq!(written, HELLO.replace("\n        ", ""));
    }

    #[test]
    fn a_deployed_keepalive_is_read_with_whole_numbers_and_with_fractions() {
        for (loss, expected) in [("0", 0.0_f32), ("0.0", 0.0), ("2.5", 2.5), ("1e1", 10.0)] {
            let ka = format!(
                r#"{{"t":"ka","nodeId":3,"token":"abc","rssi":-61,"loss_pct":{loss},"drift_us":-12,"uptime_s":77}}"#
            );
            let Ok(NodeMessage::Keepalive(ka)) = from_node(&ka) else { panic!("{ka}: {:?}", from_node(&ka)) };
            assert!((ka.loss_pct - expected).abs() < f32::EPSILON);
            assert_eq!((ka.node_id, ka.rssi, ka.drift_us, ka.uptime_s, ka.sync), (NodeId(3), -61, -12, 77, None));
        }
    }

    #[test]
    fn the_states_of_an_update_are_read_in_capitals_too() {
        let states = [
            ("downloading", OtaState::Downloading),
            ("DOWNLOADING", OtaState::Downloading),
            ("verifying", OtaState::Verifying),
            ("VERIFYING", OtaState::Verifying),
            ("applying", OtaState::Applying),
            ("APPLYING", OtaState::Applying),
            ("rebooting", OtaState::Rebooting),
            ("REBOOTING", OtaState::Rebooting),
            ("failed", OtaState::Failed),
            ("FAILED", OtaState::Failed),
            ("ERROR", OtaState::Failed),
        ];
        for (word, state) in states {
            let message = format!(r#"{{"t":"ota_status","nodeId":1,"token":"x","state":"{word}","pct":40}}"#);
            let expected = OtaStatus { node_id: NodeId(1), token: text("x"), state, pct: 40, error: None, log: None };
            assert_eq!(from_node(&message), Ok(NodeMessage::OtaStatus(expected)), "{word}");
        }
    }

    #[test]
    fn messages_of_the_time_exchange_are_read_as_deployed() {
        let ping = TsPing { node_id: NodeId(2), token: text("tok"), seq: 9, t1_us: 123_456_789_012 };
        let ping_text = r#"{"t":"ts_ping","nodeId":2,"token":"tok","seq":9,"t1_us":123456789012}"#;
        assert_eq!(from_node(ping_text), Ok(NodeMessage::TsPing(ping.clone())));
        assert_eq!(write_node_message(&NodeMessage::TsPing(ping)), ping_text);
        let pong = TsPong { node_id: NodeId(2), seq: 9, t1_us: 1, t2_us: -2, t3_us: 3 };
        let pong_text = r#"{"t":"ts_pong","nodeId":2,"seq":9,"t1_us":1,"t2_us":-2,"t3_us":3}"#;
        assert_eq!(from_hub(pong_text), Ok(HubMessage::TsPong(pong.clone())));
        assert_eq!(write_hub_message(&HubMessage::TsPong(pong)), pong_text);
    }

    #[test]
    fn a_welcome_for_a_deployed_node_has_only_deployed_fields() {
        let welcome = Welcome {
            proto: 1,
            node_id: NodeId(4),
            token: text("0123456789abcdef0123456789abcdef"),
            udp_port: 49_152,
            hub_epoch_us: 5_000_000,
            ts_port: None,
            ext: Ext::NONE,
            boot_id: None,
        };
        let expected = concat!(
            r#"{"t":"welcome","proto":1,"nodeId":4,"token":"0123456789abcdef0123456789abcdef","#,
            r#""udpPort":49152,"hubEpoch_us":5000000}"#
        );
        assert_eq!(write_hub_message(&HubMessage::Welcome(welcome.clone())), expected);
        assert_eq!(from_hub(expected), Ok(HubMessage::Welcome(welcome)));
    }

    /// Every kind of message a hub sends, as large as it gets for a deployed node.
    fn hub_messages() -> Vec<(&'static str, HubMessage)> {
        let global = GlobalState {
            effect_id: 255,
            palette_id: 255,
            brightness: 255,
            speed: 255,
            hue: 255,
            intensity: 255,
            saturation: 255,
            complexity: 255,
            variation: 255,
        };
        let zone =
            ZoneState { zone_id: 255, effect_id: 255, brightness: 255, speed: 255, palette_id: 255, blend_mode: 255 };
        let at = i64::MIN;
        let token: Token = text(&"f".repeat(63));
        let parameters = ParametersSet {
            brightness: Some(255),
            speed: Some(255),
            palette_id: Some(255),
            hue: Some(255),
            intensity: Some(255),
            saturation: Some(255),
            complexity: Some(255),
            variation: Some(255),
            apply_at_us: at,
        };
        let zone_update = ZoneUpdate {
            zone_id: 3,
            effect_id: Some(255),
            brightness: Some(255),
            speed: Some(255),
            palette_id: Some(255),
            blend_mode: Some(255),
            apply_at_us: at,
        };
        let update = OtaUpdate {
            node_id: NodeId(255),
            token: token.clone(),
            version: text(&"9".repeat(32)),
            url: text(&"u".repeat(256)),
            sha256: text(&"0".repeat(64)),
            size: u64::MAX,
            in_spite_of: Some(text(&"\"".repeat(64))),
        };
        let stop = OtaStop { node_id: NodeId(255), token: token.clone(), sha256: text(&"0".repeat(64)) };
        let restart = Restart { node_id: NodeId(255), token: token.clone() };
        let ranges = (0..32).map(|n| (60_000 + 10 * n, 60_008 + 10 * n));
        let universes = Some(UniverseRanges::new(ranges).unwrap());
        let assigned = Assigned { node_id: NodeId(255), token: token.clone(), universes };
        let geometry = Some(text(&"\"".repeat(48)));
        let laid_out = LaidOut { node_id: NodeId(255), token: token.clone(), geometry };
        let lock = ShowLock { node_id: NodeId(255), token, show: Some(text(&"\"".repeat(64))) };
        let snapshot = Snapshot {
            node_id: NodeId(255),
            apply_at_us: at,
            global,
            zones_enabled: true,
            zones: [zone; 4].into_iter().collect(),
        };
        let error = ErrorMessage { code: text(&"c".repeat(32)), message: text(&"m".repeat(160)) };
        vec![
            (r#"{"t":"ota_update","#, HubMessage::OtaUpdate(update)),
            (r#"{"t":"ota_stop","#, HubMessage::OtaStop(stop)),
            (r#"{"t":"restart","#, HubMessage::Restart(restart)),
            (r#"{"t":"show_lock","#, HubMessage::ShowLock(lock)),
            (r#"{"t":"universes","#, HubMessage::Universes(assigned)),
            (r#"{"t":"geometry","#, HubMessage::Geometry(laid_out)),
            (r#"{"type":"state.snapshot","#, HubMessage::Snapshot(snapshot)),
            (r#"{"type":"effects.setCurrent","#, HubMessage::SetEffect(SetEffect { effect_id: 255, apply_at_us: at })),
            (r#"{"type":"parameters.set","#, HubMessage::ParametersSet(parameters)),
            (r#"{"type":"zones.update","#, HubMessage::ZoneUpdate(zone_update)),
            (r#"{"t":"error","#, HubMessage::Error(error)),
        ]
    }

    /// CTRL-21
    #[test]
    fn what_a_hub_sends_comes_back_and_fits_a_deployed_node() {
        for (start, message) in hub_messages() {
            let written = write_hub_message(&message);
            assert!(written.starts_with(start), "{written}");
            assert!(written.len() <= MAX_CONTROL_MESSAGE, "{} bytes: {written}", written.len());
            assert_eq!(from_hub(&written), Ok(message));
        }
    }

    /// CTRL-21
    #[test]
    fn show_messages_are_read_by_either_name_of_their_type() {
        for (_, message) in hub_messages() {
            let written = write_hub_message(&message);
            let (by_t, by_type) =
                (written.replace(r#"{"type":"#, r#"{"t":"#), written.replace(r#"{"t":"#, r#"{"type":"#));
            assert_eq!(from_hub(&by_t).as_ref(), Ok(&message));
            assert_eq!(from_hub(&by_type).as_ref(), Ok(&message));
        }
    }

    #[test]
    fn a_change_of_one_parameter_is_written_without_the_others() {
        let set = ParametersSet { brightness: Some(10), apply_at_us: 7, ..ParametersSet::default() };
        let expected = r#"{"type":"parameters.set","brightness":10,"applyAt_us":7}"#;
        assert_eq!(write_hub_message(&HubMessage::ParametersSet(set)), expected);
    }

    #[test]
    fn the_largest_full_state_comes_back_from_its_hex() {
        let payload = HexPayload((0..MAX_LEN).map(|i| i as u8).collect());
        let message = HubMessage::FullState(FullStateMessage { node_id: NodeId(65_535), payload });
        let written = write_hub_message(&message);
        assert!(written.starts_with(r#"{"t":"state.full","nodeId":65535,"payload":"000102"#), "{written}");
        assert!(written.len() <= MAX_HUB_MESSAGE, "{}", written.len());
        assert_eq!(from_hub(&written), Ok(message));
        for odd in ["0", "zz", "0g", "+1"] {
            let text = format!(r#"{{"t":"state.full","nodeId":1,"payload":"{odd}"}}"#);
            assert_eq!(field_of(from_hub(&text)), "payload");
        }
    }

    /// The field that a malformed message is refused for.
    fn field_of<T: std::fmt::Debug>(outcome: Result<T, BadMessage>) -> String {
        match outcome {
            Err(BadMessage::Malformed { field, .. }) => field,
            other => panic!("not malformed: {other:?}"),
        }
    }

    #[test]
    fn unknown_fields_are_passed_over() {
        let text = HELLO.replace("\"proto\":1", r#""proto":1,"extra":{"deep":[1,2,{"x":null}]},"zz":1e3"#);
        assert!(matches!(from_node(&text), Ok(NodeMessage::Hello(_))));
    }

    /// CTRL-22
    #[test]
    fn an_unknown_type_goes_on_and_a_wrong_message_does_not() {
        let unknown = from_node(r#"{"t":"dance","token":"x"}"#).unwrap_err();
        assert_eq!((unknown.clone(), unknown.refusal()), (BadMessage::UnknownType("dance".into()), None));
        assert_eq!(unknown.to_error_message().code, "unknown-type");
        // What only a hub says is unknown from a node.
        assert_eq!(from_node(r#"{"t":"welcome"}"#), Err(BadMessage::UnknownType("welcome".into())));
        for (wrong, refusal) in [
            (r#"{"nodeId":1}"#, Refusal::Malformed),
            ("", Refusal::Malformed),
            ("[]", Refusal::Malformed),
            ("{\"t\":\"ka\"", Refusal::Malformed),
            (r#"{"t":"ka","nodeId":1,"token":"x"} {}"#, Refusal::Malformed),
            (r#"{"t":"ka","t":"hello"}"#, Refusal::Malformed),
        ] {
            assert_eq!(from_node(wrong).unwrap_err().refusal(), Some(refusal), "{wrong}");
        }
        let long = format!(r#"{{"t":"ka","pad":"{}"}}"#, "x".repeat(MAX_NODE_MESSAGE));
        let oversized = from_node(&long).unwrap_err();
        assert_eq!(oversized, BadMessage::Oversized { len: long.len(), limit: 1024 });
        assert_eq!(oversized.refusal(), Some(Refusal::Oversized));
    }

    /// CTRL-22
    #[test]
    fn a_malformed_message_is_refused_with_the_name_of_its_field() {
        for (wrong, field) in [
            (HELLO.replace("\"AA:BB", "\"AA-BB"), "mac"),
            (HELLO.replace("320", "\"320\""), "topo.leds"),
            (HELLO.replace("\"proto\":1,", ""), "proto"),
            (HELLO.replace("k1-v2.8.0", &"v".repeat(33)), "fw"),
            (r#"{"t":5}"#.into(), "t"),
            (r#"{"t":"ka","nodeId":1}"#.into(), "token"),
            (r#"{"t":"ka","nodeId":70000,"token":"x"}"#.into(), "nodeId"),
            (format!(r#"{{"t":"ka","nodeId":1,"token":"{}"}}"#, "x".repeat(64)), "token"),
            (r#"{"t":"ka","nodeId":1,"token":"x","loss_pct":1e39}"#.into(), "loss_pct"),
        ] {
            let error = from_node(&wrong).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
            assert_eq!(field_of::<()>(Err(error)), field, "{wrong}");
        }
    }

    #[test]
    fn a_long_error_fits_its_message() {
        for hostile in [
            format!(r#"{{"t":"{}"}}"#, "\u{1d11e}".repeat(200)),
            format!(r#"{{"t":"ota_status","nodeId":1,"token":"","state":"{}"}}"#, "\u{1d11e}".repeat(200)),
        ] {
            let message = from_node(&hostile).unwrap_err().to_error_message().message;
            assert!(message.contains('\u{1d11e}') && !message.contains(&"\u{1d11e}".repeat(41)), "{message}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_written_as_none_lost() {
        let keepalive = Keepalive {
            node_id: NodeId(1),
            token: text("x"),
            rssi: 0,
            loss_pct: f32::NAN,
            drift_us: 0,
            uptime_s: 0,
            render_fps: f32::INFINITY,
            heap_free: 0,
            sync: Some(SyncReport::default()),
            cues: None,
        };
        let Ok(NodeMessage::Keepalive(read)) = from_node(&write_node_message(&NodeMessage::Keepalive(keepalive)))
        else {
            panic!("a keepalive has to be readable")
        };
        assert!(read.loss_pct.abs() < f32::EPSILON && read.render_fps.abs() < f32::EPSILON);
        assert_eq!(read.sync, Some(SyncReport::default()));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in ".{0,200}") {
            let _ = from_node(&text);
            let _ = from_hub(&text);
        }

        #[test]
        fn no_damage_to_a_message_makes_a_reader_panic(at in 0_usize..200, with in ".{0,3}", which in 0_usize..9) {
            let (_, message) = &hub_messages()[which];
            for mut text in [write_hub_message(message), HELLO.to_owned()] {
                let at = at.min(text.len());
                text.replace_range(at..(at + 1).min(text.len()), &with);
                if let Err(error) = from_node(&text) {
                    prop_assert!(error.to_error_message().message.len() <= 160);
                }
                if let Err(error) = from_hub(&text) {
                    prop_assert!(!error.to_string().is_empty());
                }
            }
        }

        #[test]
        fn a_keepalive_comes_back(
            node_id: u16, rssi: i16, loss in 0_f32..100.0, drift_us: i64, uptime_s: u64, fps in 0_f32..1000.0,
            heap_free: u64, late: u32, sigma_ns: i64,
        ) {
            let message = NodeMessage::Keepalive(Keepalive {
                node_id: NodeId(node_id), token: text("0a1b"), rssi, loss_pct: loss, drift_us, uptime_s,
                render_fps: fps, heap_free, sync: Some(SyncReport { late, sigma_ns, ..SyncReport::default() }),
                cues: Some(CueReport { number: late, late, failed: node_id > 9 }),
            });
            prop_assert_eq!(from_node(&write_node_message(&message)), Ok(message));
        }
    }
}
