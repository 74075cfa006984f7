//! Joining, staying, losing the hub and coming back.

use cuelight_proto::node::{FrameReport, NodeEvent, SyncUse, UpdateReport};
use cuelight_proto::session::{Ended, State};
use cuelight_proto::stream::Sender;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{
    Assigned, ErrorMessage, HubMessage, LaidOut, NodeMessage, OtaState, OtaStop, Restart, ShowLock,
};
use cuelight_wire::exchange::{Form, PONG_NS_LEN, Pong};
use cuelight_wire::ids::TokenHash;
use cuelight_wire::limits::{KEEPALIVE_TIMEOUT, MAX_CONTROL_MESSAGE};
use cuelight_wire::seal::Seal;
use cuelight_wire::stream::{MAX_PACKET, MsgType};
use cuelight_wire::time::{Span, Time};
use cuelight_wire::universes::UniverseRanges;

use crate::world::{NODE, World, layer, ms};

fn is_welcomed(event: &NodeEvent) -> bool {
    matches!(event, NodeEvent::Welcomed { .. })
}

#[test]
fn a_node_says_hello_on_connect_and_keepalive_right_after_welcome() {
    // CTRL-34
    let mut world = World::new(SyncUse::Scheduled);
    world.run(ms(1));
    let [(_, NodeMessage::Hello(hello)), (_, NodeMessage::Keepalive(keepalive))] = &world.messages[..] else {
        panic!("{:?}", world.messages)
    };
    assert_eq!((hello.proto, hello.ext, hello.show), (1, Ext::ALL, None));
    assert_eq!((keepalive.node_id, keepalive.token.as_str()), (NODE, world.hub.token));
    assert_eq!(world.node.status(world.now).session, State::Live);
}

#[test]
fn keepalives_are_a_second_apart_and_tell_what_was_measured() {
    // CTRL-34, NODE-37
    let mut world = World::new(SyncUse::Scheduled).joined();
    let report = FrameReport { fps: 120.0, output_late: Span::from_us(80), frames_missed: 3, late: 2 };
    world.node.handle_frames(report, world.now);
    world.hub.streams = false;
    let lost: Vec<_> = (0..10).map(|_| world.packet(MsgType::Heartbeat, world.show_now(), &[])).collect();
    world.deliver(&lost[9]);
    world.hub.streams = true;
    world.run(ms(2_000));
    let keepalives = world.keepalives();
    assert_eq!(keepalives.len(), 2);
    assert_eq!(keepalives[1].0 - keepalives[0].0, ms(1000));
    let (_, last) = &keepalives[1];
    let sync = last.sync.unwrap();
    // 9 missing of about 500 in the last five seconds.
    assert!((1.0..3.0).contains(&last.loss_pct), "{}", last.loss_pct);
    assert!((last.render_fps - 120.0).abs() < 1e-3 && last.uptime_s >= 4 && last.rssi == 0);
    assert!(sync.locked && sync.bound_ns > 0);
    assert_eq!((sync.late, sync.output_late_ns, sync.frames_missed), (2, 80_000, 3));
}

#[test]
fn a_welcome_of_another_protocol_or_without_a_token_is_refused() {
    // CTRL-33
    let bad_proto = |world: &World| {
        let mut welcome = world.welcome_message();
        welcome.proto = 2;
        welcome
    };
    let bad_token = |world: &World| {
        let mut welcome = world.welcome_message();
        welcome.token.clear();
        welcome
    };
    let bad_port = |world: &World| {
        let mut welcome = world.welcome_message();
        welcome.ts_port = Some(0);
        welcome
    };
    for bad in [bad_proto as fn(&World) -> _, bad_token, bad_port] {
        let mut world = World::new(SyncUse::Scheduled);
        world.hub.answers = false;
        world.run(ms(1));
        let welcome = bad(&world);
        world.message(HubMessage::Welcome(welcome));
        assert_eq!(world.count(|e| *e == NodeEvent::Disconnect(Ended::BadWelcome)), 1);
        assert_eq!(world.count(is_welcomed), 0);
        assert_eq!(world.node.status(world.now).sessions.bad_welcomes, 1);
    }
}

#[test]
fn a_restarted_hub_has_its_nodes_back_within_a_second() {
    // CTRL-32
    for downtime_ms in [150, 900, 2_000, 7_000, 30_000] {
        let mut world = World::new(SyncUse::Scheduled).joined();
        world.kill_hub();
        world.run(ms(downtime_ms));
        world.restart_hub();
        let back_at = world.now;
        world.forget();
        world.run(ms(1_000));
        let welcomed_at = world.when(is_welcomed).expect("welcomed within a second");
        let live_at = world.when(|e| *e == NodeEvent::Live);
        assert!(welcomed_at - back_at <= ms(510), "{downtime_ms}: {:?}", welcomed_at - back_at);
        assert_eq!(live_at.is_some(), downtime_ms > 500, "{downtime_ms}");
        assert!(world.node.map(world.now).state.is_usable(), "{downtime_ms}");
    }
}

#[test]
fn a_hub_that_had_no_power_has_its_nodes_back_within_two_seconds() {
    // CTRL-32, CTRL-35
    for downtime_ms in [5_000, 12_345, 40_000] {
        let mut world = World::new(SyncUse::Scheduled).joined();
        (world.hub.is_up, world.hub.is_dark, world.hub.streams) = (false, true, false);
        world.run(ms(downtime_ms));
        world.hub.is_dark = false;
        world.hub.streams = true;
        world.restart_hub();
        let back_at = world.now;
        world.forget();
        world.run(ms(2_000));
        let welcomed_at = world.when(is_welcomed).expect("welcomed within two seconds");
        // At worst a dial had just begun: its timeout, one delay.
        assert!(welcomed_at - back_at <= ms(1_510), "{downtime_ms}: {:?}", welcomed_at - back_at);
        assert_eq!(world.count(|e| *e == NodeEvent::Live), 1);
    }
}

#[test]
fn a_hub_that_was_never_there_is_dialled_more_and_more_patiently() {
    // CTRL-32
    let mut world = World::new(SyncUse::Scheduled);
    world.hub.is_up = false;
    world.run(Span::from_s(60));
    // 250 ms doubling to 5 s, dithered: between 12 and 30 dials in a minute.
    let dials = world.count(|e| *e == NodeEvent::Connect);
    assert!((12..30).contains(&dials), "{dials}");
    assert_eq!(world.node.status(world.now).sessions.dials as usize, dials);
}

#[test]
fn a_silent_hub_is_hung_up_on_after_the_keepalive_timeout() {
    // CTRL-35
    let mut world = World::new(SyncUse::Scheduled).joined();
    (world.hub.streams, world.hub.pongs, world.hub.answers) = (false, false, false);
    let silent_at = world.now;
    world.run(ms(4_000));
    let ended_at = world.when(|e| *e == NodeEvent::SessionEnded(Ended::HubSilent)).unwrap();
    assert!((ended_at - silent_at - KEEPALIVE_TIMEOUT).abs() <= ms(300), "{:?}", ended_at - silent_at);
    assert!(world.count(|e| *e == NodeEvent::Disconnect(Ended::HubSilent)) >= 1);
}

#[test]
fn a_hub_whose_stream_alone_is_silent_keeps_its_session() {
    // NODE-36
    let mut world = World::new(SyncUse::Scheduled).joined();
    world.hub.streams = false;
    let silent_at = world.now;
    world.run(ms(10_000));
    let fallback_at = world.when(|e| *e == NodeEvent::Fallback).unwrap();
    assert!(fallback_at - silent_at <= ms(502) && fallback_at - silent_at > ms(480));
    assert_eq!(world.ended(), []);
    let status = world.node.status(world.now);
    assert!(status.is_fallback && status.degraded.silence && status.session == State::Live);
    // The keepalive that makes a dead connection show itself.
    assert!(world.keepalives().iter().any(|(at, _)| *at - fallback_at <= ms(1)));
    world.forget();
    world.hub.streams = true;
    world.run(ms(20));
    assert_eq!(world.count(|e| *e == NodeEvent::Live), 1);
    assert!(!world.node.status(world.now).degraded.silence);
}

#[test]
fn silence_of_200_ms_degrades_and_a_packet_cures() {
    // STREAM-34
    let mut world = World::new(SyncUse::Scheduled).joined();
    world.hub.streams = false;
    world.run(ms(180));
    assert!(!world.node.status(world.now).degraded.silence);
    world.run(ms(40));
    assert!(world.node.status(world.now).degraded.silence);
    assert_eq!(world.count(|e| *e == NodeEvent::Fallback), 0);
}

#[test]
fn a_large_gap_degrades_for_two_seconds() {
    // STREAM-33
    let mut world = World::new(SyncUse::Scheduled).joined();
    for _ in 0..25 {
        let _ = world.packet(MsgType::Heartbeat, world.show_now(), &[]);
    }
    world.run(ms(10));
    assert!(world.node.status(world.now).degraded.gap);
    world.run(ms(2_000));
    assert!(!world.node.status(world.now).degraded.gap);
}

#[test]
fn what_somebody_forges_who_knows_the_token_hash_changes_nothing_and_is_counted() {
    // WIRE-18
    let mut world = World::new(SyncUse::Scheduled).joined();
    let token = world.hub.token;
    let before = world.node.status(world.now);
    let blackout = |seal: Option<Seal>| {
        let mut forger = Sender::starting_at(TokenHash::of(token.as_bytes()), 1_000_000).sealed(seal);
        let mut buf = [0; MAX_PACKET];
        let at = Time::ZERO + Span::from_s(1_010);
        let len = forger.packet(MsgType::ParamDelta, at, at, &[0; 8], &mut buf).unwrap();
        buf[..len].to_vec()
    };
    world.deliver(&blackout(None));
    world.deliver(&blackout(Some(Seal::of_stream(b"a guess"))));
    world.deliver(&blackout(Some(Seal::of_exchange(token.as_bytes()))));
    let pong = Pong {
        form: Form::Nanosecond,
        seq: 1,
        token_hash: TokenHash::of(token.as_bytes()),
        t1: world.now,
        t2: Time::ZERO + Span::from_s(9_999),
        t3: Time::ZERO + Span::from_s(9_999),
        previous: None,
    };
    let mut bytes = [0; PONG_NS_LEN];
    pong.encode(&mut bytes).unwrap();
    world.node.handle_exchange(&bytes, world.now, world.now);
    let after = world.node.status(world.now);
    assert_eq!(after.drops.wrong_tag, before.drops.wrong_tag + 2);
    assert_eq!(after.drops.total(), before.drops.total() + 3, "the one without a tag is too short");
    assert_eq!(after.exchange.wrong_tag, before.exchange.wrong_tag + 1);
    world.run(ms(100));
    let later = world.node.status(world.now);
    assert!(later.stream.received >= before.stream.received + 9 && later.stream.lost == before.stream.lost);
}

#[test]
fn a_new_token_makes_the_old_stream_foreign() {
    let mut world = World::new(SyncUse::Scheduled).joined();
    let old = world.packet(MsgType::Heartbeat, world.show_now(), &[]);
    world.hub.token = "a-new-token-of-the-same-hub";
    world.welcome();
    world.deliver(&old);
    let status = world.node.status(world.now);
    assert_eq!(status.drops.wrong_token, 1);
    assert_eq!((world.ended(), world.count(is_welcomed)), (vec![Ended::Reconnected], 1));
    world.run(ms(50));
    let after = world.node.status(world.now);
    assert!(after.stream.received >= status.stream.received + 4 && after.stream.lost == status.stream.lost);
}

#[test]
fn hello_tells_a_restarted_hub_the_show_time_and_the_newest_change() {
    // NODE-37
    let mut world = World::new(SyncUse::Scheduled).joined();
    let at = world.show_now();
    world.hub.state.layers.push(layer(41, at)).unwrap();
    world.run(ms(20));
    world.kill_hub();
    world.run(ms(2_000));
    world.restart_hub();
    world.run(ms(1_000));
    let (said_at, hello) = world.hellos().pop().unwrap();
    let hint = hello.show.expect("a node in holdover knows show time");
    let truth_us = (said_at.as_ns() + world.hub.offset.as_ns()) / 1000;
    assert!((hint.now_us - truth_us).abs() <= hint.bound_us.max(1), "{hint:?} {truth_us}");
    assert_eq!(hint.rev, 41);
}

#[test]
fn errors_of_the_hub_are_passed_on_and_counted() {
    let mut world = World::new(SyncUse::Scheduled).joined();
    let error = ErrorMessage { code: "too-many".try_into().unwrap(), message: "slowly".try_into().unwrap() };
    world.message(HubMessage::Error(error.clone()));
    assert_eq!(world.count(|e| *e == NodeEvent::HubError(error.clone())), 1);
    assert_eq!(world.node.status(world.now).sessions.hub_errors, 1);
    assert_eq!(world.ended(), []);
}

#[test]
fn the_armed_show_is_passed_on_where_that_was_agreed() {
    // CTRL-9
    let lock = |world: &World, show: Option<&str>| {
        HubMessage::ShowLock(ShowLock {
            node_id: NODE,
            token: world.hub.token.try_into().unwrap(),
            show: show.map(|show| show.try_into().unwrap()),
        })
    };
    let mut world = World::new(SyncUse::Scheduled).joined();
    for show in [Some("Friday"), None] {
        world.message(lock(&world, show));
        let expected = NodeEvent::ShowLock(show.map(|show| show.try_into().unwrap()));
        assert_eq!(world.count(|event| *event == expected), 1);
    }
    let HubMessage::ShowLock(other) = lock(&world, Some("Saturday")) else { panic!() };
    world.message(HubMessage::ShowLock(ShowLock { token: "another".try_into().unwrap(), ..other }));
    assert_eq!(world.count(|event| matches!(event, NodeEvent::ShowLock(_))), 2, "of another session");

    let mut deployed = World::deployed();
    deployed.run(ms(500));
    deployed.message(lock(&deployed, Some("Friday")));
    assert_eq!(deployed.count(|event| matches!(event, NodeEvent::ShowLock(_))), 0);
    assert_eq!(deployed.node.status(deployed.now).counters.not_negotiated, 1);
}

#[test]
fn an_update_is_stopped_where_that_was_agreed() {
    // OTA-21
    let stop = |world: &World| OtaStop {
        node_id: NODE,
        token: world.hub.token.try_into().unwrap(),
        sha256: "00".repeat(32).as_str().try_into().unwrap(),
    };
    let mut world = World::new(SyncUse::Scheduled).joined();
    let stops = |world: &World| world.count(|event| matches!(event, NodeEvent::StopUpdate(_)));
    world.message(HubMessage::OtaStop(stop(&world)));
    assert_eq!(stops(&world), 1);
    world.message(HubMessage::OtaStop(OtaStop { token: "another".try_into().unwrap(), ..stop(&world) }));
    assert_eq!(stops(&world), 1, "of another session");

    let mut deployed = World::deployed();
    deployed.run(ms(500));
    deployed.message(HubMessage::OtaStop(stop(&deployed)));
    assert_eq!(stops(&deployed), 0);
    assert_eq!(deployed.node.status(deployed.now).counters.not_negotiated, 1);
}

#[test]
fn a_restart_is_passed_on_where_that_was_agreed() {
    // CTRL-10
    let restart = |world: &World| Restart { node_id: NODE, token: world.hub.token.try_into().unwrap() };
    let restarts = |world: &World| world.count(|event| *event == NodeEvent::Restart);
    let mut world = World::new(SyncUse::Scheduled).joined();
    world.message(HubMessage::Restart(Restart { token: "another".try_into().unwrap(), ..restart(&world) }));
    assert_eq!(restarts(&world), 0, "of another session");
    world.message(HubMessage::Restart(restart(&world)));
    assert_eq!(restarts(&world), 1);

    let mut deployed = World::deployed();
    deployed.run(ms(500));
    deployed.message(HubMessage::Restart(restart(&deployed)));
    assert_eq!(restarts(&deployed), 0);
    assert_eq!(deployed.node.status(deployed.now).counters.not_negotiated, 1);
}

#[test]
fn universes_are_passed_on_where_that_was_agreed() {
    // CTRL-12
    let assigned = |world: &World, ranges: Option<&[(u16, u16)]>| {
        HubMessage::Universes(Assigned {
            node_id: NODE,
            token: world.hub.token.try_into().unwrap(),
            universes: ranges.map(|ranges| UniverseRanges::new(ranges.iter().copied()).unwrap()),
        })
    };
    let mut world = World::new(SyncUse::Scheduled).joined();
    for ranges in [Some(&[(1, 4)][..]), Some(&[]), None] {
        world.message(assigned(&world, ranges));
        let expected = NodeEvent::Universes(ranges.map(|ranges| UniverseRanges::new(ranges.iter().copied()).unwrap()));
        assert_eq!(world.count(|event| *event == expected), 1);
    }
    let mut deployed = World::deployed();
    deployed.run(ms(500));
    deployed.message(assigned(&deployed, None));
    assert_eq!(deployed.count(|event| matches!(event, NodeEvent::Universes(_))), 0);
}

#[test]
fn how_its_leds_are_laid_out_is_passed_on_where_that_was_agreed() {
    // CTRL-13
    let laid_out = |world: &World, geometry: Option<&str>| {
        HubMessage::Geometry(LaidOut {
            node_id: NODE,
            token: world.hub.token.try_into().unwrap(),
            geometry: geometry.map(|text| text.try_into().unwrap()),
        })
    };
    let mut world = World::new(SyncUse::Scheduled).joined();
    for geometry in [Some("matrix:16x16"), None] {
        world.message(laid_out(&world, geometry));
        let expected = NodeEvent::Geometry(geometry.map(|text| text.try_into().unwrap()));
        assert_eq!(world.count(|event| *event == expected), 1);
    }
    let mut deployed = World::deployed();
    deployed.run(ms(500));
    deployed.message(laid_out(&deployed, None));
    assert_eq!(deployed.count(|event| matches!(event, NodeEvent::Geometry(_))), 0);
}

fn told(world: &World) -> Vec<(OtaState, u8, bool)> {
    let status = |(_, message): &(_, NodeMessage)| match message {
        NodeMessage::OtaStatus(status) => Some((status.state, status.pct, status.log.is_some())),
        _ => None,
    };
    world.messages.iter().filter_map(status).collect()
}

#[test]
fn what_became_of_an_update_before_the_welcome_is_told_after_it_once() {
    // OTA-9
    let mut world = World::new(SyncUse::Scheduled);
    let report = |state, pct| UpdateReport { state, pct, error: None, log: None };
    let log = Some("x\u{1}\n".repeat(170).as_str().try_into().unwrap());
    let given_up = UpdateReport {
        error: Some("\u{1}".repeat(128).as_str().try_into().unwrap()),
        log,
        ..report(OtaState::Failed, 0)
    };
    world.node.handle_update(report(OtaState::Downloading, 3), world.now);
    world.node.handle_update(given_up, world.now);
    world.run(ms(500));
    assert_eq!(told(&world), [(OtaState::Failed, 0, true)]);
    let (_, message) = world.messages.iter().find(|(_, message)| matches!(message, NodeMessage::OtaStatus(_))).unwrap();
    let NodeMessage::OtaStatus(status) = message else { panic!() };
    let text = serde_json::to_string(status).unwrap();
    assert!(text.len() + r#""t":"ota_status","#.len() <= MAX_CONTROL_MESSAGE, "{}", text.len());
    world.kill_hub();
    world.run(ms(1_000));
    world.restart_hub();
    world.run(ms(2_000));
    assert_eq!(told(&world).len(), 1, "once");
}

#[test]
fn progress_is_told_four_times_a_second_and_a_new_state_at_once() {
    // OTA-9
    let mut world = World::new(SyncUse::Scheduled).joined();
    let report = |state, pct| UpdateReport { state, pct, error: None, log: None };
    for pct in 0..100 {
        world.node.handle_update(report(OtaState::Downloading, pct), world.now);
        world.run(ms(10));
    }
    world.node.handle_update(report(OtaState::Verifying, 0), world.now);
    world.run(ms(1));
    let told = told(&world);
    assert_eq!(told.last().unwrap().0, OtaState::Verifying);
    assert!((4..=6).contains(&told.len()), "{told:?}");
}

#[test]
fn without_udp_pongs_the_clock_locks_over_the_control_connection() {
    let mut world = World::new(SyncUse::Scheduled);
    world.hub.pongs = false;
    world.run(Span::from_s(6));
    assert!(world.node.map(world.now).state.is_usable());
    let map = world.node.map(world.now);
    assert!((map.show_at(world.now) - world.show_now()).abs() <= map.bound + Span::from_us(2));
}

#[test]
fn a_hub_that_comes_back_with_another_show_time_is_followed_within_five_seconds() {
    // NODE-33
    let mut world = World::new(SyncUse::Scheduled).joined();
    let at = world.show_now();
    world.hub.state.layers.push(layer(3, at)).unwrap();
    world.run(ms(50));
    world.kill_hub();
    world.run(ms(1_000));
    world.restart_hub();
    // It lost its show time and starts from one second.
    world.hub.offset = Span::from_s(1) - (world.now - Time::ZERO);
    let at = world.show_now();
    world.hub.state.layers[0] = layer(1, at);
    world.forget();
    world.run(ms(5_000));
    let map = world.node.map(world.now);
    assert!(map.state.is_usable() && (map.show_at(world.now) - world.show_now()).abs() <= ms(1), "{map:?}");
    let last = world.changes().pop().expect("the new hub's scene is given");
    assert_eq!(last.0, cuelight_wire::change::Change::Layer(layer(1, at)));
}
