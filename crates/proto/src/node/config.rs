//! What a node is told about itself.

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Text, Topo};
use cuelight_wire::ids::Mac;
use cuelight_wire::universes::UniverseRanges;

use crate::sync::Profile;

/// How a node uses the show clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SyncUse {
    /// Changes are applied at their applyAt and frames are locked to show time.
    #[default]
    Scheduled,
    /// Changes are applied when they arrive and the frame timeline runs freely from the first welcome on. The clock is
    /// measured all the same, so that the difference can be shown.
    OnArrival,
}

/// A node's identity and abilities, as its hello tells them, and how it keeps time.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The node's stable identity.
    pub mac: Mac,
    /// Its firmware version.
    pub fw: Text<32>,
    /// A name people gave it.
    pub name: Option<Text<32>>,
    /// The machine it runs on, as ARCH-SYSTEM.
    pub hardware: Option<Text<32>>,
    /// The universes that its own settings give it.
    pub universes: Option<UniverseRanges>,
    /// Where it serves a page of its own.
    pub page_port: Option<u16>,
    /// How its LEDs are laid out, in the words of a hello.
    pub geometry: Option<Text<48>>,
    /// What it can do.
    pub caps: Caps,
    /// What hangs on it.
    pub topo: Topo,
    /// Where it takes the stream, when not on port 49152.
    pub udp_port: Option<u16>,
    /// Capability words it offers.
    pub ext: Ext,
    /// The clock estimator's profile.
    pub profile: Profile,
    /// How it uses the show clock.
    pub sync: SyncUse,
}
