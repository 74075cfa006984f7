//! Roles: what a caller may do, and what a call wants of its caller (ACC-1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account or a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Read `/metrics`.
    Metrics,
    /// Make the calls of a receiver.
    Node,
    /// Look at the show.
    Viewer,
    /// Play it.
    Operator,
    /// Configure it.
    Admin,
}

/// The least that a call wants of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Least {
    /// Nothing: it is for everybody who reaches the hub.
    Anybody,
    /// A role, whichever.
    Known,
    /// A role that covers this one.
    Role(Role),
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Metrics, Self::Node, Self::Viewer, Self::Operator, Self::Admin];

    /// Whether who has this role may do what `wanted` may.
    pub(crate) fn covers(self, wanted: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Operator => matches!(wanted, Self::Metrics | Self::Viewer | Self::Operator),
            Self::Viewer => matches!(wanted, Self::Metrics | Self::Viewer),
            Self::Node | Self::Metrics => self == wanted,
        }
    }

    /// Whether people have it, and not programs alone.
    pub(crate) fn is_for_people(self) -> bool {
        matches!(self, Self::Viewer | Self::Operator | Self::Admin)
    }

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Node => "node",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl Least {
    /// Whether who has `role`, or none, may make the call.
    pub(crate) fn is_met_by(self, role: Option<Role>) -> bool {
        match self {
            Self::Anybody => true,
            Self::Known => role.is_some(),
            Self::Role(wanted) => role.is_some_and(|role| role.covers(wanted)),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.word() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ACC-1
    #[test]
    fn people_cover_what_is_below_them_and_programs_only_their_own() {
        use Role::{Admin, Metrics, Node, Operator, Viewer};
        let covered = |role: Role| Role::ALL.into_iter().filter(|other| role.covers(*other)).collect::<Vec<_>>();
        assert_eq!(covered(Admin), Role::ALL);
        assert_eq!(covered(Operator), [Metrics, Viewer, Operator]);
        assert_eq!(covered(Viewer), [Metrics, Viewer]);
        assert_eq!(covered(Node), [Node]);
        assert_eq!(covered(Metrics), [Metrics]);
        assert!(Least::Anybody.is_met_by(None) && !Least::Role(Metrics).is_met_by(None));
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        assert_eq!("root".parse::<Role>(), Err(()));
    }
}
