//! A node follows the cues of its hub (`docs/protocol/97-cues.md`).
//!
//! The stream tells which show is played, the number and the hash of the playbacks, and the newest steps that led there. A
//! node that has the state before them carries them out and compares (CUE-4); one that has not, or comes to another hash,
//! fetches the show, or the playbacks whole (CUE-5). A machine: whoever drives it fetches what [`Follower::poll_want`] says
//! and plays what [`Follower::poll_playing`] gives, in their order.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use cuelight_wire::control::CueReport;
use cuelight_wire::cues::{CueState, CueStep, ShowId};
use cuelight_wire::time::{Local, Show, Span, Time};
use serde::{Deserialize, Serialize};

use crate::playback::{Playbacks, ns};
use crate::score::Score;

/// How often something is fetched again before the hub is told that it cannot be had (CUE-7).
pub const RETRIES: u32 = 3;
/// The pause before the first of them; it doubles.
const FIRST_PAUSE: Span = Span::from_ms(500);
/// The pauses after the last of them: it may be the network, which comes back.
const LATER_PAUSE: Span = Span::from_ms(10_000);
/// States that wait to be fetched by the driver. A packet leads to at most eight; the oldest goes first.
const WAITING: usize = 16;

/// The playbacks as the hub tells them over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// The show they are of; none when no show is loaded.
    pub show: Option<ShowId>,
    /// The number of the newest step.
    pub number: u32,
    /// From when they hold: the newest step's applyAt.
    #[serde(rename = "from_ns", with = "ns")]
    pub from: Time<Show>,
    /// What the lists do, as the newest step left it.
    pub playbacks: Playbacks,
}

/// What has to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A show, made ready to be played; to be answered by [`Follower::handle_score`].
    Score(ShowId),
    /// The playbacks; to be answered by [`Follower::handle_whole`].
    Whole,
}

/// What is to be played from an instant on.
#[derive(Clone, Debug)]
pub struct Playing {
    /// The show; an empty one when none is loaded.
    pub score: Arc<Score>,
    /// What its lists do.
    pub playbacks: Playbacks,
    /// From when.
    pub from: Time<Show>,
}

/// The state that was reached.
#[derive(Clone, Debug)]
struct Held {
    show: ShowId,
    score: Arc<Score>,
    number: u32,
    hash: u64,
    playbacks: Playbacks,
}

/// Follows the cues of a hub.
#[derive(Debug, Default)]
pub struct Follower {
    /// What the stream said last.
    heard: Option<CueState>,
    held: Option<Held>,
    /// The newest show that is ready.
    score: Option<(ShowId, Arc<Score>)>,
    /// The hub is another run, which may not know the newest steps any more.
    is_new_hub: bool,
    /// What was asked for and has not been answered.
    asked: Option<Want>,
    failures: u32,
    retry_at: Option<Time<Local>>,
    late: u32,
    /// At most [`WAITING`].
    playing: VecDeque<Playing>,
}

impl Follower {
    /// The hub is another run. What is played goes on until the stream says what holds now.
    pub fn handle_new_hub(&mut self) {
        self.is_new_hub = true;
        self.heard = None;
        self.forgive();
    }

    /// The stream has brought a state, at `show_now` where show time is known.
    pub fn handle_state(&mut self, state: &CueState, show_now: Option<Time<Show>>) {
        if self.heard.as_ref() == Some(state) {
            return;
        }
        self.heard = Some(state.clone());
        self.forgive();
        self.settle(show_now);
    }

    /// A show is ready that was wanted.
    pub fn handle_score(&mut self, show: ShowId, score: Arc<Score>, show_now: Option<Time<Show>>) {
        self.asked = None;
        self.score = Some((show, score));
        self.settle(show_now);
    }

    /// The playbacks came that were wanted. Such as are of another show than the stream says, or lead to another state, are
    /// asked for again.
    pub fn handle_whole(&mut self, whole: Whole, show_now: Option<Time<Show>>, now: Time<Local>) {
        self.asked = None;
        let Some(heard) = &self.heard else { return };
        let ready = self.score.as_ref().filter(|(show, _)| Some(*show) == heard.show && whole.show == heard.show);
        let Some((show, score)) = ready else { return self.handle_failure(now) };
        let Whole { number, from, playbacks, .. } = whole;
        let hash = playbacks.fingerprint();
        // What a node missed while it followed comes late; what was before it came is not lateness.
        let was_following = self.held.as_ref().is_some_and(|held| held.show == *show && held.number < number);
        if was_following && !self.is_new_hub && show_now.is_some_and(|now| from < now) {
            self.late = self.late.saturating_add(1);
        }
        let held = Held { show: *show, score: score.clone(), number, hash, playbacks };
        self.take(held, from);
        self.settle(show_now);
        // What the stream said last must be what was fetched, unless that is newer.
        if self.is_behind() {
            self.handle_failure(now);
        }
    }

    /// What was wanted could not be had.
    pub fn handle_failure(&mut self, now: Time<Local>) {
        self.asked = None;
        self.failures = self.failures.saturating_add(1);
        let pause = match self.failures {
            n @ 1..=RETRIES => FIRST_PAUSE.times(1 << (n - 1)),
            _ => LATER_PAUSE,
        };
        self.retry_at = Some(now + pause);
    }

    /// What has to be fetched; one thing at a time.
    pub fn poll_want(&mut self, now: Time<Local>) -> Option<Want> {
        if self.asked.is_some() || self.retry_at.is_some_and(|at| now < at) || !self.is_behind() {
            return None;
        }
        let show = self.heard.as_ref()?.show?;
        let is_ready = self.score.as_ref().is_some_and(|(ready, _)| *ready == show);
        self.asked = Some(if is_ready { Want::Whole } else { Want::Score(show) });
        self.asked
    }

    /// The next thing to play: from its instant on, over what was given before.
    pub fn poll_playing(&mut self) -> Option<Playing> {
        self.playing.pop_front()
    }

    /// When [`Self::poll_want`] is to be called again.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        self.retry_at.filter(|_| self.asked.is_none() && self.is_behind())
    }

    /// What the hub is told; nothing before any cue was heard of.
    pub fn report(&self) -> Option<CueReport> {
        if self.heard.is_none() && self.held.is_none() {
            return None;
        }
        let number = match (&self.held, &self.heard) {
            (Some(held), _) => held.number,
            (None, Some(heard)) if heard.show.is_none() => heard.number,
            (None, _) => 0,
        };
        Some(CueReport { number, late: self.late, failed: self.failures > RETRIES })
    }

    /// The show that is followed, if any.
    pub fn show(&self) -> Option<ShowId> {
        self.held.as_ref().map(|held| held.show)
    }

    /// Whether what is played is not what the stream says.
    fn is_behind(&self) -> bool {
        let Some(heard) = &self.heard else { return false };
        match (&self.held, heard.show) {
            (None, None) => false,
            (Some(held), Some(show)) if held.show == show => {
                let is_newer = held.number > heard.number && !self.is_new_hub;
                !is_newer && (held.number, held.hash) != (heard.number, heard.hash)
            }
            _ => true,
        }
    }

    /// Comes as far as can be with what is here.
    fn settle(&mut self, show_now: Option<Time<Show>>) {
        let Some(heard) = self.heard.clone() else { return };
        let newest_at = heard.steps.last().map_or(Time::ZERO, |step| step.at);
        let Some(show) = heard.show else {
            if self.held.take().is_some() {
                self.give(Playing { score: Arc::default(), playbacks: Playbacks::default(), from: newest_at });
            }
            return self.is_in_step();
        };
        let Some(held) = self.held.clone().filter(|held| held.show == show) else { return };
        if let Some(steps) = heard.steps_after(held.number)
            && !self.carry_out(held, steps, heard.hash, show_now)
        {
            // Another state than the hub's: it is fetched.
            return;
        }
        if !self.is_behind() {
            self.is_in_step();
        }
    }

    /// Carries out `steps`. What comes to another hash is not played.
    fn carry_out(&mut self, mut held: Held, steps: &[CueStep], hash: u64, show_now: Option<Time<Show>>) -> bool {
        let mut states = VecDeque::new();
        for step in steps {
            if held.playbacks.follow_step(&held.score, step).is_err() {
                return false;
            }
            held.number += 1;
            states.push_back((held.playbacks.clone(), step.at));
        }
        held.hash = held.playbacks.fingerprint();
        if held.hash != hash {
            return false;
        }
        for (playbacks, from) in states {
            if show_now.is_some_and(|now| from < now) {
                self.late = self.late.saturating_add(1);
            }
            self.give(Playing { score: held.score.clone(), playbacks, from });
        }
        self.held = Some(held);
        true
    }

    fn take(&mut self, held: Held, from: Time<Show>) {
        self.give(Playing { score: held.score.clone(), playbacks: held.playbacks.clone(), from });
        self.held = Some(held);
    }

    fn give(&mut self, playing: Playing) {
        if self.playing.len() == WAITING {
            self.playing.pop_front();
        }
        self.playing.push_back(playing);
    }

    fn is_in_step(&mut self) {
        self.is_new_hub = false;
        self.forgive();
    }

    fn forgive(&mut self) {
        (self.failures, self.retry_at) = (0, None);
    }
}

#[cfg(test)]
mod tests;
