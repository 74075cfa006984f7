//! The operator's commands.

use cuelight_wire::time::{Show, Span, Time};

use super::{Playback, Playbacks, Run};
use crate::list::ListNumber;
use crate::number::CueNumber;
use crate::score::{Score, Tracked};

/// A command that cannot be done. The state is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such list.
    #[error("there is no cue list {0}")]
    NoList(ListNumber),
    /// No such cue.
    #[error("there is no cue {1} in list {0}")]
    NoCue(ListNumber, CueNumber),
    /// GO in the last cue.
    #[error("cue {1} is the last of list {0}: go to another cue, or release the list")]
    AtEnd(ListNumber, CueNumber),
    /// GO in an empty list.
    #[error("list {0} has no cues")]
    Empty(ListNumber),
    /// BACK, pause or release of a list that does nothing.
    #[error("list {0} is not running: start it with GO")]
    NotRunning(ListNumber),
    /// Pause of a list that is paused.
    #[error("list {0} is paused already: GO or resume lets it go on")]
    IsPaused(ListNumber),
    /// Resume of a list that is not paused.
    #[error("list {0} is not paused")]
    NotPaused(ListNumber),
}

impl Playbacks {
    /// GO: starts the next cue of a list, the first when it does nothing; a list that is paused goes on instead. Returns the
    /// cue that is current then.
    pub fn go(&mut self, score: &Score, list: ListNumber, at: Time<Show>) -> Result<CueNumber, CommandError> {
        let at = self.settle(score, at);
        let tracked = known(score, list)?;
        if let Some(playback) = self.list(list).filter(|playback| playback.paused_at.is_some()) {
            let current = playback.current();
            self.unpause(list, at);
            if let Some(current) = current {
                return Ok(current);
            }
        }
        let current = self.list(list).and_then(Playback::current);
        let none = current.map_or(CommandError::Empty(list), |cue| CommandError::AtEnd(list, cue));
        let next = tracked.after(current).ok_or(none)?.number;
        self.run(score, list, Some(next), at, None, true);
        Ok(next)
    }
    /// Starts any cue of a list, with `fade_ms` in place of its times if given. A list that is paused goes on.
    pub fn go_to(
        &mut self,
        score: &Score,
        list: ListNumber,
        cue: CueNumber,
        fade_ms: Option<u32>,
        at: Time<Show>,
    ) -> Result<(), CommandError> {
        let at = self.settle(score, at);
        known(score, list)?.cue(cue).ok_or(CommandError::NoCue(list, cue))?;
        self.unpause(list, at);
        self.run(score, list, Some(cue), at, fade_ms, true);
        Ok(())
    }
    /// BACK: goes to the cue before the current one in the list's own time for that, or out of the first. The next cue
    /// does not begin by itself then. Returns the cue that is current then.
    pub fn back(&mut self, score: &Score, list: ListNumber, at: Time<Show>) -> Result<Option<CueNumber>, CommandError> {
        let at = self.settle(score, at);
        let tracked = known(score, list)?;
        let current = self.list(list).and_then(Playback::current).ok_or(CommandError::NotRunning(list))?;
        let before = tracked.before(current).map(|cue| cue.number);
        self.unpause(list, at);
        self.run(score, list, before, at, Some(tracked.back_ms), false);
        Ok(before)
    }
    /// Stops fades, follows and hangs of a list where they are. Effects go on.
    pub fn pause(&mut self, score: &Score, list: ListNumber, at: Time<Show>) -> Result<(), CommandError> {
        let at = self.settle(score, at);
        known(score, list)?;
        let playback = self.lists.iter_mut().find(|playback| playback.list == list && !playback.runs.is_empty());
        let playback = playback.ok_or(CommandError::NotRunning(list))?;
        if playback.paused_at.is_some() {
            return Err(CommandError::IsPaused(list));
        }
        playback.paused_at = Some(at);
        Ok(())
    }
    /// Lets a paused list go on from where it stands.
    pub fn resume(&mut self, score: &Score, list: ListNumber, at: Time<Show>) -> Result<(), CommandError> {
        let at = self.settle(score, at);
        known(score, list)?;
        if self.unpause(list, at) { Ok(()) } else { Err(CommandError::NotPaused(list)) }
    }
    /// Lets go of everything a list holds: other lists or the defaults take over, within `fade_ms`. GO begins with the
    /// first cue again.
    pub fn release(
        &mut self,
        score: &Score,
        list: ListNumber,
        fade_ms: u32,
        at: Time<Show>,
    ) -> Result<(), CommandError> {
        let at = self.settle(score, at);
        known(score, list)?;
        self.list(list).and_then(Playback::current).ok_or(CommandError::NotRunning(list))?;
        self.unpause(list, at);
        self.run(score, list, None, at, Some(fade_ms), false);
        Ok(())
    }

    /// Brings the state up to `at`. A command never holds before one that was given earlier: returns the instant it has.
    pub fn settle(&mut self, score: &Score, at: Time<Show>) -> Time<Show> {
        let at = at.max(self.holds_from);
        self.advance(score, at);
        self.holds_from = at;
        at
    }
    fn unpause(&mut self, list: ListNumber, at: Time<Show>) -> bool {
        let Some(playback) = self.lists.iter_mut().find(|playback| playback.list == list) else { return false };
        let Some(paused_at) = playback.paused_at.take() else { return false };
        playback.held = playback.held + at.since(paused_at);
        true
    }
    fn run(
        &mut self,
        score: &Score,
        list: ListNumber,
        cue: Option<CueNumber>,
        at: Time<Show>,
        fade_ms: Option<u32>,
        follows: bool,
    ) {
        let held = self.list(list).map_or(Span::ZERO, |playback| playback.held);
        self.start(score, list, Run { cue, started_at: at, held, fade_ms, follows });
        // What follows at once has begun with it.
        self.advance(score, at);
    }
}

fn known(score: &Score, list: ListNumber) -> Result<&Tracked, CommandError> {
    score.list(list).ok_or(CommandError::NoList(list))
}
