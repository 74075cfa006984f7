//! A stream packet's way: written by a hub for one node, checked and taken by the node.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cuelight_proto::node::{NodeConfig, NodeRole, SyncUse};
use cuelight_proto::stream::{Receiver, Sender};
use cuelight_proto::sync::Profile;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, HubMessage, Topo, Welcome};
use cuelight_wire::exchange::{PONG_NS_LEN, Ping, Pong};
use cuelight_wire::ids::{EffectId, Mac, NodeId, PaletteId, Revision, TokenHash};
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{BlendMode, FullState, Layer, Master, Scene, Tempo, Zone};
use cuelight_wire::seal::{Seal, TAG_LEN};
use cuelight_wire::stream::payload::ParamDelta;
use cuelight_wire::stream::{MAX_PACKET, MsgType, full_state};
use cuelight_wire::time::{Show, Span, Time};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PERIOD: Span = Span::from_ms(10);

/// The longest state there is: three layers of four zones, two tempos, two masters.
fn longest_state() -> FullState {
    let zone = |id| Zone {
        id,
        effect: EffectId(3),
        palette: PaletteId(4),
        brightness: 255,
        speed: 128,
        blend: BlendMode::Add,
        from: id * 64,
        to: id * 64 + 63,
    };
    let scene = Scene { zones: (0..MAX_ZONES as u8).map(zone).collect(), ..Scene::default() };
    let layer = |rev| Layer {
        rev: Revision(rev),
        at: Time::from_us(i64::from(rev) * 1000),
        fade_ms: 500,
        scene: scene.clone(),
        phase: 1 << 40,
        zone_phases: [7; MAX_ZONES],
    };
    FullState {
        layers: [1, 2, 3].map(layer).into_iter().collect(),
        tempos: [Tempo::DEFAULT; 2].into_iter().collect(),
        masters: [Master::DEFAULT; 2].into_iter().collect(),
    }
}

fn encoded(state: &FullState) -> Vec<u8> {
    let mut payload = [0; full_state::MAX_LEN];
    let len = full_state::encode(state, &mut payload).expect("MAX_LEN is enough");
    payload[..len].to_vec()
}

fn hash() -> TokenHash {
    TokenHash::of(TOKEN.as_bytes())
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("packet/encode");
    group.throughput(Throughput::Elements(1));
    let delta = ParamDelta { effect: EffectId(1), palette: PaletteId(2), brightness: 3, speed: 4, hue: 0x500 }.encode();
    let state = encoded(&longest_state());
    let mut buf = [0; MAX_PACKET];
    for (name, msg_type, payload) in
        [("param_delta", MsgType::ParamDelta, &delta[..]), ("full_state", MsgType::FullState, &state)]
    {
        let mut sender = Sender::new(hash());
        group.bench_function(name, |b| {
            b.iter(|| sender.packet(msg_type, Time::ZERO, Time::ZERO, black_box(payload), &mut buf).expect("it fits"));
        });
    }
    group.finish();
}

/// Packets are written inside the measured loop, because each has a number of its own; subtract `packet/encode`.
fn receive(c: &mut Criterion) {
    let mut group = c.benchmark_group("packet/encode_and_receive");
    group.throughput(Throughput::Elements(1));
    let state = encoded(&longest_state());
    let mut other = state.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    for (name, payloads) in [("repeated_state", [&state, &state]), ("new_state", [&state, &other])] {
        let mut sender = Sender::new(hash());
        let mut receiver = Receiver::new(Time::ZERO);
        receiver.start(hash(), None);
        let (mut buf, mut now, mut turn) = ([0; MAX_PACKET], Time::ZERO, 0);
        group.bench_function(name, |b| {
            b.iter(|| {
                now += PERIOD;
                turn ^= 1;
                let len = sender
                    .packet(MsgType::FullState, Time::ZERO, Time::ZERO, payloads[turn], &mut buf)
                    .expect("it fits");
                receiver.handle_datagram(black_box(&buf[..len]), now).expect("it is accepted")
            });
        });
    }
    let foreign = [1; 300];
    let mut receiver = Receiver::new(Time::ZERO);
    receiver.start(hash(), None);
    group.bench_function("dropped", |b| b.iter(|| receiver.handle_datagram(black_box(&foreign), Time::ZERO).is_err()));
    group.finish();
}

/// The whole node role on the packet of an ordinary tick, without a tag and with one.
fn role(c: &mut Criterion) {
    role_with(c, "packet/encode_and_node_role_repeated_state", Ext::ALL.without(Ext::SEAL));
    role_with(c, "packet/encode_and_node_role_repeated_state_sealed", Ext::ALL);
}

fn role_with(c: &mut Criterion, name: &str, ext: Ext) {
    let is_sealed = ext.has(Ext::SEAL);
    let exchange_seal = is_sealed.then(|| Seal::of_exchange(TOKEN.as_bytes()));
    let config = NodeConfig {
        mac: Mac([2, 0, 0, 0, 0, 1]),
        fw: "bench".try_into().expect("short"),
        name: None,
        hardware: None,
        universes: None,
        page_port: None,
        geometry: None,
        caps: Caps::default(),
        topo: Topo::default(),
        udp_port: None,
        ext,
        profile: Profile::DEFAULT,
        sync: SyncUse::Scheduled,
    };
    let mut now = Time::ZERO;
    let mut node = NodeRole::new(config, 1, now);
    node.handle_timeout(now);
    node.handle_connected(now);
    let welcome = Welcome {
        proto: 1,
        node_id: NodeId(1),
        token: TOKEN.try_into().expect("short"),
        udp_port: 49_152,
        hub_epoch_us: 0,
        ts_port: None,
        ext,
        boot_id: Some(1),
    };
    node.handle_message(&HubMessage::Welcome(welcome), now);
    // Locked, as a node is nearly always.
    for _ in 0..3_000 {
        now += Span::from_ms(1);
        node.handle_timeout(now);
        while let Some(Ping { form, seq, token_hash, t1 }) = node.poll_ping(now) {
            let t2 = Time::from_ns(now.as_ns() + 50_000);
            let pong = Pong { form, seq, token_hash, t1, t2, t3: t2, previous: None };
            let mut buf = [0; PONG_NS_LEN + TAG_LEN];
            let len = pong.encode(&mut buf).expect("it fits");
            let len = exchange_seal.as_ref().map_or(Ok(len), |seal| seal.close(&mut buf, len)).expect("it fits");
            let back = now + Span::from_us(100);
            node.handle_exchange(&buf[..len], back, back);
        }
    }
    assert!(node.map(now).state.is_usable());
    let state = encoded(&longest_state());
    let mut sender = Sender::new(hash()).sealed(is_sealed.then(|| Seal::of_stream(TOKEN.as_bytes())));
    let mut buf = [0; MAX_PACKET];
    c.bench_function(name, |b| {
        b.iter(|| {
            // Slow enough for the clock to stay usable without further exchanges.
            now += Span::from_ns(100);
            let show = Time::<Show>::from_ns(now.as_ns());
            let len = sender.packet(MsgType::FullState, show, show, &state, &mut buf).expect("it fits");
            node.handle_datagram(black_box(&buf[..len]), now);
            while node.poll_event().is_some() {}
        });
    });
}

criterion_group!(benches, encode, receive, role);
criterion_main!(benches);
