//! Any show, any operator: the stage that lived through everything, one that begins at that instant, and the reference agree.

use cuelight_show::cue::Drives;
use cuelight_show::{
    Cue, CueNumber, Curve, ListNumber, Next, Playback, Playbacks, Score, Show, Stage, Target, Timing, Value,
};
use cuelight_wire::scene::{Master, Tempo};
use proptest::prelude::*;
use proptest::sample::select;

use crate::reference::Reference;
use crate::rig::{effect, fixture, list, ms, set, slot, spots};

/// What a cue may speak of: 4 slots and 6 attributes of 3 spots.
pub(crate) fn target(show: &Show, index: usize) -> Target {
    let attributes = ["Dimmer", "Pan", "Gobo1", "ColorAdd_R", "ColorAdd_G", "ColorAdd_B"];
    match index {
        0..4 => Target::Slot(slot(1 + index as u16)),
        _ => fixture(show, 1 + (index as u32 - 4) / 6, attributes[(index - 4) % 6]),
    }
}
pub(crate) const TARGETS: usize = 4 + 18;

/// A cue before it is known of which show.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    number: CueNumber,
    timing: Timing,
    next: Next,
    flags: [bool; 3],
    levels: Vec<(usize, Option<u32>)>,
    effect: Option<Drives>,
}

impl Draft {
    pub(crate) fn renumbered(self, number: CueNumber) -> Self {
        Self { number, ..self }
    }
    pub(crate) fn cue(&self, show: &Show) -> Cue {
        let mut cue = Cue::new(self.number);
        (cue.timing, cue.next) = (self.timing, self.next);
        [cue.is_cue_only, cue.is_block, cue.is_assert] = self.flags;
        for (at, percent) in &self.levels {
            let mut line = set(target(show, *at), percent.unwrap_or(0));
            if percent.is_none() {
                line.value = Value::Release;
            }
            cue.look.set(line);
        }
        cue.look.effects.extend(self.effect.map(|drives| effect(show, "spots", drives)));
        cue
    }
}

fn times() -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0), 3 => 1_u32..3_000]
}

pub(crate) fn draft() -> impl Strategy<Value = Draft> {
    let timing = (times(), times(), times(), times(), select(&Curve::ALL[..])).prop_map(|(up, down, du, dd, curve)| {
        Timing { fade_up_ms: up, fade_down_ms: down, delay_up_ms: du / 4, delay_down_ms: dd / 4, curve }
    });
    let next = prop_oneof![
        5 => Just(Next::Go),
        1 => (0_u32..3_000).prop_map(Next::Follow),
        1 => (-2_000_i32..2_000).prop_map(Next::Hang),
    ];
    let level = (0..TARGETS, prop::option::weighted(0.9, 0_u32..=100));
    let flag = || prop::bool::weighted(0.15);
    let effect = prop::option::weighted(0.2, select(&[Drives::Color, Drives::Intensity, Drives::Both][..]));
    let number = (1_u32..40_000).prop_map(|milli| CueNumber::from_milli(milli).unwrap());
    (number, timing, next, [flag(), flag(), flag()], prop::collection::vec(level, 0..8), effect)
        .prop_map(|(number, timing, next, flags, levels, effect)| Draft { number, timing, next, flags, levels, effect })
}

pub(crate) fn show(lists: &[Vec<Draft>]) -> Show {
    let mut show = spots();
    for (n, drafts) in (1..).zip(lists) {
        let mut cues: Vec<Cue> = drafts.iter().map(|draft| draft.cue(&show)).collect();
        cues.sort_by_key(|cue| cue.number);
        cues.dedup_by_key(|cue| cue.number);
        show.lists.push(list(n, cues));
    }
    assert_eq!(show.problems(), []);
    show
}

/// Something an operator does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Go,
    Back,
    GoTo(usize, Option<u32>),
    Pause,
    Resume,
    Release(u32),
    Master(u8, bool),
    Nothing,
}

pub(crate) fn deed() -> impl Strategy<Value = (u16, Deed, i64)> {
    let deed = prop_oneof![
        8 => Just(Deed::Go),
        2 => Just(Deed::Back),
        3 => (0_usize..10, prop::option::of(times())).prop_map(|(at, fade)| Deed::GoTo(at, fade)),
        1 => Just(Deed::Pause),
        2 => Just(Deed::Resume),
        1 => times().prop_map(Deed::Release),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(level, blackout)| Deed::Master(level, blackout)),
        6 => Just(Deed::Nothing),
    ];
    (1_u16..=2, deed, prop_oneof![1 => Just(0_i64), 8 => 1_i64..1_500])
}

/// Does a deed; one that cannot be done changes nothing.
pub(crate) fn act(
    playbacks: &mut Playbacks,
    score: &Score,
    show: &Show,
    master: &mut Master,
    n: u16,
    deed: Deed,
    at: i64,
) {
    let (n, at) = (ListNumber(n), ms(at));
    match deed {
        Deed::Go => drop(playbacks.go(score, n, at)),
        Deed::Back => drop(playbacks.back(score, n, at)),
        Deed::GoTo(cue, fade_ms) => {
            let cues = show.list(n).unwrap().cues();
            if !cues.is_empty() {
                playbacks.go_to(score, n, cues[cue % cues.len()].number, fade_ms, at).unwrap();
            }
        }
        Deed::Pause => drop(playbacks.pause(score, n, at)),
        Deed::Resume => drop(playbacks.resume(score, n, at)),
        Deed::Release(fade_ms) => drop(playbacks.release(score, n, fade_ms, at)),
        Deed::Master(level, blackout) => *master = Master { level, blackout, ..*master },
        Deed::Nothing => {}
    }
}

fn lists() -> impl Strategy<Value = Vec<Vec<Draft>>> {
    prop::collection::vec(prop::collection::vec(draft(), 0..9), 2)
}

/// Compares all slots.
pub(crate) fn agree(show: &Show, lists: &[Playback], stage: &cuelight_show::Universes, master: Master, at: i64) {
    let reference = Reference { show, playbacks: lists, master };
    for (address, level) in reference.slots(ms(at)) {
        assert_eq!(stage.slot(address), Some(level), "slot {address} at {at} ms of {lists:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn levels_at_an_instant_do_not_depend_on_what_was_asked_before(
        lists in lists(),
        deeds in prop::collection::vec(deed(), 1..14),
    ) {
        let show = show(&lists);
        let score = Score::new(&show);
        let (mut playbacks, mut master) = (Playbacks::default(), Master::DEFAULT);
        let mut lived = Stage::new(&score);
        let mut now = 0;
        for (n, deed, pause) in deeds {
            now += pause;
            act(&mut playbacks, &score, &show, &mut master, n, deed, now);
            let levels = lived.levels(&score, &playbacks, &master, &Tempo::DEFAULT, ms(now)).clone();
            let mut fresh = Stage::new(&score);
            prop_assert_eq!(fresh.levels(&score, &playbacks, &master, &Tempo::DEFAULT, ms(now)), &levels);
            agree(&show, lived.playbacks().lists(), &levels, master, now);
        }
    }

    /// Lists that run more cues than they remember, again and again, with fades of all lengths under way.
    #[test]
    fn a_stage_that_lived_through_what_was_forgotten_is_as_one_that_begins_with_what_is_left(
        lists in lists(),
        deeds in prop::collection::vec(deed(), 150..260),
        quick in any::<bool>(),
    ) {
        // Quick cues are complete when the next begins, as they mostly are when a list forgets.
        let drafted = |draft: &Draft| if quick { Draft { timing: Timing::default(), ..draft.clone() } } else { draft.clone() };
        let lists: Vec<Vec<_>> = lists.iter().map(|drafts| drafts.iter().map(drafted).collect()).collect();
        let show = show(&lists);
        let score = Score::new(&show);
        let (mut playbacks, mut master) = (Playbacks::default(), Master::DEFAULT);
        let mut lived = Stage::new(&score);
        let mut now = 0;
        for (n, deed, pause) in deeds {
            now += pause;
            let deed = match deed {
                Deed::GoTo(cue, _) if quick => Deed::GoTo(cue, None),
                Deed::Release(_) if quick => Deed::Release(0),
                Deed::Back if quick => Deed::Go,
                // A list that has come to its end begins anew.
                Deed::Go | Deed::Nothing => Deed::GoTo(now as usize % 10, None),
                deed => deed,
            };
            act(&mut playbacks, &score, &show, &mut master, n, deed, now);
            let levels = lived.levels(&score, &playbacks, &master, &Tempo::DEFAULT, ms(now)).clone();
            let mut fresh = Stage::new(&score);
            prop_assert_eq!(fresh.levels(&score, &playbacks, &master, &Tempo::DEFAULT, ms(now)), &levels);
            for address in [1, 2, 101, 102, 104, 105, 111, 125].map(slot) {
                let why = lived.why(&score, &master, address);
                prop_assert_eq!(why, fresh.why(&score, &master, address), "slot {} at {} ms", address, now);
            }
        }
    }

    #[test]
    fn asking_in_steps_or_at_once_comes_to_the_same_state(
        lists in lists(),
        deeds in prop::collection::vec(deed(), 1..14),
        steps in prop::collection::vec(1_i64..700, 1..40),
    ) {
        let show = show(&lists);
        let score = Score::new(&show);
        let (mut playbacks, mut master) = (Playbacks::default(), Master::DEFAULT);
        let mut now = 0;
        for (n, deed, pause) in deeds {
            now += pause;
            act(&mut playbacks, &score, &show, &mut master, n, deed, now);
        }
        let mut stepped = playbacks.clone();
        for step in &steps {
            now += step;
            stepped.advance(&score, ms(now));
        }
        playbacks.advance(&score, ms(now));
        prop_assert_eq!(playbacks, stepped);
    }

    #[test]
    fn back_after_go_shows_what_was_before(lists in lists(), goes in 1_usize..6) {
        // Long enough for every fade. Follows would lead on by themselves, and effects begin anew with their cue.
        const LATER: i64 = 60_000;
        let plain = |draft: &Draft| Draft { next: Next::Go, effect: None, ..draft.clone() };
        let lists: Vec<Vec<_>> = lists.iter().map(|drafts| drafts.iter().map(plain).collect()).collect();
        let show = show(&lists);
        let score = Score::new(&show);
        let (list, mut now) = (ListNumber(1), 0);
        let mut playbacks = Playbacks::default();
        for _ in 0..goes {
            now += LATER;
            let _ = playbacks.go(&score, list, ms(now));
        }
        now += LATER;
        let picture = |playbacks: &Playbacks, now| {
            let mut stage = Stage::new(&score);
            stage.levels(&score, playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(now)).clone()
        };
        let before = playbacks.clone();
        if playbacks.go(&score, list, ms(now)).is_ok() {
            playbacks.back(&score, list, ms(now + LATER)).unwrap();
            let at = now + 2 * LATER;
            prop_assert_eq!(playbacks.list(list).unwrap().current(), before.list(list).and_then(|p| p.current()));
            prop_assert_eq!(picture(&playbacks, at), picture(&before, at));
        }
    }
}
