//! Wishes and their answers.

use cuelight_conductor::{Command, CommandError, CommandId, NodeRef, SceneEdit, Scope};
use cuelight_wire::caps::Ext;
use cuelight_wire::change::ScenePatch;
use cuelight_wire::ids::{EffectId, NodeId, Revision};
use cuelight_wire::scene::Rgb;
use cuelight_wire::time::Span;

use crate::world::{Peer, TICK, World, effect, group, hello, mac, of, set_scene};

fn state(world: &mut World, peer: &Peer) -> cuelight_wire::scene::FullState {
    let datagrams = world.tick();
    of(&datagrams, peer)[0].full_state(peer).1
}

#[test]
fn a_repeated_command_gets_the_first_answer_and_changes_nothing() {
    // SHOW-5
    let mut world = World::new();
    let id: CommandId = "go-1".parse().unwrap();
    let first = world.conductor.handle_command(Some(id.clone()), set_scene(Scope::Show, 4), world.now).unwrap();
    world.run(Span::from_ms(500), &[]);
    let again = world.conductor.handle_command(Some(id.clone()), set_scene(Scope::Show, 4), world.now).unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.rev, again.apply_at), (first.rev, first.apply_at));
    assert_eq!(world.conductor.snapshot(world.now).rev, Revision(1));
    let other = world.conductor.handle_command(Some(id.clone()), set_scene(Scope::Show, 5), world.now);
    assert_eq!(other, Err(CommandError::IdReused));
    for n in 0..256 {
        let id = format!("n-{n}").parse().unwrap();
        world.conductor.handle_command(Some(id), Command::Downbeat, world.now).unwrap();
    }
    let forgotten = world.conductor.handle_command(Some(id), set_scene(Scope::Show, 4), world.now).unwrap();
    assert!(!forgotten.repeated, "256 answers are remembered");
}

#[test]
fn command_ids_are_short_visible_text() {
    // SHOW-5
    assert!("x".repeat(64).parse::<CommandId>().is_ok());
    for bad in ["", "a b", "ä", &"x".repeat(65)] {
        assert!(bad.parse::<CommandId>().is_err(), "{bad}");
    }
}

#[test]
fn a_third_change_waits_is_coalesced_with_later_ones_and_its_applyat_is_known_at_once() {
    // SHOW-1
    let mut world = World::new();
    let peer = world.join(1);
    world.tick();
    let first = world.command(set_scene(Scope::Show, 1));
    world.tick();
    let second = world.command(set_scene(Scope::Show, 2));
    let third = world.command(set_scene(Scope::Show, 3));
    let patch = ScenePatch { hue: Some(77), ..ScenePatch::default() };
    let fourth = world.command(Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 });
    assert_eq!(third.apply_at, first.apply_at + Span::from_ms(30));
    assert_eq!(fourth.apply_at, third.apply_at);
    let announced: Vec<_> = state(&mut world, &peer).layers.iter().map(|layer| layer.rev).collect();
    assert_eq!(announced, [Revision(0), first.rev, second.rev]);
    let last = state(&mut world, &peer).layers.last().unwrap().clone();
    assert_eq!(world.show(), first.apply_at, "the first one is in force, there is room");
    assert_eq!((last.rev, last.at), (fourth.rev, fourth.apply_at));
    assert_eq!((last.scene.effect, last.scene.parameters.hue), (EffectId(3), 77), "the patch came on top");
}

#[test]
fn two_operators_who_change_different_parts_at_once_both_get_what_they_asked_for() {
    // SHOW-4
    let mut world = World::new();
    let peer = world.join(1);
    world.command(set_scene(Scope::Show, 4));
    let colors = [Rgb::new(1, 2, 3); 3];
    let edits = [
        SceneEdit { colors: Some(colors), ..SceneEdit::default() },
        SceneEdit { seed: Some(77), ..SceneEdit::default() },
        ScenePatch { hue: Some(9), ..ScenePatch::default() }.into(),
    ];
    for edit in edits {
        world.command(Command::Edit { scope: Scope::Show, edit, fade_ms: 0 });
    }
    let scene = state(&mut world, &peer).layers.last().unwrap().scene.clone();
    assert_eq!((scene.effect, scene.colors, scene.seed, scene.parameters.hue), (EffectId(4), colors, 77, 9));
}

#[test]
fn changes_that_wait_for_one_tick_are_one_change() {
    // SHOW-1
    let mut world = World::new();
    let peer = world.join(1);
    world.tick();
    world.now += Span::from_ms(9);
    world.command(Command::SetScene { scope: Scope::Show, scene: effect(6), fade_ms: 900 });
    let patch = ScenePatch { speed: Some(3), ..ScenePatch::default() };
    let answer = world.command(Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 });
    let layers = state(&mut world, &peer).layers;
    let last = layers.last().unwrap();
    assert_eq!((layers.len(), last.rev, last.at), (2, answer.rev, answer.apply_at));
    assert_eq!((last.scene.effect, last.scene.parameters.speed, last.fade_ms), (EffectId(6), 3, 900));
}

#[test]
fn layers_leave_when_the_fade_over_them_is_done_and_overlapping_fades_merge_the_oldest() {
    // SHOW-3
    let mut world = World::new();
    let peer = world.join(1);
    world.tick();
    let mut answers = Vec::new();
    for n in 1..=3 {
        answers.push(world.command(Command::SetScene { scope: Scope::Show, scene: effect(n), fade_ms: 2_000 }));
        world.run(Span::from_ms(100), &[&peer]);
    }
    let layers = state(&mut world, &peer).layers;
    assert_eq!(layers.iter().map(|l| (l.rev.0, l.fade_ms)).collect::<Vec<_>>(), [(1, 2_000), (2, 2_000), (3, 2_000)]);
    while world.show() + TICK < answers[1].apply_at + Span::from_s(2) {
        assert_eq!(state(&mut world, &peer).layers.len(), 3);
        world.keepalive(&peer);
    }
    assert_eq!(state(&mut world, &peer).layers.len(), 2);
    world.run(Span::from_ms(110), &[&peer]);
    assert_eq!(state(&mut world, &peer).layers.len(), 1);
}

#[test]
fn a_late_joiner_shows_what_the_others_show() {
    // SHOW-6
    let mut world = World::new();
    let early = world.join(1);
    world.command(Command::SetGroup {
        name: group("wall"),
        members: vec![NodeRef::Mac(mac(1)), NodeRef::Mac(mac(2))],
        lead: None,
    });
    world.command(set_scene(Scope::Show, 1));
    world.run(Span::from_ms(300), &[&early]);
    world.command(set_scene(Scope::Group(group("wall")), 2));
    world.run(Span::from_ms(300), &[&early]);
    world.command(Command::SetScene { scope: Scope::Show, scene: effect(3), fade_ms: 5_000 });
    world.run(Span::from_ms(100), &[&early]);
    let (member, stranger) = (world.join(2), world.join(3));
    let datagrams = world.tick();
    let payload = |peer: &Peer| of(&datagrams, peer)[0].open(peer).1.to_vec();
    assert_eq!(payload(&member), payload(&early), "in the middle of a fade");
    assert_ne!(payload(&stranger), payload(&early), "its history is the show's");
    let (_, theirs) = of(&datagrams, &stranger)[0].full_state(&stranger);
    assert_eq!(theirs.layers.last().unwrap().scene.effect, EffectId(3));
}

#[test]
fn a_node_that_was_away_has_missed_nothing() {
    // SHOW-6
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    world.command(set_scene(Scope::Node(NodeRef::Id(b.id)), 8));
    world.run(Span::from_ms(200), &[&a, &b]);
    world.conductor.handle_closed(b.conn, world.now);
    let patch = ScenePatch { hue: Some(9), ..ScenePatch::default() };
    world.command(Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 });
    world.run(Span::from_s(12), &[&a]);
    let b = world.join(2);
    let scene = state(&mut world, &b).layers.last().unwrap().scene.clone();
    assert_eq!((scene.effect, scene.parameters.hue), (EffectId(8), 9));
}

#[test]
fn one_command_has_one_applyat_whatever_each_node_still_has_announced() {
    // SHOW-4
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    world.tick();
    for n in 1..=2 {
        world.command(set_scene(Scope::Node(NodeRef::Id(a.id)), n));
        world.tick();
    }
    let answer = world.command(set_scene(Scope::Show, 9));
    let mut seen = [None, None];
    for _ in 0..10 {
        let datagrams = world.tick();
        for (seen, peer) in seen.iter_mut().zip([&a, &b]) {
            let (_, state) = of(&datagrams, peer)[0].full_state(peer);
            *seen = state.layers.iter().find(|layer| layer.rev == answer.rev).map(|layer| layer.at);
        }
    }
    assert_eq!(seen, [Some(answer.apply_at); 2]);
}

#[test]
fn a_groups_lead_holds_for_every_command_that_touches_it() {
    // SHOW-4
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    let members = vec![NodeRef::Id(b.id)];
    world.command(Command::SetGroup { name: group("wifi"), members, lead: Some(Span::from_ms(250)) });
    world.tick();
    let (now, next_tick) = (world.show(), world.show() + TICK);
    let lead = |answer: cuelight_conductor::Answer| (answer.apply_at - next_tick).as_ms();
    assert_eq!(world.command(set_scene(Scope::Node(NodeRef::Id(a.id)), 1)).apply_at, now + Span::from_ms(30));
    // One change is announced ahead of the tick, the others wait for it.
    assert_eq!(lead(world.command(set_scene(Scope::Show, 2))), 250);
    assert_eq!(lead(world.command(Command::Blackout { on: true })), 250);
    world.command(Command::DeleteGroup { name: group("wifi") });
    world.run(Span::from_s(1), &[&a, &b]);
    let now = world.show();
    assert_eq!(world.command(set_scene(Scope::Show, 3)).apply_at, now + Span::from_ms(30));
}

#[test]
fn tempo_goes_on_without_a_jump_and_taps_set_it() {
    // SHOW-2, SHOW-9
    let mut world = World::new();
    let peer = world.join(1);
    world.run(Span::from_ms(330), &[&peer]);
    let answer = world.command(Command::Tempo { bpm_x100: Some(17_300), beats_per_bar: None });
    let tempos = state(&mut world, &peer).tempos;
    let [before, after] = tempos.as_slice() else { panic!("{tempos:?}") };
    assert_eq!((after.rev, after.grid.at, after.grid.bpm_x100), (answer.rev, answer.apply_at, 17_300));
    assert_eq!(before.grid.position(answer.apply_at), after.grid.position(answer.apply_at));
    world.run(Span::from_ms(100), &[&peer]);
    let mut tapped = world.show();
    for _ in 0..4 {
        tapped = world.show();
        world.command(Command::Tap);
        world.run(Span::from_ms(600), &[&peer]);
    }
    let grid = world.conductor.snapshot(world.now).tempo.grid;
    // Each new grid rounds its position down to a millionth of a beat.
    let off_beat = (grid.position(tapped) + 8).rem_euclid(1_000_000);
    assert!(grid.bpm_x100 == 10_000 && off_beat <= 8, "{grid:?} {off_beat}");
}

#[test]
fn names_and_groups_find_nodes_and_refusals_say_what_is_wrong() {
    // SHOW-4
    let mut world = World::new();
    let mut named = hello(mac(1), Ext::ALL);
    named.name = Some(group("stage-left"));
    let (a, b) = (world.join_with(named), world.join(2));
    let by_name = NodeRef::Name(group("stage-left"));
    assert_eq!(world.command(set_scene(Scope::Node(by_name.clone()), 1)).nodes, 1);
    world.command(Command::NameNode { node: NodeRef::Id(b.id), name: group("bike_001") });
    assert_eq!(world.node(&b).name, "bike_001");
    let mut refuse = |command: Command| {
        let before = world.conductor.saved();
        let error = world.conductor.handle_command(None, command, world.now).unwrap_err();
        assert_eq!(world.conductor.saved(), before, "a refused command changes nothing");
        error
    };
    let taken = Command::NameNode { node: NodeRef::Id(b.id), name: group("stage-left") };
    assert_eq!(refuse(taken), CommandError::NameTaken(group("stage-left")));
    let unknown = NodeRef::Id(NodeId(77));
    assert_eq!(refuse(set_scene(Scope::Node(unknown.clone()), 1)), CommandError::UnknownNode(unknown));
    assert_eq!(refuse(set_scene(Scope::Group(group("x")), 1)), CommandError::UnknownGroup(group("x")));
    assert_eq!(refuse(Command::DeleteGroup { name: group("x") }), CommandError::UnknownGroup(group("x")));
    assert_eq!(refuse(Command::Forget { node: by_name.clone() }), CommandError::Connected(by_name));
    for command in [
        Command::NameNode { node: NodeRef::Id(a.id), name: group("12") },
        Command::NameNode { node: NodeRef::Id(a.id), name: group(" x") },
        Command::Tempo { bpm_x100: Some(1_999), beats_per_bar: None },
        Command::Tempo { bpm_x100: None, beats_per_bar: Some(0) },
        Command::Nudge { micro_beats: i32::MIN },
        Command::SetScene { scope: Scope::Show, scene: effect(1), fade_ms: 3_600_001 },
        Command::SetGroup { name: group(""), members: vec![], lead: None },
        Command::SetGroup { name: group("g"), members: vec![], lead: Some(Span::from_ms(9)) },
    ] {
        assert!(matches!(refuse(command.clone()), CommandError::BadValue { .. }), "{command:?}");
    }
}

#[test]
fn a_forgotten_node_leaves_no_trace() {
    // ROSTER-2
    let mut world = World::new();
    let peer = world.join(1);
    world.command(Command::NameNode { node: NodeRef::Id(peer.id), name: group("old") });
    world.conductor.handle_closed(peer.conn, world.now);
    world.command(Command::Forget { node: NodeRef::Mac(peer.mac) });
    let snapshot = world.conductor.snapshot(world.now);
    assert!(snapshot.nodes.is_empty() && world.conductor.saved().nodes.is_empty());
    let again = world.join(1);
    assert_eq!((world.node(&again).name.as_str(), world.node(&again).reconnects), ("", 0));
}
