//! Encoding and decoding of what travels most often.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use cuelight_wire::exchange::{Form, PONG_NS_LEN, Pong};
use cuelight_wire::ids::{EffectId, PaletteId, Revision, TokenHash};
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{BlendMode, FullState, Layer, Master, Scene, Tempo, Zone};
use cuelight_wire::stream::payload::ParamDelta;
use cuelight_wire::stream::{Header, MAX_PACKET, MsgType, full_state};
use cuelight_wire::time::Time;

const TOKEN: TokenHash = TokenHash(0x86d0_4db5);

fn header(msg_type: MsgType) -> Header {
    Header {
        msg_type,
        seq: 1,
        token_hash: TOKEN,
        hub_now: Time::from_us(5_000_000),
        apply_at: Time::from_us(5_030_000),
    }
}

fn deployed(c: &mut Criterion) {
    let payload =
        ParamDelta { effect: EffectId(4), palette: PaletteId(17), brightness: 200, speed: 128, hue: 200 << 8 };
    let header = header(MsgType::ParamDelta);
    let mut buf = [0; MAX_PACKET];
    c.bench_function("param_delta/encode", |b| {
        b.iter(|| black_box(&header).encode(&black_box(&payload).encode(), &mut buf).expect("it fits"));
    });
    let len = header.encode(&payload.encode(), &mut buf).expect("it fits");
    c.bench_function("param_delta/decode", |b| {
        b.iter(|| {
            let (header, payload) = Header::decode(black_box(&buf[..len]), TOKEN).expect("it was encoded so");
            (header, ParamDelta::decode(payload).expect("it was encoded so"))
        });
    });
}

/// The largest full state: three layers with four zones each, two tempos, two masters.
fn largest() -> FullState {
    let mut scene = Scene::default();
    for id in 0..MAX_ZONES as u8 {
        let zone = Zone {
            id,
            effect: EffectId(3),
            palette: PaletteId(9),
            brightness: 255,
            speed: 64,
            blend: BlendMode::Add,
            from: id * 64,
            to: id * 64 + 63,
        };
        scene.zones.push(zone).expect("there are MAX_ZONES of them");
    }
    let layer =
        Layer { rev: Revision(1), at: Time::ZERO, fade_ms: 1500, scene, phase: 1 << 40, zone_phases: [1; MAX_ZONES] };
    FullState {
        layers: (0..3).map(|_| layer.clone()).collect(),
        tempos: (0..2).map(|_| Tempo::DEFAULT).collect(),
        masters: (0..2).map(|_| Master::DEFAULT).collect(),
    }
}

fn full(c: &mut Criterion) {
    let state = largest();
    let header = header(MsgType::FullState);
    let mut payload = [0; full_state::MAX_LEN];
    let mut buf = [0; MAX_PACKET];
    c.bench_function("full_state_largest/encode", |b| {
        b.iter(|| {
            let len = full_state::encode(black_box(&state), &mut payload).expect("it fits");
            header.encode(&payload[..len], &mut buf).expect("it fits")
        });
    });
    let len = full_state::encode(&state, &mut payload).expect("it fits");
    let len = header.encode(&payload[..len], &mut buf).expect("it fits");
    c.bench_function("full_state_largest/decode", |b| {
        b.iter(|| {
            let (_, payload) = Header::decode(black_box(&buf[..len]), TOKEN).expect("it was encoded so");
            full_state::decode(payload).expect("it was encoded so")
        });
    });
}

fn exchange(c: &mut Criterion) {
    let pong = Pong {
        form: Form::Nanosecond,
        seq: 7,
        token_hash: TOKEN,
        t1: Time::from_ns(1),
        t2: Time::from_ns(2),
        t3: Time::from_ns(3),
        previous: Some((6, Time::from_ns(4))),
    };
    let mut buf = [0; PONG_NS_LEN];
    c.bench_function("pong_ns/encode", |b| b.iter(|| black_box(&pong).encode(&mut buf).expect("it fits")));
    c.bench_function("pong_ns/decode", |b| b.iter(|| Pong::decode(black_box(&buf)).expect("it was encoded so")));
}

criterion_group!(benches, deployed, full, exchange);
criterion_main!(benches);
