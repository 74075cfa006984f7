//! The example show, played from its only GO to its end.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::collections::BTreeSet;

use cuelight_show::{ListNumber, Playbacks, Score, Show, Stage};
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show as ShowClock, Time};

const FILE: &str = include_str!("../../../examples/two-minutes/show.toml");
const MAIN: ListNumber = ListNumber(1);
/// Frames a second, as universes are sent.
const RATE: i64 = 44;
/// When the last fade is over, seconds after GO.
const LENGTH: i64 = 120;
/// The levels of all frames, by [`fnv`]. It changes with the show, the engine's arithmetic or the effects; then somebody has
/// to look at the show before the new value is put here.
const GOLDEN: u64 = 0x383c_14c0_db8b_02a5;

fn show() -> Show {
    cuelight_showfile::read(FILE).unwrap()
}

fn frame(number: i64) -> Time<ShowClock> {
    Time::from_ns(number * 1_000_000_000 / RATE)
}

/// FNV-1a in 64 bits, going on from `hash`.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn started(score: &Score) -> Playbacks {
    let mut playbacks = Playbacks::default();
    playbacks.go(score, MAIN, Time::ZERO).unwrap();
    playbacks
}

#[test]
fn it_has_four_nodes_of_three_universes_and_thirty_cues() {
    let show = show();
    let universes: BTreeSet<_> = show.fixtures.iter().flat_map(|f| &f.addresses).map(|a| a.universe).collect();
    assert_eq!(universes, (1..=12).collect());
    assert_eq!(show.lists[0].cues().len(), 30);
    let beats = show.lists[0].cues().iter().flat_map(|cue| &cue.look.effects);
    let beats = beats.filter(|e| cuelight_render::effects::by_id(e.scene.effect).unwrap().beat_driven).count();
    assert!(beats >= 10, "{beats}");
}

#[test]
fn one_go_reaches_every_cue_and_ends_black_after_two_minutes() {
    let score = Score::new(&show());
    let playbacks = started(&score);
    let mut stage = Stage::new(&score);
    let (mut reached, mut hash, mut lit) = (Vec::new(), 0xcbf2_9ce4_8422_2325, BTreeSet::new());
    // From when the strips are dark; they flash, but never stay dark before the end.
    let (mut dark_from, mut longest_dark) = (0, 0);
    for number in 0..=LENGTH * RATE {
        let at = frame(number);
        let levels = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, at);
        for (universe, slots) in levels.iter() {
            hash = fnv(hash, slots);
            // Spots rest at half of pan and tilt: light is what counts.
            if slots.iter().any(|slot| *slot > 200) {
                lit.insert(universe);
            }
        }
        let strips = [2, 3, 5, 6, 8, 9, 11, 12];
        if strips.iter().any(|strip| levels.get(*strip).unwrap().iter().any(|slot| *slot > 0)) {
            dark_from = number;
        }
        longest_dark = longest_dark.max(number - dark_from);
        let current = stage.current(MAIN).unwrap().milli();
        if reached.last() != Some(&current) {
            reached.push(current);
        }
    }
    assert_eq!(reached, (1..=30).map(|cue| cue * 1_000).collect::<Vec<_>>());
    assert_eq!(lit, (1..=12).collect());
    assert!(longest_dark < RATE, "{longest_dark} frames");
    let end = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, frame(LENGTH * RATE));
    for (universe, slots) in end.iter() {
        let is_position = |slot: usize| universe % 3 == 1 && slot < 32 && (1..5).contains(&(slot % 8));
        let light: Vec<_> = (0..slots.len()).filter(|slot| slots[*slot] > 0 && !is_position(*slot)).collect();
        assert_eq!(light, [0_usize; 0], "universe {universe}");
    }
    assert_eq!(stage.playbacks().next_due(&score), None);
    assert_eq!(hash, GOLDEN, "{hash:#018x}");
}

#[test]
fn every_node_works_out_its_part_of_the_same_picture_also_when_it_comes_late() {
    let show = show();
    let score = Score::new(&show);
    let playbacks = started(&score);
    let mut stage = Stage::new(&score);
    for node in 0..4_u16 {
        let own = 3 * node + 1..=3 * node + 3;
        let part = Score::for_universes(&show, |universe| own.contains(&universe));
        for second in (0..=LENGTH).step_by(7) {
            // A stage of its own each time: it knows nothing of what was before.
            let mut late = Stage::new(&part);
            let at = frame(second * RATE + i64::from(node));
            let own_levels = late.levels(&part, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, at);
            let all = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, at);
            for universe in own.clone() {
                assert_eq!(own_levels.get(universe), all.get(universe), "universe {universe} at {second} s");
            }
        }
    }
}
