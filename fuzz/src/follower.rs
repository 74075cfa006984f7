//! A node that follows a hub's cues: states in any order, lost, repeated and damaged; answers that are late, old or missing;
//! hubs that start again.

use std::collections::BTreeSet;
use std::sync::Arc;

use cuelight_show::fixture::Address;
use cuelight_show::{
    Cue, CueList, Follower, Instruction, Level, ListNumber, Playbacks, Playing, Score, Show as Fixtures, Target, Value,
    Want, Whole,
};
use cuelight_wire::cues::{CueOrder, CueState, CueStep, Deed, MAX_STEPS, ShowDigest, ShowId};
use cuelight_wire::ids::Revision;
use cuelight_wire::time::{Local, Show, Span, Time};

use crate::script::{START, Script, drain};

/// Shows that a hub may load.
const SHOWS: u8 = 2;
/// What is waiting for the driver at once: as the machine promises.
const WAITING: usize = 16;
/// States that a script may lead to.
const MAX_STATES: usize = 256;
/// Rounds in which a node that is left alone comes to what its hub does: one for each thing to fetch, and the longest pause.
const ROUNDS: u32 = 200;

/// What a hub does with its cues, in the least words.
struct Hub {
    scores: Vec<Arc<Score>>,
    number: u32,
    show: Option<u8>,
    playbacks: Playbacks,
    steps: Vec<CueStep>,
    /// Every state there was, with the answer to whoever asked for the playbacks then.
    states: Vec<(CueState, Whole)>,
    /// The hashes of all of them.
    hashes: BTreeSet<u64>,
}

fn id(show: u8) -> ShowId {
    ShowId { sha256: ShowDigest([show; 32]), size: u32::from(show) }
}

/// Two lists of six cues; those of show 1 follow each other.
fn score(show: u8) -> Arc<Score> {
    let lists = (1..=2).map(|list| {
        let mut cues = CueList::new(ListNumber(list));
        for number in 1..=6_u16 {
            let mut cue = Cue::new(number.to_string().parse().expect("a number"));
            let target = Target::Slot(Address::new(list, number).expect("a slot"));
            cue.look.set(Instruction { target, value: Value::Level(Level::FULL) });
            if show == 1 && number > 3 {
                cue.next = cuelight_show::Next::Follow(500);
            }
            cues.insert(cue).expect("numbers differ");
        }
        cues
    });
    Arc::new(Score::new(&Fixtures::of_lists(lists.collect())))
}

impl Hub {
    fn new() -> Self {
        let mut hub = Self {
            scores: (0..SHOWS).map(score).collect(),
            number: 0,
            show: None,
            playbacks: Playbacks::default(),
            steps: Vec::new(),
            states: Vec::new(),
            hashes: BTreeSet::new(),
        };
        hub.keep(Time::ZERO);
        hub
    }
    fn score(&self) -> Option<&Arc<Score>> {
        self.scores.get(usize::from(self.show?))
    }
    /// The state as the newest step left it is one of those there were.
    fn keep(&mut self, from: Time<Show>) {
        let hash = self.playbacks.fingerprint();
        let show = self.show.map(id);
        let steps = self.steps.iter().copied().collect();
        let state = CueState { show, number: self.number, hash, steps };
        let whole = Whole { show, number: self.number, from, playbacks: self.playbacks.clone() };
        self.hashes.insert(hash);
        if self.states.len() == MAX_STATES {
            self.states.remove(0);
        }
        self.states.push((state, whole));
    }
    fn step(&mut self, at: Time<Show>, deed: Deed) {
        self.number += 1;
        if self.steps.len() == MAX_STEPS {
            self.steps.remove(0);
        }
        self.steps.push(CueStep { rev: Revision(1), at, deed });
        self.keep(at);
    }
    fn order(&mut self, list: u16, order: CueOrder, at: Time<Show>) {
        let Some(score) = self.score().cloned() else { return };
        let mut after = self.playbacks.clone();
        // An order that cannot be carried out is refused, and no step.
        if after.execute(&score, ListNumber(list), order, at).is_ok() {
            self.playbacks = after;
            self.step(at, Deed::Order { list, order });
        }
    }
    fn load(&mut self, show: Option<u8>, at: Time<Show>) {
        (self.show, self.playbacks) = (show, Playbacks::default());
        self.step(at, Deed::Whole);
    }
    /// An edit, or show time set anew: nothing that a packet tells.
    fn edit(&mut self, by: Span, at: Time<Show>) {
        self.playbacks.shift(by);
        self.step(at, Deed::Whole);
    }
    /// It has ended and starts again with its show and its playbacks, and counts anew.
    fn start_again(&mut self, number: u32) {
        self.number = number;
        self.steps.clear();
        self.keep(Time::ZERO);
    }
    fn newest(&self) -> &(CueState, Whole) {
        self.states.last().expect("there is always one")
    }
    /// Any state there was; the newest for a word beyond them.
    fn any(&self, word: u8) -> &(CueState, Whole) {
        self.states.iter().rev().nth(usize::from(word) % self.states.len()).expect("there is always one")
    }
}

/// The node, and what it was asked for.
struct Node {
    follower: Follower,
    asked: Option<Want>,
    played: Option<Playing>,
    now: Time<Local>,
    /// Nothing but what was true, if old, came to it.
    is_told_true: bool,
}

impl Node {
    fn show_now(&self) -> Option<Time<Show>> {
        Some(Time::from_ns((self.now - START).as_ns()))
    }
    /// Takes what it says after each thing that came to it.
    fn check(&mut self, hub: &Hub) {
        let (follower, played) = (&mut self.follower, &mut self.played);
        let is_told_true = self.is_told_true;
        drain(
            "states to play",
            WAITING,
            || follower.poll_playing(),
            |playing| {
                let hash = playing.playbacks.fingerprint();
                assert!(!is_told_true || hub.hashes.contains(&hash), "a state that the hub never was in is played");
                *played = Some(playing);
            },
        );
        if let Some(want) = self.follower.poll_want(self.now) {
            assert!(self.asked.replace(want).is_none(), "one thing at a time");
            assert!(self.follower.poll_want(self.now).is_none(), "and not again before the answer");
        }
        if let Some(at) = self.follower.poll_timeout() {
            assert!(self.asked.is_none() && at - self.now <= Span::from_s(10), "it tries again, and soon");
        }
    }
    /// What it asked for comes, as `whole` has it.
    fn answer(&mut self, hub: &Hub, whole: &Whole) {
        let show_now = self.show_now();
        match self.asked.take() {
            Some(Want::Score(show)) => match (0..SHOWS).find(|known| id(*known) == show) {
                Some(known) => self.follower.handle_score(show, hub.scores[usize::from(known)].clone(), show_now),
                None => self.follower.handle_failure(self.now),
            },
            Some(Want::Whole) => self.follower.handle_whole(whole.clone(), show_now, self.now),
            None => {}
        }
    }
}

fn order(script: &mut Script<'_>) -> CueOrder {
    let word = script.u8();
    match word % 6 {
        0 => CueOrder::Go,
        1 => CueOrder::Back,
        2 => CueOrder::GoTo {
            cue_milli: u32::from(script.u8() % 8) * 1_000,
            fade_ms: (word > 127).then(|| u32::from(script.u16())),
        },
        3 => CueOrder::Pause,
        4 => CueOrder::Resume,
        _ => CueOrder::Release { fade_ms: u32::from(script.u16()) },
    }
}

/// A state as a damaged packet, or a program that lies, may tell it.
fn damaged(mut state: CueState, script: &mut Script<'_>) -> CueState {
    match script.u8() % 5 {
        0 => state.hash ^= 1 << (script.u8() % 64),
        1 => state.number = script.u32(),
        2 => {
            state.steps.pop();
        }
        3 => state.show = Some(id(script.u8() % 4)),
        _ => {
            let order = order(script);
            if let Some(step) = state.steps.first_mut() {
                step.deed = Deed::Order { list: script.u16() % 4, order };
            }
        }
    }
    state
}

/// What is played is never a state that the hub was not in, whatever is lost, late or repeated; wants are one at a time; and
/// a node that hears its hub again comes to what it does, whatever it was told before.
pub fn run(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let mut hub = Hub::new();
    let follower = Follower::default();
    let mut node = Node { follower, asked: None, played: None, now: START, is_told_true: true };
    while let Some(step) = script.step() {
        node.now += script.pause();
        let at = node.show_now().unwrap_or(Time::ZERO) + Span::from_ms(i64::from(step >> 4) * 50);
        match step & 0x0F {
            0..=3 => {
                let list = 1 + u16::from(script.u8() % 3);
                hub.order(list, order(&mut script), at);
            }
            4 => hub.load(Some(script.u8() % SHOWS), at),
            5 => hub.load(None, at),
            6 => hub.edit(Span::from_ms(i64::from(script.u8()) - 128), at),
            7 => {
                hub.start_again(u32::from(script.u8() % 8));
                node.follower.handle_new_hub();
            }
            8..=10 => {
                let (state, show_now) = (hub.newest().0.clone(), node.show_now().filter(|_| step & 0x10 == 0));
                node.follower.handle_state(&state, show_now);
            }
            11 => {
                let state = hub.any(script.u8()).0.clone();
                node.follower.handle_state(&state, node.show_now());
            }
            12 => {
                let state = damaged(hub.any(script.u8()).0.clone(), &mut script);
                node.is_told_true = false;
                node.follower.handle_state(&state, node.show_now());
            }
            13 => {
                let whole = hub.newest().1.clone();
                node.answer(&hub, &whole);
            }
            14 => {
                let whole = hub.any(script.u8()).1.clone();
                node.answer(&hub, &whole);
            }
            _ => {
                if node.asked.take().is_some() {
                    node.follower.handle_failure(node.now);
                }
            }
        }
        node.check(&hub);
    }
    // It hears its hub again, which is there from now on and answers. A session begins with word of a hub that was not there.
    node.follower.handle_new_hub();
    let (state, whole) = hub.newest().clone();
    for _ in 0..ROUNDS {
        node.now += Span::from_ms(100);
        node.follower.handle_state(&state, node.show_now());
        node.check(&hub);
        node.answer(&hub, &whole);
        node.check(&hub);
    }
    assert!(node.asked.is_none() && node.follower.poll_timeout().is_none(), "nothing is missing any more");
    assert_eq!(node.follower.show(), state.show);
    if let Some(report) = node.follower.report() {
        assert_eq!((report.number, report.failed), (state.number, false));
    }
    // Without a show nothing is played, whatever the hub counts on.
    if state.show.is_some() {
        let playing = node.played.expect("a show that is loaded is played");
        assert_eq!(playing.playbacks.fingerprint(), state.hash, "what is played is what the hub does");
    }
}
