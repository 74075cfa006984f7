//! `geometry`: how the node's LEDs are laid out, hub to node (CTRL-13).

use serde::{Deserialize, Serialize};

use super::Text;
use crate::ids::{NodeId, Token};

/// `geometry`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaidOut {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// As `matrix:16x16:serpentine`, with as many pixels as the node has; `null`: as its own settings say.
    pub geometry: Option<Text<48>>,
}
