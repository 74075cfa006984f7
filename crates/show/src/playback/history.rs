//! The runs a list remembers, and how it forgets.
//!
//! A run matters as long as a fade of it is under way, as a later fade began from it, or as it decides which of two lists
//! moved a parameter last. When there are too many, those go that do not matter.

use cuelight_wire::time::{Show, Time};

use super::{Anchor, Playback, Playbacks, Run};
use crate::list::ListNumber;
use crate::score::{Score, Tracked};

/// The most runs a list remembers. When one more begins, runs that no level depends on are forgotten until two are left: a
/// stage plays those that are left again. If there are too few of them the oldest go until half are left, and a fade of
/// theirs that is still under way ends at once.
pub const MAX_RUNS: usize = 64;
/// What is left of runs that no level depends on.
const KEPT_IDLE: usize = 2;
/// What is left when levels depend on them.
const KEPT_RUNS: usize = MAX_RUNS / 2;
/// The most cues whose effects are older than the runs that are known. With more the lowest numbers go, and their effects
/// begin anew.
pub(crate) const MAX_ANCHORS: usize = 64;

impl Playbacks {
    /// Adds a run, which begins no earlier than any other of its list.
    pub(super) fn start(&mut self, score: &Score, list: ListNumber, run: Run) {
        let at = self.lists.partition_point(|playback| playback.list < list);
        if self.lists.get(at).is_none_or(|playback| playback.list != list) {
            self.lists.insert(at, Playback::new(list));
        }
        if self.lists[at].runs.len() >= MAX_RUNS {
            self.forget(score, at, run.started_at);
        }
        self.lists[at].runs.push(run);
        self.holds_from = self.holds_from.max(run.started_at);
    }

    /// Forgets runs of the list at `index`, so that there is room.
    fn forget(&mut self, score: &Score, index: usize, now: Time<Show>) {
        let Some(tracked) = score.list(self.lists[index].list) else { return };
        while self.lists[index].runs.len() > KEPT_IDLE {
            let playback = &self.lists[index];
            let droppable = |at: &usize| is_idle(playback, tracked, *at, now) && !self.is_crossed(index, *at);
            let found = (0..playback.runs.len() - 1).find(droppable);
            let Some(at) = found.or((playback.runs.len() > KEPT_RUNS).then_some(0)) else { break };
            let playback = &mut self.lists[index];
            let run = playback.runs.remove(at);
            anchor(playback, tracked, &run);
        }
    }

    /// Whether another list moved something between a run and the one after it: which of them was last would be lost.
    fn is_crossed(&self, index: usize, at: usize) -> bool {
        let runs = &self.lists[index].runs;
        let between = runs[at].started_at..=runs[at + 1].started_at;
        let others = self.lists.iter().enumerate().filter(|(other, _)| *other != index);
        others.flat_map(|(_, other)| &other.runs).any(|run| between.contains(&run.started_at))
    }
}

/// Whether the fades of a run and of the one after it are complete for all that comes: now, and when the first run began
/// that is still under way.
fn is_idle(playback: &Playback, tracked: &Tracked, at: usize, now: Time<Show>) -> bool {
    let is_complete = |run: &Run, when: Time<Show>, held| {
        let elapsed = when.since(run.started_at) - (held - run.held);
        elapsed >= run.timing(tracked).duration()
    };
    let later = &playback.runs[at + 2..];
    let under_way = later.iter().find(|run| playback.elapsed(run, now) < run.timing(tracked).duration());
    let pair = &playback.runs[at..at + 2];
    match under_way {
        Some(first) => pair.iter().all(|run| is_complete(run, first.started_at, first.held)),
        None => pair.iter().all(|run| playback.elapsed(run, now) >= run.timing(tracked).duration()),
    }
}

/// Keeps from when effects count that begin with a run that is forgotten.
fn anchor(playback: &mut Playback, tracked: &Tracked, run: &Run) {
    let Some(current) = run.cue.and_then(|number| tracked.index_of(number)) else { return };
    for cue in tracked.cues[..=current].iter().filter(|cue| cue.has_effects) {
        put_anchor(&mut playback.anchors, Anchor { cue: cue.number, at: run.started_at }, run.cue == Some(cue.number));
        // At once: a state has room for one more, and cues that follow by themselves must not ask for any.
        let excess = playback.anchors.len().saturating_sub(MAX_ANCHORS);
        playback.anchors.drain(..excess);
    }
}

/// Puts an anchor into its place; one that is there stays unless the cue was started anew.
pub(crate) fn put_anchor(anchors: &mut alloc::vec::Vec<Anchor>, anchor: Anchor, is_anew: bool) {
    match anchors.binary_search_by_key(&anchor.cue, |known| known.cue) {
        Ok(at) if is_anew => anchors[at] = anchor,
        Ok(_) => {}
        Err(at) => anchors.insert(at, anchor),
    }
}
