//! Cues: whatever the network does, nodes that follow put out the levels that the hub's state means, at every instant.

use std::collections::BTreeSet;
use std::sync::Arc;

use cuelight_conductor::{Command, Load, Program};
use cuelight_oracle::{Cast, Cued, Entry, Figure, Figures, Judge, NodeNo, What};
use cuelight_proto::node::NodeEvent;
use cuelight_show::{
    Address, Cue, CueList, Follower, Instruction, Level, ListNumber, Next, Playbacks, Playing, Score, Show, Stage,
    Target, Value, Want, Whole,
};
use cuelight_sim::link::Loss;
use cuelight_sim::profiles::{LOOPBACK_PATH, PathProfile};
use cuelight_sim::rng::Rng;
use cuelight_sim::world::{Death, Disk, Restart, Setup, Site, World};
use cuelight_wire::cues::{CueOrder, ShowDigest, ShowId};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Local, Show as ShowClock, Span, Time};

use crate::script::ms;

const SLOTS: u16 = 40;
const STEP: Span = Span::from_ms(4);
/// How long an answer over HTTP takes, nanoseconds.
const ANSWER_NS: (f64, f64) = (5e6, 80e6);

/// Two lists of twenty cues with fades of their own; every fourth follows by itself.
fn program() -> Program {
    let lists = [1_u16, 2].map(|number| {
        let mut list = CueList::new(ListNumber(number));
        for n in 1..=20_u16 {
            let mut cue = Cue::new(n.to_string().parse().unwrap());
            (cue.timing.fade_up_ms, cue.timing.fade_down_ms) = (u32::from(n * 90), u32::from(n * 40));
            cue.is_block = n % 5 == 0;
            if n % 4 == 0 {
                cue.next = Next::Follow(u32::from(n * 25));
            }
            for slot in (n..=SLOTS).step_by(usize::from(number) + 2) {
                let target = Target::Slot(Address::new(1, slot).unwrap());
                cue.look.set(Instruction { target, value: Value::Level(Level(n.wrapping_mul(3_121) | 1)) });
            }
            list.insert(cue).unwrap();
        }
        list
    });
    let show = Show::of_lists(lists.into());
    let id = ShowId { sha256: ShowDigest([7; 32]), size: 1 };
    Program { id, score: Arc::new(Score::new(&show)), show: Arc::new(show) }
}

/// What a node's process does beside its role: it follows, fetches, and plays.
#[derive(Default)]
struct Player {
    follower: Follower,
    /// Events of the node that were looked at.
    seen: usize,
    /// What it fetches, and when the answer is here.
    fetching: Option<(i64, Want)>,
    plays: Vec<Playing>,
    wholes: usize,
    /// What the judge was told last.
    told: Option<Cued>,
}

impl Player {
    /// The state it has come to.
    fn state(&self) -> Option<Cued> {
        let (show, playing) = (self.follower.show()?, self.plays.last()?);
        Some(Cued { show, number: self.follower.report()?.number, hash: playing.playbacks.fingerprint() })
    }
    fn at(&self, at: Time<ShowClock>) -> Option<&Playing> {
        self.plays.iter().rev().find(|playing| playing.from <= at)
    }
}

struct Stageside {
    world: World,
    program: Program,
    players: Vec<Player>,
    rng: Rng,
    /// The hub's states as they came.
    truth: Vec<(Time<ShowClock>, Playbacks)>,
    compared: usize,
    pictures: BTreeSet<Vec<u8>>,
    judge: Judge,
}

impl Stageside {
    fn new(path: PathProfile, seed: u64) -> Self {
        let mut world = World::started(Setup { is_traced: true, ..Setup::new(4, path, seed) });
        world.run(ms(3_000));
        let program = program();
        let load = Load { program: program.clone(), keeps_playbacks: false, renumbered: None };
        world.command(Command::LoadShow(Box::new(load))).unwrap();
        let players = (0..4).map(|_| Player::default()).collect();
        let rng = Rng::derived(seed, 0x0c0e);
        let (truth, pictures) = (Vec::new(), BTreeSet::new());
        let judge = Judge::new(Cast::alike(4));
        Self { world, program, players, rng, truth, compared: 0, pictures, judge }
    }

    /// Goes on for a while; compares the nodes of `judged` at every step.
    fn run(&mut self, span: Span, judged: &[usize]) {
        let mut left = span;
        while left > Span::ZERO {
            self.world.run(STEP);
            left = left - STEP;
            self.drive();
            self.tell();
            self.compare(judged);
        }
    }

    /// Tells the judge what happened, and to which states the nodes have come.
    fn tell(&mut self) {
        for entry in self.world.take_trace() {
            self.judge.take(&entry);
        }
        let (at_ns, show) = (self.world.now_ns(), self.world.show_now());
        for (n, player) in self.players.iter_mut().enumerate() {
            let state = player.state().filter(|state| player.told != Some(*state));
            if let Some(state) = state {
                player.told = Some(state);
                self.judge.take(&Entry { at_ns, show, what: What::Cued(NodeNo(n), state) });
            }
        }
    }
    /// What the judge, who knows only what travels, says of it: no state is another than its number means, none goes back.
    fn judged(self) -> Figures {
        let figures = self.judge.figures();
        let count = |figure: Figure| figures.get(figure);
        assert!(count(Figure::CueStates).is_some_and(|states| states > 40.0), "{:?}", count(Figure::CueStates));
        for never in [Figure::CuesWrong, Figure::CueBackSteps, Figure::CuesFailed] {
            assert_eq!(count(never), Some(0.0), "{never}");
        }
        figures
    }

    fn drive(&mut self) {
        let (now_ns, show_now) = (self.world.now_ns(), self.world.show_now());
        let now: Time<Local> = Time::from_ns(now_ns);
        let cues = self.world.snapshot().map(|snapshot| snapshot.cues);
        if let Some(cues) = &cues
            && self.truth.last().is_none_or(|(_, last)| *last != *cues.playbacks)
        {
            self.truth.push((cues.from, (*cues.playbacks).clone()));
        }
        for (n, player) in self.players.iter_mut().enumerate() {
            let record = self.world.record(Site(n));
            for (_, event) in &record.events[player.seen..] {
                match event {
                    NodeEvent::Welcomed { new_hub: true, .. } => player.follower.handle_new_hub(),
                    NodeEvent::Cues(state) => player.follower.handle_state(state, Some(show_now)),
                    _ => {}
                }
            }
            player.seen = record.events.len();
            if player.fetching.is_some_and(|(at_ns, _)| at_ns <= now_ns)
                && let Some((_, want)) = player.fetching.take()
            {
                match (want, &cues) {
                    (Want::Score(show), _) => {
                        player.follower.handle_score(show, self.program.score.clone(), Some(show_now));
                    }
                    (Want::Whole, Some(cues)) => {
                        player.wholes += 1;
                        let show = cues.program.as_ref().map(|program| program.id);
                        let playbacks = (*cues.playbacks).clone();
                        let whole = Whole { show, number: cues.number, from: cues.from, playbacks };
                        player.follower.handle_whole(whole, Some(show_now), now);
                    }
                    (Want::Whole, None) => player.follower.handle_failure(now),
                }
            }
            if let Some(want) = player.follower.poll_want(now) {
                player.fetching = Some((now_ns + self.rng.between(ANSWER_NS.0, ANSWER_NS.1) as i64, want));
            }
            player.plays.extend(std::iter::from_fn(|| player.follower.poll_playing()));
        }
    }

    /// The levels of the judged nodes now are those of the hub's state.
    fn compare(&mut self, judged: &[usize]) {
        let at = self.world.show_now();
        let Some((_, truth)) = self.truth.iter().rev().find(|(from, _)| *from <= at) else { return };
        let expected = levels(&self.program.score, truth, at);
        for n in judged {
            let playing = self.players[*n].at(at).expect("a judged node plays");
            assert_eq!(levels(&playing.score, &playing.playbacks, at), expected, "node {n} at {at:?}");
            self.compared += 1;
        }
        self.pictures.insert(expected);
    }

    fn order(&mut self, list: u16, order: CueOrder) {
        // One that cannot be done is refused, and that is all.
        let _ = self.world.command(Command::Cue { list: ListNumber(list), order });
    }
    /// Any order, at any phase of the tick.
    fn any_order(&mut self) {
        let list = 1 + (self.rng.bits() % 2) as u16;
        let cue_milli = 1_000 * (1 + (self.rng.bits() % 20) as u32);
        let order = match self.rng.bits() % 12 {
            0 => CueOrder::Back,
            1 => CueOrder::Pause,
            2 => CueOrder::Resume,
            3 => CueOrder::Release { fade_ms: 300 },
            4 | 5 => CueOrder::GoTo { cue_milli, fade_ms: None },
            6 => CueOrder::GoTo { cue_milli, fade_ms: Some(700) },
            _ => CueOrder::Go,
        };
        self.order(list, order);
    }
}

fn levels(score: &Score, playbacks: &Playbacks, at: Time<ShowClock>) -> Vec<u8> {
    let mut stage = Stage::new(score);
    let universes = stage.levels(score, playbacks, &Master::DEFAULT, &Tempo::DEFAULT, at);
    (1..=SLOTS).map(|slot| universes.slot(Address::new(1, slot).unwrap()).unwrap()).collect()
}

fn lossy(loss: f64) -> PathProfile {
    let way = LOOPBACK_PATH.up.with_loss(Loss::Random(loss));
    PathProfile { up: way, down: way, ..LOOPBACK_PATH }
}

/// CUE-4, CUE-9
#[test]
fn at_20_percent_loss_every_nodes_levels_are_equal_at_every_instant() {
    let mut show = Stageside::new(lossy(0.2), 11);
    show.run(ms(1_500), &[]);
    for _ in 0..60 {
        show.any_order();
        let pause = show.rng.between(60.0, 260.0) as i64;
        show.run(ms(pause), &[0, 1, 2, 3]);
    }
    show.run(ms(2_000), &[0, 1, 2, 3]);
    assert!(show.compared > 4 * 2_000 && show.pictures.len() > 1_000, "{} {}", show.compared, show.pictures.len());
    for player in &show.players {
        let report = player.follower.report().unwrap();
        assert_eq!((report.late, report.failed, player.wholes), (0, false, 1), "nothing was missed");
    }
    let figures = show.judged();
    assert_eq!(figures.get(Figure::CuesLate), Some(0.0));
    // The lead is 30 ms, and the first datagram leaves up to a tick after the order.
    assert!(figures.get(Figure::CueLagMax).is_some_and(|lag_ns| lag_ns < 30e6), "{:?}", figures.get(Figure::CueLagMax));
}

/// CUE-5, CUE-6
#[test]
fn a_node_that_was_cut_off_or_dead_is_right_as_soon_as_it_is_back_and_says_what_came_late() {
    let mut show = Stageside::new(lossy(0.05), 12);
    show.run(ms(1_000), &[]);
    show.order(1, CueOrder::Go);
    show.run(ms(500), &[0, 1, 2, 3]);
    show.world.set_cut(Site(1), true);
    show.world.kill_node(Site(2), Death::Killed);
    for _ in 0..12 {
        show.any_order();
        show.run(ms(80), &[0, 3]);
    }
    show.world.set_cut(Site(1), false);
    show.world.start_node(Site(2));
    let seen = show.players[2].seen;
    show.players[2] = Player { seen, ..Player::default() };
    show.run(ms(5_000), &[0, 3]);
    for _ in 0..10 {
        show.any_order();
        show.run(ms(150), &[0, 1, 2, 3]);
    }
    let late = |n: usize| show.players[n].follower.report().unwrap().late;
    assert!(late(1) > 0, "the node that was cut off carried something out late");
    assert_eq!((late(0), late(2), late(3)), (0, 0, 0), "one that was not there yet was not late");
    assert!(show.players[2].wholes >= 1);
    show.judged();
}

/// CUE-8
#[test]
fn levels_go_on_over_a_hub_that_is_killed_in_mid_fade() {
    let mut show = Stageside::new(lossy(0.05), 13);
    show.run(ms(1_000), &[]);
    show.order(1, CueOrder::GoTo { cue_milli: 3_000, fade_ms: Some(8_000) });
    show.order(2, CueOrder::GoTo { cue_milli: 4_000, fade_ms: Some(6_000) });
    // What is saved at the latest half a second after a change.
    show.run(ms(1_200), &[0, 1, 2, 3]);
    let hint = |show: &mut Stageside| Some(show.world.show_now());
    show.world.kill_hub(Death::Killed);
    show.run(ms(1_500), &[0, 1, 2, 3]);
    let show_hint = hint(&mut show);
    show.world.start_hub(Restart { epoch: Span::from_s(-3600), show_hint, disk: Disk::Saved });
    let program = show.program.clone();
    show.world.give_program(program);
    show.run(ms(4_000), &[0, 1, 2, 3]);
    let before = show.players.iter().map(|player| player.wholes).collect::<Vec<_>>();
    assert_eq!(before, [1; 4], "nobody had anything to fetch");
    for _ in 0..10 {
        show.any_order();
        show.run(ms(150), &[0, 1, 2, 3]);
    }
    assert!(show.players.iter().all(|player| player.follower.report().unwrap().late == 0));
    assert_eq!(show.judged().get(Figure::CuesLate), Some(0.0));
}
