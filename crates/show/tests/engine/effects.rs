//! Effects as what cues say.

use cuelight_show::cue::Drives;
use cuelight_show::{Address, Cue, Timing};

use crate::rig::{Desk, MAIN, effect, fixture, list, number, set, spots};

/// Red of the three spots.
fn reds(desk: &mut Desk, now: i64) -> [u8; 3] {
    [105, 115, 125].map(|at| desk.slot(at, now))
}

#[test]
fn an_effect_runs_over_a_group_and_begins_with_its_cue() {
    let mut show = spots();
    let mut first = Cue::new(number("1"));
    first.look.effects.push(effect(&show, "spots", Drives::Color));
    show.lists.push(list(1, [first]));
    let mut desk = Desk::new(show);
    desk.go(MAIN, 0);
    let (start, later) = (reds(&mut desk, 0), reds(&mut desk, 700));
    assert!(start != later && start != [start[0]; 3], "{start:?} {later:?}");
    // Another hour, the same picture: the phase counts from the cue.
    let mut other = Desk::new(desk.show.clone());
    other.go(MAIN, 3_600_000);
    assert_eq!((reds(&mut other, 3_600_000), reds(&mut other, 3_600_700)), (start, later));
}

#[test]
fn an_effect_fades_in_over_what_is_there_and_goes_on_below_what_comes() {
    let mut show = spots();
    let red = fixture(&show, 1, "ColorAdd_R");
    let mut base = Cue::new(number("1"));
    base.look.set(set(red, 100));
    let mut with_effect = Cue::new(number("2"));
    with_effect.timing = Timing { fade_up_ms: 2_000, ..Timing::default() };
    with_effect.look.effects.push(effect(&show, "spots", Drives::Color));
    let mut after = Cue::new(number("3"));
    after.timing = with_effect.timing;
    after.look.set(set(red, 0));
    show.lists.push(list(1, [base, with_effect, after]));
    let mut desk = Desk::new(show);
    desk.go(MAIN, 0);
    desk.go(MAIN, 0);
    let halfway = i32::from(desk.slot(105, 1_000));
    let effect_alone = |desk: &mut Desk, now| {
        let mut alone = Desk::new(desk.show.clone());
        alone.playbacks.go_to(&alone.score, MAIN, number("2"), Some(0), crate::rig::ms(0)).unwrap();
        i32::from(alone.slot(105, now))
    };
    assert!((halfway - (255 + effect_alone(&mut desk, 1_000)) / 2).abs() <= 1, "{halfway}");
    assert_eq!(i32::from(desk.slot(105, 2_500)), effect_alone(&mut desk, 2_500));
    desk.go(MAIN, 3_000);
    let below = i32::from(desk.slot(105, 4_000));
    assert!((below - effect_alone(&mut desk, 4_000) / 2).abs() <= 1, "{below}");
    assert_eq!(desk.slot(105, 5_000), 0);
}

#[test]
fn an_effect_can_drive_dimmers_alone() {
    let mut show = spots();
    let mut first = Cue::new(number("1"));
    first.look.effects.push(effect(&show, "spots", Drives::Intensity));
    show.lists.push(list(1, [first]));
    let mut desk = Desk::new(show);
    desk.go(MAIN, 0);
    // A rainbow is bright everywhere, at the scene's brightness of 200, and colours stay at their defaults.
    assert!([101, 111, 121].iter().all(|at| desk.slot(*at, 100) > 150));
    assert_eq!(reds(&mut desk, 100), [0; 3]);
    desk.master.level = 0;
    assert_eq!([101, 111, 121].map(|at| desk.slot(at, 100)), [0; 3]);
}

#[test]
fn a_node_that_works_out_one_universe_draws_its_part_of_the_whole_picture() {
    let mut show = spots();
    show.fixtures[2].addresses = vec![Address::new(2, 121).unwrap()];
    let mut first = Cue::new(number("1"));
    first.look.effects.push(effect(&show, "spots", Drives::Color));
    show.lists.push(list(1, [first]));
    let mut whole = Desk::new(show.clone());
    whole.go(MAIN, 0);
    let part = cuelight_show::Score::for_universes(&show, |universe| universe == 2);
    let mut stage = cuelight_show::Stage::new(&part);
    for now in (0..4_000).step_by(100) {
        let now = crate::rig::ms(now);
        let (master, tempo) = (whole.master, cuelight_wire::scene::Tempo::DEFAULT);
        let all = whole.stage.levels(&whole.score, &whole.playbacks, &master, &tempo, now);
        let own = stage.levels(&part, &whole.playbacks, &master, &tempo, now);
        assert_eq!(own.numbers(), [2]);
        assert_eq!(own.get(2), all.get(2));
    }
}
