//! The settings of `cuelight node`: keys of the table `[node]`, variables `CUELIGHT_NODE_*`, flags.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use cuelight_dmx::range::UniverseRange;
use cuelight_input::InputSetting;
use cuelight_net::clock::LocalClock;
use cuelight_node::{NodeSettings, OutputSetting, UpdateSettings};
use cuelight_output::{Fallback, LightsTarget, Spin};
use cuelight_proto::node::SyncUse;
use cuelight_render::presets::{self, PresetInfo};
use cuelight_render::{Finish, Geometry};
use cuelight_trust::Authority;
use cuelight_update::key::{BadKey, PublicKey};
use cuelight_update::slots::Point;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::Span;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ConfigError;
use super::lights::{Universes, read_show};
use super::value::{Described, Hundredths, Name, Port, Switch, Whole, Worded, pattern_limits};
use crate::address::HubAddress;
use crate::folders;
use crate::logging::LogFormat;

/// What `fallback = "idle"` shows: dim and still, so that nobody takes it for the show.
const IDLE_PRESET: &str = "Night light";

/// What one source says of a node. Field names are the keys of a file; flags are the same with hyphens.
#[derive(Args, Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, expecting = "a table of node settings")]
pub(crate) struct NodeOptions {
    /// The hub [default: the one found by mDNS].
    #[arg(long, value_name = "HOST[:PORT]")]
    hub: Option<Worded<HubAddress>>,
    /// The hub's authority: a file with its certificate or sha256:HEX [default: that of the first hub that welcomes the node].
    #[arg(long, value_name = "FILE|sha256:HEX")]
    hub_ca: Option<Worded<Authority>>,
    /// Name for people [default: none].
    #[arg(long)]
    name: Option<Worded<Name<32>>>,
    /// Where frames go, may be given several times.
    #[arg(
        long = "output",
        value_name = "OUTPUT",
        help = "Where frames go, may be given several times: terminal, null, record:FILE, ddp:HOST[:PORT], \
                sacn:UNIVERSE[@HOST], artnet:UNIVERSE[@HOST] [default: none]"
    )]
    outputs: Vec<Worded<OutputSetting>>,
    /// The universes of the show that are this node's, like 1..4,7 [default: those that --lights names].
    #[arg(long, value_name = "UNIVERSES", value_delimiter = ',')]
    universes: Vec<Universes>,
    /// Universes that are taken from the network and merged with the show's, may be given several times.
    #[arg(
        long = "input",
        value_name = "INPUT",
        help = "Universes that are taken from the network and merged with the show's, may be given several times: \
                sacn:1..4 or artnet:0..3, and behind a ? options like as=1&max=120 [default: none]"
    )]
    inputs: Vec<Worded<InputSetting>>,
    /// Where universes of the show go, may be given several times.
    #[arg(
        long,
        value_name = "LIGHTS",
        help = "Where universes of the show go, may be given several times: sacn[:UNIVERSES][@HOST[:PORT]] or \
                artnet[:UNIVERSES][@HOST[:PORT]], and behind a ? options like hz=40&sync=1000 \
                [default: those of --universes by sACN]"
    )]
    lights: Vec<Worded<LightsTarget>>,
    /// A show file that the node plays by itself, every list from show time 0 on [default: none].
    #[arg(long, value_name = "FILE")]
    show: Option<PathBuf>,
    /// What hangs on it: strip:LEN, ring:LEN, matrix:WIDTHxHEIGHT and after it, as needed, :serpentine, :vertical, :top-right ... [default: strip:320].
    #[arg(long)]
    geometry: Option<Worded<Geometry>>,
    /// What it shows when the hub is missing: hold, idle, idle:PRESET or blackout [default: hold].
    #[arg(long, value_name = "WHAT")]
    fallback: Option<Worded<FallbackSetting>>,
    /// Exponent from code value to light; 1 is none [default: 2.2].
    #[arg(long, value_name = "EXPONENT")]
    gamma: Option<Hundredths<10, 1_000>>,
    /// Make levels between two bytes by alternating them from frame to frame [default: on].
    #[arg(long, value_name = "on|off")]
    dither: Option<Switch>,
    /// The most current all pixels together may draw, milliamperes [default: no limit].
    #[arg(long, value_name = "MA")]
    power_limit_ma: Option<Whole<1, 10_000_000>>,
    /// Address to take the stream on [default: 0.0.0.0, all of this machine's].
    #[arg(long, value_name = "IP")]
    bind: Option<Worded<IpAddr>>,
    /// UDP port to take the stream on; 0 takes any free one, for several nodes on one machine [default: 49152].
    #[arg(long, value_name = "PORT")]
    udp_port: Option<Port>,
    /// Folder for what a node remembers [default: ~/.local/state/cuelight/node].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Take patterns on a port of its own [default: on].
    #[arg(long, value_name = "on|off")]
    pattern_uploads: Option<Switch>,
    /// Port for patterns; 0 takes any free one [default: 8081, or any free one where that is taken].
    #[arg(long, value_name = "PORT")]
    pattern_port: Option<Port>,
    /// Largest pattern that is stored, bytes [default: 262144].
    #[arg(long, value_name = "BYTES")]
    pattern_max_bytes: Option<Whole<1, 1_073_741_824>>,
    /// All stored patterns together, bytes [default: 67108864].
    #[arg(long, value_name = "BYTES")]
    pattern_quota_bytes: Option<Whole<1, 1_099_511_627_776>>,
    /// Announce the port for patterns by mDNS [default: on].
    #[arg(long, value_name = "on|off")]
    mdns: Option<Switch>,
    /// Something starts it again when it ends (Restart=always of systemd, say), so its hub may restart it [default: off; under cuelight-launch on].
    #[arg(long, value_name = "on|off")]
    supervised: Option<Switch>,
    /// Serve a page of its own there, for whoever stands beside it; it only reads, and wants no key [default: none].
    #[arg(long, value_name = "IP:PORT")]
    page: Option<Worded<SocketAddr>>,
    /// Another identity than this machine's MAC address, for several nodes on one machine.
    #[arg(long)]
    mac: Option<Worded<Mac>>,
    /// Varies what is random in its picture; equal nodes with equal seeds show equal pixels [default: 0].
    #[arg(long)]
    seed: Option<Whole<0, 4_294_967_295>>,
    /// Ask for real-time priority [default: on]. Where it is refused the node says so and goes on.
    #[arg(long, value_name = "on|off")]
    realtime: Option<Switch>,
    /// How long to watch the clock before each frame instead of sleeping, microseconds [default: by priority].
    #[arg(long, value_name = "US")]
    spin_us: Option<Whole<0, 5_000>>,
    /// Whether frames follow the shared clock, or changes as they arrive, to see the difference [default: scheduled].
    #[arg(long, value_enum, value_name = "HOW")]
    sync: Option<SyncSetting>,
    /// A key whose images it takes from its hub; give at least two. Without keys it is not updated over the network.
    #[arg(long = "update-key", value_name = "cuelight-public:...")]
    update_keys: Vec<Worded<PublicKey>>,
    /// How many of the update keys must have signed an image [default: 1].
    #[arg(long, value_name = "N")]
    update_signatures: Option<Whole<1, 8>>,
    /// The channel whose images it takes [default: stable].
    #[arg(long, value_name = "WORD")]
    update_channel: Option<Worded<Name<64>>>,
    /// How log lines are written [default: text].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) log: Option<LogFormat>,
    /// Whether a hub that does not answer is looked for by mDNS.
    #[arg(skip)]
    #[serde(skip)]
    looks_around: bool,
    /// Pretend that this machine's clock is OFFSET_S seconds off and PPM parts per million fast, for measurements.
    #[arg(long, value_name = "OFFSET_S,PPM", hide = true, allow_hyphen_values = true)]
    inject_clock: Option<Worded<LocalClock>>,
    /// End an update there as if power had failed, for tests.
    #[arg(long, value_name = "POINT", hide = true)]
    update_fails_at: Option<Worded<Point>>,
}

/// How a node uses the show clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", expecting = "scheduled or on-arrival")]
pub(crate) enum SyncSetting {
    /// Frames are locked to show time, changes take effect at their applyAt.
    #[default]
    Scheduled,
    /// Frames run freely, changes take effect when they arrive.
    OnArrival,
}

/// What a node shows when the hub is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FallbackSetting {
    Hold,
    Idle(&'static PresetInfo),
    Blackout,
}

impl PartialEq for FallbackSetting {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl FallbackSetting {
    fn text(&self) -> String {
        match self {
            Self::Hold => "hold".to_owned(),
            Self::Idle(preset) => format!("idle:{}", preset.name),
            Self::Blackout => "blackout".to_owned(),
        }
    }
}

/// Why a text is no fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadFallback {
    Word,
    Preset(String),
}

impl FromStr for FallbackSetting {
    type Err = BadFallback;
    fn from_str(text: &str) -> Result<Self, BadFallback> {
        let idle =
            |name: &str| presets::by_name(name).map(Self::Idle).ok_or_else(|| BadFallback::Preset(name.to_owned()));
        match text.split_once(':') {
            None if text == "hold" => Ok(Self::Hold),
            None if text == "blackout" => Ok(Self::Blackout),
            None if text == "idle" => idle(IDLE_PRESET),
            Some(("idle", name)) => idle(name),
            _ => Err(BadFallback::Word),
        }
    }
}

impl Described for FallbackSetting {
    fn expected() -> String {
        "hold, idle, idle:PRESET or blackout".to_owned()
    }
    fn reason(error: &BadFallback) -> Option<String> {
        match error {
            BadFallback::Word => None,
            BadFallback::Preset(name) => Some(format!(
                "there is no preset \"{name}\" (cuelight effects lists them): expected {}",
                Self::expected()
            )),
        }
    }
}

impl Described for PublicKey {
    fn expected() -> String {
        "a public key like cuelight-public:AAAA...=".to_owned()
    }
    fn reason(error: &BadKey) -> Option<String> {
        Some(error.to_string())
    }
}

impl Described for Point {
    fn expected() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|point| point.name()).collect();
        format!("a point of an update: {}", names.join(", "))
    }
}

impl NodeOptions {
    /// These options, and those of `below` where these say nothing.
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            hub: self.hub.or(below.hub),
            hub_ca: self.hub_ca.or(below.hub_ca),
            name: self.name.or(below.name),
            outputs: if self.outputs.is_empty() { below.outputs } else { self.outputs },
            universes: if self.universes.is_empty() { below.universes } else { self.universes },
            inputs: if self.inputs.is_empty() { below.inputs } else { self.inputs },
            lights: if self.lights.is_empty() { below.lights } else { self.lights },
            show: self.show.or(below.show),
            geometry: self.geometry.or(below.geometry),
            fallback: self.fallback.or(below.fallback),
            gamma: self.gamma.or(below.gamma),
            dither: self.dither.or(below.dither),
            power_limit_ma: self.power_limit_ma.or(below.power_limit_ma),
            bind: self.bind.or(below.bind),
            udp_port: self.udp_port.or(below.udp_port),
            data_dir: self.data_dir.or(below.data_dir),
            pattern_uploads: self.pattern_uploads.or(below.pattern_uploads),
            pattern_port: self.pattern_port.or(below.pattern_port),
            pattern_max_bytes: self.pattern_max_bytes.or(below.pattern_max_bytes),
            pattern_quota_bytes: self.pattern_quota_bytes.or(below.pattern_quota_bytes),
            mdns: self.mdns.or(below.mdns),
            supervised: self.supervised.or(below.supervised),
            page: self.page.or(below.page),
            mac: self.mac.or(below.mac),
            seed: self.seed.or(below.seed),
            realtime: self.realtime.or(below.realtime),
            spin_us: self.spin_us.or(below.spin_us),
            sync: self.sync.or(below.sync),
            update_keys: if self.update_keys.is_empty() { below.update_keys } else { self.update_keys },
            update_signatures: self.update_signatures.or(below.update_signatures),
            update_channel: self.update_channel.or(below.update_channel),
            log: self.log.or(below.log),
            looks_around: self.looks_around || below.looks_around,
            inject_clock: self.inject_clock.or(below.inject_clock),
            update_fails_at: self.update_fails_at.or(below.update_fails_at),
        }
    }

    /// The options of a receiver (see `role`).
    pub(super) fn of_receiver(
        name: Worded<Name<32>>,
        hub: Option<HubAddress>,
        looks_around: bool,
        universes: impl Iterator<Item = u16>,
    ) -> Self {
        let universes = universes.map(|number| Universes(UniverseRange::one(number))).collect();
        Self { name: Some(name), hub: hub.map(Worded), looks_around, universes, ..Self::default() }
    }

    /// The settings these options mean, with the show they name.
    pub(crate) fn settings_with_show(&self) -> Result<NodeSettings, ConfigError> {
        Ok(NodeSettings { show: self.show.as_deref().map(read_show).transpose()?, ..self.settings() })
    }
    /// The settings these options mean, without a show; what they leave open is the node's default.
    pub(crate) fn settings(&self) -> NodeSettings {
        let data_dir = self.data_dir.clone().unwrap_or_else(|| folders::state("node"));
        let default = NodeSettings::new(data_dir);
        NodeSettings {
            version: crate::VERSION,
            hub: self.hub.as_ref().map(|Worded(hub)| hub.to_string()).or(default.hub),
            hub_ca: self.hub_ca.as_ref().map(|Worded(authority)| authority.clone()).or(default.hub_ca),
            looks_around: self.looks_around,
            name: self.name.as_ref().map(|Worded(Name(name))| name.clone()).or(default.name),
            outputs: self.outputs.iter().map(|Worded(output)| output.clone()).collect(),
            universes: self.universes.iter().map(|Universes(range)| *range).collect(),
            inputs: self.inputs.iter().map(|Worded(input)| input.clone()).collect(),
            lights: self.lights.iter().map(|Worded(target)| target.clone()).collect(),
            show: None,
            geometry: self.geometry.as_ref().map_or(default.geometry, |Worded(geometry)| *geometry),
            fallback: match &self.fallback {
                None => default.fallback,
                Some(Worded(FallbackSetting::Hold)) => Fallback::Hold,
                Some(Worded(FallbackSetting::Blackout)) => Fallback::Blackout,
                Some(Worded(FallbackSetting::Idle(preset))) => Fallback::Idle(preset.scene()),
            },
            finish: Finish {
                gamma_x100: self.gamma.map_or(default.finish.gamma_x100, Hundredths::get),
                dither: self.dither.map_or(default.finish.dither, |Switch(on)| on),
                power_limit_ma: self.power_limit_ma.map(Whole::get).or(default.finish.power_limit_ma),
                ..default.finish
            },
            bind: self.bind.as_ref().map_or(default.bind, |Worded(ip)| *ip),
            udp_port: self.udp_port.map_or(default.udp_port, Whole::get),
            data_dir: default.data_dir,
            pattern_uploads: self.pattern_uploads.map_or(default.pattern_uploads, |Switch(on)| on),
            pattern_port: self.pattern_port.map(Whole::get).or(default.pattern_port),
            patterns: pattern_limits(self.pattern_max_bytes, self.pattern_quota_bytes),
            mdns: self.mdns.map_or(default.mdns, |Switch(on)| on),
            supervised: self.supervised.map_or(default.supervised, |Switch(on)| on),
            page: self.page.as_ref().map(|Worded(at)| *at).or(default.page),
            mac: self.mac.as_ref().map(|Worded(mac)| *mac).or(default.mac),
            seed: self.seed.map_or(default.seed, Whole::get),
            realtime: self.realtime.map_or(default.realtime, |Switch(on)| on),
            spin: self.spin_us.map_or(default.spin, |us| Spin::For(Span::from_us(us.get()))),
            sync: match self.sync.unwrap_or_default() {
                SyncSetting::Scheduled => SyncUse::Scheduled,
                SyncSetting::OnArrival => SyncUse::OnArrival,
            },
            update: UpdateSettings {
                keys: self.update_keys.iter().map(|Worded(key)| *key).collect(),
                signatures: self.update_signatures.map_or(default.update.signatures, Whole::get),
                channel: self.update_channel.as_ref().map_or(default.update.channel, |Worded(Name(word))| word.clone()),
                fails_at: self.update_fails_at.as_ref().map(|Worded(point)| *point),
            },
            clock: self.inject_clock.as_ref().map_or(default.clock, |Worded(clock)| *clock),
        }
    }
}

/// Settings as `cuelight check` shows them, by key.
pub(crate) fn shown(options: &NodeOptions) -> Map<String, Value> {
    let settings = options.settings();
    let outputs: Vec<_> = settings.outputs.iter().map(ToString::to_string).collect();
    let mut shown = Map::new();
    let mut show = |key: &str, value| shown.insert(key.to_owned(), value);
    show("hub", json!(settings.hub));
    show("hub_ca", json!(settings.hub_ca.as_ref().map(ToString::to_string)));
    show("name", json!(settings.name));
    show("page", json!(settings.page));
    show("outputs", json!(outputs));
    let universes: Vec<_> = settings.universes.iter().map(ToString::to_string).collect();
    show("universes", json!(universes));
    let inputs: Vec<_> = settings.inputs.iter().map(ToString::to_string).collect();
    show("inputs", json!(inputs));
    let lights: Vec<_> = settings.lights.iter().map(ToString::to_string).collect();
    show("lights", json!(lights));
    show("show", json!(options.show));
    show("geometry", json!(settings.geometry.to_string()));
    show(
        "fallback",
        json!(options.fallback.as_ref().map_or(FallbackSetting::Hold, |Worded(fallback)| *fallback).text()),
    );
    show("gamma", json!(f64::from(settings.finish.gamma_x100) / 100.0));
    show("dither", json!(settings.finish.dither));
    show("power_limit_ma", json!(settings.finish.power_limit_ma));
    show("bind", json!(settings.bind));
    show("udp_port", json!(settings.udp_port));
    show("data_dir", json!(settings.data_dir));
    show("pattern_uploads", json!(settings.pattern_uploads));
    show("pattern_port", json!(settings.pattern_port));
    show("pattern_max_bytes", json!(settings.patterns.file_max));
    show("pattern_quota_bytes", json!(settings.patterns.quota));
    show("mdns", json!(settings.mdns));
    show("supervised", json!(settings.supervised));
    show("mac", json!(settings.mac));
    show("seed", json!(settings.seed));
    show("realtime", json!(settings.realtime));
    show("spin_us", json!(options.spin_us.map(Whole::get::<u32>)));
    show("sync", json!(options.sync.unwrap_or_default()));
    let keys: Vec<_> = settings.update.keys.iter().map(ToString::to_string).collect();
    show("update_keys", json!(keys));
    show("update_signatures", json!(settings.update.signatures));
    show("update_channel", json!(settings.update.channel));
    show("log", json!(options.log.unwrap_or_default()));
    shown
}
