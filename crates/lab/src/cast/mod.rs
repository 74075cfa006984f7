//! The processes of a scenario: one hub and some nodes, each the program `cuelight` on a machine of its own.
//!
//! Each machine has a clock of its own - offset by up to 1000 s, skewed by up to 100 ppm - so that what is measured is measured on
//! clocks as different as those of separate machines.

mod launched;
mod shown;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use cuelight_measure::hub_api::{Answer, HubApi, Node, Show};
use cuelight_measure::machine::MachineWatch;
use cuelight_measure::process::Process;
use cuelight_measure::record::Record;
use cuelight_measure::watch::until;
use cuelight_net::clock::mono_now_ns;
use cuelight_sim::rng::Rng;
use cuelight_wire::limits::CTRL_HTTP_PORT;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::network::{HUB, Host, Network, PathProfile, Traffic};
use crate::stage::Stage;
pub(crate) use launched::Launched;
pub(crate) use shown::{Limits, Shown, Window};

/// Where the hub listens.
const HUB_PORT: u16 = 8080;
/// How long a process may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);
/// Changes of a scenario that is about something else come so far apart.
pub(crate) const PACE: Duration = Duration::from_millis(300);
/// How long anything that is waited for may take before a scenario gives up. What is judged has limits of its own, far below.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// What is sent as scenes: any two that follow one another differ.
const EFFECTS: [&str; 7] = ["fire", "ocean", "rainbow", "plasma", "comet", "noise", "breathe"];
const PALETTES: [&str; 5] = ["lava", "ocean", "rainbow", "forest", "party"];

/// What a show is to be.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How many nodes.
    pub(crate) nodes: usize,
    /// How the path of each node behaves.
    pub(crate) profile: PathProfile,
    /// Further words for `cuelight hub`.
    pub(crate) hub_words: Vec<String>,
    /// Further words for each `cuelight node`.
    pub(crate) node_words: Vec<String>,
    /// Whether the hub makes the network: nobody has an address before it starts, and nodes are told nothing of it.
    pub(crate) is_appliance: bool,
    /// How nodes are started by the launcher, where they are.
    pub(crate) launched: Option<Launched>,
}

impl Plan {
    /// Nodes on cables.
    pub(crate) fn of(nodes: usize) -> Self {
        let (hub_words, node_words) = (Vec::new(), Vec::new());
        Self { nodes, profile: PathProfile::CABLE, hub_words, node_words, is_appliance: false, launched: None }
    }
    /// The same with nodes that can be updated.
    pub(crate) fn launched(self, launched: Launched) -> Self {
        Self { launched: Some(launched), ..self }
    }
    /// The same on a network that the hub makes, without radio.
    pub(crate) fn on_hubs_network(self) -> Self {
        Self { is_appliance: true, ..self }
    }
    /// The same over such paths.
    pub(crate) fn over(self, profile: PathProfile) -> Self {
        Self { profile, ..self }
    }
    /// The same with further words for the hub.
    pub(crate) fn with_hub_words(self, words: &[&str]) -> Self {
        Self { hub_words: words.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }
    /// The same with further words for each node.
    pub(crate) fn with_node_words(self, words: &[&str]) -> Self {
        Self { node_words: words.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }
}

/// A machine with a node.
struct Seat {
    host: Host,
    /// Further words for this node.
    own_words: Vec<String>,
    process: Option<Process>,
}

/// The show. Dropping it ends all processes and the network.
pub(crate) struct Cast {
    hub: Option<Process>,
    seats: Vec<Seat>,
    hub_host: Host,
    network: Network,
    watch: MachineWatch,
    stage: Stage,
    plan: Plan,
    /// The hub's starts so far: each has another clock.
    hub_starts: u32,
    scenes: Rng,
    scene: usize,
}

impl Cast {
    /// Makes the network and its machines; nothing runs on them yet.
    pub(crate) fn prepare(stage: &Stage, plan: Plan) -> Result<Self> {
        let mut network = Network::new(stage.seed)?;
        let given = |address| (!plan.is_appliance).then_some(address);
        let hub_host = network.plug("hub", given(HUB))?;
        let mut seats = Vec::new();
        for index in 0..plan.nodes {
            let host = network.plug_behind(&node_name(index), given(node_address(index)), plan.profile)?;
            seats.push(Seat { host, own_words: Vec::new(), process: None });
        }
        let (stage, scenes, watch) = (stage.clone(), Rng::new(stage.seed), MachineWatch::start()?);
        Ok(Self { hub: None, seats, hub_host, network, watch, stage, plan, hub_starts: 0, scenes, scene: 0 })
    }

    /// The same, with everything running.
    pub(crate) fn start(stage: &Stage, plan: Plan) -> Result<Self> {
        let mut cast = Self::prepare(stage, plan)?;
        cast.start_hub()?;
        for index in 0..cast.seats.len() {
            cast.start_node(index)?;
        }
        Ok(cast)
    }

    /// The same, once every node plays.
    pub(crate) fn playing(stage: &Stage, plan: Plan) -> Result<Self> {
        let mut cast = Self::start(stage, plan)?;
        cast.wait_until_playing(PATIENCE)?;
        Ok(cast)
    }

    /// The network, to change it.
    pub(crate) fn network(&mut self) -> &mut Network {
        &mut self.network
    }
    /// Whether timing is judged: it is to be, and the paths are exact, and so are the processes, which ask for less.
    pub(crate) fn is_timed(&self) -> bool {
        self.stage.judges_timing && self.network.is_realtime()
    }
    /// Where the hub listens.
    pub(crate) fn hub_address(&self) -> SocketAddr {
        let port = if self.plan.is_appliance { CTRL_HTTP_PORT } else { HUB_PORT };
        SocketAddr::from((HUB, port))
    }
    /// The hub's control calls, from the operator's machine.
    pub(crate) fn api(&self) -> HubApi {
        HubApi::new(self.hub_address()).with_key_file(self.stage.dir.join("hub/operator.key"))
    }
    /// The machine of a node.
    pub(crate) fn host(&self, index: usize) -> &Host {
        &self.seats[index].host
    }
    /// The address of a node.
    pub(crate) fn address(&self, index: usize) -> Ipv4Addr {
        node_address(index)
    }
    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.seats.len()
    }
    /// The hub's process, while it runs.
    pub(crate) fn hub_pid(&self) -> Option<u32> {
        self.hub.as_ref().map(Process::pid)
    }
    /// A node's process, while it runs.
    pub(crate) fn node_pid(&self, index: usize) -> Option<u32> {
        self.seats.get(index)?.process.as_ref().map(Process::pid)
    }

    /// Starts the hub, with another clock than before.
    pub(crate) fn start_hub(&mut self) -> Result<()> {
        let offset_s = 512.25 - 700.0 * f64::from(self.hub_starts);
        let skew_ppm = 20.0 - 25.0 * f64::from(self.hub_starts);
        self.hub_starts += 1;
        let dir = &self.stage.dir;
        let mut command = Command::new(&self.stage.program);
        if self.plan.is_appliance {
            // Not announced: nodes know the hub of such a network by its address.
            command.args(["hub", "--access-point", "eth0", "--radio", "off", "--mdns", "off"]);
        } else {
            command.args(["hub", "--bind", "0.0.0.0", "--port", &HUB_PORT.to_string()]);
        }
        // The lab asks over plain HTTP, and nobody is there to admit nodes; these speak TLS all the same.
        command.args(["--plain-http", "on", "--admit-all", "on"]);
        command.arg("--data-dir").arg(dir.join("hub")).arg("--record").arg(self.hub_record());
        command.args(["--inject-clock", &format!("{offset_s},{skew_ppm}")]).args(&self.plan.hub_words);
        self.hub = Some(self.hub_host.spawn("hub", command, dir)?);
        Ok(())
    }

    /// Further words for one node, from its next start on.
    pub(crate) fn set_own_words(&mut self, index: usize, words: &[&str]) {
        self.seats[index].own_words = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Starts a node.
    pub(crate) fn start_node(&mut self, index: usize) -> Result<()> {
        let seat = self.seats.get(index).context("there is no such node")?;
        let (name, dir) = (seat.host.name(), &self.stage.dir);
        // Far off to either side, and skews evenly from one end of the range to the other.
        let side = if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        let offset_s = side * 31.5 * (index + 1) as f64;
        let skew_ppm = 100.0 - 200.0 * index as f64 / self.seats.len().saturating_sub(1).max(1) as f64;
        let mut command = match &self.plan.launched {
            Some(launched) => launched.command(&dir.join(format!("{name}.slots"))),
            None => {
                let mut command = Command::new(&self.stage.program);
                command.arg("node");
                command
            }
        };
        command.args(["--name", name, "--mac", seat.host.mac()]);
        if !self.plan.is_appliance {
            command.args(["--hub", &format!("{HUB}:{HUB_PORT}")]);
        }
        command.args(["--geometry", "strip:320", "--inject-clock", &format!("{offset_s},{skew_ppm}")]);
        command.arg("--data-dir").arg(dir.join(name));
        command.arg("--output").arg(format!("record:{}", self.node_record(index).display()));
        command.args(&self.plan.node_words).args(&seat.own_words);
        let process = seat.host.spawn(name, command, dir)?;
        self.seats[index].process = Some(process);
        Ok(())
    }

    /// Kills the hub as a power cut would.
    pub(crate) fn kill_hub(&mut self) {
        self.hub = None;
    }
    /// Kills a node as a power cut would.
    pub(crate) fn kill_node(&mut self, index: usize) {
        self.seats[index].process = None;
    }
    /// Sends the hub a signal.
    pub(crate) fn signal_hub(&self, signal: Signal) -> Result<()> {
        Ok(self.hub.as_ref().context("the hub does not run")?.signal(signal)?)
    }
    /// The path of a node behaves differently from now on.
    pub(crate) fn set_profile(&self, index: usize, profile: PathProfile) -> Result<()> {
        self.network.set_profile(self.host(index), profile)
    }
    /// Nothing passes the path of a node while it is dark.
    pub(crate) fn set_dark(&self, index: usize, is_dark: bool) -> Result<()> {
        self.network.set_dark(self.host(index), is_dark)
    }
    /// Forgets what passed the path of a node so far.
    pub(crate) fn forget_traffic(&self, index: usize) -> Result<()> {
        self.network.forget(self.host(index))
    }
    /// What passed the path of a node.
    pub(crate) fn traffic(&self, index: usize) -> Result<Traffic> {
        self.network.traffic(self.host(index))
    }

    /// Fails with a process's last words when one has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        let nodes = self.seats.iter_mut().map(|seat| &mut seat.process);
        for process in nodes.chain([&mut self.hub]).flatten() {
            process.check()?;
        }
        Ok(())
    }

    /// Waits for something of the show, and for a moment's silence of the hub too; a process that ends by itself ends the wait.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&Show) -> Option<T>,
    ) -> Result<T> {
        let api = self.api();
        until(what, limit, || {
            self.check()?;
            Ok(api.show().ok().and_then(|show| look(&show)))
        })
    }

    /// Waits until every node plays on a locked clock.
    pub(crate) fn wait_until_playing(&mut self, limit: Duration) -> Result<()> {
        let count = self.seats.len();
        self.wait_for("every node plays on a locked clock", limit, |show| {
            (show.nodes.iter().filter(|node| node.is_playing()).count() >= count).then_some(())
        })
    }

    /// Waits until the hub says this of a node.
    pub(crate) fn wait_for_node(
        &mut self,
        index: usize,
        what: &str,
        limit: Duration,
        mut is_so: impl FnMut(&Node) -> bool,
    ) -> Result<()> {
        let mac = self.host(index).mac().to_owned();
        self.wait_for(what, limit, |show| show.nodes.iter().find(|node| node.mac == mac && is_so(node)).map(|_| ()))
    }

    /// Waits until a line of that kind is in a report that another program writes.
    pub(crate) fn wait_until_line(&mut self, report: &Path, kind: &str) -> Result<()> {
        let needle = format!("\"kind\": \"{kind}\"");
        until(&format!("{kind} is reported"), PATIENCE, || {
            self.check()?;
            Ok(fs::read_to_string(report).ok().and_then(|text| text.contains(&needle).then_some(())))
        })
    }

    /// Sends one scene, unlike the one before.
    pub(crate) fn change_scene(&mut self) -> Result<Answer> {
        self.check()?;
        self.scene += 1;
        let mut byte = || self.scenes.bits() as u8;
        let scene = json!({
            "effect": EFFECTS[self.scene % EFFECTS.len()], "palette": PALETTES[self.scene % PALETTES.len()],
            "speed": byte(), "hue": u16::from(byte()) << 8, "complexity": byte(),
        });
        Ok(self.api().command("scene", scene)?)
    }

    /// Sends scenes so far apart, and returns their numbers. Waits as long after the last one too.
    pub(crate) fn change_scenes(&mut self, count: usize, apart: Duration) -> Result<Vec<u32>> {
        let mut due = Instant::now();
        let mut revs = Vec::new();
        for _ in 0..count {
            revs.push(self.change_scene()?.rev);
            due += apart;
            sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(revs)
    }

    /// Lets the show go on, and fails when a process ends by itself.
    pub(crate) fn play_for(&mut self, length: Duration) -> Result<Window> {
        let from_ns = mono_now_ns();
        sleep(length);
        self.check()?;
        Ok(Window { from_ns, to_ns: mono_now_ns() })
    }

    /// The record of the hub.
    pub(crate) fn hub_record(&self) -> PathBuf {
        self.stage.dir.join("hub.jsonl")
    }
    /// The record of a node.
    pub(crate) fn node_record(&self, index: usize) -> PathBuf {
        self.stage.dir.join(format!("{}.jsonl", node_name(index)))
    }

    /// Asks every process to end, waits until it has, and reads what was recorded. Nodes first: a node that loses its hub
    /// would try to find it again.
    pub(crate) fn finish(mut self) -> Result<Shown> {
        let nodes = self.seats.iter_mut().map(|seat| &mut seat.process);
        for process in nodes.chain([&mut self.hub]).filter_map(Option::take) {
            process.end(GRACE)?;
        }
        let nodes = (0..self.seats.len()).map(|index| Record::read(&self.node_record(index)));
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        let (hub, is_timed) = (Record::read(&self.hub_record())?, self.is_timed());
        Ok(Shown { hub, nodes, is_timed, stalls: self.watch.finish() })
    }
}

/// The name of a node by its place.
pub(crate) fn node_name(index: usize) -> String {
    format!("node-{}", index + 1)
}

/// The address of a node: in the range that the appliance's own network gives out.
fn node_address(index: usize) -> Ipv4Addr {
    let [a, b, c, _] = HUB.octets();
    Ipv4Addr::new(a, b, c, u8::try_from(index + 11).expect("no scenario has more than 200 nodes"))
}
