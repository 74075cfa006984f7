//! The network of one scenario: a switch, and hosts in namespaces of their own.
//!
//! ```text
//! hub ──veth── switch ──tap╌╌ link model ╌╌tap── node
//!                 │    ──tap╌╌ link model ╌╌tap── node
//!             the lab, as the operator's machine
//! ```
//!
//! The thread that makes a network is in the switch's namespace until it is dropped: sockets it opens are the operator's, at
//! [`OPERATOR`].

mod forwarder;
mod frame;
mod ip;
mod namespace;
mod path;

use std::net::Ipv4Addr;
use std::path::Path as FilePath;
use std::process::Command;

use anyhow::{Context, Result};
use cuelight_measure::process::Process;
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use forwarder::{Forwarder, PathId};
use ip::ip;
use namespace::{Inside, Namespace};
pub(crate) use path::{PathProfile, StreamSeen, Traffic};

/// The hub's address, as on the appliance's own network.
pub(crate) const HUB: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
/// The address of the lab itself, on the switch.
pub(crate) const OPERATOR: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 250);
/// Bits of the network's part of an address.
const PREFIX: u8 = 24;

/// A machine on the network.
pub(crate) struct Host {
    name: String,
    mac: String,
    namespace: Namespace,
    path: Option<PathId>,
}

impl Host {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
    /// The MAC address of its only interface, `eth0`.
    pub(crate) fn mac(&self) -> &str {
        &self.mac
    }

    /// Starts a process on it; its log is `NAME.log` in `dir`.
    pub(crate) fn spawn(&self, name: &str, command: Command, dir: &FilePath) -> Result<Process> {
        let _inside = self.namespace.enter()?;
        Ok(Process::start(name, command, &dir.join(format!("{name}.log")))?)
    }

    /// Moves the calling thread onto it, until what this returns is dropped.
    pub(crate) fn enter(&self) -> Result<Inside> {
        self.namespace.enter()
    }
}

/// A switch and its paths.
pub(crate) struct Network {
    forwarder: Forwarder,
    ports: usize,
    seed: u64,
    /// The thread is in the switch's namespace, and the switch goes with the last who is.
    _inside: Inside,
}

impl Network {
    /// A switch with nothing on it but the operator's machine, which is the calling thread. `seed` decides what the paths'
    /// models draw.
    pub(crate) fn new(seed: u64) -> Result<Self> {
        let forwarder = Forwarder::start()?;
        let switch = Namespace::new()?;
        let inside = switch.enter()?;
        ip(&[
            "link add switch type bridge stp_state 0 forward_delay 0 mcast_snooping 0".to_owned(),
            format!("addr add {OPERATOR}/{PREFIX} dev switch"),
            "link set switch up".to_owned(),
        ])?;
        Ok(Self { forwarder, ports: 0, seed, _inside: inside })
    }

    /// Whether the thread that moves frames has the priority to be exact.
    pub(crate) fn is_realtime(&self) -> bool {
        self.forwarder.is_realtime()
    }

    /// A machine with a cable to the switch, without link model.
    pub(crate) fn plug(&mut self, name: &str, address: Option<Ipv4Addr>) -> Result<Host> {
        let (namespace, mac, port) = (Namespace::new()?, self.next_mac(), self.next_port());
        ip(&[
            format!("link add {port} type veth peer name eth0 address {mac} netns {}", namespace.path()),
            format!("link set {port} master switch up"),
        ])?;
        configure(&namespace, None, address)?;
        Ok(Host { name: name.to_owned(), mac, namespace, path: None })
    }

    /// A machine behind two taps with a link model between them.
    pub(crate) fn plug_behind(&mut self, name: &str, address: Option<Ipv4Addr>, profile: PathProfile) -> Result<Host> {
        let (namespace, mac, port) = (Namespace::new()?, self.next_mac(), self.next_port());
        let switch_side = tap(&port)?;
        let inside = namespace.enter()?;
        let node_side = tap("eth0")?;
        drop(inside);
        ip(&[format!("link set {port} master switch up")])?;
        configure(&namespace, Some(&mac), address)?;
        let seed = self.seed ^ ((self.ports as u64) << 32);
        let path = path::Path::new((node_side, switch_side), HUB, profile, seed);
        let path = Some(self.forwarder.add(path)?);
        Ok(Host { name: name.to_owned(), mac, namespace, path })
    }

    /// The path of a host behaves differently from now on.
    pub(crate) fn set_profile(&self, host: &Host, profile: PathProfile) -> Result<()> {
        self.forwarder.set_profile(host.path()?, profile)
    }
    /// Nothing passes the path of a host while it is dark: a cable pulled, a radio out of reach.
    pub(crate) fn set_dark(&self, host: &Host, is_dark: bool) -> Result<()> {
        self.forwarder.set_dark(host.path()?, is_dark)
    }
    /// What passed the path of a host since it was plugged in or [`Self::forget`].
    pub(crate) fn traffic(&self, host: &Host) -> Result<Traffic> {
        self.forwarder.traffic(host.path()?)
    }
    /// Forgets what passed so far.
    pub(crate) fn forget(&self, host: &Host) -> Result<()> {
        self.forwarder.forget(host.path()?)
    }

    fn next_port(&mut self) -> String {
        self.ports += 1;
        format!("port{}", self.ports)
    }
    fn next_mac(&self) -> String {
        format!("02:C0:E1:00:00:{:02X}", self.ports + 1)
    }
}

impl Host {
    fn path(&self) -> Result<PathId> {
        self.path.with_context(|| format!("{} has no path with a model", self.name))
    }
}

/// A tap of the calling thread's namespace, read and written without waiting.
fn tap(name: &str) -> Result<SyncDevice> {
    // Without offload the kernel gives whole frames of at most the MTU, with their checksums.
    let tap = DeviceBuilder::new().name(name).layer(Layer::L2).enable(false).build_sync();
    let tap = tap.with_context(|| format!("no tap {name} can be made with /dev/net/tun"))?;
    tap.set_nonblocking(true)?;
    Ok(tap)
}

/// Gives the interface of a host its addresses.
fn configure(namespace: &Namespace, mac: Option<&str>, address: Option<Ipv4Addr>) -> Result<()> {
    let _inside = namespace.enter()?;
    let mac = mac.map(|mac| format!("link set eth0 address {mac}"));
    let address = address.map(|address| format!("addr add {address}/{PREFIX} dev eth0"));
    let lines: Vec<String> = mac.into_iter().chain(address).chain(["link set eth0 up".to_owned()]).collect();
    ip(&lines)
}
