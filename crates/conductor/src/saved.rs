//! What survives a restart of the hub.
//!
//! Scenes are saved as full-state payloads ([`cuelight_wire::stream::full_state`]), so that a restarted hub sends the
//! same bytes as before: same numbers, same instants, same phases. Nodes and groups with the same history share an
//! entry of `tracks`.

use alloc::vec::Vec;

use cuelight_wire::control::{HexPayload, Text};
use cuelight_wire::ids::{Mac, NodeId, Revision};
use cuelight_wire::universes::UniverseRanges;
use serde::{Deserialize, Serialize};

use crate::cues::SavedCues;
use crate::rollout::{PastRollout, SavedRunning};

/// What survives a restart of the hub. Instants are show time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Form of this structure: [`Saved::VERSION`], or 0 for nothing saved.
    pub version: u32,
    /// The newest change's number.
    pub rev: Revision,
    /// Tempo and master: a full state without layers.
    pub common: Option<HexPayload>,
    /// Layers of each distinct history: full states with layers only.
    pub tracks: Vec<HexPayload>,
    /// The show's entry in `tracks`.
    pub show: usize,
    /// Groups, by name.
    pub groups: Vec<SavedGroup>,
    /// Known nodes, by number.
    pub nodes: Vec<SavedNode>,
    /// The show that is armed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub armed: Option<Text<64>>,
    /// What is played of a show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cues: Option<SavedCues>,
    /// The rollout that is going on, or was the last to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<SavedRunning>,
    /// Those before it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past_rollouts: Vec<PastRollout>,
    /// The next rollout's number.
    #[serde(skip_serializing_if = "is_zero")]
    pub next_rollout: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Saved {
    /// The form written by this version.
    pub const VERSION: u32 = 1;
}

/// A saved group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedGroup {
    /// Its name.
    pub name: Text<32>,
    /// Its members.
    pub members: Vec<Mac>,
    /// Its own lead, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_us: Option<i64>,
    /// Its entry in `tracks`.
    pub track: usize,
}

/// A saved node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedNode {
    /// Its identity.
    pub mac: Mac,
    /// Its number.
    pub id: NodeId,
    /// Its name, may be empty.
    #[serde(default)]
    pub name: Text<32>,
    /// Its entry in `tracks`.
    pub track: usize,
    /// The universes that an operator gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universes: Option<UniverseRanges>,
    /// How an operator laid its LEDs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geometry: Option<Text<48>>,
}
