//! `universes`: which universes are the node's, hub to node (CTRL-12).

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, Token};
use crate::universes::UniverseRanges;

/// `universes`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// Those that are the node's, perhaps none; `null`: those of its own settings.
    pub universes: Option<UniverseRanges>,
}
