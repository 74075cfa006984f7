//! How lists come together: intensities highest first, everything else latest; master and blackout; whose a level is.

use cuelight_show::why::Reason;
use cuelight_show::{Cue, CueNumber, Level, ListNumber, Playbacks, Score, Stage, Target};
use cuelight_wire::scene::{Master, Tempo};
use proptest::prelude::*;

use crate::properties::{TARGETS, target};
use crate::rig::{Desk, MAIN, SECOND, cue, fixture, list, ms, number, set, slot, spots};

#[test]
fn the_higher_intensity_shows_and_the_later_pan() {
    let mut show = spots();
    let (dimmer, pan) = (fixture(&show, 1, "Dimmer"), fixture(&show, 1, "Pan"));
    let looks = [(1, 80, 10), (2, 40, 90)];
    for (n, intensity, angle) in looks {
        let mut cue = Cue::new(number("1"));
        cue.look.set(set(dimmer, intensity));
        cue.look.set(set(pan, angle));
        show.lists.push(list(n, [cue]));
    }
    let mut desk = Desk::new(show);
    // Nobody has spoken: the dimmer is off, pan at its default in the middle.
    assert_eq!([101, 102, 103].map(|at| desk.slot(at, 0)), [0, 0x80, 0x00]);
    desk.go(SECOND, 0);
    assert_eq!([101, 102, 103].map(|at| desk.slot(at, 0)), [102, 0xe6, 0x66]);
    desk.go(MAIN, 1_000);
    assert_eq!([101, 102, 103].map(|at| desk.slot(at, 1_000)), [204, 0x19, 0x9a]);
    // The list that goes leaves the parameter to the other one, on the way through both.
    desk.playbacks.release(&desk.score, MAIN, 1_000, ms(2_000)).unwrap();
    assert_eq!(desk.slot(102, 2_500), 0x80);
    assert_eq!([101, 102, 103].map(|at| desk.slot(at, 3_000)), [102, 0xe6, 0x66]);
}

#[test]
fn what_tracks_does_not_take_over_and_what_asserts_does() {
    for is_assert in [false, true] {
        let mut show = spots();
        let pan = fixture(&show, 1, "Pan");
        let with_pan = |percent| {
            let mut cue = Cue::new(number("1"));
            cue.look.set(set(pan, percent));
            cue
        };
        let mut second = Cue::new(number("2"));
        second.is_assert = is_assert;
        show.lists.extend([list(1, [with_pan(100), second]), list(2, [with_pan(0)])]);
        let mut desk = Desk::new(show);
        desk.go(MAIN, 0);
        desk.go(SECOND, 1_000);
        desk.go(MAIN, 2_000);
        assert_eq!(desk.slot(102, 2_000), if is_assert { 255 } else { 0 });
    }
}

#[test]
fn blackout_is_instant_and_reversible_and_takes_intensities_alone() {
    let mut show = spots();
    let mut look = Cue::new(number("1"));
    look.look.set(set(fixture(&show, 1, "Dimmer"), 100));
    look.look.set(set(fixture(&show, 1, "Pan"), 100));
    show.lists.push(list(1, [look]));
    let mut desk = Desk::new(show);
    desk.go(MAIN, 0);
    assert_eq!((desk.slot(101, 0), desk.slot(102, 0)), (255, 255));
    desk.master.blackout = true;
    assert_eq!((desk.slot(101, 0), desk.slot(102, 0)), (0, 255));
    desk.master = Master { level: 51, blackout: false, ..desk.master };
    assert_eq!((desk.slot(101, 0), desk.slot(102, 0)), (51, 255));
    desk.master = Master::DEFAULT;
    assert_eq!((desk.slot(101, 0), desk.slot(102, 0)), (255, 255));
}

#[test]
fn a_discrete_parameter_jumps_at_the_beginning_of_the_fade() {
    let mut show = spots();
    let mut look = Cue::new(number("1"));
    look.timing = cuelight_show::Timing { fade_up_ms: 4_000, delay_up_ms: 500, ..look.timing };
    look.look.set(set(fixture(&show, 1, "Gobo1"), 100));
    show.lists.push(list(1, [look]));
    let mut desk = Desk::new(show);
    desk.go(MAIN, 0);
    assert_eq!([0, 499, 500].map(|now| desk.slot(104, now)), [0, 0, 255]);
}

#[test]
fn a_slot_tells_whose_it_is() {
    let cues = [cue("1", 0, &[(12, 80)]), cue("2", 4_000, &[(13, 100)])];
    let mut desk = Desk::of_lists([list(1, cues), list(2, [cue("5.5", 0, &[(12, 40)])])]);
    let none = {
        desk.slot(12, 0);
        desk.stage.why(&desk.score, &desk.master, slot(12)).unwrap()
    };
    assert_eq!((none.reason, none.claims.len(), none.level), (Reason::Default, 0, Level::OFF));
    desk.go(MAIN, 1_000);
    desk.go(SECOND, 2_000);
    desk.go(MAIN, 3_000);
    desk.master.level = 128;
    assert_eq!(desk.slot(12, 5_000), 102);
    let why = desk.stage.why(&desk.score, &desk.master, slot(12)).unwrap();
    assert_eq!((why.reason, why.target), (Reason::Highest, Target::Slot(slot(12))));
    assert_eq!((why.merged.percent_milli(), why.level.percent_milli()), (80_000, 40_157));
    // Cue 1 of list 1 brought it, at 1 s, and it tracks into cue 2.
    let [first, second] = why.claims.as_slice() else { panic!("{why:?}") };
    assert_eq!((first.list, first.cue, first.current), (MAIN, Some(number("1")), Some(number("2"))));
    assert_eq!((first.since, first.is_fading), (ms(1_000), false));
    assert_eq!((second.list, second.cue, second.since), (SECOND, Some(number("5.5")), ms(2_000)));
    let fading = desk.stage.why(&desk.score, &desk.master, slot(13)).unwrap();
    assert_eq!((fading.claims[0].cue, fading.claims[0].is_fading), (Some(number("2")), true));
    assert_eq!(desk.stage.why(&desk.score, &desk.master, slot(14)), None);
}

/// Lists with one cue each that cuts to some levels.
fn cuts(levels: &[Vec<(usize, u32)>]) -> Desk {
    let mut show = spots();
    for (n, levels) in (1..).zip(levels) {
        let mut cue = Cue::new(CueNumber::MIN);
        for (at, percent) in levels {
            cue.look.set(set(target(&show, *at), *percent));
        }
        show.lists.push(list(n, [cue]));
    }
    Desk::new(show)
}

fn levels() -> impl Strategy<Value = Vec<Vec<(usize, u32)>>> {
    prop::collection::vec(prop::collection::vec((0..TARGETS, 0_u32..=100), 0..12), 3)
}

/// All slots after the lists were started in this order, a second apart.
fn in_order(score: &Score, order: &[u16]) -> cuelight_show::Universes {
    let mut playbacks = Playbacks::default();
    for (second, list) in (0..).zip(order) {
        playbacks.go(score, ListNumber(*list), ms(second * 1_000)).unwrap();
    }
    Stage::new(score).levels(score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(60_000)).clone()
}

proptest! {
    #[test]
    fn highest_and_latest_keep_their_laws(levels in levels()) {
        let desk = cuts(&levels);
        let score = &desk.score;
        let ways = [[1, 2, 3], [3, 2, 1], [2, 3, 1]].map(|order| (order, in_order(score, &order)));
        let alone = [1, 2, 3].map(|list| in_order(score, &[list]));
        for n in 0..TARGETS {
            let target = target(&desk.show, n);
            let says = |list: u16| {
                let look = &desk.show.lists[usize::from(list) - 1].cues()[0].look;
                look.get(target).is_some()
            };
            let at = match target {
                Target::Slot(address) => address,
                Target::Fixture { fixture, .. } => slot(91 + 10 * fixture.0 as u16 + [0, 1, 3, 4, 5, 6][(n - 4) % 6]),
            };
            let is_intensity = n < 4 || (n - 4) % 6 == 0;
            for (order, universes) in &ways {
                // Slots that no cue names are in no universe.
                let Some(level) = universes.slot(at) else { continue };
                if is_intensity {
                    let highest = alone.iter().filter_map(|one| one.slot(at)).max();
                    prop_assert_eq!(Some(level), highest, "{:?}", target);
                } else if let Some(latest) = order.iter().rev().find(|list| says(**list)) {
                    prop_assert_eq!(Some(level), alone[usize::from(*latest) - 1].slot(at), "{:?}", target);
                }
            }
        }
    }
}
