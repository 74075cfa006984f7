//! Who makes a request.

use cuelight_wire::time::{Time, Wall};
use cuelight_wire::universes::UniverseRanges;

use super::role::Role;
use super::secret::SecretId;

/// Somebody with a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) role: Role,
    /// The account, or the name of the key.
    pub(crate) name: String,
    pub(crate) via: Via,
    /// Until when the key or session is good; `None` without end.
    pub(crate) expires_at: Option<Time<Wall>>,
    /// The universes that it may drive; `None`: all.
    pub(crate) universes: Option<UniverseRanges>,
}

/// What shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// A browser that has logged in.
    Session(SecretId),
    /// A key that the hub gave out.
    Key(SecretId),
    /// The key in the data folder.
    OperatorKey,
    /// That the request comes from the hub's own machine, where that is enough.
    ThisMachine,
}

impl Via {
    /// Its word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Key(_) | Self::OperatorKey => "key",
            Self::ThisMachine => "this-machine",
        }
    }
    /// What it is counted by.
    pub(crate) fn id(&self) -> Option<&SecretId> {
        match self {
            Self::Session(id) | Self::Key(id) => Some(id),
            Self::OperatorKey | Self::ThisMachine => None,
        }
    }
}

impl Caller {
    /// The session's id, where it is one.
    pub(crate) fn session(&self) -> Option<&SecretId> {
        match &self.via {
            Via::Session(id) => Some(id),
            _ => None,
        }
    }
}
