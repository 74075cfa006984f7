//! From full states to changes.

use cuelight_proto::node::{NodeEvent, SyncUse, Via};
use cuelight_wire::change::Change;
use cuelight_wire::ids::{PatternId, Revision};
use cuelight_wire::scene::{FullState, PatternPlay, Tempo};
use cuelight_wire::stream::MsgType;
use cuelight_wire::time::Span;
use proptest::prelude::*;

use crate::world::{World, layer, master, ms};

fn revisions(world: &World) -> Vec<u32> {
    let rev = |change: &Change| match change {
        Change::Layer(layer) => layer.rev,
        Change::Tempo(tempo) => tempo.rev,
        Change::Master(master) => master.rev,
        Change::Patch { .. } => Revision(0),
    };
    world.changes().iter().map(|(change, _)| rev(change).0).collect()
}

fn state(world: &World) -> FullState {
    let now = world.show_now();
    let mut state = FullState::default();
    state.layers.push(layer(1, now - Span::from_s(60))).unwrap();
    state.layers.push(layer(4, now + ms(250))).unwrap();
    state.tempos.push(Tempo { rev: Revision(2), ..Tempo::DEFAULT }).unwrap();
    state.masters.push(master(3, now - Span::from_s(1))).unwrap();
    state
}

#[test]
fn each_change_of_a_full_state_is_given_once_on_whichever_way_it_comes_first() {
    // NODE-32
    let mut world = World::new(SyncUse::Scheduled).joined();
    world.hub.state = state(&world);
    world.run(ms(500));
    assert_eq!(revisions(&world), [3, 2, 1, 4]);
    assert!(world.changes().iter().all(|(_, via)| *via == Via::Stream));
    world.copy_state();
    assert_eq!(world.changes().len(), 4);
    // A change the control connection brings first is not given again by the stream.
    let at = world.show_now() + ms(100);
    world.hub.state.layers.push(layer(5, at)).unwrap();
    world.copy_state();
    world.run(ms(100));
    assert_eq!(revisions(&world), [3, 2, 1, 4, 5]);
    assert_eq!(world.changes()[4], (Change::Layer(layer(5, at)), Via::Control));
    assert_eq!(world.node.status(world.now).newest, Revision(5));
}

#[test]
fn a_change_keeps_its_apply_at_to_the_microsecond() {
    let mut world = World::new(SyncUse::Scheduled).joined();
    let at = world.show_now() + ms(30);
    world.hub.state.layers.push(layer(9, at)).unwrap();
    world.run(ms(10));
    let given = world.events.iter().find_map(|(_, e)| match e {
        NodeEvent::Change { change, on_arrival, catch_up, .. } => Some((change.at(), *on_arrival, *catch_up)),
        _ => None,
    });
    assert_eq!(given, Some((at, false, false)));
}

#[test]
fn a_copy_that_the_stream_has_overtaken_is_ignored() {
    let mut world = World::new(SyncUse::Scheduled).joined();
    let now = world.show_now();
    let mut old = FullState::default();
    old.layers.push(layer(7, now)).unwrap();
    world.hub.state.layers.push(layer(8, now)).unwrap();
    world.run(ms(20));
    let newer = std::mem::replace(&mut world.hub.state, old);
    world.copy_state();
    world.hub.state = newer;
    assert_eq!(revisions(&world), [8]);
    assert_eq!(world.node.status(world.now).counters.stale_states, 1);
}

#[test]
fn a_change_beyond_the_horizon_is_refused_once_and_taken_when_it_comes_nearer() {
    // NODE-34
    let mut world = World::new(SyncUse::Scheduled).joined();
    let at = world.show_now() + Span::from_s(12);
    world.hub.state.layers.push(layer(6, at)).unwrap();
    world.run(ms(1_900));
    assert_eq!(revisions(&world), [] as [u32; 0]);
    assert_eq!(world.node.status(world.now).counters.beyond_horizon, 1);
    world.run(ms(200));
    assert_eq!(revisions(&world), [6]);
}

#[test]
fn before_lock_changes_apply_on_arrival_and_after_lock_they_come_again_at_their_apply_at() {
    // NODE-33
    let mut world = World::new(SyncUse::Scheduled);
    world.hub.state = state(&world);
    world.hub.pongs = false;
    world.hub.ts_pongs = false;
    world.run(ms(200));
    let (local, given): (Vec<_>, Vec<_>) = world
        .events
        .iter()
        .filter_map(|(at, e)| match e {
            NodeEvent::Change { change, on_arrival: true, .. } => Some((*at, change.clone())),
            _ => None,
        })
        .unzip();
    assert_eq!(given.len(), 4);
    let here = |i: usize| world.node.map(local[i]).show_at(local[i]);
    // What is announced begins now; what is in force keeps its age.
    assert_eq!(given[3].at(), here(3));
    assert!((here(2) - given[2].at() - Span::from_s(60)).abs() <= ms(200));
    assert!(world.node.status(world.now).degraded.clock);
    world.forget();
    (world.hub.pongs, world.hub.ts_pongs) = (true, true);
    world.run(ms(5_000));
    let locked_at = world.when(|e| *e == NodeEvent::Locked).expect("locked");
    // At the very instant of the lock: no frame on the show clock shows the picture from before it.
    let again: Vec<_> = world.events.iter().filter(|(at, _)| *at == locked_at).collect();
    assert_eq!(again.iter().filter(|(_, e)| matches!(e, NodeEvent::Change { on_arrival: false, .. })).count(), 4);
    let ats: Vec<_> = world.changes().iter().map(|(change, _)| change.at()).collect();
    let expected = &world.hub.state;
    assert_eq!(ats, [expected.masters[0].at, expected.tempos[0].grid.at, expected.layers[0].at, expected.layers[1].at]);
    // They were in force or announced before: not this node's lateness.
    assert_eq!(world.node.status(world.now).counters.late, 0);
}

#[test]
fn with_sync_off_changes_apply_on_arrival_and_the_timeline_runs_freely() {
    // NODE-33
    let mut world = World::new(SyncUse::OnArrival).joined_unsynced();
    let at = world.show_now() + ms(30);
    world.hub.state.layers.push(layer(9, at)).unwrap();
    world.run(ms(10));
    let (given_at, NodeEvent::Change { change, on_arrival: true, .. }) = &world.events[0] else {
        panic!("{:?}", world.events)
    };
    assert_eq!(change.at(), world.node.map(*given_at).show_at(*given_at));
    assert_eq!(world.node.map(world.now).rate, 0);
    // It is measured all the same.
    assert!(world.node.measured_map(world.now).state.is_usable());
    world.forget();
    world.node.handle_sync_use(SyncUse::Scheduled, world.now);
    world.run(ms(20));
    assert_eq!(world.changes(), [(Change::Layer(layer(9, at)), Via::Stream)]);
}

#[test]
fn a_pattern_keeps_its_own_age_on_a_timeline_that_is_not_the_hubs() {
    // NODE-33, PLAY-1
    let mut world = World::new(SyncUse::OnArrival).joined_unsynced();
    let now = world.show_now();
    let (running, coming) = (now - Span::from_s(90), now + ms(30));
    for (rev, at, starts_at) in [(1, now - Span::from_s(60), running), (2, coming, coming)] {
        let mut layer = layer(rev, at);
        layer.scene.pattern = Some(PatternPlay { id: PatternId([7; 8]), repeats: true, starts_at });
        world.hub.state.layers.push(layer).unwrap();
    }
    world.run(ms(10));
    let starts: Vec<_> = world
        .events
        .iter()
        .filter_map(|(given_at, event)| match event {
            NodeEvent::Change { change: Change::Layer(layer), .. } => {
                let here = world.node.map(*given_at).show_at(*given_at);
                Some((here - layer.at, here - layer.scene.pattern.unwrap().starts_at))
            }
            _ => None,
        })
        .collect();
    let [(layer_age, pattern_age), (of_next, of_its_pattern)] = starts[..] else { panic!("{starts:?}") };
    assert_eq!(pattern_age - layer_age, Span::from_s(30));
    assert!((pattern_age - Span::from_s(90)).abs() <= ms(200), "{pattern_age:?}");
    assert_eq!((of_next, of_its_pattern), (Span::ZERO, Span::ZERO), "what is announced begins now, with its pattern");
}

#[test]
fn a_hub_that_counts_its_changes_from_the_start_again_is_not_ignored() {
    // NODE-32
    let mut world = World::new(SyncUse::Scheduled).joined();
    let now = world.show_now();
    world.hub.state.layers.push(layer(500, now)).unwrap();
    world.run(ms(50));
    world.kill_hub();
    world.restart_hub();
    world.hub.state.layers.clear();
    world.hub.state.layers.push(layer(2, now)).unwrap();
    world.run(ms(1_000));
    assert_eq!(revisions(&world), [500, 2]);
    assert_eq!(world.node.status(world.now).newest, Revision(2));
}

#[test]
fn a_reconnection_to_the_same_run_of_a_hub_gives_nothing_twice() {
    let mut world = World::new(SyncUse::Scheduled).joined();
    world.hub.state = state(&world);
    world.run(ms(50));
    world.node.handle_disconnected(world.now);
    world.drain();
    world.run(ms(1_000));
    assert_eq!(world.count(|e| matches!(e, NodeEvent::Welcomed { new_hub: false, .. })), 1);
    assert_eq!(revisions(&world), [3, 2, 1, 4]);
}

#[test]
fn deployed_packets_of_a_hub_with_full_state_are_passed_over() {
    let mut world = World::new(SyncUse::Scheduled).joined();
    world.stream(MsgType::SceneChange, world.show_now() + ms(30), &[0, 1, 0, 2]);
    assert_eq!(world.changes(), []);
    assert_eq!(world.node.status(world.now).counters.not_negotiated, 1);
}

#[test]
fn changes_that_find_the_queue_full_come_with_a_later_repeat() {
    let mut world = World::new(SyncUse::Scheduled).joined();
    let now = world.show_now();
    // Nobody drains while eight states of three new layers each arrive, and one more.
    for i in 0..9 {
        world.hub.state.layers.clear();
        for j in 1..=3 {
            world.hub.state.layers.push(layer(i * 3 + j, now)).unwrap();
        }
        let packet = world.state_packet();
        world.node.handle_datagram(&packet, world.now);
    }
    assert!(world.node.status(world.now).counters.events_full > 0);
    world.drain();
    assert_eq!(revisions(&world).len(), 24);
    world.run(ms(20));
    assert_eq!(revisions(&world)[24..], [25, 26, 27]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn under_loss_repetition_and_reordering_no_change_is_given_twice_and_none_of_the_last_is_missing(
        arrivals in prop::collection::vec(0_usize..60, 0..150)
    ) {
        // NODE-32
        let mut world = World::new(SyncUse::OnArrival).joined_unsynced();
        let at = world.show_now();
        let mut copies = Vec::new();
        for rev in 1..=20 {
            let layers = &mut world.hub.state.layers;
            if layers.is_full() {
                layers.remove(0);
            }
            layers.push(layer(rev, at + ms(i64::from(rev)))).unwrap();
            for _ in 0..3 {
                copies.push(world.state_packet());
            }
        }
        for arrival in arrivals {
            world.deliver(&copies[arrival]);
        }
        world.stream_state();
        let given = revisions(&world);
        let distinct: std::collections::BTreeSet<_> = given.iter().collect();
        prop_assert_eq!(distinct.len(), given.len());
        prop_assert!(given.is_sorted());
        prop_assert!([18, 19, 20].iter().all(|rev| given.contains(rev)), "{:?}", given);
    }
}
