//! One node's way through a rollout: one function for each thing that can happen.

use alloc::string::String;

use cuelight_wire::control::OtaState;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Span, Time};

/// The smallest share of 120 frames a second a healthy node puts out, per cent.
const MIN_RATE_PCT: f32 = 95.0;
const FRAME_RATE: f32 = 120.0;

/// How far a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its turn has not come.
    Waiting,
    /// It has been offered the image and has not answered yet.
    Offered,
    /// It is at it: what it does, and how much of that is done, per cent.
    Working(OtaState, u8),
    /// It is back on the new version and has to stay healthy for a while.
    Proving,
    /// It runs the new version.
    Done,
    /// It does not.
    Failed(Reason),
    /// It has failed and the operator went on without it.
    PassedOver(Reason),
}

/// Why a node has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It says so.
    Reported(String),
    /// It took too long.
    TooLate(Doing),
    /// It is back, on another version than the new one: it fell back by itself.
    FellBack(String),
}

/// What a node was at when its time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It never answered the offer.
    Answering,
    /// It fetched, checked or wrote the image, or restarted.
    Updating,
    /// It was back and did not become healthy.
    Proving,
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Reported(error) => write!(f, "it says: {error}"),
            Self::TooLate(Doing::Answering) => f.write_str("it did not answer the offer in time"),
            Self::TooLate(Doing::Updating) => f.write_str("it did not come back in time"),
            Self::TooLate(Doing::Proving) => f.write_str("it came back and was not healthy in time"),
            Self::FellBack(fw) => write!(f, "it fell back by itself and runs {fw}"),
        }
    }
}

/// What a node looks like now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen<'a> {
    /// Whether it has a session.
    pub is_connected: bool,
    /// Whether it is READY.
    pub is_ready: bool,
    /// Firmware of its hello; ends with its version.
    pub fw: &'a str,
    /// Frames a second it says it puts out; 0 when it does not say.
    pub fps: f32,
    /// How long it has run, once it has said so in this session: a node that was away because the hub restarted has not
    /// restarted itself.
    pub uptime: Option<Span>,
}

impl Seen<'_> {
    fn runs(&self, version: &str) -> bool {
        // "k1-v2.8.0", "cuelight-0.2.0": a name, a dash, perhaps a v, the version.
        self.fw.strip_suffix(version).is_some_and(|name| name.ends_with(['-', 'v']) || name.is_empty())
    }
    fn is_healthy(&self) -> bool {
        self.is_connected && self.is_ready && (self.fps <= 0.0 || self.fps * 100.0 >= MIN_RATE_PCT * FRAME_RATE)
    }
}

/// What a step has to know of the plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch<'a> {
    pub(super) limit: Span,
    pub(super) settle: Span,
    pub(super) version: &'a str,
    pub(super) now: Time<Local>,
}

/// One node of a rollout.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) mac: Mac,
    pub(super) phase: Phase,
    /// When its turn came.
    pub(super) began_at: Option<Time<Local>>,
    /// When it was last offered the image.
    pub(super) offered_at: Option<Time<Local>>,
    /// When it was last told to leave off, in this session.
    pub(super) stop_told_at: Option<Time<Local>>,
    /// Since when it has been healthy on the new version.
    pub(super) healthy_since: Option<Time<Local>>,
    /// How long it took, when it is not on its way any more.
    pub(super) took: Option<Span>,
    /// Whether its session ended after it had begun: a node that is back then has restarted.
    pub(super) was_gone: bool,
}

impl Step {
    pub(super) const fn waiting(mac: Mac) -> Self {
        Self {
            mac,
            phase: Phase::Waiting,
            began_at: None,
            offered_at: None,
            stop_told_at: None,
            healthy_since: None,
            took: None,
            was_gone: false,
        }
    }
    pub(super) fn passed_over(&self) -> Self {
        let phase = match &self.phase {
            Phase::Failed(reason) => Phase::PassedOver(reason.clone()),
            other => other.clone(),
        };
        Self { phase, ..self.clone() }
    }
    pub(super) fn begin(&mut self, now: Time<Local>) {
        self.phase = Phase::Offered;
        self.began_at = Some(now);
        self.offered_at = Some(now);
    }
    /// The phase was `before`. Returns whether it changed in a way that has to be kept: how far within one state a node is
    /// need not be.
    pub(super) fn note_change(&mut self, before: &Phase, now: Time<Local>) -> bool {
        if !self.is_on_its_way() && self.took.is_none() {
            self.took = self.began_at.map(|at| now - at);
        }
        match (before, &self.phase) {
            (Phase::Working(before, _), Phase::Working(after, _)) => before != after,
            (before, after) => before != after,
        }
    }
    pub(super) fn spent(&self, now: Time<Local>) -> Option<Span> {
        self.took.or_else(|| self.began_at.map(|at| now - at))
    }
    /// A node that waits for the end of a show has so much longer. One that restarts does not wait for it.
    pub(super) fn wait_longer(&mut self, span: Span) {
        let waits = match self.phase {
            Phase::Offered => true,
            Phase::Working(state, _) => state != OtaState::Rebooting,
            _ => false,
        };
        if waits {
            self.began_at = self.began_at.map(|at| at + span);
            self.offered_at = self.offered_at.map(|at| at + span);
        }
    }
    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }
    pub(super) const fn is_failed(&self) -> bool {
        matches!(self.phase, Phase::Failed(_))
    }
    pub(super) const fn is_on_its_way(&self) -> bool {
        matches!(self.phase, Phase::Offered | Phase::Working(..) | Phase::Proving)
    }
    pub(super) fn wants_offer(&self, again: Span, now: Time<Local>) -> bool {
        self.phase == Phase::Offered && self.offered_at.is_some_and(|at| now - at >= again)
    }
    /// Whether it can still leave off: it does not write the image into its slot yet.
    pub(super) const fn can_stop(&self) -> bool {
        matches!(self.phase, Phase::Offered | Phase::Working(OtaState::Downloading | OtaState::Verifying, _))
    }
    /// Whether it was not told to leave off, or so long ago that the word may have been lost.
    pub(super) fn is_untold(&self, again: Span, now: Time<Local>) -> bool {
        self.stop_told_at.is_none_or(|at| now - at >= again)
    }
    /// The instants at which something may become due.
    pub(super) fn due(&self, watch: &Watch<'_>, again: Span, is_aborted: bool) -> impl Iterator<Item = Time<Local>> {
        let repeat = match is_aborted {
            true => self.can_stop().then_some(self.stop_told_at),
            false => (self.phase == Phase::Offered).then_some(self.offered_at),
        };
        let repeat = repeat.flatten().map(|at| at + again);
        [self.began_at.map(|at| at + watch.limit), self.healthy_since.map(|at| at + watch.settle), repeat]
            .into_iter()
            .flatten()
    }

    pub(super) fn on_seen(&mut self, seen: &Seen<'_>, watch: &Watch<'_>) {
        match &self.phase {
            Phase::Waiting | Phase::Done | Phase::Failed(_) | Phase::PassedOver(_) => return,
            Phase::Offered | Phase::Working(..) | Phase::Proving => {}
        }
        if !seen.is_connected {
            self.was_gone = true;
            self.healthy_since = None;
            self.stop_told_at = None;
            return;
        }
        if seen.runs(watch.version) {
            self.phase = Phase::Proving;
            self.healthy_since = seen.is_healthy().then(|| self.healthy_since.unwrap_or(watch.now));
            self.settle(watch);
        } else if self.phase == Phase::Proving
            || (self.was_gone && self.is_restarting() && self.has_restarted(seen, watch))
        {
            self.phase = Phase::Failed(Reason::FellBack(seen.fw.into()));
        }
    }
    /// Whether it said that it would restart. A node that loses its connection while it fetches comes back to go on.
    const fn is_restarting(&self) -> bool {
        matches!(self.phase, Phase::Working(OtaState::Rebooting, _))
    }

    /// Whether it has run for less time than has passed since its turn came.
    fn has_restarted(&self, seen: &Seen<'_>, watch: &Watch<'_>) -> bool {
        let passed = self.began_at.map_or(Span::ZERO, |at| watch.now - at);
        seen.uptime.is_some_and(|uptime| uptime < passed)
    }

    pub(super) fn on_report(&mut self, state: OtaState, pct: u8, error: Option<&str>, _watch: &Watch<'_>) {
        match (&self.phase, state) {
            // A node that fell back says why when it is welcome again.
            (
                Phase::Offered | Phase::Working(..) | Phase::Proving | Phase::Failed(Reason::FellBack(_)),
                OtaState::Failed,
            ) => {
                self.phase = Phase::Failed(Reason::Reported(error.unwrap_or("no reason given").into()));
            }
            (Phase::Offered | Phase::Working(..), _) => {
                self.was_gone = false;
                self.phase = Phase::Working(state, pct.min(100));
            }
            // What a node says that is not on its way, or has arrived, changes nothing.
            (Phase::Waiting | Phase::Proving | Phase::Done | Phase::Failed(_) | Phase::PassedOver(_), _) => {}
        }
    }

    pub(super) fn on_timeout(&mut self, watch: &Watch<'_>) {
        self.settle(watch);
        if self.began_at.is_none_or(|at| watch.now - at < watch.limit) {
            return;
        }
        let doing = match self.phase {
            Phase::Offered => Doing::Answering,
            Phase::Working(..) => Doing::Updating,
            Phase::Proving => Doing::Proving,
            Phase::Waiting | Phase::Done | Phase::Failed(_) | Phase::PassedOver(_) => return,
        };
        self.phase = Phase::Failed(Reason::TooLate(doing));
    }
    fn settle(&mut self, watch: &Watch<'_>) {
        if self.phase == Phase::Proving && self.healthy_since.is_some_and(|since| watch.now - since >= watch.settle) {
            self.phase = Phase::Done;
        }
    }
}
