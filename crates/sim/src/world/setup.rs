//! What a world is made of.

use cuelight_conductor::Config;
use cuelight_proto::node::{NodeConfig, SyncUse};
use cuelight_proto::sync::Profile;
use cuelight_render::Finish;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Topo};
use cuelight_wire::ids::{Mac, PatternId};

use super::frames::PIXELS;
use crate::oscillator::OscillatorProfile;
use crate::profiles::{LOOPBACK_PATH, PathProfile};
use crate::rng::Rng;

/// Largest offset a drawn clock has, nanoseconds: 1000 s.
const OFFSET_NS: f64 = 1e12;
/// Largest skew a drawn clock has, ppm.
const SKEW_PPM: f64 = 100.0;
/// Wander of a drawn clock, ppm per square root of a second: an uncompensated crystal at a steady temperature.
const WANDER_PPM: f64 = 3e-3;

/// Datagrams a socket holds for a process that does not fetch them: Linux keeps 212,992 bytes, and counts a small datagram
/// as 768.
pub const INBOX: usize = 212_992 / 768;

/// What language a machine speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speech {
    /// The version this program is.
    #[default]
    Present,
    /// A later one: its messages have fields and capability words nobody knows, its packets go on after what is known.
    Later,
    /// A deployed device, which knows none of the extensions.
    Deployed,
}

/// How fast a machine is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    /// Dealing with one datagram or message takes this long, uniform between the two, nanoseconds.
    pub handles_ns: (f64, f64),
    /// The frame thread wakes this much late, uniform between the two, nanoseconds.
    pub wakes_late_ns: (f64, f64),
}

/// A counter that local time is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Microseconds it shows at true time 0; it has 32 bits and wraps every 71.6 minutes.
    pub starts_at: u32,
    /// Whether the shell extends it to 64 bits, as it must.
    pub is_extended: bool,
}

/// One node.
#[derive(Clone, Debug)]
pub struct NodeSetup {
    /// Its identity.
    pub mac: Mac,
    /// Its clock.
    pub clock: OscillatorProfile,
    /// What its local time is read from; 64 bits of nanoseconds when absent.
    pub counter: Option<Counter>,
    /// What language it speaks. A deployed one is a small machine of its own, without frames.
    pub speech: Speech,
    /// How fast it is.
    pub cpu: Cpu,
    /// Datagrams that wait while it is busy; one more is dropped.
    pub inbox: usize,
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

impl NodeSetup {
    /// What its role is told at the start.
    pub(crate) fn config(&self) -> NodeConfig {
        NodeConfig {
            mac: self.mac,
            fw: "cuelight-sim".try_into().expect("12 characters fit"),
            name: None,
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            caps: Caps { udp: true, ota: false, clock: true },
            topo: Topo { leds: PIXELS as u32, channels: 1 },
            udp_port: None,
            ext: self.ext,
            profile: self.profile,
            sync: SyncUse::Scheduled,
        }
    }
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
    /// What language the hub speaks.
    pub hub_speech: Speech,
    /// The number of the first datagram of every session.
    pub first_seq: u32,
    /// Whether a trace is written for a judge. Then nodes that are to draw the same frame of the same scene draw it once.
    pub is_traced: bool,
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
            counter: None,
            speech: Speech::Present,
            cpu: Cpu::default(),
            inbox: INBOX,
            path,
            profile: Profile::DEFAULT,
            // Nothing in these worlds plays universes, or is laid out by its hub. Their datagrams are renumbered and altered on
            // the way, which a tag would not let pass.
            ext: Ext::ALL.without(Ext::UNIVERSES).without(Ext::GEOMETRY).without(Ext::SEAL),
            render_seed: 7,
            finish: Finish::DEFAULT,
            patterns: Vec::new(),
        };
        let nodes = (1..=nodes).map(node).collect();
        let hub = Config { boot_id: 1, ..Config::default() };
        Self { seed, hub, hub_clock, hub_speech: Speech::Present, first_seq: 0, is_traced: false, nodes }
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
