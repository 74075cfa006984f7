//! Changes of cue lists, and what a score has to resolve anew after them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::cell::Content;
use crate::cue::{Cue, Instruction, Look, SceneContent, Target, Value};
use crate::fixture::Address;
use crate::list::{CueList, InsertError, ListNumber, MAX_CUES};
use crate::number::CueNumber;
use crate::score::{Edited, Score, Tracked};
use crate::show::Show;

/// A change of a cue list.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Adds a cue; its number must be free.
    Insert(Cue),
    /// Puts a cue in the place of the one with its number.
    Replace(Cue),
    /// Takes a cue out. What it set no longer tracks into those after it.
    Delete(CueNumber),
    /// Gives a cue another number, which must be free, and so perhaps another place.
    Renumber {
        /// The number it has.
        from: CueNumber,
        /// The number it gets.
        to: CueNumber,
    },
    /// Sets levels.
    Update {
        /// In which cue.
        cue: CueNumber,
        /// To what.
        instructions: Vec<Instruction>,
        /// Each where it came from: in the cue from which the level tracks, not in the one in which it is seen.
        at_source: bool,
    },
    /// Lets a cue leave out what it says for these: they track again.
    Unset {
        /// Which cue.
        cue: CueNumber,
        /// What for.
        targets: Vec<Target>,
    },
    /// Makes a block of a cue: everything that tracks into it becomes its own, and nothing tracks into it from now on. An
    /// effect that tracked into it begins anew with it.
    Block(CueNumber),
    /// Lets tracks into a cue again. What it says itself stays.
    Unblock(CueNumber),
}

/// A change that cannot be made. The show is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// No such list.
    #[error("there is no cue list {0}")]
    NoList(ListNumber),
    /// No such cue.
    #[error("there is no cue {1} in list {0}")]
    NoCue(ListNumber, CueNumber),
    /// The number is taken.
    #[error("list {0} has a cue {1}: choose another number, or replace it")]
    Taken(ListNumber, CueNumber),
    /// The list is full.
    #[error("list {0} has {MAX_CUES} cues already: delete one, or begin another list")]
    Full(ListNumber),
}

impl Show {
    /// Changes a cue list. Returns what a score has to resolve anew ([`Score::update`]).
    pub fn edit(&mut self, list: ListNumber, edit: Edit) -> Result<Edited, EditError> {
        let resolved = matches!(edit, Edit::Block(_)).then(|| Score::new(self));
        let index = self.list_index(list).ok_or(EditError::NoList(list))?;
        let before = touched_slots(&self.lists[index], &edit).then(|| self.loose_slots());
        let cues = &mut self.lists[index];
        let first = match edit {
            Edit::Insert(cue) => insert(cues, cue)?,
            Edit::Replace(cue) => {
                let number = cue.number;
                *existing(cues, number)? = cue;
                number
            }
            Edit::Delete(number) => cues.remove(number).map(|cue| cue.number).ok_or(EditError::NoCue(list, number))?,
            Edit::Renumber { from, to } => renumber(cues, from, to)?,
            Edit::Update { cue, instructions, at_source } => update(cues, cue, instructions, at_source)?,
            Edit::Unset { cue, targets } => {
                let look = &mut existing(cues, cue)?.look;
                targets.into_iter().for_each(|target| {
                    look.unset(target);
                });
                cue
            }
            Edit::Block(number) => {
                existing(cues, number)?;
                if let Some(tracked) = resolved.as_ref().and_then(|score| score.list(list)) {
                    let look = whole_look(cues, resolved.as_ref(), tracked, number);
                    existing(cues, number)?.look = look;
                }
                existing(cues, number)?.is_block = true;
                number
            }
            Edit::Unblock(number) => {
                existing(cues, number)?.is_block = false;
                number
            }
        };
        let is_same_rig = before.is_none_or(|before| before == self.loose_slots());
        Ok(if is_same_rig { Edited::Cues(list, first) } else { Edited::Everything })
    }

    /// Every slot that cues name.
    fn loose_slots(&self) -> BTreeSet<Address> {
        let cues = self.lists.iter().flat_map(|list| list.cues());
        cues.flat_map(|cue| &cue.look.instructions).filter_map(slot).collect()
    }
}

fn slot(instruction: &Instruction) -> Option<Address> {
    if let Target::Slot(address) = instruction.target { Some(address) } else { None }
}

/// Whether a change may add or remove slots that cues name.
fn touched_slots(list: &CueList, edit: &Edit) -> bool {
    let has_slots = |instructions: &[Instruction]| instructions.iter().any(|i| slot(i).is_some());
    let cue_has = |number| list.cue(number).is_some_and(|cue| has_slots(&cue.look.instructions));
    match edit {
        Edit::Insert(cue) => has_slots(&cue.look.instructions),
        Edit::Replace(cue) => has_slots(&cue.look.instructions) || cue_has(cue.number),
        Edit::Delete(number) => cue_has(*number),
        Edit::Update { instructions, .. } => has_slots(instructions),
        Edit::Unset { cue, .. } => cue_has(*cue),
        Edit::Renumber { .. } | Edit::Block(_) | Edit::Unblock(_) => false,
    }
}

fn existing(list: &mut CueList, number: CueNumber) -> Result<&mut Cue, EditError> {
    let of = list.number;
    list.cue_mut(number).ok_or(EditError::NoCue(of, number))
}

fn insert(list: &mut CueList, cue: Cue) -> Result<CueNumber, EditError> {
    let (of, number) = (list.number, cue.number);
    list.insert(cue).map(|_| number).map_err(|why| match why {
        InsertError::Taken => EditError::Taken(of, number),
        InsertError::Full => EditError::Full(of),
    })
}

/// Returns the lower of the two numbers.
fn renumber(list: &mut CueList, from: CueNumber, to: CueNumber) -> Result<CueNumber, EditError> {
    existing(list, from)?;
    if from != to && list.cue(to).is_some() {
        return Err(EditError::Taken(list.number, to));
    }
    if let Some(cue) = list.remove(from) {
        // There is room: one has just been taken out, and the number is free.
        let _ = list.insert(Cue { number: to, ..cue });
    }
    Ok(from.min(to))
}

/// Returns the lowest cue that was changed.
fn update(
    list: &mut CueList,
    cue: CueNumber,
    instructions: Vec<Instruction>,
    at_source: bool,
) -> Result<CueNumber, EditError> {
    existing(list, cue)?;
    let mut first = cue;
    for instruction in instructions {
        let number = if at_source { source(list, cue, instruction.target) } else { cue };
        existing(list, number)?.look.set(instruction);
        first = first.min(number);
    }
    Ok(first)
}

/// The cue from which a target's level tracks into `cue`; `cue` itself where nothing does.
fn source(list: &CueList, cue: CueNumber, target: Target) -> CueNumber {
    for before in list.cues().iter().rev().skip_while(|before| before.number > cue) {
        let is_seen = before.number == cue || !before.is_cue_only;
        if is_seen && before.look.get(target).is_some() {
            return before.number;
        }
        if is_seen && before.is_block {
            break;
        }
    }
    cue
}

/// What a cue says when it says everything that is seen in it.
fn whole_look(list: &CueList, score: Option<&Score>, tracked: &Tracked, number: CueNumber) -> Look {
    let (Some(score), Some(index)) = (score, tracked.index_of(number)) else { return Look::default() };
    let mut picture = Vec::new();
    tracked.picture(Some(index), &mut picture);
    let mut used = alloc::vec![false; tracked.effects.len()];
    let mut instructions = Vec::new();
    for (cell, parameter) in picture.iter().zip(&tracked.parameters) {
        let target = score.rig().parameters()[*parameter as usize].target;
        match cell.content() {
            Content::Level(level) => instructions.push(Instruction { target, value: Value::Level(level) }),
            Content::Effect { effect, .. } => used[effect] = true,
            // In a block what is not said is released; said, it also holds over an effect.
            Content::Nothing => instructions.push(Instruction { target, value: Value::Release }),
        }
    }
    let contents = tracked
        .effects
        .iter()
        .zip(used)
        .filter(|(_, used)| *used)
        .filter_map(|(effect, _)| list.cue(effect.cue)?.look.effects.get(effect.content).cloned());
    let scenes = &tracked.cues[index].scenes;
    Look {
        effects: contents.collect(),
        scenes: scenes.iter().map(|s| SceneContent { target: s.target.clone(), scene: s.scene.clone() }).collect(),
        ..Look::from_instructions(instructions)
    }
}
