//! A node as deployed, written here from the protocol's byte layouts alone: it knows none of the extensions.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::{Hub, SOON, Socket, hello, tcp, until};

const MAC: &str = "AA:BB:CC:00:00:01";
/// Where every deployed node takes the stream.
const STREAM_PORT: u16 = 49152;

/// One datagram of the stream: 28 bytes of header, big endian, then the payload.
#[derive(Clone, Debug, PartialEq)]
struct Packet {
    kind: u8,
    seq: u32,
    token_hash: u32,
    hub_now_us: i64,
    apply_at_us: i64,
    payload: Vec<u8>,
}

impl Packet {
    fn parse(bytes: &[u8]) -> Self {
        let four = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let eight = |at: usize| i64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!(bytes[0], 1, "protocol version");
        let payload_len = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        assert_eq!(bytes.len(), 28 + payload_len, "{bytes:?}");
        let (hub_now_us, apply_at_us) = (eight(12), eight(20));
        Self {
            kind: bytes[1],
            seq: four(4),
            token_hash: four(8),
            hub_now_us,
            apply_at_us,
            payload: bytes[28..].to_vec(),
        }
    }
}

/// FNV-1a, 32 bits.
fn token_hash(token: &str) -> u32 {
    token.bytes().fold(2_166_136_261, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
}

/// A deployed node in a session, on an address of its own, because its port is everybody's.
struct Deployed {
    hub: Hub,
    control: Socket,
    stream: UdpSocket,
    welcome: Value,
    _folder: TempDir,
}

impl Deployed {
    /// Starts a hub and joins it.
    fn join() -> Self {
        let folder = tempdir().unwrap();
        let hub = Hub::start(folder.path(), &[]);
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 7, high, low);
        let stream = UdpSocket::bind((address, STREAM_PORT)).expect("nobody takes a stream on all addresses here");
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut control = Socket::over(tcp(address, hub.at), hub.at);
        control.send(&hello(MAC));
        let welcome = control.message("welcome");
        Self { hub, control, stream, welcome, _folder: folder }
    }

    /// A message of this session.
    fn send(&mut self, kind: &str, fields: Value) {
        let mut message = fields;
        message["t"] = json!(kind);
        message["nodeId"] = self.welcome["nodeId"].clone();
        message["token"] = self.welcome["token"].clone();
        self.control.send(&message);
    }

    /// What a deployed node reports: never any loss or drift.
    fn keep_alive(&mut self) {
        self.send("ka", json!({"rssi": -55, "loss_pct": 0, "drift_us": 0, "uptime_s": 9}));
    }

    /// Keeps alive until the hub calls it READY.
    fn ready(mut self) -> Self {
        self.keep_alive();
        until("it is READY", SOON, || self.hub.node(MAC).filter(|node| node["state"] == "ready"));
        self
    }

    /// The stream's datagrams for so long.
    fn stream_for(&self, time: Duration) -> Vec<Packet> {
        let (start, mut packets, mut buf) = (Instant::now(), Vec::new(), [0; 2000]);
        while start.elapsed() < time {
            let len = self.stream.recv(&mut buf).expect("the stream goes on");
            packets.push(Packet::parse(&buf[..len]));
        }
        packets
    }
}

fn keys(message: &Value) -> BTreeSet<&str> {
    message.as_object().unwrap().keys().map(String::as_str).collect()
}

/// CTRL-3, CTRL-21, CTRL-41
#[test]
fn it_is_welcomed_with_deployed_fields_only_and_told_the_state() {
    let mut node = Deployed::join();
    let welcome = &node.welcome;
    assert_eq!(keys(welcome), BTreeSet::from(["t", "proto", "nodeId", "token", "udpPort", "hubEpoch_us"]));
    assert_eq!((&welcome["proto"], &welcome["udpPort"]), (&json!(1), &json!(STREAM_PORT)));
    let token = welcome["token"].as_str().unwrap();
    assert!(token.is_ascii() && (32..=63).contains(&token.len()), "{token}");
    assert!((1..=255).contains(&welcome["nodeId"].as_u64().unwrap()));
    let show_us = node.hub.get("/api/v1/show")["show_us"].as_i64().unwrap();
    let epoch_us = welcome["hubEpoch_us"].as_i64().unwrap();
    assert!((0..5_000_000).contains(&(show_us - epoch_us)), "{epoch_us} before {show_us}");

    let snapshot = node.control.message("state.snapshot");
    let expected = ["type", "nodeId", "applyAt_us", "global", "zonesEnabled", "zones"];
    assert_eq!(keys(&snapshot), BTreeSet::from(expected), "{snapshot}");
    assert_eq!(snapshot["nodeId"], node.welcome["nodeId"]);
    let global =
        ["effectId", "paletteId", "brightness", "speed", "hue", "intensity", "saturation", "complexity", "variation"];
    assert_eq!(keys(&snapshot["global"]), BTreeSet::from(global));
    assert!(snapshot["global"].as_object().unwrap().values().all(|value| value.as_u64().unwrap() <= 255));
    let scene = node.hub.get("/api/v1/scene");
    assert_eq!(snapshot["global"]["effectId"], scene["effect_id"]);
    assert_eq!(node.ready().hub.node(MAC).unwrap()["legacy"], true);
}

/// FANOUT-4, WIRE-1, WIRE-3
#[test]
fn it_gets_exactly_one_deployed_datagram_in_every_tick() {
    let node = Deployed::join().ready();
    let hash = token_hash(node.welcome["token"].as_str().unwrap());
    let packets = node.stream_for(Duration::from_secs(1));
    for pair in packets.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq.wrapping_add(1), "a gap in the numbers");
        assert!(pair[1].hub_now_us > pair[0].hub_now_us, "two datagrams in one tick");
    }
    let span_us = packets.last().unwrap().hub_now_us - packets[0].hub_now_us;
    let ticks = span_us as f64 / 10_000.0;
    let sent = packets.len() as f64 - 1.0;
    // A hub that a busy machine does not let run leaves ticks out.
    assert!(sent < ticks + 1.0 && sent > ticks / 2.0, "{} datagrams in {ticks} ticks", packets.len());
    let kinds: BTreeSet<u8> = packets.iter().map(|packet| packet.kind).collect();
    assert!(kinds.is_subset(&BTreeSet::from([1, 2, 3, 4])), "{kinds:?}");
    assert!(kinds.is_superset(&BTreeSet::from([1, 2])), "state and beat come by themselves: {kinds:?}");
    for packet in &packets {
        assert_eq!(packet.token_hash, hash);
        let len = match packet.kind {
            1 => 8,
            2 | 3 => 4,
            _ => 0,
        };
        assert_eq!(packet.payload.len(), len, "{packet:?}");
        // What is no change is for now plus the lead of 30 ms.
        if matches!(packet.kind, 2 | 4) {
            assert_eq!(packet.apply_at_us, packet.hub_now_us + 30_000, "{packet:?}");
        }
    }
}

/// FANOUT-4, FANOUT-5, CTRL-2
#[test]
fn a_change_comes_on_both_planes_with_one_apply_at_and_is_repeated_until_then() {
    let mut node = Deployed::join().ready();
    node.stream_for(Duration::from_millis(50));
    let answer =
        node.hub.post("/api/v1/scene", &json!({"effect": "fire", "palette": "lava", "speed": 99, "hue": 0x4321}));
    let apply_at = answer["apply_at_us"].as_i64().unwrap();
    let packets = node.stream_for(Duration::from_millis(400));
    let scene = node.hub.get("/api/v1/scene");
    let small = |key: &str| scene[key].as_u64().unwrap() as u8;
    // Numbers of two bytes, levels, speed, and the hue's upper byte.
    let payload = vec![0, small("effect_id"), 0, small("palette_id"), small("brightness"), 99, 0x43, 0];

    let first = packets.iter().position(|packet| packet.apply_at_us == apply_at).expect("the change comes");
    let announced: Vec<_> = packets[first..].iter().take_while(|packet| packet.hub_now_us < apply_at).collect();
    assert!(!announced.is_empty(), "the change comes after its applyAt");
    for packet in &announced {
        assert_eq!((packet.kind, packet.apply_at_us, &packet.payload), (1, apply_at, &payload), "{packet:?}");
    }
    let refreshed = packets.iter().filter(|packet| packet.hub_now_us >= apply_at && packet.kind == 1);
    let refreshed: Vec<_> = refreshed.collect();
    assert!(!refreshed.is_empty(), "no refresh in 0.3 s");
    assert!(refreshed.iter().all(|packet| packet.apply_at_us == apply_at && packet.payload == payload));

    let effect = node.control.message("effects.setCurrent");
    assert_eq!(keys(&effect), BTreeSet::from(["type", "effectId", "applyAt_us"]), "{effect}");
    assert_eq!((&effect["effectId"], &effect["applyAt_us"]), (&scene["effect_id"], &answer["apply_at_us"]));
    let parameters = node.control.message("parameters.set");
    assert!(parameters["t"].is_null() && parameters["applyAt_us"] == answer["apply_at_us"], "{parameters}");
    assert_eq!((&parameters["paletteId"], &parameters["speed"]), (&scene["palette_id"], &json!(99)));
    assert_eq!(parameters["hue"], 0x43);
}

/// WIRE-5, CTRL-45, HUB-7
#[test]
fn its_pings_are_answered_on_both_planes_in_show_time() {
    let mut node = Deployed::join().ready();
    let hash = token_hash(node.welcome["token"].as_str().unwrap());
    let exchange = UdpSocket::bind((node.stream.local_addr().unwrap().ip(), 0)).unwrap();
    exchange.set_read_timeout(Some(SOON)).unwrap();
    let hub: SocketAddr = node.hub.exchange_at;
    let mut last_us = node.welcome["hubEpoch_us"].as_i64().unwrap();
    for seq in 1..=20_u32 {
        // Little endian: version, type, reserved, number, token hash, t1.
        let t1_us = 1_000_000_u64 * u64::from(seq) + 7;
        let mut ping = vec![1, 1, 0, 0];
        ping.extend(seq.to_le_bytes());
        ping.extend(hash.to_le_bytes());
        ping.extend(t1_us.to_le_bytes());
        exchange.send_to(&ping, hub).unwrap();
        let mut pong = [0; 100];
        let (len, from) = exchange.recv_from(&mut pong).expect("a pong");
        assert_eq!((len, from), (36, hub));
        assert_eq!(
            (&pong[..4], &pong[4..20]),
            (&[1, 2, 0, 0][..], &ping[4..20]),
            "number, token hash and t1 come back"
        );
        let eight = |at: usize| i64::from_le_bytes(pong[at..at + 8].try_into().unwrap());
        let (t2_us, t3_us) = (eight(20), eight(28));
        assert!(last_us <= t2_us && t2_us <= t3_us, "{last_us} {t2_us} {t3_us}");
        last_us = t3_us;
    }
    let show_us = node.hub.get("/api/v1/show")["show_us"].as_i64().unwrap();
    assert!((0..5_000_000).contains(&(show_us - last_us)), "{last_us} is not show time {show_us}");

    node.send("ts_ping", json!({"seq": 21, "t1_us": 4242}));
    let pong = node.control.message("ts_pong");
    assert_eq!(keys(&pong), BTreeSet::from(["t", "nodeId", "seq", "t1_us", "t2_us", "t3_us"]));
    assert_eq!((&pong["seq"], &pong["t1_us"]), (&json!(21), &json!(4242)));
    assert!(pong["t2_us"].as_i64() <= pong["t3_us"].as_i64() && pong["t2_us"].as_i64() >= Some(last_us), "{pong}");
}
