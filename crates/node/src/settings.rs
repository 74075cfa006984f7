//! What a node can be told.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use cuelight_dmx::range::UniverseRange;
use cuelight_input::InputSetting;
use cuelight_net::clock::LocalClock;
use cuelight_output::universes::{ArtNetTarget, BadTarget, SacnTarget};
use cuelight_output::{Fallback, LightsTarget, Spin};
use cuelight_pattern::store::Limits;
use cuelight_proto::node::SyncUse;
use cuelight_render::{Finish, Geometry};
use cuelight_show::Show;
use cuelight_trust::Authority;
use cuelight_update::key::PublicKey;
use cuelight_update::slots::Point;
use cuelight_wire::ids::Mac;
use cuelight_wire::limits::UDP_PORT;
use thiserror::Error;

/// Settings of one node.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// The version of the program, which a node tells unless it runs from a slot.
    pub version: &'static str,
    /// The hub, `HOST` or `HOST:PORT`; without it the node looks for one by mDNS. `http://` before it speaks plain text,
    /// `https://` TLS; without either it is TLS, but on this machine.
    pub hub: Option<String>,
    /// The hub's authority; without it the first that welcomes the node is kept in the data folder.
    pub hub_ca: Option<Authority>,
    /// Whether it looks for one by mDNS too when that one does not answer.
    pub looks_around: bool,
    /// A name for people, at most 32 bytes.
    pub name: Option<String>,
    /// Another identity than this machine's MAC address.
    pub mac: Option<Mac>,
    /// Address to take the stream on.
    pub bind: IpAddr,
    /// Port to take the stream on; 0 takes any free one.
    pub udp_port: u16,
    /// Folder for what a node remembers: its identity where the machine has none.
    pub data_dir: PathBuf,
    /// Whether it takes patterns on a port of its own.
    pub pattern_uploads: bool,
    /// That port; 0 is any free one, `None` the usual one, or any free one where that is taken.
    pub pattern_port: Option<u16>,
    /// How much its store of patterns holds.
    pub patterns: Limits,
    /// Whether to announce that port by mDNS (never done on loopback).
    pub mdns: bool,
    /// Whether something starts it again when it ends, so that its hub may ask it to; under the launcher it knows by itself.
    pub supervised: bool,
    /// Where its own page is served; `None`: nowhere.
    pub page: Option<SocketAddr>,
    /// What hangs on it.
    pub geometry: Geometry,
    /// Gamma, dithering, power limit.
    pub finish: Finish,
    /// Where frames go; none means they are rendered and dropped.
    pub outputs: Vec<OutputSetting>,
    /// The universes of the show that are this node's. When there are any, it sends no others.
    pub universes: Vec<UniverseRange>,
    /// Universes that are taken from the network and merged with the show's.
    pub inputs: Vec<InputSetting>,
    /// Where universes go; where nothing is said the node's own go by sACN to everybody.
    pub lights: Vec<LightsTarget>,
    /// A show that the node plays by itself, every list from show time 0 on.
    pub show: Option<Show>,
    /// What it shows when the hub is missing.
    pub fallback: Fallback,
    /// How it uses the show clock.
    pub sync: SyncUse,
    /// Varies what is random in its picture; equal nodes with equal seeds show equal pixels.
    pub seed: u32,
    /// Whether to ask for real-time priority.
    pub realtime: bool,
    /// How long the frame loop watches the clock before each deadline instead of sleeping.
    pub spin: Spin,
    /// Whose images it takes.
    pub update: UpdateSettings,
    /// The node's clock; an injected one proves clock sync on one machine.
    pub clock: LocalClock,
}

impl NodeSettings {
    /// The defaults, remembering things in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            hub: None,
            hub_ca: None,
            looks_around: false,
            name: None,
            mac: None,
            bind: IpAddr::from([0, 0, 0, 0]),
            udp_port: UDP_PORT,
            data_dir,
            pattern_uploads: true,
            pattern_port: None,
            patterns: Limits::default(),
            mdns: true,
            supervised: false,
            page: None,
            geometry: Geometry::strip(320),
            finish: Finish::DEFAULT,
            outputs: Vec::new(),
            universes: Vec::new(),
            inputs: Vec::new(),
            lights: Vec::new(),
            show: None,
            fallback: Fallback::default(),
            sync: SyncUse::Scheduled,
            seed: 0,
            realtime: true,
            spin: Spin::Auto,
            update: UpdateSettings::default(),
            clock: LocalClock::UNCHANGED,
        }
    }

    /// Where universes go: as configured; where nothing is said, but there are universes, by sACN to everybody.
    pub(crate) fn light_targets(&self) -> Vec<LightsTarget> {
        let has_universes = !self.universes.is_empty() || self.show.is_some() || !self.inputs.is_empty();
        if self.lights.is_empty() && has_universes {
            vec![LightsTarget::SACN]
        } else if self.all_universes().is_empty() && self.show.is_none() {
            // Targets alone wait for the hub to give the node universes.
            Vec::new()
        } else {
            self.lights.clone()
        }
    }
    /// The universes of the node itself, which it sends alone: those that are configured; where neither that nor any target
    /// names some, those that it takes.
    pub(crate) fn own_universes(&self) -> Vec<UniverseRange> {
        let are_named = !self.universes.is_empty() || self.lights.iter().any(|target| target.universes.is_some());
        if are_named { self.universes.clone() } else { self.inputs.iter().map(InputSetting::shown).collect() }
    }
    /// All universes that it may have to do with.
    pub(crate) fn all_universes(&self) -> Vec<UniverseRange> {
        let named = self.lights.iter().filter_map(|target| target.universes);
        self.own_universes().into_iter().chain(named).collect()
    }
}

/// Which images a node takes from its hub.
#[derive(Clone, Debug)]
pub struct UpdateSettings {
    /// Keys it believes: none, or at least two.
    pub keys: Vec<PublicKey>,
    /// How many of them must have signed an image.
    pub signatures: usize,
    /// The channel whose images it takes.
    pub channel: String,
    /// Where an update is to end with the process, as if power had failed: for tests.
    pub fails_at: Option<Point>,
}

impl Default for UpdateSettings {
    /// None: without keys there are no updates.
    fn default() -> Self {
        Self { keys: Vec::new(), signatures: 1, channel: "stable".into(), fails_at: None }
    }
}

/// One place frames go to, in text `terminal`, `null`, `record:FILE`, `ddp:HOST[:PORT]`, `sacn:UNIVERSE[@HOST]` or
/// `artnet:UNIVERSE[@HOST]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputSetting {
    /// The terminal the node runs in.
    Terminal,
    /// Nowhere.
    Null,
    /// A record file.
    Record(PathBuf),
    /// A DDP receiver, `HOST` or `HOST:PORT`; resolved when the node starts.
    Ddp(String),
    /// Universes by sACN; a host is resolved when the node starts.
    Sacn(SacnTarget),
    /// Universes by Art-Net; the host is resolved when the node starts.
    ArtNet(ArtNetTarget),
}

/// The text names no output.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadOutput {
    /// None of the words.
    #[error(
        "\"{0}\" is no output: expected terminal, null, record:FILE, ddp:HOST[:PORT], sacn:UNIVERSE[@HOST] or \
         artnet:UNIVERSE[@HOST]"
    )]
    Word(String),
    /// Universes that do not exist so.
    #[error(transparent)]
    Universes(#[from] BadTarget),
}

impl FromStr for OutputSetting {
    type Err = BadOutput;
    fn from_str(text: &str) -> Result<Self, BadOutput> {
        match text.split_once(':') {
            None if text == "terminal" => Ok(Self::Terminal),
            None if text == "null" => Ok(Self::Null),
            Some(("record", file)) if !file.is_empty() => Ok(Self::Record(file.into())),
            Some(("ddp", target)) if !target.is_empty() => Ok(Self::Ddp(target.to_owned())),
            Some(("sacn", target)) => Ok(Self::Sacn(target.parse()?)),
            Some(("artnet", target)) => Ok(Self::ArtNet(target.parse()?)),
            _ => Err(BadOutput::Word(text.to_owned())),
        }
    }
}

impl fmt::Display for OutputSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminal => f.write_str("terminal"),
            Self::Null => f.write_str("null"),
            Self::Record(file) => write!(f, "record:{}", file.display()),
            Self::Ddp(target) => write!(f, "ddp:{target}"),
            Self::Sacn(target) => write!(f, "sacn:{target}"),
            Self::ArtNet(target) => write!(f, "artnet:{target}"),
        }
    }
}

/// The address with `port` where the text has none.
pub(crate) fn with_port(host: &str, port: u16) -> String {
    let has_port = host.parse::<SocketAddr>().is_ok()
        || host.rsplit_once(':').is_some_and(|(name, port)| !name.contains(':') && port.parse::<u16>().is_ok());
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
        _ if has_port => host.to_owned(),
        _ => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_and_written_in_one_form() {
        for text in [
            "terminal",
            "null",
            "record:a:b.jsonl",
            "ddp:wled.local",
            "ddp:10.0.0.7:5000",
            "sacn:1?hz=30",
            "artnet:0@10.0.0.7",
        ] {
            assert_eq!(text.parse::<OutputSetting>().unwrap().to_string(), text);
        }
        for bad in ["", "led", "record:", "ddp:", "terminal:"] {
            let message = bad.parse::<OutputSetting>().unwrap_err().to_string();
            assert!(message.contains("ddp:HOST"), "{message}");
        }
        let message = "sacn:0".parse::<OutputSetting>().unwrap_err().to_string();
        assert!(message.contains("1 to 63999"), "{message}");
    }

    #[test]
    fn a_hub_without_port_gets_the_default_one() {
        assert_eq!(with_port("hub.local", 8080), "hub.local:8080");
        assert_eq!(with_port("hub.local:80", 8080), "hub.local:80");
        assert_eq!(with_port("fe80::1", 8080), "[fe80::1]:8080");
        assert_eq!(with_port("[fe80::1]:80", 8080), "[fe80::1]:80");
    }
}
