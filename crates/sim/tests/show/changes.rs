//! Changes of scene, on good and bad networks.

use cuelight_sim::link::{Jitter, LinkProfile, Loss};
use cuelight_sim::profiles::{LOOPBACK_PATH, PathProfile};
use cuelight_sim::world::{Setup, World};

use crate::judge::{Common, in_their_frame};
use crate::script::{changes, ms};

const CHANGES: u16 = 50;

fn both(way: LinkProfile) -> PathProfile {
    PathProfile { name: "bad", up: way, down: way, is_stream: false }
}

/// SCHED-1, RENDER-1
#[test]
fn fifty_changes_show_in_the_same_frame_on_all_nodes_less_than_100_us_apart() {
    let mut world = World::started(Setup::loopback(4, 11));
    world.run(ms(3_000));
    let from = world.now_ns();
    let answers = changes(&mut world, CHANGES, 1);
    let nodes = world.nodes();
    let common = Common::of(&world, &nodes, from, world.now_ns());
    let same = in_their_frame(&world, &nodes, &answers);
    let (p50, p99, max) = (common.spread_us(0.5), common.spread_us(0.99), common.spread_us(1.0));
    println!("{same} of {CHANGES}; {} frames; spread p50 {p50:.1} p99 {p99:.1} max {max:.1} us", common.frames);
    println!("worst output {} ns from the hub's show time", common.worst_ns);
    assert_eq!(same, usize::from(CHANGES));
    common.assert_whole("no loss");
    assert!(max < 100.0, "{max} us");
}

/// FANOUT-3
#[test]
fn fifty_changes_of_fifty_survive_20_percent_loss_on_the_stream_alone() {
    for seed in 1..=6 {
        let path = both(LOOPBACK_PATH.up.with_loss(Loss::Random(0.2)));
        let mut world = World::started(Setup::new(4, path, seed).without_backstop());
        world.run(ms(4_000));
        let from = world.now_ns();
        let answers = changes(&mut world, CHANGES, seed);
        let nodes = world.nodes();
        let common = Common::of(&world, &nodes, from, world.now_ns());
        let same = in_their_frame(&world, &nodes, &answers);
        let loss: Vec<f32> = nodes.iter().map(|node| world.status(*node).unwrap().loss_pct).collect();
        let max = common.spread_us(1.0);
        println!("seed {seed}: {same} of {CHANGES}, spread max {max:.1} us, loss {loss:.1?} %");
        assert_eq!(same, usize::from(CHANGES), "seed {seed}");
        assert!(loss.iter().all(|loss| (10.0..30.0).contains(loss)), "{loss:?}");
        common.assert_whole("20 % loss");
        assert!(max < 100.0, "{max} us");
    }
}

/// STREAM-32
#[test]
fn bursts_duplicates_and_reordering_make_no_wrong_frame() {
    for seed in 1..=3 {
        // Three datagrams lost in a row, a tenth twice, up to 12 ms late so that copies and ticks overtake each other.
        let loss = Loss::Burst { enter: 0.02, leave: 0.33, loss: 1.0 };
        let jitter = Jitter::Uniform(12e6);
        let way = LinkProfile { duplicate: 0.1, ..LOOPBACK_PATH.up.with_jitter(jitter).with_loss(loss) };
        let mut world = World::started(Setup::new(4, both(way), seed));
        world.run(ms(6_000));
        let from = world.now_ns();
        let answers = changes(&mut world, CHANGES, seed);
        let nodes = world.nodes();
        let common = Common::of(&world, &nodes, from, world.now_ns());
        let same = in_their_frame(&world, &nodes, &answers);
        let drops: Vec<(u64, u64)> = nodes
            .iter()
            .map(|node| world.status(*node).unwrap().drops)
            .map(|drops| (drops.duplicate, drops.late))
            .collect();
        let late: u64 = nodes.iter().map(|node| world.record(*node).late_changes).sum();
        println!("seed {seed}: {same} of {CHANGES}, {late} late, (duplicate, late) dropped {drops:?}");
        assert!(drops.iter().all(|(duplicate, late)| *duplicate + *late > 50), "{drops:?}");
        assert_eq!((same, late), (usize::from(CHANGES), 0), "seed {seed}");
        common.assert_whole("bursts");
    }
}

/// SYNC-2
#[test]
fn a_path_that_becomes_another_one_in_the_middle_of_a_show_does_not_show() {
    for seed in 1..=2 {
        let mut world = World::started(Setup::loopback(4, seed));
        world.run(ms(3_000));
        let (nodes, from) = (world.nodes(), world.now_ns());
        let mut answers = changes(&mut world, 10, seed);
        // One node moves to a radio: a thousand times slower, by another way back, with loss.
        let radio = LinkProfile::constant(2e6).with_jitter(Jitter::Exponential(1e6)).with_loss(Loss::Random(0.05));
        world.set_path(nodes[1], both(radio));
        answers.extend(changes(&mut world, 60, seed + 10));
        let loss = world.status(nodes[1]).unwrap().loss_pct;
        assert!((1.0..12.0).contains(&loss), "it has moved: {loss} %");
        world.set_path(nodes[1], LOOPBACK_PATH);
        answers.extend(changes(&mut world, 30, seed + 20));
        let common = Common::of(&world, &nodes, from, world.now_ns());
        let same = in_their_frame(&world, &nodes, &answers);
        let (p99, max) = (common.spread_us(0.99), common.spread_us(1.0));
        println!("seed {seed}: {same} of 100 over two moves, spread p99 {p99:.1} max {max:.1} us");
        assert_eq!(same, 100);
        common.assert_whole("over two moves");
        assert!(max < 1_000.0, "{max} us");
    }
}
