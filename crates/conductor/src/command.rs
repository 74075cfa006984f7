//! What an operator can ask for, how a wish is answered, and why one is refused.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use cuelight_show::{BadStep, CueNumber, ListNumber};
use cuelight_wire::control::Text;
use cuelight_wire::cues::CueOrder;
use cuelight_wire::ids::{Mac, NodeId, PatternId, Revision};
use cuelight_wire::scene::Scene;
use cuelight_wire::time::{Show, Span, Time};
use cuelight_wire::universes::UniverseRanges;

use crate::cues::Load;
use crate::edit::SceneEdit;
use crate::rollout::{LeftOut, Order, RolloutError, Word};

/// Whom a command is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every node.
    #[default]
    Show,
    /// The members of a group.
    Group(Text<32>),
    /// One node.
    Node(NodeRef),
}

/// A node by any of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeRef {
    /// Its number.
    Id(NodeId),
    /// Its MAC address.
    Mac(Mac),
    /// The name people gave it.
    Name(Text<32>),
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{}", id.0),
            Self::Mac(mac) => mac.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A whole scene (presets and names are resolved by the caller).
    SetScene {
        /// For whom.
        scope: Scope,
        /// What.
        scene: Scene,
        /// Cross-fade, at most an hour.
        fade_ms: u32,
    },
    /// Parts of the scene that each node of the scope shows, or is about to show.
    Edit {
        /// For whom.
        scope: Scope,
        /// What changes.
        edit: SceneEdit,
        /// Cross-fade, at most an hour.
        fade_ms: u32,
    },
    /// A pattern in place of the effect that each node of the scope shows, or is about to show; all else of the scene
    /// stays. Whether the nodes have the pattern is not known here: those that do not show the effect.
    PlayPattern {
        /// For whom.
        scope: Scope,
        /// Which.
        id: PatternId,
        /// Whether it begins anew after its last frame.
        repeats: bool,
        /// When its first frame begins.
        start: Start,
        /// Cross-fade, at most an hour.
        fade_ms: u32,
    },
    /// No pattern: the scope's scenes show their effects again.
    StopPattern {
        /// For whom.
        scope: Scope,
        /// Cross-fade, at most an hour.
        fade_ms: u32,
    },
    /// Everything dark, or no longer.
    Blackout {
        /// Dark?
        on: bool,
    },
    /// The grand master's level, 255 is full.
    Master {
        /// The level.
        level: u8,
    },
    /// A tempo; the position in the bar goes on without a jump.
    Tempo {
        /// Hundredths of beats per minute, 2,000..=60,000, or 0 for no beat.
        bpm_x100: Option<u16>,
        /// Beats in a bar, 1..=32.
        beats_per_bar: Option<u8>,
    },
    /// A beat is now: sets the phase, and from the second tap on the tempo.
    Tap,
    /// The first beat of a bar is now.
    Downbeat,
    /// Shifts the beat by millionths of a beat; positive is earlier.
    Nudge {
        /// Millionths of a beat, at most 16 beats either way.
        micro_beats: i32,
    },
    /// Names a node; empty takes the name away.
    NameNode {
        /// The node.
        node: NodeRef,
        /// Its name, unlike any other node's and no number.
        name: Text<32>,
    },
    /// Makes a group or replaces its members and lead.
    SetGroup {
        /// Its name.
        name: Text<32>,
        /// Its members; a MAC address may be that of a node not seen yet.
        members: Vec<NodeRef>,
        /// Lead of applyAt for its members, 10..=2,000 ms; the hub's own when absent.
        lead: Option<Span>,
    },
    /// Deletes a group; its members go on with what they show.
    DeleteGroup {
        /// Its name.
        name: Text<32>,
    },
    /// Forgets a node that is not connected: number, name, scene.
    Forget {
        /// The node.
        node: NodeRef,
    },
    /// Has a node end and be started again.
    RestartNode {
        /// The node.
        node: NodeRef,
        /// The armed show in spite of which it is to happen, by name.
        in_spite_of: Option<String>,
    },
    /// Gives a node universes of the show.
    AssignUniverses {
        /// The node.
        node: NodeRef,
        /// Which, perhaps none; `None`: those of its own settings.
        universes: Option<UniverseRanges>,
    },
    /// Says how a node's LEDs are laid out.
    LayOut {
        /// The node.
        node: NodeRef,
        /// The text form of a geometry with as many pixels as the node has; `None`: as its own settings say.
        geometry: Option<Text<48>>,
    },
    /// A show is armed: no node is updated unless that is ordered by its name.
    Arm {
        /// Its name, 1 to 64 bytes; `None`: no show is armed any more.
        show: Option<Text<64>>,
    },
    /// Rolls a version out.
    BeginRollout(Box<Order>),
    /// A word on the rollout that is going on.
    Rollout(Word),
    /// An order to a cue list.
    Cue {
        /// Which list.
        list: ListNumber,
        /// What it is to do.
        order: CueOrder,
    },
    /// Another show in place of the one that is played.
    LoadShow(Box<Load>),
    /// No show any more.
    UnloadShow,
}

impl Command {
    /// The command as it is compared with a repeat: without the show it brought, which is known by its digest.
    pub(crate) fn remembered(self) -> Self {
        match self {
            Self::LoadShow(load) => Self::LoadShow(Box::new(load.without_show())),
            other => other,
        }
    }
}

/// When a change holds, where it does not simply hold as soon as it can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// As any change: after the lead of its scope.
    #[default]
    Soonest,
    /// After this lead, 10..=2,000 ms, or the scope's own where that is longer.
    After(Span),
    /// At this instant, which is refused when the scope's lead is not kept or when it is more than 2,000 ms ahead.
    At(Time<Show>),
    /// At this instant, or as soon after it as can be.
    From(Time<Show>),
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// From when it holds. For naming, groups and forgetting: the time of the command.
    pub apply_at: Time<Show>,
    /// The change's number. For naming, groups and forgetting: the newest change's.
    pub rev: Revision,
    /// Whether this is the answer to an earlier command with the same id.
    pub repeated: bool,
    /// Connected nodes the change is for.
    pub nodes: usize,
    /// The cue that the list is in then, after an order to a list.
    pub cue: Option<CueNumber>,
}

/// Text that makes a command idempotent: 1..=64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandId(Text<64>);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no command id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 64 visible ASCII characters")]
pub struct BadCommandId;

impl FromStr for CommandId {
    type Err = BadCommandId;
    fn from_str(text: &str) -> Result<Self, BadCommandId> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(BadCommandId);
        }
        Text::try_from(text).map(Self).map_err(|_| BadCommandId)
    }
}

/// Why a wish is refused: what is wrong, where, and what to do. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such node.
    #[error("node \"{0}\" is not known: list the nodes for their numbers and names")]
    UnknownNode(NodeRef),
    /// No such group.
    #[error("group \"{0}\" does not exist: list the groups, or make it first")]
    UnknownGroup(Text<32>),
    /// A value outside its range.
    #[error("{field} {problem}")]
    BadValue {
        /// Which field.
        field: &'static str,
        /// What is wrong with it and what it may be.
        problem: &'static str,
    },
    /// The name belongs to another node.
    #[error("the name \"{0}\" belongs to another node: choose another or rename that node first")]
    NameTaken(Text<32>),
    /// Forgetting a node that is connected.
    #[error("node \"{0}\" is connected: disconnect it before forgetting it")]
    Connected(NodeRef),
    /// Restarting a node that is not connected.
    #[error("node \"{0}\" is not connected: it cannot be told anything until it is")]
    NotConnected(NodeRef),
    /// Restarting a node that nothing would start again.
    #[error(
        "node \"{0}\" cannot be restarted from here: nothing would start it again, as far as it knows; start it with \
         cuelight-launch, or tell it with supervised that something does"
    )]
    NotRestartable(NodeRef),
    /// Restarting a node in the middle of its update.
    #[error("node \"{0}\" is being updated: wait until it is done, or end the rollout")]
    Updating(NodeRef),
    /// Restarting a node during a show.
    #[error("the show \"{show}\" is armed: disarm it, or name it to restart a node in spite of it")]
    Armed {
        /// Its name.
        show: Text<64>,
    },
    /// The same id came with a different command.
    #[error("this idempotency key was used for a different command: use a new key for a new command")]
    IdReused,
    /// A node that cannot be told which universes are its own.
    #[error("node \"{0}\" does not take universes from its hub: give them in its own settings")]
    NoUniverses(NodeRef),
    /// A node that cannot be told how its LEDs are laid out.
    #[error("node \"{0}\" does not take its geometry from its hub: give it in its own settings")]
    NoGeometry(NodeRef),
    /// No room for another group.
    #[error("{what}: at most {limit}; delete one first")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Another rollout is going on.
    #[error("version {version} is being rolled out: wait until that is over, or abort it")]
    RolloutRunning {
        /// What is rolled out.
        version: String,
    },
    /// A word on a rollout without one.
    #[error("no version is being rolled out")]
    NoRollout,
    /// A node that was named cannot take part.
    #[error("node \"{node}\" {}", why.reason())]
    NotUpdatable {
        /// The node.
        node: NodeRef,
        /// Why.
        why: LeftOut,
    },
    /// The rollout refuses.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
    /// An order while no show is loaded.
    #[error("no show is loaded: load a show file first")]
    NoShow,
    /// A list cannot do what was asked.
    #[error(transparent)]
    Cue(#[from] BadStep),
    /// All revision numbers are used up.
    #[error("all 4,294,967,295 change numbers are used: stop the hub, delete its saved show and start again")]
    Exhausted,
}
