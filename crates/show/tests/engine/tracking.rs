//! What tracks from cue to cue.

use cuelight_show::{Cue, Instruction, Target, Value};

use crate::rig::{Desk, MAIN, cue, list, number, slot};

/// The slots 1 and 2 in every cue, at rest.
fn pictures(cues: impl IntoIterator<Item = Cue>) -> Vec<(u8, u8)> {
    let list = list(1, cues);
    let numbers: Vec<_> = list.cues().iter().map(|cue| cue.number).collect();
    let mut desk = Desk::of_lists([list]);
    let mut pictures = Vec::new();
    for number in numbers {
        desk.playbacks = Default::default();
        desk.playbacks.go_to(&desk.score, MAIN, number, Some(0), crate::rig::ms(0)).unwrap();
        pictures.push((desk.slot(1, 0), desk.slot(2, 0)));
    }
    pictures
}

#[test]
fn what_a_cue_leaves_out_stays_as_it_was() {
    let cues = [cue("1", 0, &[(1, 100)]), cue("2", 0, &[(2, 20)]), cue("10", 0, &[(1, 40)])];
    assert_eq!(pictures(cues), [(255, 0), (255, 51), (102, 51)]);
}

#[test]
fn cues_insert_themselves_by_number() {
    let cues = [cue("10", 0, &[(1, 40)]), cue("1", 0, &[(1, 100)]), cue("1.5", 0, &[(2, 20)])];
    assert_eq!(pictures(cues), [(255, 0), (255, 51), (102, 51)]);
}

#[test]
fn a_cue_only_cue_leaves_nothing_behind() {
    let mut only = cue("2", 0, &[(1, 0), (2, 100)]);
    only.is_cue_only = true;
    let cues = [cue("1", 0, &[(1, 100)]), only.clone(), cue("3", 0, &[])];
    assert_eq!(pictures(cues), [(255, 0), (0, 255), (255, 0)]);
    // Two of them in a row: the second goes on from what was before the first.
    let mut second = cue("2.5", 0, &[(1, 20)]);
    second.is_cue_only = true;
    let cues = [cue("1", 0, &[(1, 100)]), only, second, cue("3", 0, &[])];
    assert_eq!(pictures(cues), [(255, 0), (0, 255), (51, 0), (255, 0)]);
}

#[test]
fn nothing_tracks_into_a_block_and_everything_out_of_it() {
    let mut block = cue("2", 0, &[(2, 20)]);
    block.is_block = true;
    let cues = [cue("1", 0, &[(1, 100)]), block, cue("3", 0, &[])];
    assert_eq!(pictures(cues), [(255, 0), (0, 51), (0, 51)]);
}

#[test]
fn a_release_ends_what_tracks() {
    let mut release = Cue::new(number("2"));
    release.look.set(Instruction { target: Target::Slot(slot(1)), value: Value::Release });
    let cues = [cue("1", 0, &[(1, 100), (2, 100)]), release, cue("3", 0, &[])];
    assert_eq!(pictures(cues), [(255, 255), (0, 255), (0, 255)]);
}

#[test]
fn an_assert_takes_again_what_only_tracks_into_it() {
    let mut assert = cue("2", 4_000, &[]);
    assert.is_assert = true;
    let cues = |second: Cue| [cue("1", 10_000, &[(1, 100)]), second];
    // Cue 2 begins when the fade of cue 1 is half way: with an assert it takes over in its own time.
    for (second, expected) in [(cue("2", 4_000, &[]), 179), (assert, 191)] {
        let mut desk = Desk::of_lists([list(1, cues(second))]);
        desk.go(MAIN, 0);
        desk.go(MAIN, 5_000);
        assert_eq!(desk.slot(1, 5_000), 127);
        assert_eq!(desk.slot(1, 7_000), expected);
    }
}
