//! Editing, and tracking that is right at once.

use cuelight_show::edit::{Edit, EditError};
use cuelight_show::{CueNumber, Edited, Instruction, Level, ListNumber, Playbacks, Score, Show, Stage, Target, Value};
use cuelight_wire::scene::{Master, Tempo};
use proptest::prelude::*;

use crate::properties::{Draft, TARGETS, draft, show, target};
use crate::rig::{Desk, MAIN, cue, list, ms, number, set, slot};

fn tracks() -> Show {
    let cues = [cue("1", 0, &[(1, 100), (2, 10)]), cue("2", 0, &[(3, 50)]), cue("3", 0, &[(1, 20)])];
    Show::of_lists(vec![list(1, cues)])
}

/// Slot 1.`at` in every cue of list 1.
fn levels(show: &Show, at: u16) -> Vec<Option<u8>> {
    let score = Score::new(show);
    let cues = show.lists[0].cues().iter().map(|cue| cue.number);
    cues.map(|number| picture(&score, MAIN, number).slot(slot(at))).collect()
}

fn picture(score: &Score, list: ListNumber, cue: CueNumber) -> cuelight_show::Universes {
    let mut playbacks = Playbacks::default();
    playbacks.go_to(score, list, cue, Some(0), ms(0)).unwrap();
    Stage::new(score).levels(score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(0)).clone()
}

#[test]
fn an_update_holds_in_the_cue_or_where_the_level_comes_from() {
    let line = set(Target::Slot(slot(1)), 60);
    let update = |at_source| Edit::Update { cue: number("2"), instructions: vec![line], at_source };
    let mut show = tracks();
    assert_eq!(show.edit(MAIN, update(false)), Ok(Edited::Cues(MAIN, number("2"))));
    assert_eq!(levels(&show, 1), [Some(255), Some(153), Some(51)]);
    let mut show = tracks();
    assert_eq!(show.edit(MAIN, update(true)), Ok(Edited::Cues(MAIN, number("1"))));
    assert_eq!(levels(&show, 1), [Some(153), Some(153), Some(51)]);
}

#[test]
fn a_block_changes_nothing_when_it_is_made_and_keeps_out_what_comes_later() {
    let mut show = tracks();
    show.edit(MAIN, Edit::Block(number("2"))).unwrap();
    let all = |show: &Show| [1, 2, 3].map(|at| levels(show, at));
    assert_eq!(all(&show), all(&tracks()));
    let line = set(Target::Slot(slot(2)), 90);
    show.edit(MAIN, Edit::Update { cue: number("1"), instructions: vec![line], at_source: false }).unwrap();
    assert_eq!(levels(&show, 2), [Some(230), Some(25), Some(25)]);
    // What the block does not show is not brought into it by a cue before it either.
    let line = set(Target::Slot(slot(4)), 90);
    show.edit(MAIN, Edit::Update { cue: number("1"), instructions: vec![line], at_source: false }).unwrap();
    assert_eq!(levels(&show, 4), [Some(230), Some(0), Some(0)]);
}

#[test]
fn edits_that_cannot_be_made_say_why_and_change_nothing() {
    let mut show = tracks();
    let (one, nine) = (number("1"), number("9"));
    for (edit, error) in [
        (Edit::Insert(cue("1", 0, &[])), EditError::Taken(MAIN, one)),
        (Edit::Delete(nine), EditError::NoCue(MAIN, nine)),
        (Edit::Renumber { from: nine, to: one }, EditError::NoCue(MAIN, nine)),
        (Edit::Renumber { from: one, to: number("2") }, EditError::Taken(MAIN, number("2"))),
        (Edit::Block(nine), EditError::NoCue(MAIN, nine)),
    ] {
        assert_eq!(show.edit(MAIN, edit), Err(error));
    }
    assert_eq!(show.edit(ListNumber(7), Edit::Delete(one)), Err(EditError::NoList(ListNumber(7))));
    assert_eq!(show.lists, tracks().lists);
}

#[test]
fn a_cue_that_runs_goes_on_under_its_new_number() {
    let mut desk = Desk::new(tracks());
    desk.go(MAIN, 0);
    desk.show.edit(MAIN, Edit::Renumber { from: number("1"), to: number("1.5") }).unwrap();
    desk.playbacks.renumber(MAIN, number("1"), number("1.5"));
    desk.score = Score::new(&desk.show);
    assert_eq!(desk.slot(1, 0), 255);
    assert_eq!(desk.go(MAIN, 1_000), number("2"));
}

/// An edit before it is known of which show.
#[derive(Clone, Debug)]
enum Change {
    Insert(Draft),
    Replace(usize, Draft),
    Delete(usize),
    Renumber(usize, CueNumber),
    Update(usize, Vec<(usize, Option<u16>)>, bool),
    Unset(usize, Vec<usize>),
    Block(usize),
    Unblock(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let lines = || prop::collection::vec((0..TARGETS, prop::option::weighted(0.8, any::<u16>())), 1..5);
    prop_oneof![
        draft().prop_map(Change::Insert),
        (0_usize..9, draft()).prop_map(|(at, draft)| Change::Replace(at, draft)),
        (0_usize..9).prop_map(Change::Delete),
        (0_usize..9, 1_u32..40_000).prop_map(|(at, to)| Change::Renumber(at, CueNumber::from_milli(to).unwrap())),
        (0_usize..9, lines(), any::<bool>()).prop_map(|(at, lines, source)| Change::Update(at, lines, source)),
        (0_usize..9, prop::collection::vec(0..TARGETS, 1..5)).prop_map(|(at, targets)| Change::Unset(at, targets)),
        (0_usize..9).prop_map(Change::Block),
        (0_usize..9).prop_map(Change::Unblock),
    ]
}

/// The edit for a show whose list 1 has at least one cue.
fn edit(change: Change, show: &Show) -> Edit {
    let cues = show.lists[0].cues();
    let cue = |at: usize| cues[at % cues.len()].number;
    let value = |level: Option<u16>| level.map_or(Value::Release, |level| Value::Level(Level(level)));
    match change {
        Change::Insert(draft) => Edit::Insert(draft.cue(show)),
        Change::Replace(at, draft) => Edit::Replace(draft.renumbered(cue(at)).cue(show)),
        Change::Delete(at) => Edit::Delete(cue(at)),
        Change::Renumber(at, to) => Edit::Renumber { from: cue(at), to },
        Change::Update(at, lines, at_source) => {
            let line = |(at, level)| Instruction { target: target(show, at), value: value(level) };
            Edit::Update { cue: cue(at), instructions: lines.into_iter().map(line).collect(), at_source }
        }
        Change::Unset(at, targets) => {
            Edit::Unset { cue: cue(at), targets: targets.into_iter().map(|at| target(show, at)).collect() }
        }
        Change::Block(at) => Edit::Block(cue(at)),
        Change::Unblock(at) => Edit::Unblock(cue(at)),
    }
}

proptest! {
    #[test]
    fn tracking_after_any_edit_is_that_of_a_show_read_anew(
        drafts in prop::collection::vec(draft(), 1..9),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let mut show = show(&[drafts]);
        let mut score = Score::new(&show);
        for change in changes {
            if show.lists[0].cues().is_empty() {
                break;
            }
            if let Ok(edited) = show.edit(MAIN, edit(change, &show.clone())) {
                score.update(&show, edited, |_| true);
            }
            let fresh = Score::new(&show);
            for cue in show.lists[0].cues() {
                prop_assert_eq!(picture(&score, MAIN, cue.number), picture(&fresh, MAIN, cue.number));
            }
            // And from cue to cue, forwards and backwards, on one stage.
            let (mut playbacks, mut stage, mut other) = (Playbacks::default(), Stage::new(&score), Stage::new(&fresh));
            let there = show.lists[0].cues().iter().map(|cue| cue.number);
            for (now, number) in (0..).zip(there.clone().chain(there.rev())) {
                playbacks.go_to(&fresh, MAIN, number, Some(1_500), ms(now * 1_000)).unwrap();
                let a = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(now * 1_000 + 400));
                let b = other.levels(&fresh, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, ms(now * 1_000 + 400));
                prop_assert_eq!(a, b);
            }
        }
    }

    #[test]
    fn making_a_block_changes_no_cue(drafts in prop::collection::vec(draft(), 1..9), at in 0_usize..9) {
        let before = show(&[drafts]);
        let mut after = before.clone();
        let cues = before.lists[0].cues();
        let number = cues[at % cues.len()].number;
        after.edit(MAIN, Edit::Block(number)).unwrap();
        let (old, new) = (Score::new(&before), Score::new(&after));
        for cue in cues {
            prop_assert_eq!(picture(&old, MAIN, cue.number), picture(&new, MAIN, cue.number), "cue {}", cue.number);
        }
    }
}
