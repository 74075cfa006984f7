//! Steps from one state to the next, as they travel (`docs/protocol/97-cues.md`): hub and nodes carry out the same ones and
//! come to the same state.

use cuelight_wire::cues::{CueOrder, CueStep, Deed};
use cuelight_wire::time::{Show, Span, Time};

use super::{CommandError, Playbacks};
use crate::list::ListNumber;
use crate::number::CueNumber;
use crate::score::Score;

/// A step that cannot be carried out here. The state may be anything: it is to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStep {
    /// The show does not have what it is for.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It names a cue that can be none.
    #[error("{0} thousandths are the number of no cue")]
    NoNumber(u32),
    /// It is not told in a packet.
    #[error("the step is not told, the state is to be fetched")]
    Untold,
}

impl Playbacks {
    /// Carries out an order. Returns the cue that the list is in then.
    ///
    /// # Errors
    /// When it cannot be done; the lists do what they did, brought up to `at`.
    pub fn execute(
        &mut self,
        score: &Score,
        list: ListNumber,
        order: CueOrder,
        at: Time<Show>,
    ) -> Result<Option<CueNumber>, BadStep> {
        match order {
            CueOrder::Go => return Ok(Some(self.go(score, list, at)?)),
            CueOrder::Back => return Ok(self.back(score, list, at)?),
            CueOrder::GoTo { cue_milli, fade_ms } => {
                let cue = CueNumber::from_milli(cue_milli).ok_or(BadStep::NoNumber(cue_milli))?;
                self.go_to(score, list, cue, fade_ms, at)?;
            }
            CueOrder::Pause => self.pause(score, list, at)?,
            CueOrder::Resume => self.resume(score, list, at)?,
            CueOrder::Release { fade_ms } => self.release(score, list, fade_ms, at)?,
        }
        Ok(self.list(list).and_then(super::Playback::current))
    }

    /// Carries out a step of the hub's.
    ///
    /// # Errors
    /// When it cannot be done here.
    pub fn follow_step(&mut self, score: &Score, step: &CueStep) -> Result<(), BadStep> {
        let Deed::Order { list, order } = step.deed else { return Err(BadStep::Untold) };
        self.execute(score, ListNumber(list), order, step.at).map(drop)
    }

    /// Every instant later by `by`, or earlier where negative: show time was set anew.
    pub fn shift(&mut self, by: Span) {
        self.holds_from += by;
        for playback in &mut self.lists {
            playback.runs.iter_mut().for_each(|run| run.started_at += by);
            playback.anchors.iter_mut().for_each(|anchor| anchor.at += by);
            if let Some(at) = &mut playback.paused_at {
                *at += by;
            }
        }
    }
}
