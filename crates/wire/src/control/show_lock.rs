//! `show_lock`: which show is armed, hub to node (CTRL-9).

use serde::{Deserialize, Serialize};

use super::Text;
use crate::ids::{NodeId, Token};

/// `show_lock`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowLock {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// The name of the armed show; `null` when none is.
    pub show: Option<Text<64>>,
}
