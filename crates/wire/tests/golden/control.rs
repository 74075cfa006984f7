//! The fields of control messages. The whole text, with its `t` or `type`, is read and written by `cuelight-net`.

use std::fs;
use std::path::Path;

use cuelight_wire::caps::Ext;
use cuelight_wire::control::*;
use cuelight_wire::ids::{Mac, NodeId, Token};
use cuelight_wire::universes::UniverseRanges;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn token() -> Token {
    TOKEN.try_into().unwrap()
}

fn text<const N: usize>(text: &str) -> Text<N> {
    text.try_into().unwrap()
}

/// The message in `vectors/control/{file}` without its name, and the name.
fn message(file: &str) -> (String, Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/control").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let Value::Object(mut message) = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}")) else {
        panic!("{file}: not an object")
    };
    let name = message.remove("t").or_else(|| message.remove("type"));
    (name.as_ref().and_then(Value::as_str).unwrap_or_else(|| panic!("{file}: no name")).into(), message.into())
}

fn reads<T: DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, file: &str, expected: &T) {
    let (found, fields) = message(file);
    assert_eq!(found, name, "{file}");
    assert_eq!(&serde_json::from_value::<T>(fields).unwrap_or_else(|e| panic!("{file}: {e}")), expected, "{file}");
}

fn both<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, file: &str, expected: &T) {
    reads(name, file, expected);
    assert_eq!(serde_json::to_value(expected).unwrap(), message(file).1, "{file}: written");
}

fn deployed_hello() -> Hello {
    Hello {
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
    }
}

/// CTRL-1, CTRL-3, CTRL-4
#[test]
fn hello_is_read_and_written_as_deployed_and_with_its_extensions() {
    both("hello", "node-hello-deployed.json", &deployed_hello());
    let no_ota = Hello { caps: Caps { udp: true, ota: false, clock: true }, ..deployed_hello() };
    reads("hello", "node-hello-deployed-more-fields.read.json", &no_ota);
    let cuelight = Hello {
        mac: Mac([2, 0, 0, 0, 0, 1]),
        fw: text("cuelight-0.1.0"),
        topo: Topo { leds: 640, channels: 1 },
        udp_port: Some(49_200),
        name: Some(text("bike_001")),
        ext: Ext::ALL,
        hardware: Some(text("x86_64-linux")),
        show: Some(ShowHint { now_us: 5_000_000, bound_us: 120, rev: 42 }),
        ..no_ota
    };
    both("hello", "node-hello-cuelight.json", &cuelight);
    let later = Hello {
        fw: text("cuelight-9.9.9"),
        udp_port: None,
        name: None,
        ext: Ext::FULL_STATE,
        hardware: None,
        universes: None,
        page_port: None,
        geometry: None,
        show: None,
        ..cuelight
    };
    reads("hello", "node-hello-words-of-a-later-version.read.json", &later);
    let lighting = Hello {
        ext: Ext::UNIVERSES,
        universes: Some(UniverseRanges::new([(1, 4), (7, 7)]).unwrap()),
        page_port: Some(8090),
        geometry: Some(Text::try_from("matrix:20x16:serpentine").unwrap()),
        ..deployed_hello()
    };
    both("hello", "node-hello-universes.json", &lighting);
}

/// CTRL-4
#[test]
fn welcome_is_read_and_written_as_deployed_and_with_its_extensions() {
    let deployed = Welcome {
        proto: 1,
        node_id: NodeId(1),
        token: token(),
        udp_port: 49_152,
        hub_epoch_us: 5_000_000,
        ts_port: None,
        ext: Ext::NONE,
        boot_id: None,
    };
    both("welcome", "hub-welcome-deployed.json", &deployed);
    let cuelight = Welcome {
        node_id: NodeId(255),
        udp_port: 49_200,
        ts_port: Some(49_300),
        ext: Ext::ALL,
        boot_id: Some(0xdead_beef),
        ..deployed
    };
    both("welcome", "hub-welcome-cuelight.json", &cuelight);
}

/// CTRL-7
#[test]
fn keepalives_are_read_and_written() {
    let deployed = Keepalive {
        node_id: NodeId(1),
        token: token(),
        rssi: -57,
        loss_pct: 0.5,
        drift_us: -120,
        uptime_s: 3600,
        render_fps: 119.5,
        heap_free: 142_000,
        sync: None,
        cues: None,
    };
    both("ka", "node-ka-deployed.json", &deployed);
    let short = Keepalive { loss_pct: 0.0, drift_us: 0, uptime_s: 12, render_fps: 0.0, heap_free: 0, ..deployed };
    reads("ka", "node-ka-deployed-short.read.json", &short);
    let sync = SyncReport {
        locked: true,
        sigma_ns: 850,
        bound_ns: 61_000,
        late: 2,
        output_late_ns: 45_000,
        frames_missed: 1,
        exchange: None,
    };
    let cuelight = Keepalive {
        node_id: NodeId(2),
        rssi: 0,
        loss_pct: 19.75,
        drift_us: 3,
        uptime_s: 86_400,
        render_fps: 120.0,
        sync: Some(sync),
        ..short
    };
    both("ka", "node-ka-cuelight.json", &cuelight);
    let exchange =
        ExchangeReport { asked: 32, lost: 3, rtt_min_ns: 412_000, rtt_median_ns: 980_000, rtt_max_ns: 7_250_000 };
    let sync = Some(SyncReport { exchange: Some(exchange), ..sync });
    both("ka", "node-ka-exchange.json", &Keepalive { sync, ..cuelight.clone() });
    let cues = Some(CueReport { number: 1_000_007, late: 1, failed: true });
    both("ka", "node-ka-cues.json", &Keepalive { cues, ..cuelight });
}

#[test]
fn the_time_exchange_over_the_control_plane_is_read_and_written() {
    let ping = TsPing { node_id: NodeId(1), token: token(), seq: 7, t1_us: 1_234_567_890 };
    both("ts_ping", "node-ts_ping.json", &ping);
    let pong = TsPong { node_id: NodeId(1), seq: 7, t1_us: 1_234_567_890, t2_us: 5_000_110, t3_us: 5_000_200 };
    both("ts_pong", "hub-ts_pong.json", &pong);
}

/// CTRL-8
#[test]
fn update_messages_are_read_in_both_spellings_and_written_in_lower_case() {
    let update = OtaUpdate {
        node_id: NodeId(1),
        token: token(),
        version: text("2.8.0"),
        url: text("http://192.168.4.1/ota/k1/s3/2.8.0.bin"),
        sha256: text("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        size: 1_048_576,
        in_spite_of: None,
    };
    both("ota_update", "hub-ota_update.json", &update);
    let in_spite_of = Some(text("Friday night"));
    both("ota_update", "hub-ota_update-in-spite-of.json", &OtaUpdate { in_spite_of, ..update });
    let status =
        OtaStatus { node_id: NodeId(1), token: token(), state: OtaState::Downloading, pct: 42, error: None, log: None };
    both("ota_status", "node-ota_status.json", &status);
    let failed = OtaStatus { state: OtaState::Failed, pct: 99, error: Some(text("sha256 differs")), ..status.clone() };
    both("ota_status", "node-ota_status-failed.json", &failed);
    let given_up = OtaStatus {
        pct: 0,
        error: Some(text("2.8.0 did not prove itself in 90 s")),
        log: Some(text("cannot open output\nnode stops")),
        ..failed.clone()
    };
    both("ota_status", "node-ota_status-given-up.json", &given_up);
    let rebooting = OtaStatus { state: OtaState::Rebooting, pct: 100, ..status };
    reads("ota_status", "node-ota_status-capitals.read.json", &rebooting);
    let error = OtaStatus { pct: 0, error: Some(text("no space")), ..failed };
    reads("ota_status", "node-ota_status-error-in-capitals.read.json", &error);
}

/// OTA-21
#[test]
fn an_update_is_stopped_by_the_digest_of_its_image() {
    let sha256 = text("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    both("ota_stop", "hub-ota_stop.json", &OtaStop { node_id: NodeId(1), token: token(), sha256 });
}

/// CTRL-10
#[test]
fn a_node_is_restarted_by_its_number_and_token() {
    both("restart", "hub-restart.json", &Restart { node_id: NodeId(1), token: token() });
}

/// CTRL-9
#[test]
fn the_armed_show_is_told_by_name_and_none_as_null() {
    let armed = ShowLock { node_id: NodeId(1), token: token(), show: Some(text("Friday night")) };
    both("show_lock", "hub-show_lock.json", &armed);
    both("show_lock", "hub-show_lock-none.json", &ShowLock { show: None, ..armed });
}

/// CTRL-12
#[test]
fn universes_are_told_as_ranges_and_those_of_the_nodes_own_settings_as_null() {
    let ranges = UniverseRanges::new([(1, 4), (7, 7)]).unwrap();
    let assigned = Assigned { node_id: NodeId(1), token: token(), universes: Some(ranges) };
    both("universes", "hub-universes.json", &assigned);
    reads("universes", "hub-universes-in-any-order.read.json", &assigned);
    both("universes", "hub-universes-own.json", &Assigned { universes: None, ..assigned });
}

/// CTRL-13
#[test]
fn how_leds_are_laid_out_is_told_as_text_and_as_the_nodes_own_settings_say_as_null() {
    let laid_out = LaidOut { node_id: NodeId(1), token: token(), geometry: Some(text("matrix:20x16:serpentine")) };
    both("geometry", "hub-geometry.json", &laid_out);
    both("geometry", "hub-geometry-own.json", &LaidOut { geometry: None, ..laid_out });
}

/// CTRL-2
#[test]
fn show_messages_are_read_and_written_as_deployed() {
    let zone = |zone_id, effect_id, brightness, speed, palette_id, blend_mode| ZoneState {
        zone_id,
        effect_id,
        brightness,
        speed,
        palette_id,
        blend_mode,
    };
    let snapshot = Snapshot {
        node_id: NodeId(1),
        apply_at_us: 5_030_000,
        global: GlobalState {
            effect_id: 4,
            palette_id: 17,
            brightness: 200,
            speed: 128,
            hue: 200,
            intensity: 190,
            saturation: 255,
            complexity: 64,
            variation: 3,
        },
        zones_enabled: true,
        zones: [zone(0, 3, 255, 64, 9, 0), zone(3, 1, 128, 255, 0, 7)].into_iter().collect(),
    };
    both("state.snapshot", "hub-state.snapshot.json", &snapshot);
    let effect = SetEffect { effect_id: 12, apply_at_us: 5_060_000 };
    both("effects.setCurrent", "hub-effects.setCurrent.json", &effect);
    reads("effects.setCurrent", "hub-effects.setCurrent-named-by-t.read.json", &effect);
    let some = ParametersSet {
        brightness: Some(10),
        hue: Some(255),
        palette_id: Some(0),
        apply_at_us: 5_060_000,
        ..ParametersSet::default()
    };
    both("parameters.set", "hub-parameters.set.json", &some);
    let all = ParametersSet {
        brightness: Some(1),
        speed: Some(2),
        palette_id: Some(3),
        hue: Some(4),
        intensity: Some(5),
        saturation: Some(6),
        complexity: Some(7),
        variation: Some(8),
        apply_at_us: 1 << 53,
    };
    both("parameters.set", "hub-parameters.set-all.json", &all);
    let zone = ZoneUpdate {
        zone_id: 2,
        speed: Some(90),
        blend_mode: Some(3),
        apply_at_us: 5_060_000,
        ..ZoneUpdate::default()
    };
    both("zones.update", "hub-zones.update.json", &zone);
}

/// CTRL-6
#[test]
fn full_states_travel_as_hex_and_errors_as_code_and_sentence() {
    // One master: rev 2, at 1 s, full, no blackout.
    let payload = [1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0xff, 0];
    let full = FullStateMessage { node_id: NodeId(2), payload: HexPayload(payload.into_iter().collect()) };
    both("state.full", "hub-state.full.json", &full);
    let error = ErrorMessage {
        code: text(Refusal::Malformed.code()),
        message: text("malformed: the message is not what its type demands"),
    };
    both("error", "hub-error.json", &error);
}

#[test]
fn every_message_file_is_read_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/control");
    let source = include_str!("control.rs");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
    }
}
