//! What a rollout looks like in the API.

use cuelight_conductor::Snapshot;
use cuelight_conductor::rollout::{PastRollout, Phase, RolloutSnapshot, Status, StepSnapshot};
use cuelight_wire::control::OtaState;
use cuelight_wire::ids::Mac;
use serde::Serialize;
use utoipa::ToSchema;

/// The rollouts of a hub.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RolloutsView {
    /// The show that is armed.
    armed: Option<String>,
    /// The one that is going on, or was the last to.
    rollout: Option<RolloutView>,
    /// Those before it, newest first.
    past: Vec<PastView>,
}

/// One rollout.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RolloutView {
    number: u32,
    version: String,
    /// running, paused, awaits-word, held, stopped, aborted, finished.
    state: &'static str,
    /// Whether nothing will happen any more.
    over: bool,
    /// Why it stands where it stands, in words.
    detail: Option<String>,
    /// The armed show that it waits for.
    held_by: Option<String>,
    in_spite_of: Option<String>,
    /// Whether its last change is on the disk; until then nothing is offered.
    saved: bool,
    limit_s: i64,
    nodes: Vec<StepView>,
    left_out: Vec<LeftOutView>,
}

/// One node of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    mac: String,
    id: Option<u16>,
    name: Option<String>,
    /// waiting, offered, downloading, verifying, applying, rebooting, proving, done, failed, passed-over.
    state: &'static str,
    /// Per cent of that state, where it has some.
    pct: Option<u8>,
    /// Why it failed.
    reason: Option<String>,
    /// The last log lines of the image that failed.
    log: Option<String>,
    /// Its firmware when the rollout began.
    from: String,
    /// How long it has been on its way, or took.
    spent_ms: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeftOutView {
    mac: String,
    name: Option<String>,
    reason: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct PastView {
    number: u32,
    version: String,
    finished: bool,
    nodes: usize,
    done: usize,
    failed: usize,
}

impl From<&PastRollout> for PastView {
    fn from(past: &PastRollout) -> Self {
        let PastRollout { number, version, is_finished, nodes, done, failed } = past.clone();
        Self { number, version, finished: is_finished, nodes, done, failed }
    }
}

impl RolloutsView {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        Self {
            armed: snapshot.armed.as_ref().map(|show| show.as_str().to_owned()),
            rollout: snapshot.rollout.as_ref().map(|rollout| RolloutView::of(rollout, snapshot)),
            past: snapshot.past_rollouts.iter().rev().map(PastView::from).collect(),
        }
    }
}

impl RolloutView {
    fn of(rollout: &RolloutSnapshot, snapshot: &Snapshot) -> Self {
        Self {
            number: rollout.number,
            version: rollout.version.clone(),
            state: state_word(&rollout.status),
            over: rollout.status.is_over(),
            detail: detail(rollout, snapshot),
            held_by: rollout.held_by.clone(),
            in_spite_of: rollout.in_spite_of.clone(),
            saved: rollout.is_saved,
            limit_s: rollout.limit.as_ms() / 1000,
            nodes: rollout.steps.iter().map(|step| StepView::of(step, snapshot)).collect(),
            left_out: rollout
                .left_out
                .iter()
                .map(|(mac, why)| LeftOutView {
                    mac: mac.to_string(),
                    name: name_of(*mac, snapshot),
                    reason: why.reason(),
                })
                .collect(),
        }
    }
}

impl StepView {
    fn of(step: &StepSnapshot, snapshot: &Snapshot) -> Self {
        let reason = match &step.phase {
            Phase::Failed(reason) | Phase::PassedOver(reason) => Some(reason.to_string()),
            _ => None,
        };
        Self {
            mac: step.mac.to_string(),
            id: snapshot.nodes.iter().find(|node| node.mac == step.mac).map(|node| node.id.0),
            name: name_of(step.mac, snapshot),
            state: phase_word(&step.phase),
            pct: if let Phase::Working(_, pct) = step.phase { Some(pct) } else { None },
            reason,
            log: step.log.clone(),
            from: step.from.as_str().to_owned(),
            spent_ms: step.spent.map(|spent| spent.as_ms()),
        }
    }
}

fn name_of(mac: Mac, snapshot: &Snapshot) -> Option<String> {
    let node = snapshot.nodes.iter().find(|node| node.mac == mac && !node.name.is_empty())?;
    Some(node.name.as_str().to_owned())
}

/// The word for where a rollout stands.
pub(crate) fn state_word(status: &Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Paused => "paused",
        Status::AwaitsWord => "awaits-word",
        Status::Held(_) => "held",
        Status::Stopped(..) => "stopped",
        Status::Aborted => "aborted",
        Status::Finished => "finished",
    }
}

fn phase_word(phase: &Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Offered => "offered",
        Phase::Working(OtaState::Downloading, _) => "downloading",
        Phase::Working(OtaState::Verifying, _) => "verifying",
        Phase::Working(OtaState::Applying, _) => "applying",
        Phase::Working(OtaState::Rebooting, _) => "rebooting",
        Phase::Working(OtaState::Failed, _) | Phase::Failed(_) => "failed",
        Phase::Proving => "proving",
        Phase::Done => "done",
        Phase::PassedOver(_) => "passed-over",
    }
}

fn detail(rollout: &RolloutSnapshot, snapshot: &Snapshot) -> Option<String> {
    match &rollout.status {
        Status::Stopped(mac, reason) => {
            let node = name_of(*mac, snapshot).unwrap_or_else(|| mac.to_string());
            Some(format!(
                "node {node} has failed: {reason}; the nodes after it are untouched. Retry, pass over, or abort"
            ))
        }
        Status::AwaitsWord => Some("the canary has arrived; resume when you have looked at it".into()),
        Status::Paused => Some("no further node begins until it is resumed".into()),
        _ => match &rollout.held_by {
            Some(show) => Some(format!("the show {show:?} is armed: nodes wait until it is not")),
            None if !rollout.is_saved => Some("waits until the hub has saved it".into()),
            None => None,
        },
    }
}
