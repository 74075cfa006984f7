//! Scenes of groups and of single nodes, on tracks of their own; and the same run twice.

use std::collections::BTreeSet;

use cuelight_conductor::{Command, NodeRef, Scope};
use cuelight_sim::link::Loss;
use cuelight_sim::profiles::{LOOPBACK_PATH, PathProfile};
use cuelight_sim::world::{Death, Setup, Site, World};
use cuelight_wire::control::Text;
use cuelight_wire::time::{FrameIndex, Span};

use crate::judge::{Common, id_of, in_their_frame};
use crate::script::{changes, fade_to, ms, scene};

fn group(name: &str) -> Text<32> {
    Text::try_from(name).unwrap()
}

fn set(scope: Scope, n: u16) -> Command {
    Command::SetScene { scope, scene: scene(n), fade_ms: 0 }
}

/// Hashes of the four nodes in the last frame they all put out.
fn shown(world: &World, nodes: &[Site]) -> Vec<u64> {
    let last = nodes.iter().map(|node| world.record(*node).frames.last().unwrap().index).min().unwrap();
    let hash = |node: &Site| world.record(*node).frames.iter().rev().find(|frame| frame.index == last).unwrap().hash;
    nodes.iter().map(hash).collect()
}

/// SHOW-4
#[test]
fn groups_and_single_nodes_show_their_own_scenes_each_from_its_one_apply_at() {
    for loss in [Loss::None, Loss::Random(0.2)] {
        let way = LOOPBACK_PATH.up.with_loss(loss);
        let path = PathProfile { up: way, down: way, ..LOOPBACK_PATH };
        let mut world = World::started(Setup::new(4, path, 3).without_backstop());
        world.run(ms(4_000));
        let nodes = world.nodes();
        let ids: Vec<NodeRef> = nodes.iter().map(|node| NodeRef::Id(id_of(&world, *node))).collect();
        let left = Command::SetGroup { name: group("left"), members: ids[..2].to_vec(), lead: Some(ms(50)) };
        world.command(left).unwrap();
        let mut answers: Vec<(Vec<Site>, _)> = Vec::new();
        let mut command = |world: &mut World, whom: &[Site], command: Command| {
            answers.push((whom.to_vec(), (world.now_ns(), world.command(command).unwrap())));
        };
        command(&mut world, &nodes, set(Scope::Show, 1));
        world.run(ms(123));
        // Different scenes for different nodes at once, while the others go on.
        command(&mut world, &nodes[..2], set(Scope::Group(group("left")), 2));
        command(&mut world, &nodes[3..], set(Scope::Node(ids[3].clone()), 3));
        world.run(ms(500));
        let pictures = shown(&world, &nodes);
        assert_eq!(pictures[0], pictures[1], "the group is one");
        assert_eq!(pictures.iter().collect::<BTreeSet<_>>().len(), 3, "three scenes in all");
        // One command over tracks with different histories has one applyAt.
        world.command(Command::Master { level: 90 }).unwrap();
        command(
            &mut world,
            &nodes,
            Command::Edit {
                scope: Scope::Show,
                edit: cuelight_wire::change::ScenePatch { hue: Some(30_000), ..Default::default() }.into(),
                fade_ms: 0,
            },
        );
        world.run(ms(500));
        assert_eq!(shown(&world, &nodes).into_iter().collect::<BTreeSet<_>>().len(), 3);
        for (whom, (at, answer)) in &answers {
            let own = FrameIndex::first_at_or_after(answer.apply_at);
            assert_eq!(in_their_frame(&world, whom, &[(*at, *answer)]), 1, "{answer:?} in {own:?} at {whom:?}");
        }
        // The show's next scene is everybody's, in the same frame; each history goes on from its own phase, so only nodes
        // with the same history have the same pixels.
        let from = world.now_ns();
        let answer = world.command(set(Scope::Show, 8)).unwrap();
        world.run(ms(1_000));
        assert_eq!(in_their_frame(&world, &nodes, &[(from, answer)]), 1);
        Common::of(&world, &nodes[..2], from, world.now_ns()).assert_whole("one history");
    }
}

fn eventful(seed: u64) -> World {
    let way = LOOPBACK_PATH.up.with_loss(Loss::Random(0.1));
    let path = PathProfile { up: way, down: way, ..LOOPBACK_PATH };
    let mut world = World::started(Setup::new(3, path, seed));
    world.run(ms(3_000));
    world.command(fade_to(4, 2_000)).unwrap();
    let nodes = world.nodes();
    world.kill_node(nodes[0], Death::Killed);
    world.run(Span::from_ms(500));
    world.start_node(nodes[0]);
    changes(&mut world, 10, 1);
    world
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let (first, again, other) = (eventful(5).run_hash(), eventful(5).run_hash(), eventful(6).run_hash());
    println!("run hashes {first:016x} {again:016x} {other:016x}");
    assert_eq!(first, again);
    assert_ne!(first, other);
}
