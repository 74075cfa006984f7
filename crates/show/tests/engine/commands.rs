//! GO, BACK, go-to, pause, release; follow and hang.

use cuelight_show::playback::MAX_RUNS;
use cuelight_show::{CommandError, Cue, ListNumber, Next, Playback, Playbacks, Score, Show, Stage};
use cuelight_wire::scene::{Master, Tempo};

use crate::properties::agree;
use crate::rig::{Desk, MAIN, SECOND, cue, following, list, ms, number};

fn three() -> Desk {
    Desk::of_lists([list(1, [cue("1", 1_000, &[(1, 100)]), cue("2", 2_000, &[(1, 20)]), cue("3", 0, &[(1, 60)])])])
}

#[test]
fn go_steps_through_the_list_and_stops_at_its_end() {
    let mut desk = three();
    assert_eq!(
        [desk.go(MAIN, 0), desk.go(MAIN, 2_000), desk.go(MAIN, 9_000)].map(|n| n.milli()),
        [1_000, 2_000, 3_000]
    );
    let end = desk.playbacks.go(&desk.score, MAIN, ms(10_000));
    assert_eq!(end, Err(CommandError::AtEnd(MAIN, number("3"))));
    assert_eq!(desk.playbacks.go(&desk.score, SECOND, ms(0)), Err(CommandError::NoList(SECOND)));
}

#[test]
fn a_fade_that_is_interrupted_goes_on_from_where_it_is() {
    let mut desk = three();
    desk.go(MAIN, 0);
    assert_eq!(desk.slot(1, 500), 127);
    desk.go(MAIN, 500);
    assert_eq!(desk.slot(1, 500), 127);
    // From 50 % to 20 % in 2 s: half way 35 %.
    assert_eq!(desk.slot(1, 1_500), 89);
    assert_eq!(desk.slot(1, 2_500), 51);
}

#[test]
fn rises_and_falls_have_times_of_their_own() {
    let mut second = cue("2", 0, &[(1, 0), (2, 100)]);
    second.timing.fade_up_ms = 1_000;
    second.timing.fade_down_ms = 4_000;
    second.timing.delay_down_ms = 1_000;
    let mut desk = Desk::of_lists([list(1, [cue("1", 0, &[(1, 100)]), second])]);
    desk.go(MAIN, 0);
    desk.go(MAIN, 0);
    for (now, falling, rising) in [(0, 255, 0), (500, 255, 127), (1_000, 255, 255), (3_000, 128, 255), (5_000, 0, 255)]
    {
        assert_eq!((desk.slot(1, now), desk.slot(2, now)), (falling, rising), "{now} ms");
    }
}

#[test]
fn a_follow_counts_from_the_start_and_a_hang_from_the_end() {
    let cues = [
        following(cue("1", 2_000, &[(1, 10)]), Next::Follow(500)),
        following(cue("2", 2_000, &[(1, 20)]), Next::Hang(300)),
        following(cue("3", 2_000, &[(1, 30)]), Next::Hang(-1_500)),
        cue("4", 0, &[(1, 40)]),
    ];
    let mut desk = Desk::of_lists([list(1, cues)]);
    desk.go(MAIN, 1_000);
    desk.playbacks.advance(&desk.score, ms(60_000));
    let started: Vec<_> = desk.playbacks.lists()[0].runs.iter().map(|run| run.started_at).collect();
    assert_eq!(started, [1_000, 1_500, 3_800, 4_300].map(ms));
}

#[test]
fn a_machine_that_comes_late_finds_the_cue_that_followed() {
    let cues = [following(cue("1", 0, &[(1, 10)]), Next::Follow(1_000)), cue("2", 4_000, &[(1, 90)])];
    let mut desk = Desk::of_lists([list(1, cues)]);
    desk.go(MAIN, 0);
    // Nobody asked in between, and the state says no more than that cue 1 began at 0.
    assert_eq!(desk.playbacks.lists()[0].runs.len(), 1);
    assert_eq!(desk.slot(1, 3_000), 128);
    assert_eq!(desk.stage.current(MAIN), Some(number("2")));
}

#[test]
fn back_leads_to_the_cue_before_and_no_further() {
    let cues = [following(cue("1", 0, &[(1, 100)]), Next::Follow(1_000)), cue("2", 0, &[(1, 20)])];
    let mut desk = Desk::of_lists([list(1, cues)]);
    desk.go(MAIN, 0);
    assert_eq!(desk.slot(1, 1_000), 51);
    let back = desk.playbacks.back(&desk.score, MAIN, ms(2_000));
    assert_eq!(back, Ok(Some(number("1"))));
    // A second for the way back, and then it stays: the follow of cue 1 does not lead forward again.
    assert_eq!([2_000, 2_500, 3_000, 9_000].map(|now| desk.slot(1, now)), [51, 153, 255, 255]);
    assert_eq!(desk.playbacks.back(&desk.score, MAIN, ms(10_000)), Ok(None));
    assert_eq!(desk.slot(1, 11_000), 0);
    assert_eq!(desk.playbacks.back(&desk.score, MAIN, ms(12_000)), Err(CommandError::NotRunning(MAIN)));
}

#[test]
fn a_go_to_shows_what_tracks_there_in_its_own_time_or_the_one_it_is_given() {
    let mut desk =
        Desk::of_lists([list(1, [cue("1", 0, &[(1, 100)]), cue("5", 2_000, &[(2, 100)]), cue("7", 0, &[(1, 0)])])]);
    let missing = desk.playbacks.go_to(&desk.score, MAIN, number("6"), None, ms(0));
    assert_eq!(missing, Err(CommandError::NoCue(MAIN, number("6"))));
    desk.playbacks.go_to(&desk.score, MAIN, number("5"), None, ms(0)).unwrap();
    assert_eq!((desk.slot(1, 1_000), desk.slot(2, 1_000)), (127, 127));
    desk.playbacks.go_to(&desk.score, MAIN, number("7"), Some(10_000), ms(5_000)).unwrap();
    assert_eq!((desk.slot(1, 10_000), desk.slot(2, 10_000)), (128, 255));
}

#[test]
fn a_pause_stops_fades_and_follows_and_go_lets_them_go_on() {
    let cues = [following(cue("1", 2_000, &[(1, 100)]), Next::Follow(3_000)), cue("2", 0, &[(1, 20)])];
    let mut desk = Desk::of_lists([list(1, cues)]);
    desk.go(MAIN, 0);
    desk.playbacks.pause(&desk.score, MAIN, ms(1_000)).unwrap();
    assert_eq!(desk.playbacks.pause(&desk.score, MAIN, ms(1_000)), Err(CommandError::IsPaused(MAIN)));
    assert_eq!([1_000, 5_000, 99_000].map(|now| desk.slot(1, now)), [127; 3]);
    // GO lets cue 1 go on and does not start cue 2.
    assert_eq!(desk.go(MAIN, 100_000), number("1"));
    assert_eq!([100_000, 100_500, 101_000, 101_999, 102_000].map(|now| desk.slot(1, now)), [127, 191, 255, 255, 51]);
    assert_eq!(desk.playbacks.resume(&desk.score, MAIN, ms(103_000)), Err(CommandError::NotPaused(MAIN)));
}

#[test]
fn a_release_lets_go_of_everything_and_go_begins_again() {
    let mut desk = three();
    assert_eq!(desk.playbacks.release(&desk.score, MAIN, 0, ms(0)), Err(CommandError::NotRunning(MAIN)));
    desk.go(MAIN, 0);
    desk.go(MAIN, 1_000);
    desk.playbacks.release(&desk.score, MAIN, 1_000, ms(10_000)).unwrap();
    assert_eq!([10_000, 10_500, 11_000].map(|now| desk.slot(1, now)), [51, 25, 0]);
    assert_eq!(desk.go(MAIN, 12_000), number("1"));
    assert_eq!(desk.slot(1, 13_000), 255);
}

#[test]
fn a_command_never_holds_before_one_that_was_given_earlier() {
    let mut desk = three();
    desk.go(MAIN, 5_000);
    desk.go(MAIN, 1_000);
    let started: Vec<_> = desk.playbacks.lists()[0].runs.iter().map(|run| run.started_at).collect();
    assert_eq!(started, [ms(5_000), ms(5_000)]);
    assert_eq!(desk.playbacks.holds_from(), ms(5_000));
}

#[test]
fn a_start_in_the_future_shows_nothing_before_then() {
    let mut desk = Desk::of_lists([list(1, [cue("1", 0, &[(1, 100)])])]);
    desk.go(MAIN, 1_000);
    assert_eq!([0, 999, 1_000].map(|now| desk.slot(1, now)), [0, 0, 255]);
}

#[test]
fn hundreds_of_follows_end_where_they_should_however_late_one_looks() {
    let cues = (1..=500).map(|n| following(cue(&n.to_string(), 5_000, &[(1, n % 101)]), Next::Follow(100)));
    let mut desk = Desk::of_lists([list(1, cues)]);
    desk.go(MAIN, 0);
    let mut stepped = Stage::new(&desk.score);
    for now in (0..60_000).step_by(70) {
        let levels = stepped.levels(&desk.score, &desk.playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(now)).clone();
        let mut late = Stage::new(&desk.score);
        assert_eq!(late.levels(&desk.score, &desk.playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(now)), &levels);
        assert!(late.playbacks().lists()[0].runs.len() <= MAX_RUNS);
    }
    // 500 modulo 101 is 96: 62,914 of 65,535.
    assert_eq!(desk.slot(1, 60_000), 245);
}

/// A list that ran more cues than it remembers, beside one of which every run is known.
#[test]
fn what_a_list_forgets_changes_no_level() {
    let sunset = |text: &str| cue(text, 3_600_000, &[(9, 100)]);
    let quick = (2..400).map(|n| cue(&n.to_string(), 300, &[(n as u16 % 8 + 1, n * 37 % 101)]));
    let other = [cue("1", 0, &[(1, 70), (3, 10)]), cue("2", 2_000, &[(2, 50)])];
    let lists = [list(1, [sunset("1")].into_iter().chain(quick)), list(2, other)];
    let show = Show::of_lists(lists.into());
    let score = Score::new(&show);
    let (mut playbacks, mut stage) = (Playbacks::default(), Stage::new(&score));
    let mut whole = [Playback::new(MAIN), Playback::new(SECOND)];
    let mut has_forgotten = false;
    for n in 0..399 {
        let (list, now) = (if n == 50 || n == 120 { SECOND } else { MAIN }, i64::from(n) * 400);
        playbacks.go(&score, list, ms(now)).unwrap();
        let run = playbacks.list(list).unwrap().runs.last().copied().unwrap();
        whole[usize::from(list.0) - 1].runs.push(run);
        has_forgotten |= playbacks.list(MAIN).unwrap().runs.len() < whole[0].runs.len();
        for now in [now, now + 250] {
            let levels = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(now));
            agree(&show, &whole, levels, Master::DEFAULT, now);
        }
    }
    assert!(has_forgotten && playbacks.list(MAIN).unwrap().runs.len() <= MAX_RUNS);
}

#[test]
fn a_cue_that_was_deleted_while_it_ran_leaves_its_list_in_the_one_below() {
    let mut desk = three();
    desk.go(MAIN, 0);
    desk.go(MAIN, 1_000);
    desk.show.edit(MAIN, cuelight_show::edit::Edit::Delete(number("2"))).unwrap();
    desk.score = Score::new(&desk.show);
    desk.stage = Stage::new(&desk.score);
    assert_eq!(desk.slot(1, 9_000), 255);
    assert_eq!(desk.go(MAIN, 10_000), number("3"));
    assert_eq!(desk.slot(1, 10_000), 153);
}

#[test]
fn an_empty_list_says_so() {
    let mut desk = Desk::of_lists([list(1, Vec::<Cue>::new())]);
    assert_eq!(desk.playbacks.go(&desk.score, ListNumber(1), ms(0)), Err(CommandError::Empty(MAIN)));
}
