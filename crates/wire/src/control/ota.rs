//! `ota_update`, `ota_stop` and `ota_status`; deployed spellings of the states are read (CTRL-8).

use serde::{Deserialize, Serialize};

use super::Text;
use crate::ids::{NodeId, Token};

/// `ota_update`, hub to node
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtaUpdate {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// The version to become.
    pub version: Text<32>,
    /// Absolute address of the image.
    pub url: Text<256>,
    /// SHA-256 of the image, 64 lowercase hex digits.
    pub sha256: Text<64>,
    /// Length of the image, bytes.
    #[serde(default)]
    pub size: u64,
    /// The armed show in spite of which it is to happen, by name; only for nodes that are told which show is armed.
    #[serde(rename = "inSpiteOf", default, skip_serializing_if = "Option::is_none")]
    pub in_spite_of: Option<Text<64>>,
}

/// `ota_stop`, hub to node: the update to this image is to be left off, where it can be (OTA-21)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtaStop {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// SHA-256 of the image of the update, 64 lowercase hex digits.
    pub sha256: Text<64>,
}

/// `ota_status`, node to hub
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtaStatus {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The session.
    pub token: Token,
    /// How far the update is.
    pub state: OtaState,
    /// Percent of that state.
    #[serde(default)]
    pub pct: u8,
    /// What went wrong, when `state` is failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Text<128>>,
    /// The last lines of the log of an image that was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Text<512>>,
}

/// The states of an update. Deployed nodes write them in capitals, and `ERROR` for failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OtaState {
    /// Fetching the image.
    #[serde(alias = "DOWNLOADING")]
    Downloading,
    /// Checking its hash.
    #[serde(alias = "VERIFYING")]
    Verifying,
    /// Writing it.
    #[serde(alias = "APPLYING")]
    Applying,
    /// Restarting into it.
    #[serde(alias = "REBOOTING")]
    Rebooting,
    /// Given up; nothing has changed.
    #[serde(alias = "FAILED", alias = "ERROR", alias = "error")]
    Failed,
}
