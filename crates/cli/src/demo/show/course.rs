//! What was ordered and what follows from it: where every list is at every instant, from the show and the orders alone.

use anyhow::Result;
use cuelight_show::{CueNumber, ListNumber, Playbacks};
use cuelight_wire::cues::CueOrder;
use cuelight_wire::time::{Show, Span, Time};

use super::piece::Piece;

/// The course of a show: the state that each order led to, and from when.
#[derive(Debug)]
pub(super) struct Course<'a> {
    piece: &'a Piece,
    /// In the order of their instants; what follows by itself is in none of them.
    states: Vec<(Time<Show>, Playbacks)>,
}

impl<'a> Course<'a> {
    /// Nothing was ordered yet.
    pub(super) const fn new(piece: &'a Piece) -> Self {
        Self { piece, states: Vec::new() }
    }
    /// An order that the hub has taken, which holds from `at` on.
    pub(super) fn note(&mut self, list: ListNumber, order: CueOrder, at: Time<Show>) -> Result<()> {
        let mut playbacks = self.states.last().map(|(_, playbacks)| playbacks.clone()).unwrap_or_default();
        playbacks.execute(&self.piece.score, list, order, at)?;
        self.states.push((at, playbacks));
        Ok(())
    }
    /// From when the first order holds.
    pub(super) fn began_at(&self) -> Option<Time<Show>> {
        self.states.first().map(|(at, _)| *at)
    }
    /// From when the newest order holds.
    pub(super) fn newest_at(&self) -> Option<Time<Show>> {
        self.states.last().map(|(at, _)| *at)
    }
    /// The state that holds at an instant, as the order before it left it.
    pub(super) fn state_at(&self, at: Time<Show>) -> Playbacks {
        let past = self.states.partition_point(|(from, _)| *from <= at);
        past.checked_sub(1).map(|newest| self.states[newest].1.clone()).unwrap_or_default()
    }
    /// The same with what has followed by itself until then.
    pub(super) fn at(&self, at: Time<Show>) -> Playbacks {
        let mut playbacks = self.state_at(at);
        playbacks.advance(&self.piece.score, at);
        playbacks
    }
    /// The lists whose next cue waits for a GO, the last fade being over for `rest`; also those that were never started.
    pub(super) fn waiting(&self, at: Time<Show>, rest: Span) -> Vec<ListNumber> {
        let playbacks = self.at(at);
        let waits = |list: &ListNumber| {
            let is_quiet = self.fade(&playbacks, *list, at).is_none_or(|(_, left)| left + rest <= Span::ZERO);
            is_quiet && self.next(&playbacks, *list).is_some() && playbacks.due_in(&self.piece.score, *list).is_none()
        };
        self.piece.show.lists.iter().map(|list| list.number).filter(waits).collect()
    }
    /// Whether nothing will change any more: every list is in its last cue, and its fades are over.
    pub(super) fn is_over(&self, at: Time<Show>) -> bool {
        let playbacks = self.at(at);
        self.piece.show.lists.iter().all(|list| {
            self.next(&playbacks, list.number).is_none()
                && self.fade(&playbacks, list.number, at).is_none_or(|(_, left)| left <= Span::ZERO)
        })
    }
    /// Of the fade under way that lasts longest: since when, and for how long yet.
    pub(super) fn longest_fade(&self, at: Time<Show>) -> Option<(Span, Span)> {
        let playbacks = self.at(at);
        let lists = self.piece.show.lists.iter();
        let fades = lists.filter_map(|list| self.fade(&playbacks, list.number, at));
        fades.filter(|(_, left)| *left > Span::ZERO).max_by_key(|(_, left)| *left)
    }
    /// How long the current cue of a list lasts already, and how long its fades still take, negative when they are over.
    fn fade(&self, playbacks: &Playbacks, list: ListNumber, at: Time<Show>) -> Option<(Span, Span)> {
        let playback = playbacks.list(list)?;
        let run = playback.runs.last()?;
        let cue = self.piece.show.list(list)?.cue(run.cue?)?;
        let length = run.fade_ms.map_or(cue.timing.duration(), |ms| Span::from_ms(ms.into()));
        let elapsed = playback.elapsed(run, at);
        Some((elapsed, length - elapsed))
    }
    /// The cue that GO would begin.
    fn next(&self, playbacks: &Playbacks, list: ListNumber) -> Option<CueNumber> {
        let current = playbacks.list(list).and_then(|playback| playback.current());
        let cues = self.piece.show.list(list)?.cues();
        cues.iter().map(|cue| cue.number).find(|number| current.is_none_or(|current| *number > current))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const MAIN: ListNumber = ListNumber(1);

    fn s(s: i64) -> Time<Show> {
        Time::from_us(s * 1_000_000)
    }

    #[test]
    fn two_minutes_waits_for_one_go_and_is_over_after_it() {
        let piece = Piece::read(None).unwrap();
        let mut course = Course::new(&piece);
        assert_eq!(course.waiting(s(99), Span::ZERO), [MAIN]);
        course.note(MAIN, CueOrder::Go, s(100)).unwrap();
        assert_eq!((course.began_at(), course.at(s(99)).lists().len()), (Some(s(100)), 0));
        assert!((100..221).all(|at| course.waiting(s(at), Span::ZERO).is_empty()));
        assert_eq!(course.at(s(170)).list(MAIN).unwrap().current().unwrap().to_string(), "18");
        // Cue 1 fades for three seconds and is followed a second later.
        assert_eq!(course.longest_fade(s(101)), Some((Span::from_s(1), Span::from_s(2))));
        assert!(course.longest_fade(Time::from_us(103_500_000)).is_none());
        assert!(!course.is_over(s(219)) && course.is_over(s(221)));
    }

    #[test]
    fn a_cue_waits_when_the_fades_before_it_are_over_for_a_while() {
        let text = "show-file = 1\n[[list]]\nnumber = 3\n[[list.cue]]\nnumber = 1\nfade = \"2s\"\n[[list.cue.set]]\n\
                    slots = [\"1.1\"]\nlevel = 80\n[[list.cue]]\nnumber = 2\n";
        let piece = Piece::of(Path::new("x"), text.to_owned()).unwrap();
        let (mut course, list, rest) = (Course::new(&piece), ListNumber(3), Span::from_s(1));
        course.note(list, CueOrder::Go, s(10)).unwrap();
        assert!(course.waiting(s(12), rest).is_empty() && !course.is_over(s(60)));
        assert_eq!(course.waiting(s(13), rest), [list]);
        course.note(list, CueOrder::Go, s(20)).unwrap();
        assert!(course.waiting(s(60), rest).is_empty() && course.is_over(s(60)));
        assert!(course.note(list, CueOrder::Go, s(70)).is_err(), "there is no cue 3");
    }
}
