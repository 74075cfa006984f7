//! What a command decides leaves at once, ahead of the tick.

use std::sync::Arc;

use cuelight_conductor::{Command, Load, NodeRef, Program, Scope};
use cuelight_show::cue::Cue;
use cuelight_show::{CueList, ListNumber, Score, Show};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::HubMessage;
use cuelight_wire::cues::{CueOrder, ShowDigest, ShowId};
use cuelight_wire::stream::MsgType;
use cuelight_wire::time::Span;

use crate::world::{Datagram, Peer, TICK, World, group, hello, mac, of, set_scene};

const LEAD: Span = Span::from_ms(30);
const MAIN: ListNumber = ListNumber(1);

fn load() -> Command {
    let mut list = CueList::new(MAIN);
    for number in ["1", "2"] {
        list.insert(Cue::new(number.parse().unwrap())).unwrap();
    }
    let show = Show::of_lists(vec![list]);
    let id = ShowId { sha256: ShowDigest([1; 32]), size: 100 };
    let program = Program { id, score: Arc::new(Score::new(&show)), show: Arc::new(show) };
    Command::LoadShow(Box::new(Load { program, keeps_playbacks: false, renumbered: None }))
}

fn kinds(datagrams: &[Datagram], peer: &Peer) -> Vec<MsgType> {
    of(datagrams, peer).into_iter().map(|datagram| datagram.open(peer).0.msg_type).collect()
}

/// FANOUT-23, SHOW-4, CUE-9
#[test]
fn whatever_changes_the_show_leaves_when_it_comes_and_holds_a_lead_later() {
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    let cue = |order| Command::Cue { list: MAIN, order };
    let (state, cues) = (MsgType::FullState, MsgType::Cues);
    let commands = [
        (set_scene(Scope::Show, 4), state),
        (set_scene(Scope::Node(NodeRef::Id(a.id)), 5), state),
        (Command::Blackout { on: true }, state),
        (Command::Master { level: 9 }, state),
        (Command::Tempo { bpm_x100: Some(9_000), beats_per_bar: None }, state),
        (Command::Tap, state),
        (load(), cues),
        (cue(CueOrder::Go), cues),
        (cue(CueOrder::Go), cues),
        (cue(CueOrder::Back), cues),
        (cue(CueOrder::GoTo { cue_milli: 1_000, fade_ms: None }), cues),
        (cue(CueOrder::Pause), cues),
        (cue(CueOrder::Resume), cues),
        (cue(CueOrder::Release { fade_ms: 0 }), cues),
        (Command::UnloadShow, cues),
    ];
    for (n, (command, kind)) in commands.into_iter().enumerate() {
        world.run(Span::from_ms(200), &[&a, &b]);
        let (due_at, told) = (world.conductor.poll_timeout(), format!("{command:?}"));
        // Somewhere between two ticks.
        world.now += Span::from_us(500 * n as i64 + 1);
        let answer = world.command(command);
        assert_eq!(answer.apply_at, world.show() + LEAD, "{told}");
        assert_eq!(kinds(&world.ahead, &a), [kind; 3], "{told}");
        for datagram in of(&world.ahead, &a) {
            let (header, _) = datagram.open(&a);
            assert_eq!((header.hub_now, header.apply_at), (world.show(), answer.apply_at), "{told}");
        }
        // The tick comes when it would have come, with its three copies.
        assert_eq!(world.conductor.poll_timeout(), due_at);
        let copies = kinds(&world.tick(), &a).into_iter().filter(|of| *of == kind).count();
        assert_eq!(copies, 3, "{told}");
    }
}

/// FANOUT-23
#[test]
fn between_two_ticks_one_announcement_leaves_and_what_comes_after_it_or_shortly_before_a_tick_waits() {
    let mut world = World::new();
    let peer = world.join(1);
    world.tick();
    let next_tick = world.show() + TICK;
    world.now += Span::from_us(300);
    let first = world.command(Command::Master { level: 7 });
    assert_eq!((of(&world.ahead, &peer).len(), first.apply_at), (3, world.show() + LEAD));
    for n in 0..5 {
        world.now += Span::from_us(300);
        let scene = world.command(set_scene(Scope::Show, n));
        assert_eq!((world.ahead.len(), scene.apply_at), (0, next_tick + LEAD), "these wait");
    }
    let datagrams = world.tick();
    assert_eq!(of(&datagrams, &peer)[0].full_state(&peer).1.layers.len(), 2, "and are one change");
    world.run(Span::from_ms(200), &[&peer]);
    for (us, ahead) in [(8_001, 3), (9_001, 0)] {
        let next_tick = world.show() + TICK;
        world.now += Span::from_us(us);
        let late = world.command(Command::Master { level: 9 });
        assert_eq!((world.ahead.len(), late.apply_at), (ahead, next_tick + LEAD), "the tick is as good as now");
        assert_eq!(of(&world.tick(), &peer).len(), 3);
        world.run(Span::from_ms(200), &[&peer]);
    }
}

/// FANOUT-4, FANOUT-23
#[test]
fn only_whom_it_concerns_hears_ahead_of_the_tick_and_a_deployed_node_only_on_the_control_plane() {
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    let deployed = world.join_legacy(3);
    let plain = world.join_with(hello(mac(4), Ext::FULL_STATE));
    world.keepalive(&plain);
    world.tick();
    world.now += Span::from_ms(3);
    let mine = world.command(set_scene(Scope::Node(NodeRef::Id(a.id)), 4));
    assert_eq!(mine.apply_at, world.show() + LEAD, "no deployed node is concerned");
    assert_eq!((of(&world.ahead, &a).len(), world.ahead.len()), (3, 3));
    world.run(Span::from_ms(200), &[&a, &b]);
    world.messages(deployed.conn);
    let next_tick = world.show() + TICK;
    world.now += Span::from_ms(3);
    let all = world.command(set_scene(Scope::Show, 5));
    assert_eq!(all.apply_at, next_tick + LEAD, "from the tick, in which the deployed node hears of it");
    let counts = [&a, &b, &plain, &deployed].map(|peer| of(&world.ahead, peer).len());
    assert_eq!(counts, [3, 3, 3, 0]);
    let told = world.messages(deployed.conn);
    assert!(matches!(told.as_slice(), [HubMessage::SetEffect(set)] if set.apply_at_us == all.apply_at.as_us()));
    assert_eq!(of(&world.tick(), &deployed).len(), 1);
    world.run(Span::from_ms(200), &[&a, &b]);
    world.now += Span::from_ms(3);
    world.command(load());
    let counts = [&a, &b, &plain, &deployed].map(|peer| kinds(&world.ahead, peer));
    let cues = vec![MsgType::Cues; 3];
    assert_eq!(counts, [cues.clone(), cues, vec![], vec![]]);
}

/// FANOUT-23
#[test]
fn what_has_not_left_when_the_tick_is_near_is_left_to_it() {
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    world.tick();
    let due_at = world.conductor.poll_timeout();
    assert_eq!(due_at - world.conductor.ahead_until(), Span::from_ms(1));
    world.conductor.handle_command(None, Command::Blackout { on: true }, world.now).unwrap();
    assert!(!world.conductor.announce_ahead(world.conductor.ahead_until()), "there is no time for anything");
    assert!(world.conductor.announce_ahead(world.now));
    let mut buf = [0; 600];
    assert_eq!(world.conductor.poll_transmit(&mut buf).map(|transmit| transmit.to), Some(a.addr));
    world.conductor.leave_ahead();
    assert_eq!(world.conductor.poll_transmit(&mut buf), None);
    let datagrams = world.tick();
    assert_eq!([&a, &b].map(|peer| of(&datagrams, peer).len()), [3, 3]);
    let totals = world.conductor.snapshot(world.now).totals;
    assert_eq!((totals.unsent, totals.copies_skipped), (0, 0));
    assert!(!world.conductor.announce_ahead(world.now), "nothing is new");
}

/// FANOUT-6, FANOUT-23
#[test]
fn who_has_come_since_the_tick_hears_too_and_who_has_gone_does_not() {
    let mut world = World::new();
    let (a, b) = (world.join(1), world.join(2));
    world.tick();
    world.conductor.handle_closed(a.conn, world.now);
    let c = world.join(3);
    world.command(Command::SetGroup { name: group("new"), members: vec![NodeRef::Id(c.id)], lead: None });
    assert!(world.ahead.is_empty(), "a group is nothing of the show");
    world.command(Command::Blackout { on: true });
    assert_eq!([&a, &b, &c].map(|peer| of(&world.ahead, peer).len()), [0, 3, 3]);
    let datagrams = world.tick();
    assert_eq!([&a, &b, &c].map(|peer| of(&datagrams, peer).len()), [0, 3, 3]);
    assert!(world.conductor.snapshot(world.now).nodes.iter().all(|node| node.id != c.id || node.packets == 6));
}
