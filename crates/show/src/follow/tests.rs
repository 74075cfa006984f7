use std::vec::Vec;

use cuelight_wire::cues::{CueOrder, Deed, MAX_STEPS, ShowDigest};
use cuelight_wire::ids::Revision;

use super::*;
use crate::cue::{Cue, Instruction, Target, Value};
use crate::fixture::Address;
use crate::level::Level;
use crate::list::{CueList, ListNumber};
use crate::show::Show as Fixtures;

const NOW: Time<Local> = Time::ZERO;

fn score() -> Arc<Score> {
    let mut list = CueList::new(ListNumber(1));
    for number in 1..=40 {
        let mut cue = Cue::new(std::format!("{number}").parse().unwrap());
        let target = Target::Slot(Address::new(1, number).unwrap());
        cue.look.set(Instruction { target, value: Value::Level(Level::FULL) });
        list.insert(cue).unwrap();
    }
    Arc::new(Score::new(&Fixtures::of_lists([list].into())))
}

fn show(n: u8) -> ShowId {
    ShowId { sha256: ShowDigest([n; 32]), size: 1 }
}

/// What a hub does, in the least words.
struct Hub {
    score: Arc<Score>,
    playbacks: Playbacks,
    state: CueState,
}

impl Hub {
    fn new() -> Self {
        let score = score();
        let load = CueStep { rev: Revision(1), at: Time::from_us(1), deed: Deed::Whole };
        let steps = [load].into_iter().collect();
        let playbacks = Playbacks::default();
        let hash = playbacks.fingerprint();
        Self { score, playbacks, state: CueState { show: Some(show(1)), number: 1, hash, steps } }
    }
    fn order(&mut self, order: CueOrder, ms: i64) {
        let step = CueStep { rev: Revision(2), at: Time::from_us(ms * 1_000), deed: Deed::Order { list: 1, order } };
        self.playbacks.follow_step(&self.score, &step).unwrap();
        let state = &mut self.state;
        if state.steps.len() == MAX_STEPS {
            state.steps.remove(0);
        }
        state.steps.push(step).unwrap();
        (state.number, state.hash) = (state.number + 1, self.playbacks.fingerprint());
    }
    fn whole(&self) -> Whole {
        let from = self.state.steps.last().unwrap().at;
        Whole { show: self.state.show, number: self.state.number, from, playbacks: self.playbacks.clone() }
    }
    /// A node that has come as far.
    fn joined(&self) -> Follower {
        let mut node = Follower::default();
        node.handle_state(&self.state, None);
        assert_eq!(node.poll_want(NOW), Some(Want::Score(show(1))));
        assert_eq!(node.poll_want(NOW), None, "one thing at a time");
        node.handle_score(show(1), self.score.clone(), None);
        assert_eq!(node.poll_want(NOW), Some(Want::Whole));
        node.handle_whole(self.whole(), None, NOW);
        assert_eq!((node.poll_want(NOW), last(&mut node)), (None, Some(self.playbacks.clone())));
        node
    }
}

/// Everything that is to be played.
fn playing(node: &mut Follower) -> Vec<(i64, Playbacks)> {
    core::iter::from_fn(|| node.poll_playing()).map(|p| (p.from.as_us() / 1_000, p.playbacks)).collect()
}

fn last(node: &mut Follower) -> Option<Playbacks> {
    playing(node).pop().map(|(_, playbacks)| playbacks)
}

/// CUE-4
#[test]
fn a_node_that_has_every_step_fetches_nothing() {
    let mut hub = Hub::new();
    let mut node = hub.joined();
    for n in 0..20 {
        hub.order(CueOrder::Go, 100 + n);
        node.handle_state(&hub.state, Some(Time::ZERO));
        node.handle_state(&hub.state, Some(Time::from_us(9_000_000)));
        assert_eq!(playing(&mut node), [(100 + n, hub.playbacks.clone())]);
        assert_eq!(node.poll_want(NOW), None);
    }
    assert_eq!(node.report(), Some(CueReport { number: 21, late: 0, failed: false }));
}

/// CUE-4
#[test]
fn steps_that_came_in_one_packet_are_played_each_from_its_instant() {
    let mut hub = Hub::new();
    let mut node = hub.joined();
    (0..8).for_each(|n| hub.order(CueOrder::Go, 100 + 10 * n));
    node.handle_state(&hub.state, Some(Time::from_us(115_000)));
    let played = playing(&mut node);
    assert_eq!(played.iter().map(|(from, _)| *from).collect::<Vec<_>>(), [100, 110, 120, 130, 140, 150, 160, 170]);
    assert_eq!(played.last().map(|(_, playbacks)| playbacks), Some(&hub.playbacks));
    // CUE-6: two of them came after their applyAt, and it says so.
    assert_eq!(node.report(), Some(CueReport { number: 9, late: 2, failed: false }));
}

/// CUE-5
#[test]
fn a_node_that_missed_a_step_fetches_the_whole_and_says_that_it_was_late() {
    let mut hub = Hub::new();
    let mut node = hub.joined();
    (0..9).for_each(|n| hub.order(CueOrder::Go, 100 + n));
    node.handle_state(&hub.state, Some(Time::from_us(200_000)));
    assert_eq!(playing(&mut node), []);
    assert_eq!(node.poll_want(NOW), Some(Want::Whole));
    // Another step comes while the answer is under way.
    let whole = hub.whole();
    hub.order(CueOrder::Pause, 210);
    node.handle_state(&hub.state, Some(Time::from_us(201_000)));
    node.handle_whole(whole, Some(Time::from_us(202_000)), NOW);
    let played = playing(&mut node);
    assert_eq!(played.iter().map(|(from, _)| *from).collect::<Vec<_>>(), [108, 210], "and the step that came after it");
    assert_eq!((played.last().map(|(_, p)| p), node.poll_want(NOW)), (Some(&hub.playbacks), None));
    assert_eq!(node.report(), Some(CueReport { number: 11, late: 1, failed: false }));
}

/// CUE-5
#[test]
fn an_answer_that_is_newer_than_the_stream_is_taken_and_the_stream_follows() {
    let mut hub = Hub::new();
    let mut node = hub.joined();
    (0..9).for_each(|n| hub.order(CueOrder::Go, 100 + n));
    node.handle_state(&hub.state, Some(Time::ZERO));
    assert_eq!(node.poll_want(NOW), Some(Want::Whole));
    hub.order(CueOrder::Back, 300);
    node.handle_whole(hub.whole(), Some(Time::ZERO), NOW);
    assert_eq!((last(&mut node), node.poll_want(NOW)), (Some(hub.playbacks.clone()), None));
    node.handle_state(&hub.state, Some(Time::ZERO));
    assert_eq!((last(&mut node), node.poll_want(NOW)), (None, None));
}

/// CUE-3
#[test]
fn a_node_that_comes_to_another_hash_plays_what_the_hub_has() {
    let mut hub = Hub::new();
    let mut node = hub.joined();
    let mut wrong = hub.playbacks.clone();
    wrong.go(&hub.score, ListNumber(1), Time::from_us(50)).unwrap();
    node.held.as_mut().unwrap().playbacks = wrong;
    hub.order(CueOrder::Go, 100);
    node.handle_state(&hub.state, Some(Time::ZERO));
    assert_eq!((playing(&mut node), node.poll_want(NOW)), (Vec::new(), Some(Want::Whole)));
    node.handle_whole(hub.whole(), Some(Time::ZERO), NOW);
    assert_eq!(last(&mut node), Some(hub.playbacks.clone()));
}

/// CUE-8
#[test]
fn a_hub_that_was_killed_before_it_saved_a_step_is_believed() {
    let mut hub = Hub::new();
    let mut node = hub.joined();
    hub.order(CueOrder::Go, 100);
    let before = (hub.state.clone(), hub.playbacks.clone());
    hub.order(CueOrder::Go, 200);
    node.handle_state(&hub.state, Some(Time::ZERO));
    playing(&mut node);
    node.handle_new_hub();
    (hub.state, hub.playbacks) = before;
    node.handle_state(&hub.state, Some(Time::ZERO));
    assert_eq!(node.poll_want(NOW), Some(Want::Whole));
    node.handle_whole(hub.whole(), Some(Time::ZERO), NOW);
    assert_eq!((last(&mut node), node.report().map(|r| r.number)), (Some(hub.playbacks.clone()), Some(2)));
    // One that knows everything costs nothing.
    node.handle_new_hub();
    node.handle_state(&hub.state, Some(Time::ZERO));
    assert_eq!((node.poll_want(NOW), playing(&mut node)), (None, Vec::new()));
}

/// CUE-7
#[test]
fn what_cannot_be_had_is_tried_three_times_more_and_then_told() {
    let hub = Hub::new();
    let mut node = Follower::default();
    node.handle_state(&hub.state, None);
    let mut now = NOW;
    for pause in [0, 500, 1_000, 2_000] {
        assert!(!node.report().unwrap().failed);
        assert!(pause == 0 || node.poll_want(now + Span::from_ms(pause - 1)).is_none(), "{pause}");
        now += Span::from_ms(pause);
        assert_eq!(node.poll_want(now), Some(Want::Score(show(1))));
        node.handle_failure(now);
    }
    assert_eq!(node.report(), Some(CueReport { number: 0, late: 0, failed: true }));
    now += LATER_PAUSE;
    assert!(node.poll_want(now).is_some());
    node.handle_score(show(1), hub.score.clone(), None);
    assert_eq!(node.poll_want(now), Some(Want::Whole));
    node.handle_whole(hub.whole(), None, now);
    assert_eq!(node.report(), Some(CueReport { number: 1, late: 0, failed: false }));
}

#[test]
fn a_show_that_is_unloaded_goes_dark_at_its_instant() {
    let mut hub = Hub::new();
    let mut node = hub.joined();
    let unload = CueStep { rev: Revision(9), at: Time::from_us(700_000), deed: Deed::Whole };
    hub.state = CueState { show: None, number: 2, hash: 0, steps: [unload].into_iter().collect() };
    node.handle_state(&hub.state, Some(Time::ZERO));
    assert_eq!((playing(&mut node), node.poll_want(NOW)), ([(700, Playbacks::default())].into(), None));
    assert_eq!((node.report().unwrap().number, node.show()), (2, None));
}
