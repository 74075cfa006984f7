//! `hello`, the first message of a session, node to hub. Fields of the extensions are left out where they say nothing
//! (CTRL-3).

use serde::{Deserialize, Serialize};

use super::{Text, Us};
use crate::caps::Ext;
use crate::ids::Mac;
use crate::universes::UniverseRanges;

/// `hello`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol version.
    pub proto: u8,
    /// The node's identity.
    pub mac: Mac,
    /// Firmware version, `k1-v2.X.Y` on deployed nodes.
    pub fw: Text<32>,
    /// What the node can do.
    pub caps: Caps,
    /// What hangs on it.
    pub topo: Topo,
    /// Where it takes the stream, when not on port 49152.
    #[serde(rename = "udpPort", default, skip_serializing_if = "Option::is_none")]
    pub udp_port: Option<u16>,
    /// A name people gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<32>>,
    /// Capability words; absent on deployed nodes.
    #[serde(default, skip_serializing_if = "Ext::is_none")]
    pub ext: Ext,
    /// The machine it runs on, as ARCH-SYSTEM: which images are for it. Absent on deployed nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Text<32>>,
    /// The universes that its own settings give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universes: Option<UniverseRanges>,
    /// Where it serves a page of its own.
    #[serde(rename = "pagePort", default, skip_serializing_if = "Option::is_none")]
    pub page_port: Option<u16>,
    /// How its LEDs are laid out, as `strip:320`, `ring:60` or `matrix:16x16:serpentine`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geometry: Option<Text<48>>,
    /// Show time as the node knows it, so that a restarted hub can go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<ShowHint>,
}

/// `caps` of a hello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Caps {
    /// Takes the UDP stream.
    pub udp: bool,
    /// Can be updated over the network.
    pub ota: bool,
    /// Keeps the show clock.
    pub clock: bool,
}

/// `topo` of a hello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Topo {
    /// Pixels in all.
    pub leds: u32,
    /// Outputs.
    pub channels: u16,
}

/// `show` of a hello: the node's held-over show time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowHint {
    /// Show time when the hello was written.
    pub now_us: Us,
    /// How far off it may be.
    pub bound_us: Us,
    /// The revision of the newest scene the node knows; a restarted hub numbers its changes above it.
    pub rev: u32,
}
