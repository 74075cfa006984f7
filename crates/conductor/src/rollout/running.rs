//! A rollout as a hub has it: the machine, its images, what the nodes ran before and what they logged.

use alloc::string::String;
use alloc::vec::Vec;

use cuelight_wire::control::Text;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Span, Time};
use serde::{Deserialize, Serialize};

use super::order::Left;
use super::{Image, LeftOut, Phase, Rollout, SavedRollout, Status};

/// Logs of failed images that are kept; of more the oldest goes. A rollout stops at each failure, so there are few.
const MAX_LOGS: usize = 16;

/// A rollout and everything around it.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// Counts the rollouts of this hub.
    pub(crate) number: u32,
    pub(crate) rollout: Rollout,
    pub(crate) images: Vec<Image>,
    /// Firmware of each node when it began, in the order of the plan.
    pub(crate) from: Vec<Text<32>>,
    pub(crate) left_out: Vec<Left>,
    logs: Vec<(Mac, String)>,
    /// The node to which the image is to be offered as soon as that is saved and it is there.
    pub(crate) offer: Option<Mac>,
    /// The node whose offer left last.
    pub(crate) offered: Option<Mac>,
    /// The node that is to be told to leave off as soon as the end of the rollout is saved.
    pub(crate) stop: Option<Mac>,
    /// The revision of what is saved that holds the last change.
    pub(crate) needs_revision: u64,
    /// How it stood when that was last told.
    pub(crate) told: Option<Status>,
}

impl Running {
    pub(crate) fn new(
        number: u32,
        rollout: Rollout,
        images: Vec<Image>,
        from: Vec<Text<32>>,
        left_out: Vec<Left>,
    ) -> Self {
        Self {
            number,
            rollout,
            images,
            from,
            left_out,
            logs: Vec::new(),
            offer: None,
            offered: None,
            stop: None,
            needs_revision: 0,
            told: None,
        }
    }
    /// Keeps the last lines of the log of a node's failed image.
    pub(crate) fn keep_log(&mut self, mac: Mac, log: &str) {
        if !self.rollout.steps().any(|(node, _)| node == mac) {
            return;
        }
        self.logs.retain(|(node, _)| *node != mac);
        if self.logs.len() == MAX_LOGS {
            self.logs.remove(0);
        }
        self.logs.push((mac, log.into()));
    }
    /// What is shown of it.
    pub(crate) fn snapshot(&self, saved_revision: u64, now: Time<Local>) -> RolloutSnapshot {
        let plan = self.rollout.plan();
        let steps = self.rollout.steps().zip(self.rollout.spans(now)).enumerate();
        let step = |(index, ((mac, phase), spent)): (usize, ((Mac, &Phase), Option<Span>))| StepSnapshot {
            mac,
            phase: phase.clone(),
            from: self.from.get(index).cloned().unwrap_or_default(),
            spent,
            log: self.logs.iter().find(|(node, _)| *node == mac).map(|(_, log)| log.clone()),
        };
        RolloutSnapshot {
            number: self.number,
            version: plan.version.clone(),
            status: self.rollout.status(),
            in_spite_of: plan.in_spite_of.clone(),
            held_by: self.rollout.held_by().filter(|_| !self.rollout.status().is_over()).map(String::from),
            limit: plan.limit,
            is_saved: saved_revision >= self.needs_revision,
            images: self.images.clone(),
            steps: steps.map(step).collect(),
            left_out: self.left_out.clone(),
        }
    }
    /// What is kept of it.
    pub(crate) fn saved(&self, now: Time<Local>) -> SavedRunning {
        SavedRunning {
            number: self.number,
            rollout: self.rollout.saved(now),
            images: self.images.clone(),
            from: self.from.clone(),
            left_out: self.left_out.clone(),
            logs: self.logs.clone(),
        }
    }
    /// Goes on with what was kept; `None` when it has no nodes.
    pub(crate) fn restored(saved: SavedRunning, now: Time<Local>) -> Option<Self> {
        let SavedRunning { number, rollout, images, from, left_out, logs } = saved;
        let rollout = Rollout::restored(rollout, now)?;
        // Whether its offer left before the hub ended is not known.
        let offered = rollout.current();
        Some(Self { logs, offered, ..Self::new(number, rollout, images, from, left_out) })
    }
    /// What is kept of it when another one begins.
    pub(crate) fn past(&self) -> PastRollout {
        let count = |is: fn(&Phase) -> bool| self.rollout.steps().filter(|(_, phase)| is(phase)).count();
        PastRollout {
            number: self.number,
            version: self.rollout.plan().version.clone(),
            is_finished: self.rollout.status() == Status::Finished,
            nodes: self.from.len(),
            done: count(|phase| matches!(phase, Phase::Done)),
            failed: count(|phase| matches!(phase, Phase::Failed(_) | Phase::PassedOver(_))),
        }
    }
}

/// A rollout on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRunning {
    number: u32,
    rollout: SavedRollout,
    images: Vec<Image>,
    from: Vec<Text<32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<Left>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logs: Vec<(Mac, String)>,
}

/// A rollout that is over and has made room for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRollout {
    /// Counts the rollouts of the hub.
    pub number: u32,
    /// What was rolled out.
    pub version: String,
    /// Whether it came to its end; otherwise it was ended.
    pub is_finished: bool,
    /// Nodes it was for.
    pub nodes: usize,
    /// Of these, nodes that run the version.
    pub done: usize,
    /// Of these, nodes that failed, passed over or not.
    pub failed: usize,
}

/// A rollout at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutSnapshot {
    /// Counts the rollouts of the hub.
    pub number: u32,
    /// What is rolled out.
    pub version: String,
    /// How it stands.
    pub status: Status,
    /// The show in spite of which it goes on.
    pub in_spite_of: Option<String>,
    /// The armed show that it waits for.
    pub held_by: Option<String>,
    /// How long a node may take.
    pub limit: Span,
    /// Whether its last change is on the disk; until then nothing is offered.
    pub is_saved: bool,
    /// Its images.
    pub images: Vec<Image>,
    /// Its nodes, in order.
    pub steps: Vec<StepSnapshot>,
    /// Nodes that are not part of it although it is for all.
    pub left_out: Vec<(Mac, LeftOut)>,
}

/// One node of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSnapshot {
    /// The node.
    pub mac: Mac,
    /// How far it is.
    pub phase: Phase,
    /// Its firmware when the rollout began.
    pub from: Text<32>,
    /// How long it has been on its way, or took.
    pub spent: Option<Span>,
    /// The last lines of the log of the image that failed.
    pub log: Option<String>,
}
