//! The score: a show made ready to be played.
//!
//! Tracking is resolved ahead: for every cue the parameters it moves, with what they had before and have then, and here and
//! there the whole picture of a list, so that any cue is a short way from one. GO then touches what moves and nothing else.

mod expand;
mod tracked;

use alloc::vec::Vec;

use crate::list::ListNumber;
use crate::number::CueNumber;
use crate::rig::Rig;
use crate::show::Show;

pub(crate) use tracked::{SceneSource, Tracked};

/// What was changed in a show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// Cues of one list, none below this number; no cue names slots or fixtures that no cue of the list named before.
    Cues(ListNumber, CueNumber),
    /// Cues of one list.
    List(ListNumber),
    /// Fixtures, patch, groups, lists, or which slots cues name.
    Everything,
}

/// A show made ready to be played by one machine.
#[derive(Clone, Debug, Default)]
pub struct Score {
    rig: Rig,
    lists: Vec<Tracked>,
    revision: u64,
}

impl Score {
    /// The whole show.
    pub fn new(show: &Show) -> Self {
        Self::for_universes(show, |_| true)
    }
    /// The part of the show that lies in the universes that `is_mine` takes.
    pub fn for_universes(show: &Show, is_mine: impl Fn(u16) -> bool) -> Self {
        let rig = Rig::new(show, is_mine);
        let lists = show.lists.iter().map(|list| Tracked::new(show, &rig, list)).collect();
        Self { rig, lists, revision: 0 }
    }
    /// Takes over what was changed in `show`. The result is that of [`Self::for_universes`] on the changed show.
    pub fn update(&mut self, show: &Show, edited: Edited, is_mine: impl Fn(u16) -> bool) {
        let revision = self.revision + 1;
        let changed = match edited {
            Edited::Cues(list, _) | Edited::List(list) => {
                show.list(list).zip(self.lists.iter_mut().find(|tracked| tracked.number == list))
            }
            Edited::Everything => None,
        };
        match (edited, changed) {
            (Edited::Cues(_, from), Some((list, tracked))) => tracked.resolve_from(show, &self.rig, list, from),
            (Edited::List(_), Some((list, tracked))) => *tracked = Tracked::new(show, &self.rig, list),
            _ => *self = Self::for_universes(show, is_mine),
        }
        self.revision = revision;
    }
    /// The parameters and universes it works out.
    pub const fn rig(&self) -> &Rig {
        &self.rig
    }
    /// Counts updates.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }
    pub(crate) fn lists(&self) -> &[Tracked] {
        &self.lists
    }
    pub(crate) fn list(&self, number: ListNumber) -> Option<&Tracked> {
        self.lists.iter().find(|list| list.number == number)
    }
}
