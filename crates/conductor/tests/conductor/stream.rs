//! What leaves in each tick.

use cuelight_conductor::{Command, NodeRef, SceneEdit, Scope};
use cuelight_wire::caps::Ext;
use cuelight_wire::change::{ScenePatch, ZonePatch};
use cuelight_wire::control::{HubMessage, ParametersSet, SetEffect};
use cuelight_wire::ids::EffectId;
use cuelight_wire::scene::BlendMode;
use cuelight_wire::stream::MsgType;
use cuelight_wire::stream::payload::BeatTick;
use cuelight_wire::time::Span;

use crate::world::{TICK, World, effect, group, hello, mac, of, set_scene};

#[test]
fn ticks_are_at_multiples_of_ten_milliseconds_whatever_happens() {
    // FANOUT-1
    let mut world = World::new();
    let start = world.now;
    for k in 1..=300 {
        assert_eq!(world.conductor.poll_timeout(), start + TICK.times(k));
        world.tick();
    }
    // Early calls do nothing, a late tick is still sent, missed ones are counted.
    let peer = world.join(1);
    world.conductor.handle_timeout(world.now);
    let mut buf = [0; 600];
    assert!(world.conductor.poll_transmit(&mut buf).is_none());
    world.conductor.handle_timeout(start + TICK.times(305) + Span::from_ms(4));
    let sent = world.conductor.poll_transmit(&mut buf).expect("the late tick's datagram");
    assert_eq!(sent.to, peer.addr);
    assert_eq!(world.conductor.poll_timeout(), start + TICK.times(306));
    assert_eq!(world.conductor.snapshot(world.now).tick.missed, 4);
}

#[test]
fn overruns_are_counted_and_never_delay_the_next_tick() {
    // FANOUT-1
    let mut world = World::new();
    for k in 1..=100_i64 {
        let due = world.conductor.poll_timeout();
        world.tick();
        let cost = if k == 50 { Span::from_ms(11) } else { Span::from_us(k) };
        world.conductor.note_tick(due, due + cost);
        assert_eq!(world.conductor.poll_timeout(), due + TICK);
    }
    let tick = world.conductor.snapshot(world.now).tick;
    assert_eq!((tick.overruns, tick.count, tick.millihertz), (1, 100, 100_000));
    assert_eq!(
        (tick.cost_max, tick.cost_p99, tick.cost_p50),
        (Span::from_ms(11), Span::from_ms(11), Span::from_us(52))
    );
}

#[test]
fn a_cuelight_node_gets_one_copy_in_peace_and_three_until_the_applyat_each_with_its_own_number() {
    // FANOUT-3
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    assert_eq!(world.tick().len(), 2);
    let answer = world.command(set_scene(Scope::Show, 4));
    let mut seq = 1;
    let mut ahead = Some(std::mem::take(&mut world.ahead));
    loop {
        // What leaves ahead of the tick is like a tick.
        let datagrams = ahead.take().unwrap_or_else(|| world.tick());
        let (header, state) = of(&datagrams, &a)[0].full_state(&a);
        let is_pending = header.hub_now < answer.apply_at;
        assert_eq!(datagrams.len(), if is_pending { 6 } else { 2 });
        for datagram in of(&datagrams, &a) {
            assert_eq!(datagram.full_state(&a).0.seq, seq);
            assert_eq!(datagram.full_state(&a).1, state);
            seq += 1;
        }
        if !is_pending {
            break;
        }
        assert_eq!(header.apply_at, answer.apply_at);
        let order: Vec<_> = datagrams.iter().map(|datagram| datagram.to).collect();
        assert_eq!(order, [a.addr, b.addr, a.addr, b.addr, a.addr, b.addr], "copy by copy");
        assert_eq!((state.layers[1].rev, state.layers[1].at), (answer.rev, answer.apply_at));
    }
    assert_eq!(seq, 11, "three times three copies before the applyAt, 30 ms after the first");
    assert_eq!(world.node(&a).packets, 11);
}

#[test]
fn copies_a_tick_has_no_time_for_are_left_out_and_the_next_tick_begins_with_the_nodes_that_missed_them() {
    // FANOUT-22
    let mut world = World::new();
    let peers: Vec<_> = (1..=5).map(|n| world.join(n)).collect();
    world.tick();
    // So near to the tick that nothing leaves ahead of it.
    world.now += Span::from_ms(9);
    world.command(set_scene(Scope::Show, 4));
    let addresses = |order: [usize; 5]| order.map(|n| peers[n].addr).to_vec();
    // Time for all first copies and two second ones.
    let sent = world.tick_with_time_for(7);
    assert_eq!(sent[..5], addresses([0, 1, 2, 3, 4]));
    assert_eq!(sent[5..], addresses([0, 1, 2, 3, 4])[..2]);
    assert_eq!(world.conductor.snapshot(world.now).totals.copies_skipped, 3 + 5);
    // First copies are sent whatever the time is.
    let sent = world.tick_with_time_for(2);
    assert_eq!(sent, addresses([2, 3, 4, 0, 1]));
    // What one tick left out, no later one makes up for.
    let sent = world.tick_with_time_for(usize::MAX);
    assert_eq!(sent.len(), 15);
    assert_eq!(sent[..5], addresses([2, 3, 4, 0, 1]));
    assert_eq!(world.conductor.snapshot(world.now).totals.copies_skipped, 8 + 10);
}

#[test]
fn the_applyat_is_the_first_sending_plus_the_lead_and_equal_for_all() {
    // SHOW-4
    let mut world = World::new();
    let peers = [world.join(1), world.join(2), world.join_legacy(3)];
    world.tick();
    world.now += Span::from_us(3_141);
    let answer = world.command(set_scene(Scope::Show, 4));
    let datagrams = world.tick();
    assert_eq!((answer.apply_at - world.show()).as_us(), 30_000);
    for peer in &peers {
        assert_eq!(of(&datagrams, peer)[0].open(peer).0.apply_at, answer.apply_at);
    }
}

#[test]
fn a_deployed_node_gets_one_datagram_a_tick_with_the_same_applyat_until_it_comes_and_refreshes_after() {
    // FANOUT-4
    let mut world = World::new();
    let peer = world.join_legacy(1);
    world.run(Span::from_s(7), &[&peer]);
    let answer = world.command(set_scene(Scope::Show, 300));
    let (mut before, mut first_second, mut later, mut beats) = (0, 0, 0, 0);
    for k in 0..303 {
        let datagrams = world.tick();
        assert_eq!(datagrams.len(), 1, "exactly one");
        let datagram = of(&datagrams, &peer)[0];
        let (header, payload) = datagram.open(&peer);
        let is_before = header.hub_now < answer.apply_at;
        match datagram.params(&peer) {
            Some((header, delta)) => {
                assert_eq!((header.apply_at, delta.effect), (answer.apply_at, EffectId(300)));
                let age = header.hub_now - answer.apply_at;
                *(if is_before {
                    &mut before
                } else if age < Span::from_s(1) {
                    &mut first_second
                } else {
                    &mut later
                }) += 1;
            }
            None => {
                assert!(!is_before, "before the applyAt every tick carries the change");
                assert_eq!((header.apply_at - header.hub_now).as_us(), 30_000);
                if header.msg_type == MsgType::BeatTick {
                    beats += 1;
                    assert_eq!(BeatTick::decode(payload).unwrap().bpm_x100, 12_000);
                } else {
                    assert_eq!(header.msg_type, MsgType::Heartbeat);
                }
            }
        }
        if k % 50 == 0 {
            world.keepalive(&peer);
        }
    }
    assert_eq!((before, first_second, later), (3, 10, 4));
    assert!((130..=160).contains(&beats), "{beats}");
}

#[test]
fn two_announced_changes_take_turns_on_a_deployed_node() {
    // FANOUT-4
    let mut world = World::new();
    let peer = world.join_legacy(1);
    world.tick();
    let first = world.command(set_scene(Scope::Show, 4));
    world.tick();
    let second = world.command(set_scene(Scope::Show, 5));
    let seen: Vec<_> = (0..2).map(|_| of(&world.tick(), &peer)[0].params(&peer).unwrap()).collect();
    for (answer, number) in [(first, 4), (second, 5)] {
        assert!(seen.iter().any(|(h, d)| h.apply_at == answer.apply_at && d.effect == EffectId(number)), "{seen:?}");
    }
}

#[test]
fn master_and_blackout_reach_deployed_nodes_as_brightness_at_their_applyat() {
    // FANOUT-4, FANOUT-5
    let mut world = World::new();
    let peer = world.join_legacy(1);
    world.tick();
    world.messages(peer.conn);
    for (command, expected) in [
        (Command::Master { level: 128 }, 100),
        (Command::Blackout { on: true }, 0),
        (Command::Blackout { on: false }, 100),
    ] {
        let answer = world.command(command);
        let (header, delta) = of(&world.tick(), &peer)[0].params(&peer).unwrap();
        assert_eq!((header.apply_at, delta.brightness), (answer.apply_at, expected));
        let set = ParametersSet {
            brightness: Some(expected),
            apply_at_us: answer.apply_at.as_us(),
            ..ParametersSet::default()
        };
        assert_eq!(world.messages(peer.conn), [HubMessage::ParametersSet(set)]);
        world.run(Span::from_ms(40), &[]);
    }
}

#[test]
fn deployed_nodes_get_each_change_on_the_control_plane_too_with_the_same_applyat() {
    // FANOUT-5
    let mut world = World::new();
    let peer = world.join_legacy(1);
    world.tick();
    world.messages(peer.conn);
    let answer = world.command(set_scene(Scope::Show, 9));
    world.tick();
    let apply_at_us = answer.apply_at.as_us();
    assert_eq!(world.messages(peer.conn), [HubMessage::SetEffect(SetEffect { effect_id: 9, apply_at_us })]);
    let patch = ScenePatch { hue: Some(0x8142), ..ScenePatch::default() };
    let answer = world.command(Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 });
    world.tick();
    let messages = world.messages(peer.conn);
    let [HubMessage::ParametersSet(set)] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!((set.hue, set.brightness, set.apply_at_us), (Some(0x81), Some(200), answer.apply_at.as_us()));
    world.run(Span::from_ms(500), &[&peer]);
    assert!(world.messages(peer.conn).is_empty(), "once for each change");
}

#[test]
fn zones_reach_deployed_nodes_by_snapshot_when_they_come_and_by_update_when_they_change() {
    // FANOUT-5
    let mut world = World::new();
    let peer = world.join_legacy(1);
    world.tick();
    world.messages(peer.conn);
    let (effect, blend) = (Some(EffectId(7)), Some(BlendMode::Add));
    let zone = ZonePatch { id: 2, effect, blend, brightness: Some(10), ..ZonePatch::default() };
    let zones = |zone| SceneEdit { zones: heapless::Vec::from_slice(&[zone]).ok(), ..SceneEdit::default() };
    let answer = world.command(Command::Edit { scope: Scope::Show, edit: zones(zone), fade_ms: 0 });
    world.tick();
    let messages = world.messages(peer.conn);
    let [HubMessage::Snapshot(snapshot)] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!((snapshot.apply_at_us, snapshot.zones_enabled), (answer.apply_at.as_us(), true));
    assert_eq!((snapshot.zones[0].zone_id, snapshot.zones[0].effect_id, snapshot.zones[0].blend_mode), (2, 7, 1));
    let edit = zones(ZonePatch { brightness: Some(20), ..zone });
    world.command(Command::Edit { scope: Scope::Show, edit, fade_ms: 0 });
    world.tick();
    let messages = world.messages(peer.conn);
    let [HubMessage::ZoneUpdate(update)] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!((update.zone_id, update.brightness), (2, Some(20)));
}

#[test]
fn numbers_above_255_stay_off_the_deployed_control_plane_and_are_reported() {
    // FANOUT-5
    use cuelight_conductor::{Event, What};
    let mut world = World::new();
    let peer = world.join_legacy(1);
    world.tick();
    world.messages(peer.conn);
    world.command(set_scene(Scope::Show, 256));
    let (_, delta) = of(&world.tick(), &peer)[0].params(&peer).unwrap();
    assert_eq!(delta.effect, EffectId(256), "the stream carries it");
    assert!(world.messages(peer.conn).is_empty());
    assert!(world.events().contains(&Event::NumberTooLarge { node: peer.id, what: What::Effect, number: 256 }));
}

#[test]
fn cuelight_nodes_get_each_change_once_on_the_control_plane_unless_that_is_switched_off() {
    // FANOUT-5
    use cuelight_conductor::Config;
    for control_backstop in [true, false] {
        let mut world = World::with(Config { control_backstop, ..Config::default() });
        let peer = world.join(1);
        world.tick();
        world.messages(peer.conn);
        world.command(set_scene(Scope::Show, 3));
        let datagrams = world.tick();
        let messages = world.messages(peer.conn);
        assert_eq!(messages.len(), usize::from(control_backstop));
        if let [HubMessage::FullState(full)] = messages.as_slice() {
            assert_eq!(&full.payload.0, of(&datagrams, &peer)[0].open(&peer).1);
        }
        world.run(Span::from_ms(200), &[&peer]);
        assert!(world.messages(peer.conn).is_empty());
    }
}

#[test]
fn the_stream_goes_where_hello_says_and_only_to_nodes_that_take_it() {
    // FANOUT-6
    let mut world = World::new();
    let mut elsewhere = hello(mac(1), Ext::ALL);
    elsewhere.udp_port = Some(50_001);
    let peer = world.join_with(elsewhere);
    let mut deaf = hello(mac(2), Ext::ALL);
    deaf.caps.udp = false;
    let deaf = world.join_with(deaf);
    assert!(world.tick().is_empty(), "no stream before the first keepalive");
    world.keepalive(&peer);
    world.keepalive(&deaf);
    let datagrams = world.tick();
    assert_eq!(datagrams.len(), 1);
    assert_eq!((datagrams[0].to, datagrams[0].to.port()), (peer.addr, 50_001));
}

#[test]
fn equal_histories_have_equal_bytes_and_a_whole_scene_brings_parted_ones_together() {
    // FANOUT-2, SHOW-4
    let mut world = World::new();
    let (a, b, c) = (world.join(1), world.join(2), world.join(3));
    world.command(Command::SetGroup {
        name: group("left"),
        members: vec![NodeRef::Id(a.id), NodeRef::Id(b.id)],
        lead: None,
    });
    let payloads = |world: &mut World| {
        let datagrams = world.tick();
        [&a, &b, &c].map(|peer| of(&datagrams, peer)[0].open(peer).1.to_vec())
    };
    let [pa, pb, pc] = payloads(&mut world);
    assert!(pa == pb && pb == pc);
    let mut fast = effect(3);
    fast.parameters.speed = 250;
    world.command(Command::SetScene { scope: Scope::Group(group("left")), scene: fast, fade_ms: 0 });
    let [pa, pb, pc] = payloads(&mut world);
    assert!(pa == pb && pb != pc);
    world.run(Span::from_ms(777), &[&a, &b, &c]);
    world.command(set_scene(Scope::Show, 5));
    world.run(Span::from_ms(50), &[&a, &b, &c]);
    let [pa, pb, pc] = payloads(&mut world);
    assert!(pa == pb && pb == pc, "the same scene, from the same phase");
}
