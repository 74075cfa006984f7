//! Stream packets.

use cuelight_wire::beat::BeatGrid;
use cuelight_wire::cues::{CueOrder, CueState, CueStep, Deed, ShowId};
use cuelight_wire::ids::{EffectId, PaletteId, Revision, TokenHash};
use cuelight_wire::scene::{BlendMode, FullState, Layer, Master, Parameters, PatternPlay, Rgb, Scene, Tempo, Zone};
use cuelight_wire::stream::payload::{BeatTick, ParamDelta, SceneChange};
use cuelight_wire::stream::{Header, MAX_PACKET, MsgType, cues, full_state};
use cuelight_wire::time::Time;

use crate::vector::{self, Vector};

fn us<D>(v: &mut Vector, field: &str) -> Time<D> {
    Time::from_us(v.number(field))
}

fn header(v: &mut Vector, msg_type: MsgType) -> Header {
    Header {
        msg_type,
        seq: v.number("seq"),
        token_hash: TokenHash(v.number("token_hash")),
        hub_now: us(v, "hub_now_us"),
        apply_at: us(v, "apply_at_us"),
    }
}

/// Decodes the vector's header and returns its payload; encodes header and `payload` to the vector's bytes.
fn check(v: Vector, header: Header, payload: &[u8], decoded: impl FnOnce(&[u8])) {
    let mut buf = [0; MAX_PACKET];
    let len = header.encode(payload, &mut buf).unwrap();
    assert_eq!(buf[..len], v.bytes, "{}: encoded", v.name);
    let (read, rest) = Header::decode(&v.bytes, header.token_hash).unwrap();
    assert_eq!(read, header, "{}: decoded", v.name);
    decoded(rest);
    v.finish();
}

fn check_any(mut v: Vector) {
    match v.kind.as_str() {
        "stream.param_delta" => {
            let header = header(&mut v, MsgType::ParamDelta);
            let payload = ParamDelta {
                effect: EffectId(v.number("effect")),
                palette: PaletteId(v.number("palette")),
                brightness: v.number("brightness"),
                speed: v.number("speed"),
                hue: v.number("hue"),
            };
            check(v, header, &payload.encode(), |bytes| assert_eq!(ParamDelta::decode(bytes), Ok(payload)));
        }
        "stream.beat_tick" => {
            let header = header(&mut v, MsgType::BeatTick);
            let payload = BeatTick {
                bpm_x100: v.number("bpm_x100"),
                phase: v.number("phase"),
                downbeat: v.number::<u8>("downbeat") == 1,
            };
            check(v, header, &payload.encode(), |bytes| assert_eq!(BeatTick::decode(bytes), Ok(payload)));
        }
        "stream.scene_change" => {
            let header = header(&mut v, MsgType::SceneChange);
            let payload = SceneChange { effect: EffectId(v.number("effect")), palette: PaletteId(v.number("palette")) };
            check(v, header, &payload.encode(), |bytes| assert_eq!(SceneChange::decode(bytes), Ok(payload)));
        }
        "stream.heartbeat" => {
            let header = header(&mut v, MsgType::Heartbeat);
            check(v, header, &[], |bytes| assert!(bytes.is_empty()));
        }
        "stream.full_state" => {
            let header = header(&mut v, MsgType::FullState);
            let state = full_state_of(&mut v);
            let mut buf = [0; full_state::MAX_LEN];
            let len = full_state::encode(&state, &mut buf).unwrap();
            check(v, header, &buf[..len], |bytes| assert_eq!(full_state::decode(bytes), Ok(state)));
        }
        "stream.cues" => {
            let header = header(&mut v, MsgType::Cues);
            let state = cues_of(&mut v);
            let mut buf = [0; cues::MAX_LEN];
            let len = cues::encode(&state, &mut buf).unwrap();
            check(v, header, &buf[..len], |bytes| assert_eq!(cues::decode(bytes), Ok(state)));
        }
        other => panic!("{}: kind {other}", v.name),
    }
}

fn cues_of(v: &mut Vector) -> CueState {
    let show = ShowId { sha256: v.text("sha256").parse().unwrap(), size: v.number("size") };
    let is_loaded = v.number::<u8>("loaded") == 1;
    let steps = (0..v.number("steps")).map(|i: usize| step_of(v, &format!("step.{i}."))).collect();
    CueState { show: is_loaded.then_some(show), number: v.number("number"), hash: v.number("hash"), steps }
}

fn step_of(v: &mut Vector, p: &str) -> CueStep {
    let (list, cue_milli) = (v.number(&format!("{p}list")), v.number(&format!("{p}cue")));
    let fade_ms: u32 = v.number(&format!("{p}fade_ms"));
    let order = match v.number::<u8>(&format!("{p}deed")) {
        0 => None,
        1 => Some(CueOrder::Go),
        2 => Some(CueOrder::Back),
        3 => Some(CueOrder::GoTo { cue_milli, fade_ms: (fade_ms != u32::MAX).then_some(fade_ms) }),
        4 => Some(CueOrder::Pause),
        5 => Some(CueOrder::Resume),
        6 => Some(CueOrder::Release { fade_ms }),
        other => panic!("{}: deed {other}", v.name),
    };
    let deed = order.map_or(Deed::Whole, |order| Deed::Order { list, order });
    CueStep { rev: Revision(v.number(&format!("{p}rev"))), at: us(v, &format!("{p}at_us")), deed }
}

fn full_state_of(v: &mut Vector) -> FullState {
    let mut layers: heapless::Vec<Layer, 3> =
        (0..v.number("layers")).map(|i: usize| layer_of(v, &format!("layer.{i}."))).collect();
    for i in 0..v.number_or("patterns", 0) {
        let p = format!("pattern.{i}.");
        let pattern = PatternPlay {
            id: v.text(&format!("{p}id")).parse().unwrap(),
            repeats: v.number::<u8>(&format!("{p}repeats")) == 1,
            starts_at: us(v, &format!("{p}starts_at_us")),
        };
        layers[v.number::<usize>(&format!("{p}layer"))].scene.pattern = Some(pattern);
    }
    let tempos = (0..v.number("tempos"))
        .map(|i: usize| Tempo {
            rev: Revision(v.number(&format!("tempo.{i}.rev"))),
            grid: BeatGrid {
                at: us(v, &format!("tempo.{i}.at_us")),
                micro_beats: v.number(&format!("tempo.{i}.micro_beats")),
                bpm_x100: v.number(&format!("tempo.{i}.bpm_x100")),
                beats_per_bar: v.number(&format!("tempo.{i}.beats_per_bar")),
            },
        })
        .collect();
    let masters = (0..v.number("masters"))
        .map(|i: usize| Master {
            rev: Revision(v.number(&format!("master.{i}.rev"))),
            at: us(v, &format!("master.{i}.at_us")),
            level: v.number(&format!("master.{i}.level")),
            blackout: v.number::<u8>(&format!("master.{i}.blackout")) == 1,
        })
        .collect();
    FullState { layers, tempos, masters }
}

fn layer_of(v: &mut Vector, p: &str) -> Layer {
    let mut zone_phases = [0; 4];
    let zones = (0..v.number(&format!("{p}zones")))
        .map(|j: usize| {
            let q = format!("{p}zone.{j}.");
            zone_phases[j] = v.number(&format!("{q}phase"));
            Zone {
                id: v.number(&format!("{q}id")),
                effect: EffectId(v.number(&format!("{q}effect"))),
                palette: PaletteId(v.number(&format!("{q}palette"))),
                brightness: v.number(&format!("{q}brightness")),
                speed: v.number(&format!("{q}speed")),
                blend: BlendMode::from_wire(v.number(&format!("{q}blend"))).unwrap(),
                from: v.number(&format!("{q}from")),
                to: v.number(&format!("{q}to")),
            }
        })
        .collect();
    let colors = u128::from_str_radix(&v.text(&format!("{p}colors")), 16).unwrap().to_be_bytes();
    let color = |i: usize| Rgb::new(colors[7 + 3 * i], colors[8 + 3 * i], colors[9 + 3 * i]);
    Layer {
        rev: Revision(v.number(&format!("{p}rev"))),
        at: us(v, &format!("{p}at_us")),
        fade_ms: v.number(&format!("{p}fade_ms")),
        scene: Scene {
            effect: EffectId(v.number(&format!("{p}effect"))),
            palette: PaletteId(v.number(&format!("{p}palette"))),
            parameters: Parameters {
                brightness: v.number(&format!("{p}brightness")),
                speed: v.number(&format!("{p}speed")),
                hue: v.number(&format!("{p}hue")),
                intensity: v.number(&format!("{p}intensity")),
                saturation: v.number(&format!("{p}saturation")),
                complexity: v.number(&format!("{p}complexity")),
                variation: v.number(&format!("{p}variation")),
            },
            colors: [color(0), color(1), color(2)],
            seed: v.number(&format!("{p}seed")),
            zones,
            pattern: None,
        },
        phase: v.number(&format!("{p}phase")),
        zone_phases,
    }
}

/// WIRE-1, WIRE-2, WIRE-4
#[test]
fn deployed_packets_are_read_and_written_byte_for_byte() {
    let vectors = vector::read("stream-deployed.txt");
    for kind in ["param_delta", "beat_tick", "scene_change", "heartbeat"] {
        assert!(vectors.iter().any(|v| v.kind == format!("stream.{kind}")), "no vector of {kind}");
    }
    vectors.into_iter().for_each(check_any);
}

/// WIRE-7, WIRE-16
#[test]
fn full_states_are_read_and_written_byte_for_byte() {
    let vectors = vector::read("stream-full-state.txt");
    let largest = vectors.iter().map(|v| v.bytes.len()).max();
    assert_eq!(largest, Some(28 + full_state::MAX_LEN), "the largest full state is among them");
    vectors.into_iter().for_each(check_any);
}

/// CUE-1
#[test]
fn states_of_the_cues_are_read_and_written_byte_for_byte() {
    let vectors = vector::read("stream-cues.txt");
    let largest = vectors.iter().map(|v| v.bytes.len()).max();
    assert_eq!(largest, Some(28 + cues::MAX_LEN), "the largest one is among them");
    vectors.into_iter().for_each(check_any);
}

/// CUE-1
#[test]
fn a_state_of_the_cues_that_is_none_is_refused_and_what_a_later_version_adds_is_passed_over() {
    let largest = vector::read("stream-cues.txt").into_iter().max_by_key(|v| v.bytes.len()).unwrap();
    let right = largest.bytes[28..].to_vec();
    let state = cues::decode(&right).unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = right.clone();
        bytes[at] = byte;
        cues::decode(&bytes)
    };
    assert!(changed(0, 2).is_err(), "another version");
    assert!(changed(50, 9).is_err(), "nine steps");
    assert!(changed(51 + 4, 0x7f).is_err(), "the first step after the others");
    let mut early = right.clone();
    early[38..42].copy_from_slice(&[0, 0, 0, 7]);
    assert!(cues::decode(&early).is_err(), "more steps than there were");
    for len in 0..right.len() {
        assert!(cues::decode(&right[..len]).is_err(), "{len} bytes");
    }
    let longer = [&right[..], b"of a later version"].concat();
    assert_eq!(cues::decode(&longer).as_ref(), Ok(&state));
    let later = changed(51 + 12, 200).unwrap();
    assert_eq!(later.steps[0].deed, Deed::Whole, "a deed nobody knows");
}

/// WIRE-3
#[test]
fn token_hashes_are_fnv_1a() {
    for mut v in vector::read("token-hash.txt") {
        assert_eq!(TokenHash::of(&v.bytes).0, v.number::<u32>("token_hash"), "{}", v.name);
        v.finish();
    }
}
