//! Nodes join.

use cuelight_conductor::State;
use cuelight_sim::profiles::{ETHERNET_PATH, LOOPBACK_PATH};
use cuelight_sim::world::{Setup, World};
use cuelight_wire::ids::NodeId;

use crate::judge::{Common, MS, lock_ms, ready_at, states};
use crate::script::{fade_to, ms};

/// SYNC-5, ROSTER-3
#[test]
fn four_nodes_join_lock_within_1200_ms_and_are_ready() {
    for (path, seed) in [(LOOPBACK_PATH, 1), (LOOPBACK_PATH, 2), (ETHERNET_PATH, 3)] {
        let mut world = World::started(Setup::new(4, path, seed));
        world.run(ms(3_000));
        let nodes = world.nodes();
        let locks: Vec<f64> = nodes.iter().map(|node| lock_ms(&world, *node, 0)).collect();
        let ready: Vec<i64> = (1..=4).map(|n| ready_at(&world, NodeId(n), 0).unwrap() / MS).collect();
        let errors: Vec<i64> = nodes.iter().map(|node| world.clock_error_ns(*node).unwrap()).collect();
        println!("{}: lock {locks:.0?} ms, ready at {ready:?} ms, clock errors {errors:?} ns", path.name);
        assert!(locks.iter().all(|lock| *lock < 1_200.0), "{}: {locks:?}", path.name);
        assert_eq!(states(&mut world), [State::Ready; 4], "{}", path.name);
    }
}

/// RENDER-2, NODE-33
#[test]
fn a_node_that_joins_in_a_fade_and_before_an_announced_change_shows_what_the_others_show() {
    for seed in 1..=3 {
        let mut world = World::new(Setup::loopback(4, seed));
        let nodes = world.nodes();
        for node in &nodes[..3] {
            world.start_node(*node);
        }
        world.run(ms(3_000));
        world.command(fade_to(5, 20_000)).unwrap();
        world.run(ms(4_000));
        world.start_node(nodes[3]);
        // Changes are announced at any moment of its joining.
        for n in 0..40 {
            world.run(ms(53));
            if n % 8 == 7 {
                world.command(fade_to(6 + n, 15_000)).unwrap();
            }
        }
        world.run(ms(3_000));
        let common = Common::of(&world, &nodes, 7_000 * MS, world.now_ns());
        let joined = world.record(nodes[3]).frames.iter().filter(|frame| frame.is_synced).count();
        println!("seed {seed}: {} frames in common, {joined} synced frames of the newcomer", common.frames);
        assert!(common.unequal.is_empty(), "seed {seed}: {:?}", common.unequal);
        assert!(common.frames > 400 && common.frames + 2 >= joined, "{} of {joined}", common.frames);
    }
}
