//! Playback: what every cue list does, as small plain data.
//!
//! A list's state is the cues it ran and when, each with its show time: everything else - levels, fades under way, cues that
//! followed by themselves - is worked out from that, on every machine, at any instant. So a node that comes late is right at
//! once, and a hub that restarts goes on in the middle of a fade with what it saved.

mod command;
mod fingerprint;
mod history;
mod instant;
mod step;

use alloc::vec::Vec;

use cuelight_wire::time::{Show, Span, Time};
use serde::{Deserialize, Serialize};

pub use command::CommandError;
pub use history::MAX_RUNS;
pub(crate) use history::{MAX_ANCHORS, put_anchor};
pub(crate) use instant::ns;
pub use step::BadStep;

use crate::fade::{Curve, Timing};
use crate::list::ListNumber;
use crate::number::CueNumber;
use crate::score::{Score, Tracked};

/// A cue that was started, or the release of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Which; none is the release: the list lets go of everything.
    pub cue: Option<CueNumber>,
    /// When it began.
    #[serde(rename = "started_at_ns", with = "instant::ns")]
    pub started_at: Time<Show>,
    /// For how long the list had been paused until then.
    #[serde(rename = "held_ns", with = "instant::span_ns", default)]
    pub held: Span,
    /// A fade in place of the cue's own times, without delay, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fade_ms: Option<u32>,
    /// Whether the next cue may begin by itself. Not after BACK, which would lead forward again.
    pub follows: bool,
}

impl Run {
    /// Its times: those of its cue, unless it was given others.
    pub(crate) fn timing(&self, list: &Tracked) -> Timing {
        let own = self.cue.and_then(|number| list.cue(number)).map(|cue| cue.timing).unwrap_or_default();
        self.fade_ms.map_or(own, |ms| Timing::even(ms, if self.cue.is_some() { own.curve } else { Curve::Linear }))
    }
}

/// From when the effects of a cue count, where the run that began them is no longer known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The cue.
    pub cue: CueNumber,
    /// When it began.
    #[serde(rename = "at_ns", with = "instant::ns")]
    pub at: Time<Show>,
}

/// What one cue list does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playback {
    /// Which.
    pub list: ListNumber,
    /// The cues that were started, oldest first; at most [`MAX_RUNS`], see there what happens when it is full.
    pub runs: Vec<Run>,
    /// Since when it stands still.
    #[serde(rename = "paused_at_ns", with = "instant::some_ns", default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Time<Show>>,
    /// For how long it stood still before that, all in all.
    #[serde(rename = "held_ns", with = "instant::span_ns", default)]
    pub held: Span,
    /// Effects older than the runs that are known, in rising order of cues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
}

impl Playback {
    /// A list that does nothing.
    pub const fn new(list: ListNumber) -> Self {
        Self { list, runs: Vec::new(), paused_at: None, held: Span::ZERO, anchors: Vec::new() }
    }
    /// The cue that was started last, if the list was not released since.
    pub fn current(&self) -> Option<CueNumber> {
        self.runs.last().and_then(|run| run.cue)
    }
    /// How long ago a run began on the list's own clock, which stands still while the list is paused.
    pub fn elapsed(&self, run: &Run, at: Time<Show>) -> Span {
        let at = self.paused_at.map_or(at, |paused_at| at.min(paused_at));
        at.since(run.started_at) - (self.held - run.held)
    }
    /// When the next cue begins by itself, and which. Nothing while the list is paused before then.
    pub(crate) fn due(&self, list: &Tracked) -> Option<(Time<Show>, CueNumber)> {
        let run = self.runs.last().filter(|run| run.follows)?;
        let cue = list.cue(run.cue?)?;
        let after = cue.next.after(&run.timing(list))?;
        let at = run.started_at + after + (self.held - run.held);
        let next = list.after(run.cue)?.number;
        self.paused_at.is_none_or(|paused_at| at <= paused_at).then_some((at, next))
    }
}

/// What all cue lists do, from one instant on.
///
/// Commands take the show time from which they hold; a state with a command in it is for that instant and later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Playbacks {
    /// Lists that were ever started, in rising order of their numbers.
    lists: Vec<Playback>,
    /// From when it holds: the instant of the newest command, or of the newest cue that followed by itself.
    #[serde(rename = "holds_from_ns", with = "instant::ns")]
    holds_from: Time<Show>,
}

impl Playbacks {
    /// The lists that were ever started, in rising order of their numbers.
    pub fn lists(&self) -> &[Playback] {
        &self.lists
    }
    /// What a list does.
    pub fn list(&self, number: ListNumber) -> Option<&Playback> {
        self.lists.iter().find(|playback| playback.list == number)
    }
    /// From when it holds.
    pub const fn holds_from(&self) -> Time<Show> {
        self.holds_from
    }
    /// When the next cue of a list begins by itself, and which it is.
    pub fn due_in(&self, score: &Score, list: ListNumber) -> Option<(Time<Show>, CueNumber)> {
        self.list(list)?.due(score.list(list)?)
    }
    /// When the next cue begins by itself, in which list.
    pub fn next_due(&self, score: &Score) -> Option<(Time<Show>, ListNumber)> {
        self.due(score).map(|(at, list, _)| (at, list))
    }
    /// Starts every cue that begins by itself up to `at`, in the order of their instants. Asking in steps or at once comes
    /// to the same state. Returns how many.
    pub fn advance(&mut self, score: &Score, at: Time<Show>) -> usize {
        let mut started = 0;
        while let Some((due_at, list, cue)) = self.due(score).filter(|(due_at, _, _)| *due_at <= at) {
            let held = self.list(list).map_or(Span::ZERO, |playback| playback.held);
            let run = Run { cue: Some(cue), started_at: due_at, held, fade_ms: None, follows: true };
            self.start(score, list, run);
            started += 1;
        }
        started
    }

    /// A cue of a list has another number: what runs goes on under the new one.
    pub fn renumber(&mut self, list: ListNumber, from: CueNumber, to: CueNumber) {
        let Some(playback) = self.lists.iter_mut().find(|playback| playback.list == list) else { return };
        for run in playback.runs.iter_mut().filter(|run| run.cue == Some(from)) {
            run.cue = Some(to);
        }
        for anchor in playback.anchors.iter_mut().filter(|anchor| anchor.cue == from) {
            anchor.cue = to;
        }
        playback.anchors.sort_by_key(|anchor| anchor.cue);
    }

    /// The earliest cue that begins by itself; of several at one instant that of the lowest list.
    fn due(&self, score: &Score) -> Option<(Time<Show>, ListNumber, CueNumber)> {
        let due = |playback: &Playback| {
            let (at, cue) = playback.due(score.list(playback.list)?)?;
            Some((at, playback.list, cue))
        };
        self.lists.iter().filter_map(due).min_by_key(|(at, list, _)| (*at, *list))
    }
}

impl Playbacks {
    /// Takes over `other`, without giving up memory that is already there.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.holds_from = other.holds_from;
        self.lists.truncate(other.lists.len());
        for (mine, theirs) in self.lists.iter_mut().zip(&other.lists) {
            mine.list = theirs.list;
            mine.runs.clone_from(&theirs.runs);
            mine.paused_at = theirs.paused_at;
            mine.held = theirs.held;
            mine.anchors.clone_from(&theirs.anchors);
        }
        let missing = other.lists.get(self.lists.len()..).unwrap_or_default();
        self.lists.extend(missing.iter().cloned());
        for playback in &mut self.lists {
            playback.runs.reserve(MAX_RUNS.saturating_sub(playback.runs.len()));
            playback.anchors.reserve((MAX_ANCHORS + 1).saturating_sub(playback.anchors.len()));
        }
    }
}
