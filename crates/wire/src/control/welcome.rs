//! `welcome`, the hub's answer to `hello`.

use serde::{Deserialize, Serialize};

use super::Us;
use crate::caps::Ext;
use crate::ids::{NodeId, Token};

/// `welcome`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Protocol version.
    pub proto: u8,
    /// The node's number, the same for the same MAC address.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// To be given with every later message; its hash is in every stream packet.
    pub token: Token,
    /// Where the hub will send the stream.
    #[serde(rename = "udpPort")]
    pub udp_port: u16,
    /// The hub's show clock now.
    #[serde(rename = "hubEpoch_us")]
    pub hub_epoch_us: Us,
    /// Port of the hub's time exchange; 49154 when absent.
    #[serde(rename = "tsPort", default, skip_serializing_if = "Option::is_none")]
    pub ts_port: Option<u16>,
    /// The capability words both sides know; absent for deployed nodes.
    #[serde(default, skip_serializing_if = "Ext::is_none")]
    pub ext: Ext,
    /// Which run of the hub this is; a different number means its clock is a new one to measure. Absent for deployed
    /// nodes.
    #[serde(rename = "bootId", default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<u32>,
}
