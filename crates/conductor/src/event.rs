//! What happened, for the log.

use alloc::string::String;
use core::net::IpAddr;

use cuelight_show::{CueNumber, ListNumber};
use cuelight_wire::control::{OtaStatus, Refusal, Text};
use cuelight_wire::ids::{Mac, NodeId, Revision};
use cuelight_wire::time::{Show, Span, Time};
use cuelight_wire::universes::UniverseRanges;

use crate::command::CommandError;
use crate::conductor::ConnId;
use crate::rollout::Status;
use crate::roster::Why;

/// Something the log should say.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "`node`, `mac`, `ip`, `conn` mean the same in every variant")]
pub enum Event {
    /// A node said hello and was welcomed. `new`: not known before.
    Joined { node: NodeId, mac: Mac, ip: IpAddr, new: bool },
    /// A node is ready.
    Ready { node: NodeId },
    /// A node does badly; the stream goes on.
    Degraded { node: NodeId, why: Why },
    /// A node is gone.
    Lost { node: NodeId, why: LostWhy },
    /// A lost node left the roster; its number, name and scene stay known.
    Removed { node: NodeId },
    /// A node was forgotten, by command or to make room for another.
    Forgotten { node: NodeId, mac: Mac },
    /// A node has a new name.
    Renamed { node: NodeId, name: Text<32> },
    /// A node has other universes; none: those of its own settings.
    Assigned { node: NodeId, universes: Option<UniverseRanges> },
    /// A node's LEDs are laid out otherwise; none: as its own settings say.
    LaidOut { node: NodeId, geometry: Option<Text<48>> },
    /// A connection was closed with a reason.
    Refused { conn: ConnId, node: Option<NodeId>, refusal: Refusal },
    /// Another machine said that it is this node, whose session is alive.
    TakeoverRefused { node: NodeId, ip: IpAddr },
    /// A change was accepted.
    Changed { rev: Revision, apply_at: Time<Show>, nodes: usize },
    /// Show time goes on from what a node knows.
    HintAdopted { node: NodeId, show: Time<Show> },
    /// A node's show time differs from the hub's, which holds. `difference` is hint minus hub.
    HintDisagrees { node: NodeId, difference: Span },
    /// A deployed node cannot be told this number on the control plane (it is above 255); the stream carries it.
    NumberTooLarge { node: NodeId, what: What, number: u16 },
    /// A tick ended after the next one's deadline.
    Overrun { tick: u64, cost: Span },
    /// Ticks were left out because the hub did not run in time.
    TicksMissed { count: u64 },
    /// The saved show could not be used, in whole or in part.
    SavedIgnored { what: &'static str },
    /// A cue's scene cannot be shown: its target is not known.
    SceneNotShown { list: ListNumber, cue: CueNumber, problem: CommandError },
    /// A show is armed, or none any more.
    Armed { show: Option<Text<64>> },
    /// A rollout stands otherwise than before.
    Rollout { number: u32, version: String, status: Status },
    /// A node was offered an image.
    Offered { node: NodeId, version: Text<32> },
    /// A node was told to leave its update off.
    UpdateStopped { node: NodeId },
    /// A node was told to restart.
    RestartOrdered { node: NodeId },
    /// A node reports on its update.
    Ota { node: NodeId, status: OtaStatus },
}

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An effect's.
    Effect,
    /// A palette's.
    Palette,
}

/// Why a node is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostWhy {
    /// Its connection closed.
    Closed,
    /// No keepalive in time.
    Silent,
    /// The hub ended the session.
    Refused(Refusal),
}
