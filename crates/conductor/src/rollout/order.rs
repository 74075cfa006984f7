//! What an operator asks for, and which node takes which image.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cuelight_wire::ids::Mac;
use cuelight_wire::time::Span;
use serde::{Deserialize, Serialize};

use crate::command::NodeRef;

/// What Cuelight nodes run, as manifests call it.
const PRODUCT: &str = "cuelight-node";

/// An image, as it is offered to nodes of one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// What it is for: `cuelight-node-ARCH-SYSTEM`, or `k1` for deployed nodes.
    pub platform: String,
    /// Where it is on the hub: a path of at most [`Image::MAX_PATH`] bytes.
    pub path: String,
    /// Its SHA-256, 64 lowercase hex digits.
    pub sha256: String,
    /// Its length, bytes.
    pub size: u64,
}

impl Image {
    /// The longest path: an address has 256 bytes, and the hub's own name needs some of them.
    pub const MAX_PATH: usize = 160;
}

/// A rollout, as an operator asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The version the nodes are to run, at most 32 bytes.
    pub version: String,
    /// Its image for every platform that has one, at most 16.
    pub images: Vec<Image>,
    /// The nodes; without a list all that are connected, can be updated, have an image and do not run the version.
    pub nodes: Option<Vec<NodeRef>>,
    /// The node that is first; the others follow by number.
    pub canary: Option<NodeRef>,
    /// How long a node may take, from the offer until it has proven itself.
    pub limit: Span,
    /// How long a node has to be healthy on the new version.
    pub settle: Span,
    /// Whether to wait for an operator's word after the canary.
    pub confirm_canary: bool,
    /// The armed show in spite of which the rollout may go on, by name.
    pub in_spite_of: Option<String>,
}

/// Why a node is not part of a rollout of all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// It is not connected.
    Away,
    /// It says that it cannot be updated.
    NotUpdatable,
    /// There is no image of that version for it.
    NoImage,
    /// It runs the version already.
    RunsIt,
}

impl LeftOut {
    /// The reason, for people.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Away => "is not connected",
            Self::NotUpdatable => "cannot be updated over the network: it was not started by cuelight-launch",
            Self::NoImage => "has no image of this version for its platform",
            Self::RunsIt => "runs this version already",
        }
    }
}

/// A node that was left out, and why.
pub(crate) type Left = (Mac, LeftOut);

/// What the images of a node are for: told by the machine it says it runs on, or by the name of its firmware (`k1-v2.8.0`).
pub(crate) fn platform(hardware: Option<&str>, fw: &str) -> String {
    match hardware {
        Some(hardware) => format!("{PRODUCT}-{hardware}"),
        None => fw.split('-').next().unwrap_or_default().into(),
    }
}

/// The version in a firmware's name: `2.8.0` of `k1-v2.8.0`, `0.2.0-rc.1` of `cuelight-0.2.0-rc.1`.
pub fn version_of(fw: &str) -> &str {
    let version = fw.split_once('-').map_or(fw, |(_, version)| version);
    version.strip_prefix('v').unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_platform_and_version_are_read_from_what_it_says() {
        assert_eq!(platform(Some("aarch64-linux"), "cuelight-0.2.0"), "cuelight-node-aarch64-linux");
        assert_eq!(platform(None, "k1-v2.8.0"), "k1");
        assert_eq!(
            (version_of("k1-v2.8.0"), version_of("cuelight-0.2.0-rc.1"), version_of("7")),
            ("2.8.0", "0.2.0-rc.1", "7")
        );
    }
}
