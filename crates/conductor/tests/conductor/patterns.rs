//! Patterns are played, changed over, stopped, and survive the hub.

use cuelight_conductor::{Command, CommandError, Config, NodeRef, Scope, Start};
use cuelight_wire::change::ScenePatch;
use cuelight_wire::ids::{EffectId, PatternId};
use cuelight_wire::scene::{FullState, PatternPlay};
use cuelight_wire::time::Span;

use crate::world::{Peer, World, effect, group, mac, of, set_scene};

const WAVES: PatternId = PatternId(*b"wavewave");
const STARS: PatternId = PatternId(*b"starstar");

fn play(scope: Scope, id: PatternId, start: Start) -> Command {
    Command::PlayPattern { scope, id, repeats: true, start, fade_ms: 0 }
}

fn state(world: &mut World, peer: &Peer) -> FullState {
    of(&world.tick(), peer)[0].full_state(peer).1
}

/// PLAY-5
#[test]
fn a_pattern_starts_when_its_change_holds_and_other_changes_go_on_with_it() {
    let mut world = World::new();
    let peer = world.join(1);
    world.command(set_scene(Scope::Show, 5));
    world.run(Span::from_ms(500), &[&peer]);
    let answer = world.command(play(Scope::Show, WAVES, Start::Soonest));
    let playing = Some(PatternPlay { id: WAVES, repeats: true, starts_at: answer.apply_at });
    let layer = state(&mut world, &peer).layers.last().cloned().unwrap();
    assert_eq!((layer.at, layer.scene.pattern), (answer.apply_at, playing));
    assert_eq!(layer.scene.effect, EffectId(5), "what nodes without the pattern show");

    world.run(Span::from_s(1), &[&peer]);
    let patch = ScenePatch { brightness: Some(9), ..ScenePatch::default() };
    let dimmed = world.command(Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 });
    world.run(Span::from_ms(100), &[&peer]);
    let layer = state(&mut world, &peer).layers.last().cloned().unwrap();
    assert_eq!((layer.at, layer.scene.pattern), (dimmed.apply_at, playing), "it goes on from its own start");
    assert_eq!(layer.scene.parameters.brightness, 9);

    // Played again it begins again.
    let again = world.command(play(Scope::Show, WAVES, Start::Soonest));
    world.run(Span::from_ms(100), &[&peer]);
    assert_eq!(world.node(&peer).scene.scene.pattern.unwrap().starts_at, again.apply_at);

    world.command(Command::StopPattern { scope: Scope::Show, fade_ms: 300 });
    world.run(Span::from_ms(500), &[&peer]);
    let layer = state(&mut world, &peer).layers.last().cloned().unwrap();
    assert_eq!((layer.scene.pattern, layer.scene.effect), (None, EffectId(5)), "the effect below it is shown again");
    assert_eq!(layer.scene.parameters.brightness, 9);
    assert!(world.tick()[0].open(&peer).1.len() < 100, "and the state is as short as before");

    world.command(play(Scope::Show, WAVES, Start::Soonest));
    let patch = ScenePatch { effect: Some(EffectId(8)), ..ScenePatch::default() };
    world.command(Command::Edit { scope: Scope::Show, edit: patch.into(), fade_ms: 0 });
    assert_eq!(world.node(&peer).scene.scene.pattern, None, "an effect takes its place");

    world.command(play(Scope::Show, WAVES, Start::Soonest));
    world.command(set_scene(Scope::Show, 3));
    world.run(Span::from_ms(100), &[&peer]);
    assert_eq!(world.node(&peer).scene.scene, effect(3), "a new scene ends it");
}

/// PLAY-5
#[test]
fn groups_and_single_nodes_play_their_own_patterns_over_their_own_scenes() {
    let mut world = World::new();
    let (a, b, c) = (world.join(1), world.join(2), world.join(3));
    let members = vec![NodeRef::Mac(mac(1)), NodeRef::Mac(mac(2))];
    world.command(Command::SetGroup { name: group("left"), members, lead: Some(Span::from_ms(100)) });
    world.command(set_scene(Scope::Node(NodeRef::Id(c.id)), 9));
    let left = world.command(play(Scope::Group(group("left")), WAVES, Start::Soonest));
    let single = world.command(play(Scope::Node(NodeRef::Id(b.id)), STARS, Start::Soonest));
    world.run(Span::from_ms(500), &[&a, &b, &c]);
    let playing = |world: &World, peer| world.node(peer).scene.scene.pattern.map(|p| (p.id, p.starts_at));
    assert_eq!(playing(&world, &a), Some((WAVES, left.apply_at)));
    assert_eq!(playing(&world, &b), Some((STARS, single.apply_at)));
    assert_eq!(playing(&world, &c), None);
    // For all at once: one instant, and each stops into its own scene.
    let all = world.command(play(Scope::Show, WAVES, Start::Soonest));
    for peer in [&a, &b, &c] {
        assert_eq!(playing(&world, peer), Some((WAVES, all.apply_at)));
    }
    world.command(Command::StopPattern { scope: Scope::Show, fade_ms: 0 });
    assert_eq!(world.node(&c).scene.scene, effect(9));
    assert_eq!(world.node(&a).scene.scene.pattern, None);
}

/// PLAY-5
#[test]
fn a_start_may_be_put_off_by_a_lead_or_to_an_instant_but_not_before_the_lead() {
    let mut world = World::new();
    let peer = world.join(1);
    world.run(Span::from_ms(300), &[&peer]);
    let soonest = world.command(play(Scope::Show, WAVES, Start::Soonest)).apply_at;
    world.run(Span::from_ms(300), &[&peer]);
    let now = world.show();
    let later = world.command(play(Scope::Show, WAVES, Start::After(Span::from_ms(400)))).apply_at;
    assert!((Span::from_ms(400)..=Span::from_ms(410)).contains(&(later - now)), "{:?}", later - now);
    world.run(Span::from_ms(1_000), &[&peer]);

    let at = world.show() + Span::from_us(1_234_567);
    let answer = world.command(play(Scope::Show, STARS, Start::At(at)));
    assert_eq!(answer.apply_at.as_us(), at.as_us() + i64::from(at.as_ns() % 1_000 != 0));
    world.run(Span::from_ms(2_000), &[&peer]);
    let before = world.conductor.saved();
    for (start, field) in [
        (Start::At(world.show() + Span::from_ms(5)), "at_us"),
        (Start::At(world.show() + Span::from_ms(2_001)), "at_us"),
        (Start::At(soonest), "at_us"),
        (Start::After(Span::from_ms(9)), "lead_ms"),
        (Start::After(Span::from_ms(2_001)), "lead_ms"),
    ] {
        let refused = world.conductor.handle_command(None, play(Scope::Show, WAVES, start), world.now).unwrap_err();
        assert!(matches!(refused, CommandError::BadValue { field: named, .. } if named == field), "{refused}");
    }
    assert_eq!(world.conductor.saved(), before, "a refused command changes nothing");
}

/// PLAY-5, SHOW-7
#[test]
fn a_hub_that_starts_again_in_the_middle_of_a_pattern_sends_the_same_bytes() {
    let mut world = World::new();
    let peer = world.join(1);
    world.run(Span::from_ms(500), &[&peer]);
    world.command(play(Scope::Show, WAVES, Start::Soonest));
    world.run(Span::from_s(3), &[&peer]);
    world.command(Command::PlayPattern {
        scope: Scope::Show,
        id: STARS,
        repeats: false,
        start: Start::Soonest,
        fade_ms: 60_000,
    });
    world.run(Span::from_s(1), &[&peer]);
    let payload = of(&world.tick(), &peer)[0].open(&peer).1.to_vec();
    let text = serde_json::to_string(&world.conductor.saved()).unwrap();

    let (now, show) = (world.now, world.show() + Span::from_ms(700));
    let mut again = World::restarted(Config::default(), serde_json::from_str(&text).unwrap(), now, Some(show));
    let peer = again.join(1);
    assert_eq!(of(&again.tick(), &peer)[0].open(&peer).1, payload);
}

#[test]
fn a_deployed_node_goes_on_with_the_effect() {
    let mut world = World::new();
    let peer = world.join_legacy(1);
    world.command(set_scene(Scope::Show, 5));
    world.command(play(Scope::Show, WAVES, Start::Soonest));
    for _ in 0..60 {
        for datagram in of(&world.tick(), &peer) {
            if let Some((_, params)) = datagram.params(&peer) {
                assert!(matches!(params.effect, EffectId(0 | 5)), "{params:?}");
            }
            assert!(datagram.bytes.len() <= 28 + 8);
        }
    }
}
