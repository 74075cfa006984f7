//! Starting and stopping a node: everything that can be refused is asked for before anything runs.

use std::fs;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use cuelight_input::{BadPlan, IntakeError};
use cuelight_net::identity::{machine_mac, random_mac, random_seed};
use cuelight_net::realtime::{make_thread_realtime, make_timers_exact};
use cuelight_net::udp::{AsyncStampedSocket, StampedSocket, expedite};
use cuelight_output::ddp::{Ddp, DdpError};
use cuelight_output::frame_loop::machine::MachineConfig;
use cuelight_output::frame_loop::{FrameLoopError, RENDER_AHEAD};
use cuelight_output::glance::Glances;
use cuelight_output::null::Null;
use cuelight_output::record::{RecordError, Recorder};
use cuelight_output::terminal::{Style, Terminal, TerminalConfig};
use cuelight_output::universes::{ArtNet, Sacn, Subscriptions, UniversesError, identity_of};
use cuelight_output::{FrameLoop, FrameLoopConfig, LightsError, OutputSet};
use cuelight_pattern::store::Store;
use cuelight_proto::node::{NodeConfig, NodeRole};
use cuelight_proto::sync::Profile;
use cuelight_trust::KeepError;
use cuelight_update::manifest::Device;
use cuelight_update::slots::RunningIn;
use cuelight_wire::caps::Ext;
use cuelight_wire::control::{Caps, Text, Topo};
use cuelight_wire::ids::Mac;
use semver::Version;
use thiserror::Error;
use tokio::net::UdpSocket;
use tracing::{info, warn};

use crate::dialer::Caller;
use crate::driver::{Driver, Link};
use crate::frames::{Frames, NodeClock, OpenRecord};
use crate::lighting::Lighting;
use crate::page::{Facts, Open, Page};
use crate::patterns::Patterns;
use crate::settings::{NodeSettings, OutputSetting};
use crate::supply::Supply;
use crate::universes::{Universes, told};
use crate::update::{BadKeys, Rate, Updates};
use crate::uploads::Uploads;

/// Priority of the frame thread: above the hub's threads where both run on one machine, because a late frame is seen.
const FRAME_PRIORITY: u8 = 70;
/// Columns of a picture in the terminal: what every terminal has.
const TERMINAL_COLUMNS: u16 = 80;
/// File of the node's identity, where the machine has none.
const MAC_FILE: &str = "node-mac";

/// Folder of the patterns it has.
const PATTERNS_FOLDER: &str = "patterns";
/// Folder of what is being fetched.
const FETCH_FOLDER: &str = "patterns-fetch";
/// Folder of the shows it has.
pub(crate) const SHOWS_FOLDER: &str = "shows";

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The name does not fit into a hello.
    #[error("the name \"{0}\" is too long: at most 32 bytes")]
    Name(String),
    /// The version that the program was built with is none.
    #[error("this program was built as version \"{version}\", which is none: {source}")]
    BadVersion {
        /// What it was built with.
        version: &'static str,
        /// What is wrong with it.
        source: semver::Error,
    },
    /// The version of the image does not fit into a hello.
    #[error("the version {0} is too long: at most 23 bytes")]
    Version(Version),
    /// The stream port is taken.
    #[error(
        "the stream port {at} cannot be opened: {source}; another node may run on this machine: give this one its own \
         with --udp-port 0, and its own --mac"
    )]
    StreamPort {
        /// Which.
        at: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The port for patterns is taken.
    #[error(
        "the port for patterns {at} cannot be opened: {source}; choose another with --pattern-port, or take none with \
         --pattern-uploads off"
    )]
    PatternPort {
        /// Which.
        at: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The port of the page is taken.
    #[error("the port of the page {at} cannot be opened: {source}; choose another with --page")]
    PagePort {
        /// Which.
        at: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The identity cannot be kept.
    #[error(
        "the node's identity cannot be kept in {path}: {source}; choose another folder with --data-dir, or give --mac"
    )]
    Identity {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The authority of its hub.
    #[error(transparent)]
    Authority(#[from] KeepError),
    /// The update keys.
    #[error(transparent)]
    Keys(#[from] BadKeys),
    /// A DDP output.
    #[error(transparent)]
    Ddp(#[from] DdpError),
    /// An output of universes.
    #[error(transparent)]
    Universes(#[from] UniversesError),
    /// Universes of a show.
    #[error(transparent)]
    Lights(#[from] LightsError),
    /// Inputs that do not go together.
    #[error("the inputs do not go together: {0}")]
    Inputs(#[from] BadPlan),
    /// What is to be taken from the network cannot be.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// What is sent would come back.
    #[error(
        "universe {universe} is sent to '{target}' and taken by '{input}': levels would come back; send them under other \
         numbers (first=) or to a receiver (@HOST), or take others"
    )]
    Circle {
        /// As the protocol numbers it.
        universe: u16,
        /// The target, as configured.
        target: String,
        /// The input, as configured.
        input: String,
    },
    /// A record output.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The frame loop.
    #[error(transparent)]
    FrameLoop(#[from] FrameLoopError),
    /// Something the system should always give.
    #[error("the system refuses {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl NodeError {
    /// Wraps what the system said to a request for `what`.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> NodeError {
    NodeError::system(what)
}

/// How a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Asked,
    /// Whatever watches over it is to start it again, the launcher what is next: `cuelight_update::launch::RESTART`.
    Restart,
}

/// Runs a node until `stop` is ready, or until it is to be started again.
///
/// # Errors
/// [`NodeError`], before any light is touched; later only when the event loop fails.
pub fn run(settings: NodeSettings, stop: impl Future<Output = ()>) -> Result<Ended, NodeError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(system("an event loop"))?;
    make_timers_exact();
    runtime.block_on(async {
        let driver = prepare(settings)?;
        driver.run(stop).await.map_err(system("to go on"))
    })
}

/// Opens everything and starts the frame loop.
fn prepare(settings: NodeSettings) -> Result<Driver, NodeError> {
    let clock = settings.clock;
    let stream = open_stream(&settings)?;
    let udp_port = stream.local_addr().map_err(system("the stream port"))?.port();
    let exchange = open_exchange(settings.bind)?;
    let version = Version::parse(settings.version)
        .map_err(|source| NodeError::BadVersion { version: settings.version, source })?;
    let pinned = settings.update.trust()?;
    let caller = Caller::of(&settings)?;
    let trust = caller.trust().clone();
    let running = RunningIn::from_environment();
    let is_started_again = running.is_some() || settings.supervised;
    let updates = Updates::start(&settings.update, pinned, running, version, &trust).map_err(system("a thread"))?;
    let page = Open::at(&settings)?;
    let page_port = page.as_ref().and_then(|page| page.told_port(settings.hub.as_deref()));
    let mut config = node_config(&settings, udp_port, page_port, &updates)?;
    if !is_started_again {
        // CTRL-10: it would be gone.
        config.ext = config.ext.without(Ext::RESTART);
    }
    let store = Store::open(&settings.data_dir.join(PATTERNS_FOLDER), settings.patterns);
    // Light before patterns: a second node that shares a data folder shows everything else.
    let store = store.map_err(|error| warn!("{error}; this node plays no patterns")).ok();
    let supply = match &store {
        Some(store) => Supply::start(store.clone(), settings.data_dir.join(FETCH_FOLDER), config.mac, &trust)
            .map_err(system("a thread"))?,
        None => Supply::none(),
    };
    let uploads = store.as_ref().map(|store| Uploads::start(&settings, config.mac, store)).transpose()?.flatten();
    let seed = random_seed().map_err(system("random numbers"))?;
    info!(mac = %config.mac, udp_port, leds = config.topo.leds, "node starts");

    let (lighting, from_network) = Lighting::start(&settings, config.mac)?;
    let (mut outputs, records) = open_outputs(&settings, config.mac, &from_network.subscriptions)?;
    let (glances, glance) = Glances::new();
    if page.is_some() {
        // It only looks on.
        outputs.add(glances);
    }
    let frame_loop = FrameLoop::spawn(FrameLoopConfig {
        machine: MachineConfig {
            geometry: settings.geometry,
            finish: settings.finish,
            seed: settings.seed,
            fallback: settings.fallback.clone(),
            render_ahead: RENDER_AHEAD,
        },
        outputs,
        mono: NodeClock(clock),
        spin: settings.spin,
        on_start: on_start(settings.realtime, FRAME_PRIORITY),
    })?;
    let geometry = settings.geometry;
    let facts = Facts::of(&settings, config.mac, config.fw.as_str(), config.hardware.as_deref());
    let page = page.map(|open| Page::start(open, facts, config.mac, clock, glance)).transpose()?;
    let frame_clock = frame_loop.clock.reader();
    let (universes, lit) = Universes::start((settings, trust), config.mac, frame_clock, lighting, from_network)?;
    let cues = universes.cues();
    let (frames, pattern_sender) = Frames::new(frame_loop, records);
    Ok(Driver {
        role: NodeRole::new(config, seed, clock.now()),
        clock,
        caller,
        stream,
        exchange,
        frames,
        geometry,
        lights: lit.lights,
        cues,
        universes,
        page,
        patterns: Patterns::new(store, supply, pattern_sender),
        updates,
        rate: Rate::default(),
        started_at: clock.now(),
        uploads,
        lighting: lit.lighting,
        is_alone: false,
        is_to_restart: false,
        link: Link::default(),
    })
}

/// What a thread does first: it asks for real-time priority if it is to, and says whether it has it.
pub(crate) fn on_start(is_wanted: bool, priority: u8) -> Box<dyn FnOnce() -> bool + Send> {
    Box::new(move || match is_wanted.then(|| make_thread_realtime(priority)) {
        Some(Ok(())) => true,
        Some(Err(refused)) => {
            warn!("{refused}");
            false
        }
        None => false,
    })
}

fn open_stream(settings: &NodeSettings) -> Result<UdpSocket, NodeError> {
    let at = SocketAddr::new(settings.bind, settings.udp_port);
    let open = || {
        let socket = std::net::UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        UdpSocket::from_std(socket)
    };
    open().map_err(|source| NodeError::StreamPort { at, source })
}

fn open_exchange(bind: IpAddr) -> Result<AsyncStampedSocket, NodeError> {
    let socket = StampedSocket::bind(SocketAddr::new(bind, 0)).map_err(system("a UDP socket"))?;
    if let Err(error) = expedite(socket.socket()) {
        info!("the network is not asked to hurry the time exchange: {error}");
    }
    AsyncStampedSocket::new(socket).map_err(system("to watch a UDP socket"))
}

fn node_config(
    settings: &NodeSettings,
    udp_port: u16,
    page_port: Option<u16>,
    updates: &Updates,
) -> Result<NodeConfig, NodeError> {
    let name =
        settings.name.as_ref().map(|name| Text::try_from(name.as_str()).map_err(|_| NodeError::Name(name.clone())));
    let hardware = Device::this_hardware();
    let fw = format!("cuelight-{}", updates.version());
    Ok(NodeConfig {
        mac: identity(settings)?,
        fw: Text::try_from(fw.as_str()).map_err(|_| NodeError::Version(updates.version().clone()))?,
        name: name.transpose()?,
        hardware: Text::try_from(hardware.as_str()).ok(),
        universes: told(settings),
        page_port,
        geometry: Text::try_from(settings.geometry.to_string().as_str()).ok(),
        caps: Caps { udp: true, ota: updates.is_possible(), clock: true },
        topo: Topo { leds: u32::try_from(settings.geometry.len()).unwrap_or(u32::MAX), channels: 1 },
        udp_port: Some(udp_port),
        ext: Ext::ALL,
        profile: Profile::DEFAULT,
        sync: settings.sync,
    })
}

/// The node's MAC address: the one given, the machine's, or one drawn once and kept.
fn identity(settings: &NodeSettings) -> Result<Mac, NodeError> {
    match settings.mac.or_else(machine_mac) {
        Some(mac) => Ok(mac),
        None => kept_identity(&settings.data_dir)
            .map_err(|source| NodeError::Identity { path: settings.data_dir.join(MAC_FILE), source }),
    }
}

fn kept_identity(data_dir: &Path) -> io::Result<Mac> {
    let path = data_dir.join(MAC_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mac = random_mac()?;
            fs::create_dir_all(data_dir)?;
            fs::write(&path, format!("{mac}\n"))?;
            Ok(mac)
        }
        Err(error) => Err(error),
    }
}

fn open_outputs(
    settings: &NodeSettings,
    mac: Mac,
    subscriptions: &Subscriptions,
) -> Result<(OutputSet, Vec<OpenRecord>), NodeError> {
    let (mut outputs, mut records) = (OutputSet::new(), Vec::new());
    let name = settings.name.as_deref().unwrap_or("node");
    for (number, output) in settings.outputs.iter().enumerate() {
        match output {
            OutputSetting::Null => outputs.add(Null),
            OutputSetting::Terminal => {
                let config = TerminalConfig {
                    name: settings.name.clone().unwrap_or_else(|| "node".to_owned()),
                    geometry: settings.geometry,
                    columns: TERMINAL_COLUMNS,
                    gamma_x100: settings.finish.gamma_x100,
                    style: Style::of_stdout(),
                };
                outputs.add(Terminal::start(config, io::stdout()).map_err(system("a thread"))?);
            }
            OutputSetting::Ddp(target) => outputs.add(Ddp::new(target, settings.geometry.len())?),
            OutputSetting::Sacn(target) => {
                outputs.add(Sacn::new(target, settings.geometry.len(), identity_of(mac, name, number))?);
            }
            OutputSetting::ArtNet(target) => outputs.add(ArtNet::new(target, settings.geometry.len(), subscriptions)?),
            OutputSetting::Record(path) => {
                let recorder = Recorder::open(path, name)?;
                outputs.add(recorder.lane("frames"));
                let lane = recorder.lane("driver");
                records.push(OpenRecord { recorder, lane });
            }
        }
    }
    Ok((outputs, records))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_that_was_drawn_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("node");
        let mac = kept_identity(&data_dir).unwrap();
        assert_eq!(kept_identity(&data_dir).unwrap(), mac);
        fs::write(data_dir.join(MAC_FILE), "nonsense").unwrap();
        assert_eq!(kept_identity(&data_dir).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
