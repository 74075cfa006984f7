//! The processes of a demo: one hub, some nodes, and the links between them, on this machine.
//!
//! All are this very program. Each has a clock of its own - offset by up to 1000 s, skewed by up to 100 ppm - so that what
//! is measured is measured on clocks as different as those of separate machines.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::hub_api::HubApi;
use cuelight_measure::process::Process;
use cuelight_sim::link::LinkProfile;
use cuelight_sim::rng::Rng;

use super::link::{Ends, Links};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Port of the demo's page, where it is free.
const PAGE_PORT: u16 = 8080;
/// How long a process may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);
/// Offsets of injected clocks, seconds, and their skews, parts per million.
const MAX_OFFSET_S: f64 = 1000.0;
const MAX_SKEW_PPM: f64 = 100.0;

/// What a demo is to be.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) nodes: u8,
    pub(crate) seed: u64,
    /// Folder for records, logs and the hub's state.
    pub(crate) dir: PathBuf,
    /// The link between hub and nodes; without one they talk directly.
    pub(crate) link: Option<LinkProfile>,
    /// Whether people look at the hub's page: then it is at its usual port, where that is free.
    pub(crate) has_page: bool,
    /// Where nodes send their pixels, by DDP, one receiver each.
    pub(crate) previews: Vec<SocketAddr>,
    /// Whether changes also go over the control plane.
    pub(crate) control_backstop: bool,
    pub(crate) geometry: String,
    /// Further words for each node; none for those beyond the end.
    pub(crate) own_words: Vec<Vec<String>>,
}

/// The running processes. Dropping it ends them.
pub(crate) struct Cast {
    script: Script,
    program: PathBuf,
    hub_at: SocketAddr,
    exchange_at: SocketAddr,
    hub: Option<Process>,
    /// The hub's starts so far: each has another clock.
    hub_starts: u32,
    nodes: Vec<Node>,
    links: Option<Links>,
}

struct Node {
    process: Option<Process>,
    stream_at: SocketAddr,
    hub_seen_at: SocketAddr,
    on_arrival: bool,
}

impl Cast {
    /// Starts everything.
    pub(crate) fn start(script: Script) -> Result<Self> {
        fs::create_dir_all(&script.dir).with_context(|| {
            format!("the folder {} cannot be made; choose another with --out", script.dir.display())
        })?;
        remove_earlier_show(&script.dir)
            .with_context(|| format!("the earlier show in {} cannot be removed", script.dir.display()))?;
        let program = std::env::current_exe().context("the path of this program is not known")?;
        let hub_at = SocketAddr::new(HERE, free_tcp_port(script.has_page)?);
        let exchange_at = SocketAddr::new(HERE, free_udp_port()?);
        let mut nodes = Vec::new();
        let mut ends = Vec::new();
        for index in 0..script.nodes {
            let stream_at = SocketAddr::new(HERE, free_udp_port()?);
            let end = Ends { hub: hub_at, hub_exchange: exchange_at, node_stream: stream_at, index };
            let hub_seen_at = if script.link.is_some() { end.hub_as_seen() } else { hub_at };
            nodes.push(Node { process: None, stream_at, hub_seen_at, on_arrival: false });
            ends.push(end);
        }
        let links = script.link.map(|profile| Links::start(ends, profile, script.seed)).transpose();
        let links =
            links.context("the links between hub and nodes cannot be opened on 127.0.1.0/24 and 127.0.2.0/24")?;
        let mut cast = Self { script, program, hub_at, exchange_at, hub: None, hub_starts: 0, nodes, links };
        cast.start_hub()?;
        for index in 0..cast.nodes.len() {
            cast.start_node(index)?;
        }
        Ok(cast)
    }

    /// The hub's control calls.
    pub(crate) fn api(&self) -> HubApi {
        HubApi::new(self.hub_at)
    }
    /// Where the hub's page is.
    pub(crate) fn page(&self) -> String {
        format!("http://{}/", self.hub_at)
    }
    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }
    /// The links, when there are any.
    pub(crate) fn links(&self) -> Option<&Links> {
        self.links.as_ref()
    }
    /// The record of the hub.
    pub(crate) fn hub_record(&self) -> PathBuf {
        self.script.dir.join("hub.jsonl")
    }
    /// The record of a node.
    pub(crate) fn node_record(&self, index: usize) -> PathBuf {
        self.script.dir.join(format!("node-{}.jsonl", index + 1))
    }
    /// The hub's process.
    pub(crate) fn hub_pid(&self) -> Option<u32> {
        self.hub.as_ref().map(Process::pid)
    }
    /// A node's process.
    pub(crate) fn node_pid(&self, index: usize) -> Option<u32> {
        self.nodes.get(index)?.process.as_ref().map(Process::pid)
    }

    /// Starts the hub, with another clock than before.
    pub(crate) fn start_hub(&mut self) -> Result<()> {
        let mut rng = Rng::new(self.script.seed ^ 0xb0b ^ (u64::from(self.hub_starts) << 32));
        self.hub_starts += 1;
        let offset_s = MAX_OFFSET_S * (2.0 * rng.unit() - 1.0);
        let skew_ppm = 20.0 * (2.0 * rng.unit() - 1.0);
        let mut command = Command::new(&self.program);
        command.arg("hub").args(["--bind", &HERE.to_string()]);
        command.args(["--port", &self.hub_at.port().to_string()]);
        command.args(["--ts-port", &self.exchange_at.port().to_string()]);
        command.arg("--data-dir").arg(self.script.dir.join("hub"));
        // It listens on loopback alone and lasts as long as the demo.
        command.args(["--trust-this-machine", "on"]);
        command.arg("--record").arg(self.hub_record());
        command.args(["--inject-clock", &format!("{offset_s:.6},{skew_ppm:.3}")]);
        command.args(["--control-backstop", if self.script.control_backstop { "on" } else { "off" }]);
        self.hub = Some(self.spawn(command, "hub")?);
        Ok(())
    }

    /// Starts a node.
    pub(crate) fn start_node(&mut self, index: usize) -> Result<()> {
        let number = index + 1;
        let mut rng = Rng::new(self.script.seed ^ ((number as u64) << 40));
        let offset_s = MAX_OFFSET_S * (2.0 * rng.unit() - 1.0);
        // Evenly from one end of the range to the other, so that every demo has both.
        let skew_ppm = match self.nodes.len() {
            1 => MAX_SKEW_PPM,
            count => MAX_SKEW_PPM * (2.0 * index as f64 / (count - 1) as f64 - 1.0),
        };
        let node = self.nodes.get(index).context("there is no such node")?;
        let mut command = Command::new(&self.program);
        command.arg("node").args(["--hub", &node.hub_seen_at.to_string()]);
        command.args(["--name", &format!("node-{number}"), "--mac", &mac_of(index)]);
        command.args(["--bind", &HERE.to_string(), "--udp-port", &node.stream_at.port().to_string()]);
        command.args(["--geometry", &self.script.geometry]);
        if self.script.has_page {
            command.args(["--page", &SocketAddr::new(HERE, 0).to_string()]);
        }
        command.arg("--data-dir").arg(self.script.dir.join(format!("node-{number}")));
        command.arg("--output").arg(format!("record:{}", self.node_record(index).display()));
        if let Some(preview) = self.script.previews.get(index) {
            command.arg("--output").arg(format!("ddp:{preview}"));
        }
        command.args(["--inject-clock", &format!("{offset_s:.6},{skew_ppm:.3}")]);
        command.args(["--sync", if node.on_arrival { "on-arrival" } else { "scheduled" }]);
        command.args(self.script.own_words.get(index).into_iter().flatten());
        let process = self.spawn(command, &format!("node-{number}"))?;
        self.nodes[index].process = Some(process);
        Ok(())
    }

    /// How nodes started from now on use the show clock.
    pub(crate) fn set_on_arrival(&mut self, on_arrival: bool) {
        for node in &mut self.nodes {
            node.on_arrival = on_arrival;
        }
    }

    /// Kills the hub as a power cut would.
    pub(crate) fn kill_hub(&mut self) {
        self.hub = None;
    }
    /// Kills a node as a power cut would.
    pub(crate) fn kill_node(&mut self, index: usize) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.process = None;
        }
    }
    /// Whether a node's process is there.
    pub(crate) fn is_node_running(&mut self, index: usize) -> bool {
        self.nodes.get_mut(index).is_some_and(|node| node.process.as_mut().is_some_and(Process::is_running))
    }
    /// Whether the hub's process is there.
    pub(crate) fn is_hub_running(&mut self) -> bool {
        self.hub.as_mut().is_some_and(Process::is_running)
    }

    /// Fails with a process's last words when one has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.processes().try_for_each(|process| process.as_mut().map_or(Ok(()), Process::check))?;
        Ok(())
    }

    /// Asks every process to end, and waits until it has.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.processes().try_for_each(|process| process.take().map_or(Ok(()), |process| process.end(GRACE)))?;
        Ok(())
    }

    /// Nodes first: a node that loses its hub would try to find it again.
    fn processes(&mut self) -> impl Iterator<Item = &mut Option<Process>> {
        self.nodes.iter_mut().map(|node| &mut node.process).chain(std::iter::once(&mut self.hub))
    }

    fn spawn(&self, command: Command, name: &str) -> Result<Process> {
        Ok(Process::start(name, command, &self.script.dir.join(format!("{name}.log")))?)
    }
}

/// The identity of a node of a demo.
pub(crate) fn mac_of(index: usize) -> String {
    format!("02:C0:E1:00:00:{:02X}", index + 1)
}

/// Removes what an earlier demo left in its folder, and nothing else: records and logs are written on at their end, and the
/// hub would remember nodes that are not in this show.
fn remove_earlier_show(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_node = stem.strip_prefix("node-").is_some_and(|number| number.parse::<u8>().is_ok());
        if stem != "hub" && !is_node {
            continue;
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl" | "log") => fs::remove_file(&path)?,
            None if path.is_dir() => fs::remove_dir_all(&path)?,
            _ => {}
        }
    }
    Ok(())
}

/// The page's usual port when there is a page, or any other that is free. Demos that nobody looks at run beside each other: they
/// would all find the usual one free, and all but one of their hubs find it taken.
fn free_tcp_port(has_page: bool) -> Result<u16> {
    let usual = if has_page { PAGE_PORT } else { 0 };
    let listener = TcpListener::bind((HERE, usual)).or_else(|_| TcpListener::bind((HERE, 0)));
    Ok(listener.and_then(|listener| listener.local_addr()).context("no TCP port is free on 127.0.0.1")?.port())
}

fn free_udp_port() -> Result<u16> {
    let socket = UdpSocket::bind((HERE, 0));
    Ok(socket.and_then(|socket| socket.local_addr()).context("no UDP port is free on 127.0.0.1")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_show_makes_room_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["hub.jsonl", "hub.log", "node-1.jsonl", "node-12.log", "notes.log", "node-a.log", "hub.txt"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        for dir in ["hub", "node-3", "mine"] {
            fs::create_dir(folder.path().join(dir)).unwrap();
        }
        remove_earlier_show(folder.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["hub.txt", "mine", "node-a.log", "notes.log"]);
    }
}
