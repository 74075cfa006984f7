//! Why a slot is as it is.

use alloc::vec::Vec;

use cuelight_wire::time::{Show, Time};

use crate::cue::Target;
use crate::level::Level;
use crate::list::ListNumber;
use crate::number::CueNumber;

/// What a list says for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which list.
    pub list: ListNumber,
    /// The cue that brought the level; `None` while it fades out after a release.
    pub cue: Option<CueNumber>,
    /// The cue the list is in, into which the level may have tracked.
    pub current: Option<CueNumber>,
    /// When the list moved the parameter last. It may be later than that where the list has forgotten the run.
    pub since: Time<Show>,
    /// What it adds.
    pub level: Level,
    /// How much it hides of what it lies over, 65,535 is all: less while it fades in from nothing or out to nothing.
    pub weight: u16,
    /// Whether it changes by itself: a fade or an effect.
    pub is_fading: bool,
}

/// Which of the claims holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is none: the parameter has its default.
    Default,
    /// The highest, for an intensity.
    Highest,
    /// The one that moved last.
    Latest,
}

/// Why a slot is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What drives the slot.
    pub target: Target,
    /// Which claim holds.
    pub reason: Reason,
    /// What every list says that says something, the one that holds first.
    pub claims: Vec<Claim>,
    /// What the lists come to.
    pub merged: Level,
    /// What is put out, after grand master and blackout.
    pub level: Level,
    /// Whether grand master and blackout count.
    pub is_intensity: bool,
}
