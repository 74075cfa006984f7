//! `restart`: the hub has a node started again (CTRL-10).

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, Token};

/// `restart`, hub to node: end, so that whatever watches over the node starts it again; only with the word `restart`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
}
