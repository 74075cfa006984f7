//! A rollout as it is kept on the disk.

use alloc::string::String;
use alloc::vec::Vec;

use cuelight_wire::control::OtaState;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Span, Time};
use serde::{Deserialize, Serialize};

use super::step::{Doing, Phase, Reason, Step};
use super::{OFFER_AGAIN, Plan, Rollout};

/// A rollout, with spans in place of instants: the clock is another one after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRollout {
    version: String,
    limit_us: i64,
    settle_us: i64,
    confirm_canary: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_spite_of: Option<String>,
    is_paused: bool,
    is_aborted: bool,
    is_canary_confirmed: bool,
    steps: Vec<SavedStep>,
}

/// One node of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedStep {
    mac: Mac,
    phase: SavedPhase,
    /// How long it has been on its way.
    #[serde(default)]
    spent_us: i64,
    #[serde(default)]
    was_gone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SavedPhase {
    Waiting,
    Offered,
    Working { state: OtaState, pct: u8 },
    Proving,
    Done,
    Failed(SavedReason),
    PassedOver(SavedReason),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SavedReason {
    Reported(String),
    NotAnswered,
    NotBack,
    NotHealthy,
    FellBack(String),
}

impl Rollout {
    /// What has to be kept.
    pub fn saved(&self, now: Time<Local>) -> SavedRollout {
        let Plan { version, limit, settle, confirm_canary, in_spite_of, .. } = &self.plan;
        let step = |step: &Step| SavedStep {
            mac: step.mac,
            phase: (&step.phase).into(),
            spent_us: step.spent(now).map_or(0, Span::as_us),
            was_gone: step.was_gone,
        };
        SavedRollout {
            version: version.clone(),
            limit_us: limit.as_us(),
            settle_us: settle.as_us(),
            confirm_canary: *confirm_canary,
            in_spite_of: in_spite_of.clone(),
            is_paused: self.is_paused,
            is_aborted: self.is_aborted,
            is_canary_confirmed: self.is_canary_confirmed,
            steps: self.steps.iter().map(step).collect(),
        }
    }

    /// Goes on with a saved rollout exactly where it was (OTA-6); time in which no hub ran does not count against a node. `None`
    /// when it has no nodes.
    pub fn restored(saved: SavedRollout, now: Time<Local>) -> Option<Self> {
        let step = |step: SavedStep| {
            let phase = Phase::from(step.phase);
            let is_on_its_way = matches!(phase, Phase::Offered | Phase::Working(..) | Phase::Proving);
            let spent = Span::from_us(step.spent_us.max(0));
            Step {
                began_at: is_on_its_way.then(|| now - spent),
                took: (!is_on_its_way && step.spent_us > 0).then_some(spent),
                // Whether the offer left before the hub ended is not known: it is made again, which a node notices.
                offered_at: (phase == Phase::Offered).then(|| now - OFFER_AGAIN),
                was_gone: step.was_gone,
                phase,
                ..Step::waiting(step.mac)
            }
        };
        let plan = Plan {
            version: saved.version,
            nodes: saved.steps.iter().map(|step| step.mac).collect(),
            limit: Span::from_us(saved.limit_us),
            settle: Span::from_us(saved.settle_us),
            confirm_canary: saved.confirm_canary,
            in_spite_of: saved.in_spite_of,
        };
        (!plan.nodes.is_empty()).then(|| Self {
            plan,
            steps: saved.steps.into_iter().map(step).collect(),
            is_paused: saved.is_paused,
            is_aborted: saved.is_aborted,
            is_canary_confirmed: saved.is_canary_confirmed,
            armed: None,
            held_at: None,
            offer: None,
            stop: None,
            has_changed: false,
        })
    }
}

impl From<&Phase> for SavedPhase {
    fn from(phase: &Phase) -> Self {
        match phase {
            Phase::Waiting => Self::Waiting,
            Phase::Offered => Self::Offered,
            Phase::Working(state, pct) => Self::Working { state: *state, pct: *pct },
            Phase::Proving => Self::Proving,
            Phase::Done => Self::Done,
            Phase::Failed(reason) => Self::Failed(reason.into()),
            Phase::PassedOver(reason) => Self::PassedOver(reason.into()),
        }
    }
}
impl From<SavedPhase> for Phase {
    fn from(phase: SavedPhase) -> Self {
        match phase {
            SavedPhase::Waiting => Self::Waiting,
            SavedPhase::Offered => Self::Offered,
            SavedPhase::Working { state, pct } => Self::Working(state, pct),
            SavedPhase::Proving => Self::Proving,
            SavedPhase::Done => Self::Done,
            SavedPhase::Failed(reason) => Self::Failed(reason.into()),
            SavedPhase::PassedOver(reason) => Self::PassedOver(reason.into()),
        }
    }
}
impl From<&Reason> for SavedReason {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Reported(error) => Self::Reported(error.clone()),
            Reason::TooLate(Doing::Answering) => Self::NotAnswered,
            Reason::TooLate(Doing::Updating) => Self::NotBack,
            Reason::TooLate(Doing::Proving) => Self::NotHealthy,
            Reason::FellBack(fw) => Self::FellBack(fw.clone()),
        }
    }
}
impl From<SavedReason> for Reason {
    fn from(reason: SavedReason) -> Self {
        match reason {
            SavedReason::Reported(error) => Self::Reported(error),
            SavedReason::NotAnswered => Self::TooLate(Doing::Answering),
            SavedReason::NotBack => Self::TooLate(Doing::Updating),
            SavedReason::NotHealthy => Self::TooLate(Doing::Proving),
            SavedReason::FellBack(fw) => Self::FellBack(fw),
        }
    }
}
