//! Cues: orders become steps on the stream, what follows by itself and scenes of LED nodes come in time, and all of it
//! survives the hub.

use std::sync::Arc;

use cuelight_conductor::{Command, CommandError, Conductor, Config, Event, Load, Program, Scope, State, Why};
use cuelight_show::cue::{SceneContent, SceneTarget};
use cuelight_show::{
    Address, BadStep, Cue, CueList, CueNumber, Follower, Instruction, Level, ListNumber, Next, Playbacks, Score, Show,
    Stage, Target, Value, Want, Whole,
};
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{CueReport, Keepalive, NodeMessage};
use cuelight_wire::cues::{CueOrder, CueState, ShowDigest, ShowId};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::stream::{MsgType, cues};
use cuelight_wire::time::{Span, Time};

use crate::world::{Datagram, Peer, World, effect, hello, ka, mac, of, set_scene};

const MAIN: ListNumber = ListNumber(1);

fn cue(number: &str, fade_ms: u32, slot: u16) -> Cue {
    let mut cue = Cue::new(number.parse().unwrap());
    (cue.timing.fade_up_ms, cue.timing.fade_down_ms) = (fade_ms, fade_ms);
    let target = Target::Slot(Address::new(1, slot).unwrap());
    cue.look.set(Instruction { target, value: Value::Level(Level::FULL) });
    cue
}

fn scene(cue: Cue, target: SceneTarget, n: u16) -> Cue {
    let mut cue = cue;
    cue.look.scenes.push(SceneContent { target, scene: effect(n) });
    cue
}

fn program(n: u8, cues: impl IntoIterator<Item = Cue>) -> Program {
    let mut list = CueList::new(MAIN);
    for cue in cues {
        list.insert(cue).unwrap();
    }
    let show = Show::of_lists(vec![list]);
    let id = ShowId { sha256: ShowDigest([n; 32]), size: 100 };
    Program { id, score: Arc::new(Score::new(&show)), show: Arc::new(show) }
}

fn load(program: &Program) -> Command {
    let program = program.clone();
    Command::LoadShow(Box::new(Load { program, keeps_playbacks: false, renumbered: None }))
}

fn order(order: CueOrder) -> Command {
    Command::Cue { list: MAIN, order }
}

/// The states of the cues that a node is told in a tick.
fn told(datagrams: &[Datagram], peer: &Peer) -> Vec<CueState> {
    let opened = of(datagrams, peer).into_iter().map(|datagram| datagram.open(peer));
    opened.filter(|(h, _)| h.msg_type == MsgType::Cues).map(|(_, payload)| cues::decode(payload).unwrap()).collect()
}

fn whole(conductor: &Conductor, world_now: Time<cuelight_wire::time::Local>) -> Whole {
    let shown = conductor.snapshot(world_now).cues;
    let show = shown.program.as_ref().map(|program| program.id);
    Whole { show, number: shown.number, from: shown.from, playbacks: (*shown.playbacks).clone() }
}

fn level(program: &Program, playbacks: &Playbacks, slot: u16, at: Time<cuelight_wire::time::Show>) -> u8 {
    let mut stage = Stage::new(&program.score);
    let universes = stage.levels(&program.score, playbacks, &Master::DEFAULT, &Tempo::DEFAULT, at);
    universes.slot(Address::new(1, slot).unwrap()).unwrap()
}

/// CUE-2, CUE-9
#[test]
fn a_step_is_told_three_times_in_every_tick_until_it_holds_then_now_and_then_and_only_to_nodes_that_know_cues() {
    let mut world = World::new();
    let knowing = world.join(1);
    let other = world.join_with(hello(mac(2), Ext::FULL_STATE));
    world.keepalive(&other);
    let deployed = world.join_legacy(3);
    world.run(Span::from_ms(200), &[]);
    assert_eq!(told(&world.tick(), &knowing), [], "before a show was loaded there is nothing to tell");
    assert_eq!(
        world.conductor.handle_command(None, order(CueOrder::Go), world.now),
        Err(CommandError::NoShow),
        "and nothing to go on with"
    );
    world.command(load(&program(1, [cue("1", 0, 1), cue("2", 0, 2)])));
    world.run(Span::from_ms(100), &[]);
    let go = world.command(order(CueOrder::Go));
    assert_eq!(go.cue, CueNumber::from_milli(1_000));
    assert_eq!((told(&world.ahead, &knowing).len(), world.ahead.len()), (3, 3), "and at once, FANOUT-23");
    let mut ticks = 0;
    loop {
        let datagrams = world.tick();
        let states = told(&datagrams, &knowing);
        assert!(of(&datagrams, &other).len() == 1 && of(&datagrams, &deployed).len() == 1);
        if world.show() >= go.apply_at {
            break;
        }
        ticks += 1;
        assert_eq!(states.len(), 3);
        assert!(states.iter().all(|state| state.number == 2 && state.steps[1].at == go.apply_at));
        let headers: Vec<_> = of(&datagrams, &knowing).iter().map(|d| d.open(&knowing).0).collect();
        assert!(headers.iter().filter(|h| h.msg_type == MsgType::Cues).all(|h| h.apply_at == go.apply_at));
        assert_eq!(headers.iter().filter(|h| h.msg_type == MsgType::FullState).count(), 1, "nothing else is announced");
    }
    assert_eq!(ticks, 3, "30 ms of lead, from the tick on: there is a deployed node");
    let repeats: Vec<_> = (0..300).map(|_| told(&world.tick(), &knowing).len()).collect();
    assert!(repeats.iter().all(|count| *count <= 1));
    let count = |ticks: &[usize]| ticks.iter().sum::<usize>();
    assert!((8..=10).contains(&count(&repeats[..90])) && count(&repeats[100..]) == 4, "{repeats:?}");
}

/// CUE-3, CUE-4, CUE-5
#[test]
fn a_node_that_follows_comes_to_the_state_the_hub_has_at_every_instant() {
    let mut world = World::new();
    let peer = world.join(1);
    let mut following = cue("2", 500, 2);
    following.next = Next::Follow(200);
    let program = program(1, [cue("1", 1_000, 1), following, cue("3", 300, 3)]);
    world.command(load(&program));
    let mut node = Follower::default();
    let mut plays = Vec::new();
    let orders =
        [CueOrder::Go, CueOrder::Go, CueOrder::Pause, CueOrder::Go, CueOrder::Back, CueOrder::Release { fade_ms: 400 }];
    for n in 0..180_usize {
        if n % 30 == 10 {
            world.command(order(orders[n / 30]));
        }
        let show_now = world.show();
        for state in told(&world.tick(), &peer) {
            node.handle_state(&state, Some(show_now));
        }
        match node.poll_want(world.now) {
            Some(Want::Score(show)) => node.handle_score(show, program.score.clone(), Some(show_now)),
            Some(Want::Whole) => node.handle_whole(whole(&world.conductor, world.now), Some(show_now), world.now),
            None => {}
        }
        plays.extend(std::iter::from_fn(|| node.poll_playing()));
        let here = world.show();
        let Some(playing) = plays.iter().rev().find(|playing| playing.from <= here) else { continue };
        let hub = world.conductor.snapshot(world.now).cues;
        for slot in 1..=3 {
            if hub.from <= here {
                let expected = level(&program, &hub.playbacks, slot, here);
                assert_eq!(level(&program, &playing.playbacks, slot, here), expected, "tick {n}");
            }
        }
    }
    assert_eq!(node.report(), Some(CueReport { number: 7, late: 0, failed: false }));
}

/// CUE-8
#[test]
fn a_restarted_hub_goes_on_in_the_middle_of_a_fade_with_the_same_state() {
    let mut world = World::new();
    let peer = world.join(1);
    let mut first = cue("1", 10_000, 1);
    first.next = Next::Follow(3_000);
    let program = program(1, [first, cue("2", 0, 2)]);
    world.command(load(&program));
    world.command(order(CueOrder::Go));
    world.run(Span::from_s(2), &[&peer]);
    let before = world.conductor.snapshot(world.now).cues;
    let (show, disk) = (world.show(), world.disk.clone());
    let mut again = World::restarted(Config { boot_id: 8, ..Config::default() }, disk, world.now, Some(show));
    assert_eq!(again.conductor.wanted_show(), Some(program.id));
    again.conductor.handle_program(Some(program.clone()));
    let peer = again.join(1);
    let state = (0..20).find_map(|_| told(&again.tick(), &peer).pop()).unwrap();
    assert_eq!(
        (state.show, state.number, state.hash),
        (Some(program.id), before.number, before.playbacks.fingerprint())
    );
    let after = again.conductor.snapshot(again.now).cues;
    assert_eq!(after.playbacks, before.playbacks);
    let levels: Vec<_> =
        [0, 500, 1_500].map(|ms| level(&program, &after.playbacks, 1, show + Span::from_ms(ms))).into();
    assert!(levels[0] > 45 && levels.is_sorted() && levels[2] > levels[0], "{levels:?}");
    // A node that had followed to here has nothing to fetch.
    let go = again.command(order(CueOrder::Go));
    assert_eq!(go.cue, CueNumber::from_milli(2_000));
}

/// CUE-8
#[test]
fn a_hub_whose_show_file_is_gone_says_so_and_tells_its_nodes() {
    let mut world = World::new();
    world.command(load(&program(1, [cue("1", 0, 1)])));
    world.command(order(CueOrder::Go));
    world.run(Span::from_ms(100), &[]);
    let mut again = World::restarted(Config::default(), world.disk.clone(), world.now, Some(world.show()));
    again.conductor.handle_program(None);
    assert!(again.events().iter().any(|event| matches!(event, Event::SavedIgnored { .. })));
    let peer = again.join(1);
    let state = (0..20).find_map(|_| told(&again.tick(), &peer).pop()).unwrap();
    assert_eq!((state.show, state.number), (None, 3));
}

/// CUE-10
#[test]
fn a_cues_scene_is_a_change_at_the_cues_instant_also_where_the_cue_follows_by_itself_and_release_gives_back() {
    let mut world = World::new();
    let peer = world.join(1);
    world.command(set_scene(Scope::Show, 2));
    let mut first = scene(cue("1", 0, 1), SceneTarget::Show, 5);
    // Not at a tick.
    first.next = Next::Follow(403);
    let mut delayed = scene(cue("3", 0, 3), SceneTarget::Show, 7);
    (delayed.timing.delay_up_ms, delayed.timing.fade_up_ms) = (300, 250);
    let unknown = scene(cue("4", 0, 4), SceneTarget::Group("nobody".into()), 8);
    let cues = [first, scene(cue("2", 0, 2), SceneTarget::Node("1".into()), 6), delayed, unknown];
    world.command(load(&program(1, cues)));
    world.run(Span::from_ms(100), &[&peer]);
    let go = world.command(order(CueOrder::Go));
    let shown = world.node(&peer).scene;
    assert_eq!((shown.scene, shown.at), (effect(5), go.apply_at));
    // The next one follows by itself; it is announced a lead ahead.
    let mut seen = Vec::new();
    for _ in 0..60 {
        let datagrams = world.tick();
        let hub_now = world.show();
        for datagram in of(&datagrams, &peer) {
            if datagram.open(&peer).0.msg_type == MsgType::FullState {
                let (_, state) = datagram.full_state(&peer);
                seen.extend(state.layers.iter().map(|l| (l.at, l.scene.clone(), hub_now)));
            }
        }
    }
    let follow_at = go.apply_at + Span::from_ms(403);
    let first_told = seen.iter().find(|(_, scene, _)| *scene == effect(6)).expect("it follows");
    assert_eq!(first_told.0, follow_at);
    assert!(follow_at - first_told.2 >= Span::from_ms(30) && follow_at - first_told.2 <= Span::from_ms(60));
    // A delay puts the scene off, and its fade is the cue's.
    let third = world.command(order(CueOrder::Go));
    assert_eq!(world.node(&peer).scene.scene, effect(6), "not yet");
    world.run(Span::from_ms(400), &[&peer]);
    let shown = world.node(&peer).scene;
    assert_eq!((shown.scene, shown.at, shown.fade_ms), (effect(7), third.apply_at + Span::from_ms(300), 250));
    // What the hub does not know it says, once.
    world.events();
    world.command(order(CueOrder::Go));
    world.run(Span::from_ms(200), &[&peer]);
    let not_shown = world.events().into_iter().filter(|event| matches!(event, Event::SceneNotShown { .. })).count();
    assert_eq!(not_shown, 1);
    let release = world.command(order(CueOrder::Release { fade_ms: 700 }));
    world.run(Span::from_ms(100), &[&peer]);
    let shown = world.conductor.snapshot(world.now).scene;
    assert_eq!((shown.scene, shown.at, shown.fade_ms), (effect(2), release.apply_at, 700), "what was there before");
}

/// CUE-10
#[test]
fn a_scene_that_was_set_over_a_cues_scene_stays_when_the_list_lets_go() {
    let mut world = World::new();
    let peer = world.join(1);
    world.command(load(&program(1, [scene(cue("1", 0, 1), SceneTarget::Show, 5)])));
    world.command(order(CueOrder::Go));
    world.run(Span::from_ms(200), &[&peer]);
    world.command(set_scene(Scope::Show, 9));
    world.run(Span::from_ms(200), &[&peer]);
    world.command(order(CueOrder::Release { fade_ms: 0 }));
    world.run(Span::from_ms(200), &[&peer]);
    assert_eq!(world.node(&peer).scene.scene, effect(9));
}

#[test]
fn an_order_that_cannot_be_done_changes_nothing() {
    let mut world = World::new();
    let peer = world.join(1);
    world.command(load(&program(1, [cue("1", 0, 1)])));
    world.command(order(CueOrder::Go));
    world.run(Span::from_ms(100), &[&peer]);
    let before = world.conductor.snapshot(world.now).cues;
    let refused = world.conductor.handle_command(None, order(CueOrder::Go), world.now).unwrap_err();
    assert!(matches!(refused, CommandError::Cue(BadStep::Command(_))), "{refused:?}");
    let list = ListNumber(9);
    let other = world.conductor.handle_command(None, Command::Cue { list, order: CueOrder::Go }, world.now);
    assert_eq!(other.unwrap_err().to_string(), "there is no cue list 9");
    let after = world.conductor.snapshot(world.now).cues;
    assert_eq!((after.number, after.playbacks), (before.number, before.playbacks));
}

#[test]
fn an_edited_show_keeps_what_runs_and_a_renumbered_cue_its_place() {
    let mut world = World::new();
    let peer = world.join(1);
    world.command(load(&program(1, [cue("1", 0, 1), cue("2", 0, 2)])));
    world.command(order(CueOrder::Go));
    world.run(Span::from_ms(100), &[&peer]);
    let edited = program(2, [cue("1.5", 0, 1), cue("2", 0, 2)]);
    let number = |text: &str| text.parse().unwrap();
    let renumbered = Some((MAIN, number("1"), number("1.5")));
    world.command(Command::LoadShow(Box::new(Load { program: edited.clone(), keeps_playbacks: true, renumbered })));
    let kept = world.conductor.snapshot(world.now).cues;
    assert_eq!(kept.playbacks.list(MAIN).and_then(|list| list.current()), Some(number("1.5")));
    world.command(load(&edited));
    let anew = world.conductor.snapshot(world.now).cues;
    assert_eq!((anew.playbacks.lists().len(), anew.number), (0, 4));
    world.command(Command::UnloadShow);
    let refused = world.conductor.handle_command(None, Command::UnloadShow, world.now);
    assert_eq!(refused, Err(CommandError::NoShow));
}

/// CUE-7
#[test]
fn a_node_that_cannot_play_the_cues_is_degraded_until_it_can() {
    let mut world = World::new();
    let peer = world.join(1);
    let say = |world: &mut World, failed| {
        let cues = Some(CueReport { number: 3, late: 1, failed });
        world.say(peer.conn, NodeMessage::Keepalive(Keepalive { cues, ..ka(&peer) }));
    };
    say(&mut world, true);
    assert_eq!(world.node(&peer).state, State::Degraded(Why::CUES));
    assert_eq!(world.node(&peer).cues.map(|cues| cues.late), Some(1));
    for _ in 0..3 {
        say(&mut world, false);
        world.run(Span::from_s(1), &[]);
    }
    say(&mut world, false);
    assert_eq!(world.node(&peer).state, State::Ready);
}

#[test]
fn two_hundred_orders_one_after_the_other_hold_in_their_order_and_are_all_told() {
    let mut world = World::new();
    let peer = world.join(1);
    let cues = (1..=200).map(|n| cue(&n.to_string(), 50, n));
    let program = program(1, cues);
    world.command(load(&program));
    world.run(Span::from_ms(100), &[&peer]);
    let mut node = Follower::default();
    let mut last = Time::ZERO;
    for n in 0..200 {
        let answer = world.command(order(CueOrder::Go));
        assert!(answer.apply_at >= last);
        last = answer.apply_at;
        if n % 4 == 0 {
            for state in told(&world.tick(), &peer) {
                node.handle_state(&state, None);
            }
        }
        match node.poll_want(world.now) {
            Some(Want::Score(show)) => node.handle_score(show, program.score.clone(), None),
            Some(Want::Whole) => node.handle_whole(whole(&world.conductor, world.now), None, world.now),
            None => {}
        }
    }
    (0..10).flat_map(|_| told(&world.tick(), &peer)).for_each(|state| node.handle_state(&state, None));
    let hub = world.conductor.snapshot(world.now).cues;
    let played = std::iter::from_fn(|| node.poll_playing()).last().unwrap();
    assert_eq!((node.report().unwrap().number, &played.playbacks), (hub.number, &*hub.playbacks));
}
