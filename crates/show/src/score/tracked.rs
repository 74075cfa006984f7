//! One list with its tracking resolved.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use cuelight_wire::scene::Scene;

use super::expand::{TrackedEffect, expand};
use crate::cell::Cell;
use crate::cue::{Cue, Next, SceneTarget};
use crate::fade::Timing;
use crate::list::{CueList, ListNumber};
use crate::number::CueNumber;
use crate::rig::{ParameterIndex, Rig};
use crate::show::Show;

/// Parameters that are not the same in one cue as in the cue before it: one after the other, what is asked together lying
/// together.
#[derive(Clone, Debug, Default)]
struct Moves {
    /// Their places among the parameters of the list; rising within a cue.
    places: Vec<u32>,
    befores: Vec<Cell>,
    afters: Vec<Cell>,
}

impl Moves {
    fn len(&self) -> usize {
        self.places.len()
    }
    fn push(&mut self, place: u32, before: Cell, after: Cell) {
        self.places.push(place);
        self.befores.push(before);
        self.afters.push(after);
    }
    fn truncate(&mut self, len: usize) {
        self.places.truncate(len);
        self.befores.truncate(len);
        self.afters.truncate(len);
    }
}

/// A scene of the LED side that a cue shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SceneSource {
    pub(crate) target: SceneTarget,
    /// The cue that brought it.
    pub(crate) cue: CueNumber,
    pub(crate) scene: Scene,
}

/// What is known of a cue without its look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrackedCue {
    pub(crate) number: CueNumber,
    pub(crate) timing: Timing,
    pub(crate) next: Next,
    pub(crate) is_assert: bool,
    pub(crate) has_effects: bool,
    /// Every scene it shows, also what tracks into it, in rising order of targets.
    pub(crate) scenes: Vec<SceneSource>,
    is_cue_only: bool,
    /// Where its moves end; they begin where those of the cue before end.
    moves_end: usize,
    effects_end: usize,
}

/// The whole picture of a list in one cue.
#[derive(Clone, Debug)]
struct Checkpoint {
    cue: usize,
    cells: Vec<Cell>,
}

/// A list with its tracking resolved.
#[derive(Clone, Debug)]
pub(crate) struct Tracked {
    pub(crate) number: ListNumber,
    pub(crate) back_ms: u32,
    /// Every parameter the list ever speaks of, rising.
    pub(crate) parameters: Vec<ParameterIndex>,
    pub(crate) cues: Vec<TrackedCue>,
    pub(crate) effects: Vec<TrackedEffect>,
    /// Places that any cue gives a part of an effect, rising; perhaps more, after an edit.
    pub(crate) effect_places: Vec<u32>,
    moves: Moves,
    /// One whenever as many moves came together as the list has parameters: the way to a cue is never longer than a
    /// picture, and all pictures together take less room than the moves.
    checkpoints: Vec<Checkpoint>,
}

impl Tracked {
    /// Resolves a list from its first cue.
    pub(crate) fn new(show: &Show, rig: &Rig, list: &CueList) -> Self {
        let mut is_named = vec![false; rig.len()];
        let (mut effects, mut said) = (Vec::new(), Vec::new());
        for cue in list.cues() {
            said.clear();
            expand(show, rig, cue, &mut effects, &mut said);
            said.iter().for_each(|(parameter, _)| is_named[*parameter as usize] = true);
        }
        let parameters = (0..).zip(&is_named).filter(|(_, named)| **named).map(|(parameter, _)| parameter).collect();
        let mut tracked = Self {
            number: list.number,
            back_ms: list.back_ms,
            parameters,
            cues: Vec::new(),
            effects: Vec::new(),
            effect_places: Vec::new(),
            moves: Moves::default(),
            checkpoints: Vec::new(),
        };
        tracked.resolve(show, rig, list, 0);
        tracked
    }
    /// Resolves the cues from `number` on anew. Falls back to the whole list when a cue speaks of a parameter that is new.
    pub(crate) fn resolve_from(&mut self, show: &Show, rig: &Rig, list: &CueList, number: CueNumber) {
        let first = self.cues.partition_point(|cue| cue.number < number);
        let is_same = list
            .cues()
            .get(..first)
            .is_some_and(|cues| cues.iter().map(|cue| cue.number).eq(self.cues[..first].iter().map(|cue| cue.number)));
        self.back_ms = list.back_ms;
        if !is_same || !self.resolve(show, rig, list, first) {
            *self = Self::new(show, rig, list);
        }
    }

    /// Resolves from the cue at `first` on. Returns whether every parameter was one of the list's.
    fn resolve(&mut self, show: &Show, rig: &Rig, list: &CueList, first: usize) -> bool {
        let mut pass = Pass::before(self, first);
        self.checkpoints.retain(|checkpoint| checkpoint.cue < first);
        self.cues.truncate(first);
        self.moves.truncate(self.cues.last().map_or(0, |cue| cue.moves_end));
        self.effects.truncate(self.cues.last().map_or(0, |cue| cue.effects_end));
        let mut has_effect = vec![false; self.parameters.len()];
        self.effect_places.iter().for_each(|place| has_effect[*place as usize] = true);
        let mut said = Vec::new();
        for cue in &list.cues()[first..] {
            said.clear();
            expand(show, rig, cue, &mut self.effects, &mut said);
            if !self.to_places(&mut said) {
                return false;
            }
            if !cue.look.effects.is_empty() {
                said.iter().for_each(|(place, cell)| has_effect[*place as usize] |= cell.is_effect());
            }
            pass.step(cue, &said, &mut self.moves);
            let index = self.cues.len();
            self.cues.push(TrackedCue {
                number: cue.number,
                timing: cue.timing,
                next: cue.next,
                is_assert: cue.is_assert,
                has_effects: !cue.look.effects.is_empty(),
                scenes: pass.scenes.clone(),
                is_cue_only: cue.is_cue_only,
                moves_end: self.moves.len(),
                effects_end: self.effects.len(),
            });
            let covered = self.checkpoints.last().map_or(0, |checkpoint| self.cues[checkpoint.cue].moves_end);
            if self.moves.len() - covered >= self.parameters.len() && !self.parameters.is_empty() {
                self.checkpoints.push(Checkpoint { cue: index, cells: pass.shown.clone() });
            }
        }
        self.effect_places = (0..).zip(&has_effect).filter(|(_, has)| **has).map(|(place, _)| place).collect();
        true
    }

    /// Turns parameters of the rig into places among those of the list; whether all were found. Both rise.
    fn to_places(&self, said: &mut [(ParameterIndex, Cell)]) -> bool {
        let mut from = 0;
        for (parameter, _) in said {
            let rest = &self.parameters[from..];
            let skipped = match rest.first() {
                Some(next) if next == parameter => 0,
                _ => match rest.binary_search(parameter) {
                    Ok(skipped) => skipped,
                    Err(_) => return false,
                },
            };
            *parameter = (from + skipped) as u32;
            from += skipped + 1;
        }
        true
    }

    fn moves_of(&self, index: usize) -> Range<usize> {
        index.checked_sub(1).map_or(0, |before| self.cues[before].moves_end)..self.cues[index].moves_end
    }
    /// The places that the cue at `index` moves, rising, and what it gives them.
    pub(crate) fn moves_into(&self, index: usize) -> impl Iterator<Item = (u32, Cell)> {
        let moves = self.moves_of(index);
        self.moves.places[moves.clone()].iter().copied().zip(self.moves.afters[moves].iter().copied())
    }
    /// The places that the cue at `index` moves, rising, and what they had before it.
    pub(crate) fn moves_out_of(&self, index: usize) -> impl Iterator<Item = (u32, Cell)> {
        let moves = self.moves_of(index);
        self.moves.places[moves.clone()].iter().copied().zip(self.moves.befores[moves].iter().copied())
    }
    /// What the list gives its parameters in the cue at `index`, or in none, into `cells`.
    pub(crate) fn picture(&self, index: Option<usize>, cells: &mut Vec<Cell>) {
        cells.clear();
        let Some(index) = index else {
            cells.resize(self.parameters.len(), Cell::NOTHING);
            return;
        };
        let known = self.checkpoints.partition_point(|checkpoint| checkpoint.cue <= index);
        let first = match known.checked_sub(1).and_then(|at| self.checkpoints.get(at)) {
            Some(checkpoint) => {
                cells.extend_from_slice(&checkpoint.cells);
                checkpoint.cue + 1
            }
            None => {
                cells.resize(self.parameters.len(), Cell::NOTHING);
                0
            }
        };
        for cue in first..=index {
            for (place, after) in self.moves_into(cue) {
                cells[place as usize] = after;
            }
        }
    }
    /// The cue with this number; where it is gone, the last one below it.
    pub(crate) fn index_of(&self, number: CueNumber) -> Option<usize> {
        self.cues.partition_point(|cue| cue.number <= number).checked_sub(1)
    }
    /// The cue with exactly this number.
    pub(crate) fn cue(&self, number: CueNumber) -> Option<&TrackedCue> {
        self.index_of(number).map(|at| &self.cues[at]).filter(|cue| cue.number == number)
    }
    /// The first cue above `number`, or of all.
    pub(crate) fn after(&self, number: Option<CueNumber>) -> Option<&TrackedCue> {
        self.cues.get(number.map_or(0, |number| self.cues.partition_point(|cue| cue.number <= number)))
    }
    /// The last cue below `number`.
    pub(crate) fn before(&self, number: CueNumber) -> Option<&TrackedCue> {
        self.cues.partition_point(|cue| cue.number < number).checked_sub(1).map(|at| &self.cues[at])
    }
    /// The cue at or before `index` that brought what the place has there.
    pub(crate) fn source(&self, index: usize, place: u32) -> Option<CueNumber> {
        let moved = |cue: &usize| self.moves.places[self.moves_of(*cue)].binary_search(&place).is_ok();
        (0..=index).rev().find(moved).map(|cue| self.cues[cue].number)
    }
}

/// The state of one pass over the cues.
struct Pass {
    /// What the last cue shows.
    shown: Vec<Cell>,
    /// What tracks into the next one.
    tracked: Vec<Cell>,
    /// Places where the two differ, or more.
    differing: Vec<u32>,
    scenes: Vec<SceneSource>,
    tracked_scenes: Vec<SceneSource>,
}

impl Pass {
    /// The state before the cue at `first`.
    fn before(list: &Tracked, first: usize) -> Self {
        let (mut shown, mut tracked) = (Vec::new(), Vec::new());
        let last = first.checked_sub(1);
        let last_tracking = (0..first).rev().find(|at| !list.cues[*at].is_cue_only);
        list.picture(last, &mut shown);
        list.picture(last_tracking, &mut tracked);
        let differing = (0..).zip(shown.iter().zip(&tracked)).filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
        let scenes = |at: Option<usize>| at.map(|at| list.cues[at].scenes.clone()).unwrap_or_default();
        Self { shown, tracked, differing, scenes: scenes(last), tracked_scenes: scenes(last_tracking) }
    }

    /// One cue, which says `said`: appends what it moves.
    fn step(&mut self, cue: &Cue, said: &[(u32, Cell)], moves: &mut Moves) {
        let mut candidates = core::mem::take(&mut self.differing);
        if cue.is_block {
            candidates = (0..self.shown.len() as u32).collect();
        } else {
            candidates.extend(said.iter().map(|(place, _)| *place));
            if !candidates.is_sorted() {
                candidates.sort_unstable();
            }
            candidates.dedup();
        }
        let mut said = said.iter().peekable();
        for place in candidates.iter().copied() {
            let at = place as usize;
            let spoken = said.next_if(|(spoken, _)| *spoken == place).map(|(_, cell)| *cell);
            let after = spoken.unwrap_or(if cue.is_block { Cell::NOTHING } else { self.tracked[at] });
            let before = self.shown[at];
            if before != after {
                moves.push(place, before, after);
                self.shown[at] = after;
            }
            if !cue.is_cue_only {
                self.tracked[at] = after;
            }
        }
        if cue.is_cue_only {
            self.differing = candidates;
        }
        self.step_scenes(cue);
    }

    fn step_scenes(&mut self, cue: &Cue) {
        let mut scenes = if cue.is_block { Vec::new() } else { self.tracked_scenes.clone() };
        for content in &cue.look.scenes {
            let source = SceneSource { target: content.target.clone(), cue: cue.number, scene: content.scene.clone() };
            match scenes.binary_search_by(|known| known.target.cmp(&source.target)) {
                Ok(at) => scenes[at] = source,
                Err(at) => scenes.insert(at, source),
            }
        }
        if !cue.is_cue_only {
            self.tracked_scenes.clone_from(&scenes);
        }
        self.scenes = scenes;
    }
}
