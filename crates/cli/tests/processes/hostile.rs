//! Bad input: whoever sends it is told why and let go, and nobody else notices.

use std::io::Write;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{HERE, Heard, SOON, Show, Socket, Tap, hello, narrow_tcp, tcp, until, until_true};

/// A small seeded generator, so that every run sends the same.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn bytes(&mut self, longest: u64) -> Vec<u8> {
        let len = self.next() % (longest + 1);
        (0..len).map(|_| self.next() as u8).collect()
    }
}

fn mac(number: u8) -> String {
    format!("02:BA:D0:00:00:{number:02X}")
}

fn keepalive(welcome: &Value) -> Value {
    json!({"t": "ka", "nodeId": welcome["nodeId"], "token": welcome["token"], "rssi": -60, "loss_pct": 0, "drift_us": 0,
           "uptime_s": 1})
}

#[track_caller]
fn assert_ends(socket: &mut Socket, code: u16, word: &str) {
    let (given, reason) = socket.end();
    assert_eq!((given, reason.split(':').next()), (code, Some(word)), "{reason}");
    assert!(reason.len() > word.len() + 10, "a reason for people: {reason}");
}

/// CTRL-24, CTRL-43, HUB-8
#[test]
fn each_wrong_message_ends_its_own_session_with_a_reason_that_names_it() {
    let mut show = Show::start(1);
    let quiet = show.quiet();
    let at = show.hub.at;

    for text in ["", "{", "{\"t\":\"hello\",", "[1,2]", "\u{0}", "{\"t\":\"hello\"}", "{\"t\":7}"] {
        let mut socket = Socket::connect(at);
        socket.send_text(text);
        assert_ends(&mut socket, 1007, "malformed");
    }
    let mut before_hello = Socket::connect(at);
    before_hello.send(&keepalive(&json!({"nodeId": 1, "token": "x"})));
    assert_ends(&mut before_hello, 1008, "hello-first");

    let mut future = Socket::connect(at);
    let mut hello_9 = hello(&mac(1));
    hello_9["proto"] = json!(9);
    future.send(&hello_9);
    let (code, reason) = future.end();
    assert!(code == 1008 && reason.starts_with("unsupported-proto:") && reason.contains("proto 1"), "{code} {reason}");

    let (mut wrong_token, welcome) = Socket::welcomed(at, &hello(&mac(2)));
    wrong_token.send(&keepalive(&json!({"nodeId": welcome["nodeId"], "token": "0".repeat(40)})));
    assert_ends(&mut wrong_token, 1008, "wrong-token");

    let (mut no_token, welcome) = Socket::welcomed(at, &hello(&mac(3)));
    no_token.send(&json!({"t": "ka", "nodeId": welcome["nodeId"]}));
    let (_, reason) = no_token.end();
    assert!(reason.starts_with("wrong-token:") || reason.starts_with("malformed:"), "{reason}");

    let (mut oversized, welcome) = Socket::welcomed(at, &hello(&mac(4)));
    let mut long = keepalive(&welcome);
    long["padding"] = json!("x".repeat(2000));
    oversized.send(&long);
    assert_ends(&mut oversized, 1009, "oversized");

    // Far too long to be read at all.
    let (mut endless, _) = Socket::welcomed(at, &hello(&mac(6)));
    endless.send_text(&"x".repeat(100_000));
    assert_ends(&mut endless, 1009, "oversized");

    let (mut binary, _) = Socket::welcomed(at, &hello(&mac(5)));
    binary.send_binary(&[0xff; 100]);
    assert_ends(&mut binary, 1007, "malformed");

    show.assert_undisturbed(&quiet);
}

/// CTRL-44
#[test]
fn floods_of_hellos_and_of_messages_end_their_session() {
    let mut show = Show::start(1);
    let quiet = show.quiet();

    let (mut greeter, _) = Socket::welcomed(show.hub.at, &hello(&mac(1)));
    for _ in 0..10 {
        greeter.send(&hello(&mac(1)));
    }
    assert_ends(&mut greeter, 1008, "too-many");

    let (mut talker, welcome) = Socket::welcomed(show.hub.at, &hello(&mac(2)));
    for _ in 0..1000 {
        talker.send(&keepalive(&welcome));
    }
    assert_ends(&mut talker, 1008, "too-many");

    show.assert_undisturbed(&quiet);
}

/// CTRL-43, CTRL-44
#[test]
fn a_connection_that_never_says_hello_is_ended() {
    let mut show = Show::start(1);
    let quiet = show.quiet();
    let mut mute = Socket::connect(show.hub.at);
    let start = Instant::now();
    let (code, reason) = mute.end();
    assert!(code == 1008 && (reason.starts_with("silent:") || reason.starts_with("hello-first:")), "{code} {reason}");
    assert!(start.elapsed() > Duration::from_secs(2), "no time to say hello");
    show.assert_undisturbed(&quiet);
}

/// HUB-8
#[test]
fn a_slow_reader_is_let_go_and_told_why() {
    // A short lead makes changes, and so messages, come quickly.
    let mut show = Show::start_with(1, &["--lead-ms", "10"]);
    let quiet = show.quiet();
    let at = show.hub.at;
    let mut slow = Socket::over(narrow_tcp(at), at);
    let mut hello = hello(&mac(1));
    // Full states are the longest messages there are.
    hello["ext"] = json!(["full-state"]);
    slow.send(&hello);
    let welcome = slow.message("welcome");

    let mut told_at = Instant::now();
    let mut level = 0_u64;
    until_true("the hub lets the slow reader go", SOON, || {
        if told_at.elapsed() > Duration::from_millis(500) {
            slow.send(&keepalive(&welcome));
            told_at = Instant::now();
        }
        for _ in 0..20 {
            level += 1;
            let zone = |id: u64| json!({"id": id, "from": id * 60, "to": id * 60 + 59, "brightness": level % 256});
            let zones: Vec<Value> = (0..4).map(zone).collect();
            show.hub.post("/api/v1/zones", &json!({"zones": zones, "fade_ms": 1000}));
        }
        show.hub.node(&mac(1)).is_none_or(|node| node["state"] == "lost")
    });
    assert_ends(&mut slow, 1008, "slow-reader");
    show.assert_undisturbed(&quiet);
}

/// HUB-6
#[test]
fn what_is_no_request_at_the_http_port_does_no_harm() {
    let mut show = Show::start(1);
    let quiet = show.quiet();
    let mut noise = Noise(0xfeed);
    let mut half_open = Vec::new();
    for round in 0..100 {
        let mut stranger = tcp(HERE, show.hub.at);
        let sent = match round % 4 {
            0 => noise.bytes(1400),
            1 => b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: web".to_vec(),
            2 => b"POST /api/v1/scene HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n{".to_vec(),
            _ => Vec::new(),
        };
        // The hub may have hung up already.
        let _ = stranger.write_all(&sent);
        half_open.push(stranger);
    }
    let scene = show.hub.post("/api/v1/scene", &json!({"effect": "fire"}));
    show.records_with(scene["rev"].as_u64().unwrap());
    show.assert_undisturbed(&quiet);
}

/// CTRL-22
#[test]
fn an_unknown_message_is_answered_and_the_session_goes_on() {
    let mut show = Show::start(1);
    let quiet = show.quiet();
    let (mut socket, welcome) = Socket::welcomed(show.hub.at, &hello(&mac(1)));
    for kind in ["lunch.order", "x".repeat(200).as_str()] {
        socket.send(&json!({"t": kind, "nodeId": welcome["nodeId"], "token": welcome["token"]}));
        let error = socket.message("error");
        assert!(error["code"].is_string() && error["message"].as_str().unwrap().contains(&kind[..10]), "{error}");
    }
    socket
        .send(&json!({"t": "ts_ping", "nodeId": welcome["nodeId"], "token": welcome["token"], "seq": 5, "t1_us": 77}));
    let pong = socket.message("ts_pong");
    assert_eq!((&pong["seq"], &pong["t1_us"]), (&json!(5), &json!(77)));
    show.assert_undisturbed(&quiet);
}

/// HUB-7
#[test]
fn garbage_on_the_time_exchange_is_not_answered_and_does_no_harm() {
    let mut show = Show::start(1);
    let quiet = show.quiet();
    let stranger = UdpSocket::bind((HERE, 0)).unwrap();
    stranger.connect(show.hub.exchange_at).unwrap();
    let mut noise = Noise(0x5eed);
    // A ping as it should be, but of no session: version, type, reserved, number, token hash, t1.
    let mut ping = [0_u8; 20];
    ping[..2].copy_from_slice(&[1, 1]);
    ping[8..12].copy_from_slice(&0xdead_beef_u32.to_le_bytes());
    let longer = [&ping[..], &[0; 16]].concat();
    for round in 0..500 {
        let mut other_version = ping;
        other_version[0] = 2 + (round % 200) as u8;
        for datagram in [&ping[..], &ping[..19], &ping[..1], &[], &longer, &other_version, &noise.bytes(1400)] {
            stranger.send(datagram).unwrap();
        }
    }
    show.assert_undisturbed(&quiet);
    stranger.set_nonblocking(true).unwrap();
    assert!(stranger.recv(&mut [0; 64]).is_err(), "a stranger was answered");
}

/// WIRE-10, STREAM-32
#[test]
fn garbage_on_a_nodes_stream_port_is_dropped_and_the_picture_stays() {
    let mut show = Show::start(0);
    let tap = Tap::before(show.hub.at);
    show.add_node(tap.hub_seen_at, &["--udp-port", &tap.node_stream.port().to_string()]);
    // A scene whose packet is kept, to be replayed after another scene has come.
    let newest = || tap.datagrams().last().cloned().unwrap();
    let dark = show.hub.post("/api/v1/scene", &json!({"effect": "solid", "brightness": 0}));
    show.records_with(dark["rev"].as_u64().unwrap());
    let replayed = newest();
    let scene = show.hub.post("/api/v1/scene", &json!({"effect": "fire", "brightness": 255}));
    let rev = scene["rev"].as_u64().unwrap();
    show.records_with(rev);
    let quiet = show.quiet();

    let genuine = newest();
    assert_eq!((genuine[0], genuine[1]), (1, 0x10), "a Cuelight node's stream is full states of version 1");
    let changed = |at: usize, to: u8| {
        let mut datagram = genuine.clone();
        // Ahead of what has come, so that the number alone does not refuse it.
        datagram[4..8].copy_from_slice(&(u32::from_be_bytes(genuine[4..8].try_into().unwrap()) + 5).to_be_bytes());
        datagram[at] = to;
        datagram
    };
    let mut noise = Noise(0xcafe);
    let oversized = [&genuine[..], &[0; 600]].concat();
    let one_more = [&genuine[..], &[0]].concat();
    for _ in 0..100 {
        let of_other_version = changed(0, 2);
        let of_unknown_type = changed(1, 0x7f);
        let of_other_token = changed(8, genuine[8] ^ 1);
        let random = noise.bytes(1400);
        let cut = &genuine[..(noise.next() % genuine.len() as u64) as usize];
        for datagram in [&replayed, &genuine, &oversized, &one_more, &of_other_version, &of_unknown_type] {
            tap.inject(datagram);
        }
        for datagram in [&of_other_token[..], &random, cut] {
            tap.inject(datagram);
        }
    }
    // The node goes on taking the genuine stream.
    let after = show.hub.post("/api/v1/parameters", &json!({"speed": 200}))["rev"].as_u64().unwrap();
    show.records_with(after);
    show.assert_undisturbed(&quiet);
    let records = show.records();
    assert!(records[0].frames.iter().skip_while(|line| line.scene_rev < rev).all(|line| line.scene_rev >= rev));
    let log = show.nodes[0].process.log();
    assert!(!log.contains("panicked") && !log.contains("session ended") && !log.contains("silent"), "{log}");
}

/// CTRL-42
#[test]
fn a_node_that_says_hello_on_a_second_connection_replaces_the_first() {
    let mut show = Show::start(1);
    let quiet = show.quiet();
    let (mut first, welcome) = Socket::welcomed(show.hub.at, &hello(&mac(1)));
    let (mut second, again) = Socket::welcomed(show.hub.at, &hello(&mac(1)));
    assert_eq!(again["nodeId"], welcome["nodeId"]);
    assert_ne!(again["token"], welcome["token"]);
    assert_ends(&mut first, 1008, "replaced");
    second.send(&keepalive(&again));
    let state = until("the node is READY", SOON, || show.hub.node(&mac(1)).filter(|node| node["state"] == "ready"));
    assert_eq!(state["id"], welcome["nodeId"]);
    assert!(!matches!(second.hear(Duration::from_millis(100)), Some(Heard::Closed(..) | Heard::Broken)));
    show.assert_undisturbed(&quiet);
}
