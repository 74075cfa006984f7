//! `ts_ping` and `ts_pong`: the time exchange over the control plane, the fallback where UDP does not pass.

use serde::{Deserialize, Serialize};

use super::Us;
use crate::ids::{NodeId, Token};

/// `ts_ping`, node to hub
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TsPing {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// Counts the node's pings.
    pub seq: u32,
    /// When the node sent it, on its own clock.
    pub t1_us: Us,
}

/// `ts_pong`, hub to node
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TsPong {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The ping's number.
    pub seq: u32,
    /// The ping's t1.
    pub t1_us: Us,
    /// When the hub received the ping, show time.
    pub t2_us: Us,
    /// When the hub sent this, show time.
    pub t3_us: Us,
}
