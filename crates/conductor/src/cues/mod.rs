//! What is played of a show: the playbacks, the steps that led to them, and how nodes are told (`docs/protocol/97-cues.md`).
//!
//! The state is the playbacks as the newest step left them; what follows by itself is worked out from them by whoever
//! looks, here too. So hub and nodes hold the same bytes, and one hash says so (CUE-3).

mod saved;
mod scenes;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use cuelight_show::{CueNumber, ListNumber, Playbacks, Score};
use cuelight_wire::cues::{CueOrder, CueState, CueStep, Deed, MAX_STEPS, ShowId};
use cuelight_wire::ids::Revision;
use cuelight_wire::stream::cues::{self, MAX_LEN};
use cuelight_wire::time::{Show, Time};

pub use saved::{SavedCues, SavedScene};
pub(crate) use scenes::Shown;

use crate::command::CommandError;

/// A show made ready to be played. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    /// Which it is.
    pub id: ShowId,
    /// What its author wrote, for those who name cues.
    pub show: Arc<cuelight_show::Show>,
    /// The whole of it, resolved.
    pub score: Arc<Score>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.id).finish()
    }
}

impl PartialEq for Program {
    /// Shows of one digest are one.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl Eq for Program {}

/// Another show in place of the one that is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The show.
    pub program: Program,
    /// Whether the lists go on with what they do, as after an edit; else every list begins anew.
    pub keeps_playbacks: bool,
    /// A cue that has another number now: what runs goes on under it.
    pub renumbered: Option<(ListNumber, CueNumber, CueNumber)>,
}

impl Load {
    /// The same, equal to it, with nothing of the show but which it is.
    pub(crate) fn without_show(self) -> Self {
        let program = Program { id: self.program.id, show: Arc::default(), score: Arc::default() };
        Self { program, ..self }
    }
}

/// What the API shows of the cues. What follows by itself is to be worked out from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CuesSnapshot {
    /// The show that is loaded.
    pub program: Option<Program>,
    /// What its lists do, as the newest step left it.
    pub playbacks: Arc<Playbacks>,
    /// The number of the newest step.
    pub number: u32,
    /// From when it holds.
    pub from: Time<Show>,
}

/// The cues.
#[derive(Debug)]
pub(crate) struct Cues {
    program: Option<Program>,
    /// As the newest step left them.
    playbacks: Arc<Playbacks>,
    number: u32,
    /// The newest steps, oldest first.
    steps: heapless::Vec<CueStep, MAX_STEPS>,
    payload: heapless::Vec<u8, MAX_LEN>,
    /// The playbacks as far as scenes were looked for.
    walk: Playbacks,
    /// When scenes have to be looked for again.
    look_at: Option<Time<Show>>,
    /// Scenes that cues have put in force, at most one for each target.
    shown: Vec<Shown>,
    /// The show that was saved as loaded, until the shell gives it.
    wanted: Option<ShowId>,
}

impl Cues {
    pub(crate) fn new() -> Self {
        Self {
            program: None,
            playbacks: Arc::default(),
            number: 0,
            steps: heapless::Vec::new(),
            payload: heapless::Vec::new(),
            walk: Playbacks::default(),
            look_at: None,
            shown: Vec::new(),
            wanted: None,
        }
    }
    /// The packet's payload; empty before the first show was loaded.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }
    /// The number of the newest step.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }
    /// From when the newest step holds.
    pub(crate) fn newest_at(&self) -> Time<Show> {
        self.steps.last().map_or(self.playbacks.holds_from(), |step| step.at)
    }
    /// The applyAt of the oldest step that is announced and not in force.
    pub(crate) fn pending_at(&self, now: Time<Show>) -> Option<Time<Show>> {
        self.steps.iter().map(|step| step.at).find(|at| *at > now)
    }
    /// What is shown.
    pub(crate) fn snapshot(&self) -> CuesSnapshot {
        CuesSnapshot {
            program: self.program.clone(),
            playbacks: self.playbacks.clone(),
            number: self.number,
            from: self.newest_at(),
        }
    }
    /// From when an order can hold that could hold from `at` on: not before what has followed by itself, because the scenes
    /// of that are announced.
    fn earliest(&self, at: Time<Show>) -> Time<Show> {
        at.max(self.walk.holds_from()).max(self.newest_at())
    }
    /// An order to a list. Returns the cue it is in then, and from when.
    pub(crate) fn order(
        &mut self,
        list: ListNumber,
        order: CueOrder,
        rev: Revision,
        at: Time<Show>,
    ) -> Result<(Option<CueNumber>, Time<Show>), CommandError> {
        let program = self.program.as_ref().ok_or(CommandError::NoShow)?;
        let at = self.earliest(at);
        let mut playbacks = (*self.playbacks).clone();
        let cue = playbacks.execute(&program.score, list, order, at)?;
        self.reach(playbacks, CueStep { rev, at, deed: Deed::Order { list: list.0, order } })?;
        Ok((cue, at))
    }
    /// Another show, or an edited one. Returns from when.
    pub(crate) fn load(&mut self, load: &Load, rev: Revision, at: Time<Show>) -> Result<Time<Show>, CommandError> {
        let at = self.earliest(at);
        let mut playbacks = Playbacks::default();
        if let Some(program) = self.program.as_ref().filter(|_| load.keeps_playbacks) {
            // What followed before the edit followed by the show as it was then.
            playbacks = (*self.playbacks).clone();
            playbacks.settle(&program.score, at);
            if let Some((list, from, to)) = load.renumbered {
                playbacks.renumber(list, from, to);
            }
        } else {
            playbacks.settle(&load.program.score, at);
        }
        self.reach(playbacks, CueStep { rev, at, deed: Deed::Whole })?;
        self.program = Some(load.program.clone());
        self.encode();
        Ok(at)
    }
    /// No show any more. Returns from when.
    pub(crate) fn unload(&mut self, rev: Revision, at: Time<Show>) -> Result<Time<Show>, CommandError> {
        if self.program.is_none() {
            return Err(CommandError::NoShow);
        }
        let at = self.earliest(at);
        self.reach(Playbacks::default(), CueStep { rev, at, deed: Deed::Whole })?;
        self.program = None;
        self.encode();
        Ok(at)
    }
    /// The state after `step`.
    fn reach(&mut self, playbacks: Playbacks, step: CueStep) -> Result<(), CommandError> {
        self.number = self.number.checked_add(1).ok_or(CommandError::Exhausted)?;
        if step.deed == Deed::Whole {
            // Nobody can come here by the steps before it.
            self.steps.clear();
        } else if self.steps.is_full() {
            self.steps.remove(0);
        }
        self.steps.push(step).expect("there is room: the oldest was removed");
        self.walk.clone_from(&playbacks);
        self.playbacks = Arc::new(playbacks);
        // Scenes are looked for at the next occasion.
        self.look_at = Some(step.at);
        self.encode();
        Ok(())
    }
    fn encode(&mut self) {
        let state = CueState {
            show: self.program.as_ref().map(|program| program.id),
            number: self.number,
            hash: self.playbacks.fingerprint(),
            steps: self.steps.clone(),
        };
        self.payload.resize_default(MAX_LEN).expect("MAX_LEN is the capacity");
        let len = cues::encode(&state, &mut self.payload).expect("MAX_LEN is always enough");
        self.payload.truncate(len);
    }
    /// Show time was set anew: what lies after `limit` belongs to another timeline and goes on from `now`.
    pub(crate) fn rebase(&mut self, now: Time<Show>, limit: Time<Show>) {
        if self.newest_at() <= limit {
            return;
        }
        let by = now - self.newest_at();
        let mut playbacks = (*self.playbacks).clone();
        playbacks.shift(by);
        self.shown.iter_mut().for_each(|shown| shown.at += by);
        let rev = self.steps.last().map(|step| step.rev).unwrap_or_default();
        // Numbers are far from used up; were they, the state would only keep its number.
        let _ = self.reach(playbacks, CueStep { rev, at: now, deed: Deed::Whole });
    }
}
