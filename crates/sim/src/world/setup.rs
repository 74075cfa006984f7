//! What a world is made of.

use cuelight_conductor::Config;
use cuelight_proto::sync::Profile;
use cuelight_render::Finish;
use cuelight_wire::caps::Ext;
use cuelight_wire::ids::{Mac, PatternId};

use crate::oscillator::OscillatorProfile;
use crate::profiles::{LOOPBACK_PATH, PathProfile};
use crate::rng::Rng;

/// Largest offset a drawn clock has, nanoseconds: 1000 s.
const OFFSET_NS: f64 = 1e12;
/// Largest skew a drawn clock has, ppm.
const SKEW_PPM: f64 = 100.0;
/// Wander of a drawn clock, ppm per square root of a second: an uncompensated crystal at a steady temperature.
const WANDER_PPM: f64 = 3e-3;

/// One node.
#[derive(Clone, Debug)]
pub struct NodeSetup {
    /// Its identity.
    pub mac: Mac,
    /// Its clock.
    pub clock: OscillatorProfile,
    /// Its way to the hub.
    pub path: PathProfile,
    /// Thresholds of its clock estimator.
    pub profile: Profile,
    /// Capability words it offers.
    pub ext: Ext,
    /// The renderer's randomness; nodes that are to look alike have the same.
    pub render_seed: u32,
    /// Gamma, dithering, power limit.
    pub finish: Finish,
    /// The patterns it has from the start: their ids and files.
    pub patterns: Vec<(PatternId, Vec<u8>)>,
}

/// A whole world.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Everything random follows from it.
    pub seed: u64,
    /// The hub's settings.
    pub hub: Config,
    /// The hub's clock.
    pub hub_clock: OscillatorProfile,
    /// The nodes.
    pub nodes: Vec<NodeSetup>,
}

impl Setup {
    /// A hub and `nodes` equal nodes on one kind of path, each with a clock of its own drawn from the seed: offset within
    /// 1000 s either way, skew within 100 ppm, wander 3e-9 per square root of a second.
    pub fn new(nodes: usize, path: PathProfile, seed: u64) -> Self {
        let mut rng = Rng::derived(seed, 0x5e70);
        let hub_clock = drawn_clock(&mut rng);
        let node = |n: usize| NodeSetup {
            mac: Mac([2, 0, 0, 0, (n >> 8) as u8, n as u8]),
            clock: drawn_clock(&mut rng),
            path,
            profile: Profile::DEFAULT,
            ext: Ext::ALL,
            render_seed: 7,
            finish: Finish::DEFAULT,
            patterns: Vec::new(),
        };
        let nodes = (1..=nodes).map(node).collect();
        Self { seed, hub: Config { boot_id: 1, ..Config::default() }, hub_clock, nodes }
    }
    /// The same on loopback.
    pub fn loopback(nodes: usize, seed: u64) -> Self {
        Self::new(nodes, LOOPBACK_PATH, seed)
    }
    /// The same without the control plane's copies of changes.
    pub fn without_backstop(mut self) -> Self {
        self.hub.control_backstop = false;
        self
    }
}

fn drawn_clock(rng: &mut Rng) -> OscillatorProfile {
    OscillatorProfile {
        offset_ns: rng.between(-OFFSET_NS, OFFSET_NS) as i64,
        ppm: rng.between(-SKEW_PPM, SKEW_PPM),
        wander_ppm: WANDER_PPM,
        ..OscillatorProfile::default()
    }
}
