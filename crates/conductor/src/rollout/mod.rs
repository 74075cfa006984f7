//! A rolling update: one node at a time, stop at the first failure (`docs/protocol/90-updates.md`).
//!
//! The machine decides which node is offered the image and when, whether a node has proven itself on it, and when to stop.
//! It is told what nodes look like ([`Rollout::handle_seen`]) and what they say ([`Rollout::handle_report`]); it says to whom
//! the image is to be offered ([`Rollout::poll_offer`]). It can be saved at any moment, and restored it goes on exactly there.
//!
//! ```text
//! WAITING --turn--> OFFERED --report--> WORKING --gone or back--> PROVING --healthy for a while--> DONE
//!                      |                   |                         |
//!                      +-------------------+-- failed, too late -----+--> FAILED --operator--> PASSED OVER
//! ```
//!
//! The order is that of the plan: the canary first, then by number. One node is on its way at a time, so the others go on
//! playing whatever the new image does. While an armed show holds the rollout up, nodes wait by themselves, and that time does
//! not count against them.

mod order;
mod running;
mod saved;
mod step;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use cuelight_wire::control::OtaState;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Span, Time};

pub(crate) use order::platform;
pub use order::version_of;
pub use order::{Image, LeftOut, Order};
pub(crate) use running::Running;
pub use running::{PastRollout, RolloutSnapshot, SavedRunning, StepSnapshot};
pub use saved::{SavedRollout, SavedStep};
pub use step::{Phase, Reason, Seen};
use step::{Step, Watch};

/// Nodes of one rollout, at most.
pub const MAX_STEPS: usize = 4_096;
/// An offer that nothing came of, or a word to stop, is sent again after this long: its message was lost with a connection.
const OFFER_AGAIN: Span = Span::from_s(10);

/// What is to be rolled out, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version the nodes are to run.
    pub version: String,
    /// The nodes, in the order in which they are updated; the first is the canary.
    pub nodes: Vec<Mac>,
    /// How long a node may take, from the offer until it has proven itself.
    pub limit: Span,
    /// How long a node has to be healthy on the new version.
    pub settle: Span,
    /// Whether to wait for an operator's word after the canary.
    pub confirm_canary: bool,
    /// The armed show in spite of which the rollout may go on, by name.
    pub in_spite_of: Option<String>,
}

impl Plan {
    /// 180 s for each node, 5 s of health, no pause after the canary, never during an armed show.
    pub fn new(version: &str, nodes: Vec<Mac>) -> Self {
        Self {
            version: version.into(),
            nodes,
            limit: Span::from_s(180),
            settle: Span::from_s(5),
            confirm_canary: false,
            in_spite_of: None,
        }
    }
}

/// Why a plan is refused, or an operator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RolloutError {
    /// No nodes.
    Empty,
    /// Too many.
    TooMany(usize),
    /// A node is there twice.
    Twice(Mac),
    /// A show is armed and the plan does not name it.
    Armed(String),
    /// It is over.
    Over,
    /// It is not waiting for that.
    NotNow(&'static str),
}

impl core::fmt::Display for RolloutError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Empty => f.write_str("the rollout has no nodes: none is there, or all run the version already"),
            Self::TooMany(count) => write!(f, "the rollout has {count} nodes; at most {MAX_STEPS} are updated in one"),
            Self::Twice(mac) => write!(f, "node {mac} is in the rollout twice"),
            Self::Armed(show) => {
                write!(f, "the show {show:?} is armed; disarm it, or name it to update nodes in spite of it")
            }
            Self::Over => f.write_str("the rollout is over; begin a new one"),
            Self::NotNow(why) => f.write_str(why),
        }
    }
}
impl core::error::Error for RolloutError {}

/// How the rollout as a whole stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// A node is on its way, or the next one is about to be.
    Running,
    /// The operator has paused it; a node on its way still arrives.
    Paused,
    /// The canary has arrived; the operator is to look at it.
    AwaitsWord,
    /// A show is armed; the next node waits until it is not.
    Held(String),
    /// A node has failed; the others are untouched until the operator decides.
    Stopped(Mac, Reason),
    /// The operator has ended it.
    Aborted,
    /// Every node is done or passed over.
    Finished,
}

impl Status {
    /// Whether nothing will happen any more.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Aborted | Self::Finished)
    }
}

/// An operator's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Begin no further node.
    Pause,
    /// Go on: after a pause, or after the canary.
    Resume,
    /// Go on in spite of the failure: the failed node is passed over.
    PassOver,
    /// Try the failed node again.
    Retry,
    /// End it. A node on its way that can still leave off is told to ([`Rollout::poll_stop`]); any other arrives.
    Abort,
}

/// One rollout.
#[derive(Clone, Debug)]
pub struct Rollout {
    plan: Plan,
    steps: Vec<Step>,
    is_paused: bool,
    is_aborted: bool,
    is_canary_confirmed: bool,
    armed: Option<String>,
    /// The last instant at which an armed show held it up.
    held_at: Option<Time<Local>>,
    offer: Option<Mac>,
    stop: Option<Mac>,
    has_changed: bool,
}

impl Rollout {
    /// Begins a rollout. `armed` is the name of the show that is armed now.
    ///
    /// # Errors
    /// When the plan has no nodes, too many, or one twice; while a show is armed that the plan does not name.
    pub fn new(plan: Plan, armed: Option<String>) -> Result<Self, RolloutError> {
        match plan.nodes.len() {
            0 => return Err(RolloutError::Empty),
            1..=MAX_STEPS => {}
            count => return Err(RolloutError::TooMany(count)),
        }
        let mut sorted = plan.nodes.clone();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RolloutError::Twice(pair[0]));
        }
        if let Some(show) = armed.as_ref().filter(|show| plan.in_spite_of.as_ref() != Some(show)) {
            return Err(RolloutError::Armed(show.clone()));
        }
        let steps = plan.nodes.iter().map(|mac| Step::waiting(*mac)).collect();
        let is_canary_confirmed = !plan.confirm_canary;
        Ok(Self {
            plan,
            steps,
            is_paused: false,
            is_aborted: false,
            is_canary_confirmed,
            armed,
            held_at: None,
            offer: None,
            stop: None,
            has_changed: true,
        })
    }

    /// What is rolled out.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
    /// Every node and how far it is, in order.
    pub fn steps(&self) -> impl Iterator<Item = (Mac, &Phase)> {
        self.steps.iter().map(|step| (step.mac, &step.phase))
    }
    /// The node that is on its way.
    pub fn current(&self) -> Option<Mac> {
        self.steps.iter().find(|step| step.is_on_its_way()).map(|step| step.mac)
    }
    /// How long each node took, in order: from its turn until now, or until it was done or failed.
    pub fn spans(&self, now: Time<Local>) -> impl Iterator<Item = Option<Span>> {
        self.steps.iter().map(move |step| step.spent(now))
    }
    /// How the rollout stands; a failure stops it (OTA-4).
    pub fn status(&self) -> Status {
        let failed = self.steps.iter().find(|step| step.is_failed()).filter(|_| !self.is_aborted);
        if let Some(Step { mac, phase: Phase::Failed(reason), .. }) = failed {
            return Status::Stopped(*mac, reason.clone());
        }
        let is_on_its_way = self.steps.iter().any(Step::is_on_its_way);
        if is_on_its_way {
            return Status::Running;
        }
        if self.is_aborted {
            return Status::Aborted;
        }
        if !self.steps.iter().any(Step::is_waiting) {
            return Status::Finished;
        }
        if self.is_paused {
            return Status::Paused;
        }
        if !self.is_canary_confirmed && !self.steps[0].is_waiting() {
            return Status::AwaitsWord;
        }
        match self.held_by() {
            Some(show) => Status::Held(show.to_string()),
            None => Status::Running,
        }
    }

    /// The show that is armed now.
    pub fn handle_armed(&mut self, armed: Option<&str>, now: Time<Local>) {
        if self.armed.as_deref() != armed {
            self.stand_still(now);
            self.armed = armed.map(Into::into);
            self.has_changed = true;
        }
        self.advance(now);
    }
    /// How a node of the rollout looks now; nodes that are not in it are passed over.
    pub fn handle_seen(&mut self, mac: Mac, seen: &Seen<'_>, now: Time<Local>) {
        self.with(mac, now, |step, watch| step.on_seen(seen, watch));
    }
    /// What a node says of its update.
    pub fn handle_report(&mut self, mac: Mac, state: OtaState, pct: u8, error: Option<&str>, now: Time<Local>) {
        self.with(mac, now, |step, watch| step.on_report(state, pct, error, watch));
        // Also one that was too late for this rollout and goes on by itself.
        if self.is_aborted
            && matches!(state, OtaState::Downloading | OtaState::Verifying)
            && let Some(step) = self.steps.iter_mut().find(|step| step.mac == mac)
            && step.is_untold(OFFER_AGAIN, now)
        {
            step.stop_told_at = Some(now);
            self.stop = Some(mac);
        }
    }
    /// The offer of that node never left, and the rollout is ended: its turn has not come.
    pub(crate) fn handle_withdrawn(&mut self, mac: Mac) {
        if self.is_aborted
            && let Some(step) = self.steps.iter_mut().find(|step| step.mac == mac && step.phase == Phase::Offered)
        {
            *step = Step::waiting(mac);
            self.has_changed = true;
        }
    }
    /// An operator's word.
    ///
    /// # Errors
    /// When the rollout is over or not waiting for that word.
    pub fn handle_word(&mut self, word: Word, now: Time<Local>) -> Result<(), RolloutError> {
        let status = self.status();
        if status.is_over() {
            return Err(RolloutError::Over);
        }
        match (word, &status) {
            (Word::Abort, _) => self.is_aborted = true,
            (Word::Pause, _) => self.is_paused = true,
            (Word::PassOver | Word::Retry, Status::Stopped(..)) => {
                let step =
                    self.steps.iter_mut().find(|step| step.is_failed()).expect("a stopped rollout has a failed node");
                *step = if word == Word::Retry { Step::waiting(step.mac) } else { step.passed_over() };
            }
            (Word::PassOver | Word::Retry, _) => return Err(RolloutError::NotNow("no node has failed")),
            (Word::Resume, Status::Stopped(..)) => {
                return Err(RolloutError::NotNow("a node has failed: retry it, pass it over, or abort"));
            }
            (Word::Resume, _) if self.is_paused => self.is_paused = false,
            (Word::Resume, Status::AwaitsWord) => self.is_canary_confirmed = true,
            (Word::Resume, Status::Held(_)) => {
                return Err(RolloutError::NotNow("a show is armed; it goes on by itself when it is not"));
            }
            (Word::Resume, _) => return Err(RolloutError::NotNow("it is running")),
        }
        self.has_changed = true;
        self.advance(now);
        Ok(())
    }
    /// Time has passed: nodes that are too late fail, offers are made again.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        self.stand_still(now);
        let is_held = self.held_at.is_some();
        let watch = watch(&self.plan, now);
        for step in &mut self.steps {
            let before = step.phase.clone();
            step.on_timeout(&watch);
            self.has_changed |= step.note_change(&before, now);
            if self.is_aborted {
                if step.can_stop() && step.is_untold(OFFER_AGAIN, now) {
                    step.stop_told_at = Some(now);
                    self.stop = Some(step.mac);
                }
            } else if !is_held && step.wants_offer(OFFER_AGAIN, now) {
                step.offered_at = Some(now);
                self.offer = Some(step.mac);
            }
        }
        self.advance(now);
    }
    /// When [`Self::handle_timeout`] is due at the latest; `None` while nobody is on the way.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        let watch = watch(&self.plan, Time::ZERO);
        self.steps
            .iter()
            .filter(|step| step.is_on_its_way())
            .flat_map(|step| step.due(&watch, OFFER_AGAIN, self.is_aborted))
            .min()
    }
    /// A node to which the image is to be offered now.
    pub const fn poll_offer(&mut self) -> Option<Mac> {
        self.offer.take()
    }
    /// A node that is to be told to leave off, because the rollout was ended (OTA-21).
    pub const fn poll_stop(&mut self) -> Option<Mac> {
        self.stop.take()
    }
    /// Whether something has changed that has to be saved before it is acted on.
    pub const fn poll_changed(&mut self) -> bool {
        core::mem::replace(&mut self.has_changed, false)
    }

    fn with(&mut self, mac: Mac, now: Time<Local>, change: impl FnOnce(&mut Step, &Watch<'_>)) {
        let watch = watch(&self.plan, now);
        let Some(step) = self.steps.iter_mut().find(|step| step.mac == mac) else { return };
        let before = step.phase.clone();
        change(step, &watch);
        self.has_changed |= step.note_change(&before, now);
        self.advance(now);
    }
    /// The armed show that holds the rollout up (OTA-5).
    pub fn held_by(&self) -> Option<&str> {
        self.armed.as_deref().filter(|show| self.plan.in_spite_of.as_deref() != Some(show))
    }
    /// The time since the last look does not count when the rollout was held up then.
    fn stand_still(&mut self, now: Time<Local>) {
        let is_held = self.held_by().is_some();
        if let Some(since) = core::mem::replace(&mut self.held_at, is_held.then_some(now)) {
            self.steps.iter_mut().for_each(|step| step.wait_longer(now - since));
        }
    }
    /// Begins the next node, when it is its turn (OTA-3).
    fn advance(&mut self, now: Time<Local>) {
        let is_free = self.status() == Status::Running && !self.steps.iter().any(Step::is_on_its_way);
        if is_free && let Some(step) = self.steps.iter_mut().find(|step| step.is_waiting()) {
            step.begin(now);
            self.offer = Some(step.mac);
            self.has_changed = true;
        }
    }
}

fn watch(plan: &Plan, now: Time<Local>) -> Watch<'_> {
    Watch { limit: plan.limit, settle: plan.settle, version: &plan.version, now }
}
