//! A hub that starts again.

use cuelight_conductor::{Command, Config, Event, NodeRef, Saved, Scope};
use cuelight_wire::caps::Ext;
use cuelight_wire::ids::{EffectId, Revision};
use cuelight_wire::time::{Show, Span, Time};

use crate::world::{World, effect, group, hello, hint, mac, of, set_scene};

/// A show with some history: two nodes, a group, a fade under way.
fn before() -> (World, Saved) {
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    world.command(Command::NameNode { node: NodeRef::Id(b.id), name: group("bike") });
    let members = vec![NodeRef::Id(a.id)];
    world.command(Command::SetGroup { name: group("left"), members, lead: Some(Span::from_ms(100)) });
    world.command(Command::Tempo { bpm_x100: Some(9_000), beats_per_bar: Some(3) });
    world.command(Command::Master { level: 90 });
    world.run(Span::from_s(2), &[&a, &b]);
    world.command(set_scene(Scope::Group(group("left")), 5));
    world.command(set_scene(Scope::Node(NodeRef::Id(b.id)), 6));
    world.run(Span::from_s(1), &[&a, &b]);
    world.command(Command::SetScene { scope: Scope::Show, scene: effect(7), fade_ms: 60_000 });
    world.run(Span::from_s(1), &[&a, &b]);
    let text = serde_json::to_string(&world.conductor.saved()).unwrap();
    (world, serde_json::from_str(&text).unwrap())
}

#[test]
fn a_restarted_hub_with_another_epoch_goes_on_with_show_time_and_sends_the_same_bytes() {
    // SHOW-7, SHOW-8
    let (mut old, saved) = before();
    let (a, b) = (old.conductor.snapshot(old.now).nodes[0].mac, old.conductor.snapshot(old.now).nodes[1].mac);
    let old_show = old.show();
    let datagrams = old.tick();
    // Everything the tick before sent, without headers, session and tags.
    let payload = |bytes: &[u8]| bytes[28..][..usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))].to_vec();
    let payloads: Vec<Vec<u8>> = datagrams.iter().map(|datagram| payload(&datagram.bytes)).collect();

    let mut world = World::restarted(Config::default(), saved, Time::from_us(-5_000_000_000), None);
    let mut again = hello(a, Ext::ALL);
    again.show = hint(old_show + Span::from_ms(700), 400, 0);
    let a = world.join_with(again);
    assert_eq!(world.show().as_us(), (old_show + Span::from_ms(700)).as_us(), "show time goes on");
    assert!(world.events().iter().any(|event| matches!(event, Event::HintAdopted { .. })));
    let mut again = hello(b, Ext::ALL);
    again.show = hint(world.show() - Span::from_ms(2), 400, 0);
    let b = world.join_with(again);
    assert!(!world.events().iter().any(|e| matches!(e, Event::HintAdopted { .. } | Event::HintDisagrees { .. })));
    world.keepalive(&a);
    world.keepalive(&b);
    let datagrams = world.tick();
    assert_eq!(of(&datagrams, &a)[0].open(&a).1, payloads[0]);
    assert_eq!(of(&datagrams, &b)[0].open(&b).1, payloads[1]);
    assert_eq!(world.node(&b).name, "bike");
    assert_eq!(world.command(set_scene(Scope::Show, 1)).rev, Revision(old.conductor.snapshot(old.now).rev.0 + 1));
}

#[test]
fn with_a_wall_clock_hint_show_time_goes_on_before_any_node_comes() {
    // SHOW-8
    let (old, saved) = before();
    let expected = old.show() + Span::from_s(3);
    let mut world = World::restarted(Config::default(), saved, Time::ZERO, Some(expected));
    assert_eq!(world.show(), expected);
    let mut first = hello(mac(1), Ext::ALL);
    first.show = hint(expected - Span::from_us(300), 500, 0);
    world.join_with(first);
    assert_eq!(world.show(), expected, "the hub's own map is the finer one");
    let mut stray = hello(mac(2), Ext::ALL);
    stray.show = hint(expected + Span::from_s(50), 500, 0);
    world.join_with(stray);
    assert_eq!(world.show(), expected, "later hints change nothing");
    assert!(world.events().iter().any(|event| matches!(event, Event::HintDisagrees { .. })));
}

#[test]
fn numbers_go_on_above_what_nodes_remember_and_absurd_ones_are_passed_over() {
    // SHOW-7
    let mut world = World::new();
    for (n, rev) in [(1, 41), (2, u32::MAX), (3, 7)] {
        let mut knowing = hello(mac(n), Ext::ALL);
        knowing.show = hint(world.show(), 100, rev);
        world.join_with(knowing);
    }
    // 42 to 44 say again what the hub has: scene, tempo, master.
    assert_eq!(world.command(set_scene(Scope::Show, 1)).rev, Revision(45));
}

#[test]
fn without_any_hint_a_saved_show_goes_on_after_its_newest_change() {
    // SHOW-7, SHOW-8
    let (old, saved) = before();
    let later: Time<Show> = old.conductor.snapshot(old.now).scene.at;
    let mut world = World::restarted(Config::default(), saved, Time::ZERO, None);
    let peer = world.join(1);
    let datagrams = world.tick();
    let (header, state) = of(&datagrams, &peer)[0].full_state(&peer);
    assert!(state.layers.iter().all(|layer| layer.at <= header.hub_now), "{:?}", state.layers);
    assert!(header.hub_now > later && state.layers.last().unwrap().scene.effect == EffectId(7));
    assert_eq!((state.masters[0].level, state.tempos[0].grid.bpm_x100), (90, 9_000));
    assert_eq!((header.apply_at - header.hub_now).as_ms(), 100, "nothing is pending; the group's lead");
}

#[test]
fn what_is_accepted_and_not_sent_yet_is_saved_too() {
    // SHOW-7
    let mut world = World::new();
    for n in 1..=3 {
        world.command(set_scene(Scope::Show, n));
        if n < 3 {
            world.tick();
        }
    }
    let before = world.conductor.saved_revision();
    let saved = world.conductor.saved();
    let world = World::restarted(Config::default(), saved, world.now, Some(world.show()));
    assert_eq!(world.conductor.snapshot(world.now).scene.scene.effect, EffectId(3));
    assert_eq!(before, 3);
}

#[test]
fn a_saved_show_that_makes_no_sense_is_left_out_piece_by_piece() {
    // SHOW-7
    let (_, good) = before();
    let mut strange = good.clone();
    strange.version = 99;
    let mut world = World::restarted(Config::default(), strange, Time::ZERO, None);
    assert!(matches!(world.events().as_slice(), [Event::SavedIgnored { .. }]));
    let mut broken = good.clone();
    broken.tracks.iter_mut().for_each(|track| track.0.truncate(10));
    broken.common = None;
    broken.show = 1_000;
    broken.groups.push(broken.groups[0].clone());
    broken.nodes.push(broken.nodes[0].clone());
    let mut world = World::restarted(Config::default(), broken, Time::ZERO, None);
    assert_eq!(world.events().len(), 4);
    let peer = world.join(1);
    assert_eq!(world.tick().len(), 1);
    assert_eq!(world.node(&peer).scene.scene, cuelight_wire::scene::Scene::default());
}

#[test]
fn nodes_that_know_more_than_was_saved_are_brought_together_again() {
    // SHOW-7
    let mut old = World::new();
    let a = old.join(1);
    old.command(set_scene(Scope::Show, 5));
    old.run(Span::from_ms(100), &[&a]);
    let saved = old.conductor.saved();
    let lost = old.command(set_scene(Scope::Show, 6));
    old.run(Span::from_ms(100), &[&a]);
    let mut world = World::restarted(Config::default(), saved, old.now, Some(old.show()));
    let mut knowing = hello(mac(1), Ext::ALL);
    knowing.show = hint(world.show(), 100, lost.rev.0);
    let a = world.join_with(knowing);
    world.keepalive(&a);
    let b = world.join(2);
    let datagrams = world.tick();
    for peer in [&a, &b] {
        let (_, state) = of(&datagrams, peer)[0].full_state(peer);
        let newest = state.layers.last().unwrap();
        assert!(newest.rev > lost.rev && newest.at > lost.apply_at);
        assert_eq!(newest.scene.effect, EffectId(5));
        assert!(state.tempos.last().unwrap().rev > lost.rev && state.masters.last().unwrap().rev > lost.rev);
    }
}
