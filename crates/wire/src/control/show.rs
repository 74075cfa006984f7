//! Show messages of the control plane, as deployed nodes take them: the snapshot after welcome and the changes
//! (CTRL-2).

use heapless::Vec;
use serde::{Deserialize, Serialize};

use super::Us;
use crate::ids::NodeId;
use crate::limits::MAX_ZONES;

/// `state.snapshot`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// From when it holds, show time.
    #[serde(rename = "applyAt_us")]
    pub apply_at_us: Us,
    /// The scene without its zones.
    pub global: GlobalState,
    /// Whether zones are on.
    #[serde(rename = "zonesEnabled", default)]
    pub zones_enabled: bool,
    /// The zones.
    #[serde(default)]
    pub zones: Vec<ZoneState, MAX_ZONES>,
}

/// `global` of a snapshot. Ids are at most 255 here, and hue is 8 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of scene::Parameters")]
pub struct GlobalState {
    #[serde(rename = "effectId")]
    pub effect_id: u8,
    #[serde(rename = "paletteId")]
    pub palette_id: u8,
    pub brightness: u8,
    pub speed: u8,
    pub hue: u8,
    pub intensity: u8,
    pub saturation: u8,
    pub complexity: u8,
    pub variation: u8,
}

/// One of `zones` of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of scene::Zone")]
pub struct ZoneState {
    #[serde(rename = "zoneId")]
    pub zone_id: u8,
    #[serde(rename = "effectId")]
    pub effect_id: u8,
    pub brightness: u8,
    pub speed: u8,
    #[serde(rename = "paletteId")]
    pub palette_id: u8,
    #[serde(rename = "blendMode")]
    pub blend_mode: u8,
}

/// `effects.setCurrent`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetEffect {
    /// The effect.
    #[serde(rename = "effectId")]
    pub effect_id: u8,
    /// From when it holds, show time.
    #[serde(rename = "applyAt_us")]
    pub apply_at_us: Us,
}

/// `parameters.set`: those given change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are those of scene::Parameters")]
pub struct ParametersSet {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brightness: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<u8>,
    #[serde(rename = "paletteId", skip_serializing_if = "Option::is_none")]
    pub palette_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hue: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intensity: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturation: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexity: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variation: Option<u8>,
    /// From when it holds, show time.
    #[serde(rename = "applyAt_us")]
    pub apply_at_us: Us,
}

/// `zones.update`: those fields given change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are those of scene::Zone")]
pub struct ZoneUpdate {
    #[serde(rename = "zoneId")]
    pub zone_id: u8,
    #[serde(rename = "effectId", skip_serializing_if = "Option::is_none")]
    pub effect_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brightness: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<u8>,
    #[serde(rename = "paletteId", skip_serializing_if = "Option::is_none")]
    pub palette_id: Option<u8>,
    #[serde(rename = "blendMode", skip_serializing_if = "Option::is_none")]
    pub blend_mode: Option<u8>,
    /// From when it holds, show time.
    #[serde(rename = "applyAt_us")]
    pub apply_at_us: Us,
}
