//! Machines die, come back, and are cut off.

use cuelight_conductor::{Event, LostWhy, State};
use cuelight_proto::node::NodeEvent;
use cuelight_sim::link::{Loss, TCP_RTO_NS};
use cuelight_sim::profiles::{ETHERNET_PATH, LOOPBACK_PATH, PathProfile};
use cuelight_sim::world::{Death, Disk, Restart, Setup, World};
use cuelight_wire::time::{Show, Span, Time};

use crate::judge::{Common, MS, id_of, in_their_frame, ready_at, skips, state, states};
use crate::script::{changes, cut_to, fade_to, ms};

const HOUR: Span = Span::from_s(3600);

/// A show of four nodes with some history, a fade of 30 s under way.
fn show(path: PathProfile, seed: u64) -> World {
    let mut world = World::started(Setup::new(4, path, seed));
    world.run(ms(3_000));
    for n in 0..5 {
        world.command(cut_to(n)).unwrap();
        world.run(ms(400));
    }
    world.command(fade_to(9, 30_000)).unwrap();
    world.run(ms(2_000));
    world
}

/// What a restart of the hub did to the show.
struct Resumed {
    /// Milliseconds from the hub's start until the last node had its stream again.
    after_ms: f64,
    /// How far show time stepped, nanoseconds.
    step_ns: i64,
    /// How far any output was from its show time by the new hub, from 4 s after its start on, nanoseconds.
    worst_ns: i64,
    /// How far apart one frame was put out by then at most.
    spread_us: f64,
}

/// Kills the hub for 3 s and starts it with another epoch; judges the frames over it all, and changes after it.
fn restart(world: &mut World, death: Death, hint: impl FnOnce(Time<Show>) -> Option<Time<Show>>) -> Resumed {
    let (nodes, killed_at, offset) = (world.nodes(), world.now_ns(), world.show_offset_ns());
    let skipped = skips(world, &nodes);
    world.kill_hub(death);
    world.run(ms(3_000));
    let fallbacks = |event: &NodeEvent| matches!(event, NodeEvent::Fallback);
    assert!(nodes.iter().all(|node| world.record(*node).when(killed_at, fallbacks).is_some()), "nodes notice");
    let started_at = world.now_ns();
    let show_hint = hint(world.show_now());
    world.start_hub(Restart { epoch: -HOUR, show_hint, disk: Disk::Saved });
    world.run(ms(4_000));
    let lives = |event: &NodeEvent| matches!(event, NodeEvent::Live);
    let live = nodes.iter().map(|node| world.record(*node).when(started_at, lives).expect("the stream is back"));
    let after_ms = (live.max().unwrap() - started_at) as f64 / MS as f64;
    let step_ns = world.show_offset_ns() - offset;
    let from = world.now_ns();
    let answers = changes(world, 8, 3);
    assert_eq!(in_their_frame(world, &nodes, &answers), 8, "changes after the restart");
    assert_eq!(states(world), [State::Ready; 4]);
    Common::of(world, &nodes, killed_at, world.now_ns()).assert_whole("over the restart");
    let after = Common::of(world, &nodes, from, world.now_ns());
    assert_eq!(skips(world, &nodes), skipped, "no frame is skipped and no timeline steps");
    Resumed { after_ms, step_ns, worst_ns: after.worst_ns, spread_us: after.spread_us(1.0) }
}

/// SHOW-8, SYNC-7
#[test]
fn a_hub_killed_and_restarted_with_another_epoch_goes_on_from_the_hellos_within_a_second() {
    for (path, death, seed) in [
        (LOOPBACK_PATH, Death::Killed, 1),
        (LOOPBACK_PATH, Death::Killed, 2),
        (ETHERNET_PATH, Death::Killed, 3),
        (ETHERNET_PATH, Death::PowerCut, 4),
    ] {
        let mut world = show(path, seed);
        let Resumed { after_ms, step_ns, worst_ns, spread_us } = restart(&mut world, death, |_| None);
        println!("{} {death:?}: resumed after {after_ms:.0} ms, show time stepped {step_ns} ns", path.name);
        println!("    4 s later outputs {worst_ns} ns off, {spread_us:.1} us apart");
        assert!(step_ns.abs() < 1_000_000 && worst_ns < 100_000, "{step_ns} ns, {worst_ns} ns");
        // A machine without power answers nothing: the attempt under way must be given up first.
        let limit = if death == Death::Killed { 1_000.0 } else { 2_000.0 };
        assert!(after_ms < limit, "{after_ms} ms");
    }
}

/// SHOW-8
#[test]
fn a_restarted_hub_keeps_its_saved_map_where_a_nodes_hello_allows_it_and_else_takes_the_nodes_word() {
    // What a wall clock may be off after a restart, and whether the hub's own map holds. A hello may have been under way
    // for 250 ms, so a map that is ahead by less is believed; one that is behind by more than 1 ms cannot be true.
    for (off, is_kept, seed) in
        [(Span::from_us(100), true, 5), (ms(3), true, 6), (ms(-4), false, 7), (ms(1_000), false, 8)]
    {
        let mut world = show(LOOPBACK_PATH, seed);
        let resumed = restart(&mut world, Death::Killed, |show| Some(show + off));
        let Resumed { after_ms, step_ns, worst_ns, spread_us } = resumed;
        println!(
            "map off by {} us: resumed after {after_ms:.0} ms, show time stepped {step_ns} ns; \
             4 s later outputs {worst_ns} ns off, {spread_us:.1} us apart",
            off.as_us()
        );
        let kept_ns = if is_kept { off.as_ns() } else { 0 };
        assert!((step_ns - kept_ns).abs() < 100_000, "{step_ns} ns");
        // Nodes slew by at most 500 ppm, so 3 ms take 6 s; meanwhile they are wrong together.
        assert!(worst_ns < 100_000 + kept_ns && spread_us < 200.0, "{worst_ns} ns, {spread_us} us");
        assert!(after_ms < 1_000.0, "{after_ms} ms");
    }
}

/// CTRL-42, ROSTER-4
#[test]
fn a_node_whose_power_goes_and_comes_is_ready_within_two_seconds_and_nobody_else_notices() {
    for (off_ms, seed) in [(700, 1), (8_000, 2)] {
        let mut world = show(ETHERNET_PATH, seed);
        let (nodes, from) = (world.nodes(), world.now_ns());
        let id = id_of(&world, nodes[1]);
        world.kill_node(nodes[1], Death::PowerCut);
        world.run(ms(off_ms));
        let lost = world.hub_events().iter().any(|(_, e)| *e == Event::Lost { node: id, why: LostWhy::Silent });
        assert_eq!(lost, off_ms > 3_500, "the hub notices after 3.5 s");
        let back_at = world.now_ns();
        world.start_node(nodes[1]);
        let answers = changes(&mut world, 30, seed);
        let ready = (ready_at(&world, id, back_at).unwrap() - back_at) / MS;
        let others = [nodes[0], nodes[2], nodes[3]];
        println!("off for {off_ms} ms: ready after {ready} ms");
        assert!(ready < 2_000, "{ready} ms");
        Common::of(&world, &others, from, world.now_ns()).assert_whole("the others");
        assert_eq!(in_their_frame(&world, &others, &answers), 30);
        let all = Common::of(&world, &nodes, back_at, world.now_ns());
        assert!(all.unequal.is_empty() && all.frames > 300, "{:?} of {}", all.unequal, all.frames);
        assert_eq!(states(&mut world), [State::Ready; 4]);
    }
}

/// NODE-36, ROSTER-4
#[test]
fn a_node_cut_off_for_ten_seconds_is_lost_falls_back_rejoins_and_is_equal_again() {
    for seed in 1..=2 {
        let mut world = show(LOOPBACK_PATH, seed);
        let (nodes, cut_at) = (world.nodes(), world.now_ns());
        let skipped = skips(&world, &nodes);
        world.set_cut(nodes[2], true);
        world.run(ms(5_000));
        assert_eq!(state(&mut world, nodes[2]), State::Lost);
        let fallback = world.record(nodes[2]).when(cut_at, |event| matches!(event, NodeEvent::Fallback)).unwrap();
        world.command(cut_to(20)).unwrap();
        world.run(ms(5_000));
        let back_at = world.now_ns();
        world.set_cut(nodes[2], false);
        world.run(ms(4_000));
        let live = world.record(nodes[2]).when(back_at, |event| matches!(event, NodeEvent::Live)).unwrap();
        println!(
            "seed {seed}: fallback after {} ms, live again after {} ms",
            (fallback - cut_at) / MS,
            (live - back_at) / MS
        );
        assert!((490..=510).contains(&((fallback - cut_at) / MS)));
        let answers = changes(&mut world, 10, seed);
        assert_eq!(in_their_frame(&world, &nodes, &answers), 10);
        assert_eq!(states(&mut world), [State::Ready; 4]);
        Common::of(&world, &[nodes[0], nodes[1], nodes[3]], cut_at, world.now_ns()).assert_whole("the others");
        // What it missed shows with the first packet; from the next frame on it is equal.
        Common::of(&world, &nodes, live + 9 * MS, world.now_ns()).assert_whole("all");
        assert_eq!(skips(&world, &nodes), skipped, "its frames went on");
    }
}

/// SHOW-8
#[test]
fn at_20_percent_loss_a_restart_without_a_saved_map_costs_at_most_the_retransmission_of_a_hello() {
    for seed in 1..=6 {
        let way = LOOPBACK_PATH.up.with_loss(Loss::Random(0.2));
        let mut world = show(PathProfile { up: way, down: way, ..LOOPBACK_PATH }, seed);
        let nodes = world.nodes();
        let (killed_at, offset, skipped) = (world.now_ns(), world.show_offset_ns(), skips(&world, &nodes));
        world.kill_hub(Death::Killed);
        world.run(ms(3_000));
        let started_at = world.now_ns();
        world.start_hub(Restart { epoch: -HOUR, show_hint: None, disk: Disk::Saved });
        world.run(ms(6_000));
        let lives = |event: &NodeEvent| matches!(event, NodeEvent::Live);
        let live = nodes.iter().map(|node| world.record(*node).when(started_at, lives).expect("the stream is back"));
        let after_ms = (live.max().unwrap() - started_at) / MS;
        let step_ns = world.show_offset_ns() - offset;
        println!("seed {seed}: resumed after {after_ms} ms, show time stepped {} us", step_ns / 1_000);
        // The first hello sets show time, and it may be one that was sent twice: as late as TCP's time-out.
        assert!((-TCP_RTO_NS - MS..MS).contains(&step_ns), "{step_ns} ns");
        // A connection that loses its first segments takes several time-outs.
        assert!(after_ms < 3_000, "{after_ms} ms");
        let answers = changes(&mut world, 20, seed);
        assert_eq!(in_their_frame(&world, &nodes, &answers), 20, "seed {seed}");
        Common::of(&world, &nodes, killed_at, world.now_ns()).assert_whole("a restart at 20 % loss");
        assert_eq!(skips(&world, &nodes), skipped);
    }
}
