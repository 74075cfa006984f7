//! Roles, as the hub calls them.

use clap::ValueEnum;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Read /metrics
    Metrics,
    /// Make the calls of a receiver
    Node,
    /// Look at the show
    Viewer,
    /// Play the show
    Operator,
    /// Configure the hub
    Admin,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PersonRole {
    /// Look at the show
    Viewer,
    /// Play the show
    Operator,
    /// Configure the hub
    Admin,
}

/// Its word in the API.
pub(super) fn word(role: impl ValueEnum) -> String {
    role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
