//! A whole show: a hub and nodes in one folder.

use std::path::Path;

use cuelight_net::clock::mono_now_ns;
use serde_json::Value;
use tempfile::TempDir;

use super::record::gaps;
use super::{Finished, Hub, Node, Record, SOON, run, until, until_true};

/// Pixels of every node of a [`Show`].
pub(crate) const GEOMETRY_PIXELS: usize = 60;
const GEOMETRY: &str = "strip:60";
/// A frame's time at 120 Hz, rounded up.
const FRAME_NS: i64 = 8_333_334;

/// A running show. Nodes end before their hub, the folder goes last.
pub(crate) struct Show {
    pub(crate) nodes: Vec<Node>,
    pub(crate) hub: Hub,
    folder: TempDir,
}

/// Since when nobody may have noticed anything.
pub(crate) struct Quiet {
    from_ns: i64,
    late_ticks: u64,
}

/// Ticks that may come late or be left out meanwhile because the machine stood still or ran another test: half a second's.
const STALL_TICKS: u64 = 50;

impl Show {
    /// Starts a hub and `count` nodes and waits until all are READY.
    pub(crate) fn start(count: u8) -> Self {
        Self::start_with(count, &[])
    }

    /// As [`Self::start`], with further options for the hub.
    pub(crate) fn start_with(count: u8, hub_options: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), count, hub_options, &[])
    }

    /// As [`Self::start`], with further options for the nodes, in a folder in which something has been done before.
    pub(crate) fn prepared(count: u8, node_options: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        Self::start_in(folder, count, &[], node_options)
    }

    fn start_in(folder: TempDir, count: u8, hub_options: &[&str], node_options: &[&str]) -> Self {
        let hub = Hub::start(folder.path(), hub_options);
        let options = [&["--geometry", GEOMETRY], node_options].concat();
        let node = |number| Node::start(number, folder.path(), hub.at, &options);
        let show = Self { nodes: (1..=count).map(node).collect(), hub, folder };
        show.wait_until_ready();
        show
    }

    /// A node behind something that stands between it and the hub.
    pub(crate) fn add_node(&mut self, hub: std::net::SocketAddr, options: &[&str]) {
        let number = u8::try_from(self.nodes.len() + 1).unwrap();
        let options = [&["--geometry", GEOMETRY], options].concat();
        self.nodes.push(Node::start(number, self.folder.path(), hub, &options));
        self.wait_until_ready();
    }

    /// The folder of the show.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the hub has this node in `state`, with its clock locked where that is READY.
    pub(crate) fn is_in_state(&self, node: usize, state: &str) -> bool {
        let node = self.hub.node(&self.nodes[node].mac);
        node.is_some_and(|node| node["state"] == state && (state != "ready" || node["lock"] == true))
    }

    /// Waits until every node is READY and the newest frames of all are of the show.
    pub(crate) fn wait_until_ready(&self) {
        until_true("every node is READY", SOON, || (0..self.nodes.len()).all(|i| self.is_in_state(i, "ready")));
        self.records_until(mono_now_ns());
    }

    /// `cuelight ctl` against this hub.
    pub(crate) fn ctl(&self, words: &[&str]) -> Finished {
        let hub = self.hub.at.to_string();
        run(self.folder(), SOON, [&["ctl", "--hub", &hub], words].concat())
    }

    /// `cuelight ctl --json`, which must succeed: what it printed.
    pub(crate) fn ctl_json(&self, words: &[&str]) -> Value {
        let finished = self.ctl(&[&["--json"], words].concat());
        assert_eq!(finished.code, Some(0), "{words:?}: {finished:?}");
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {finished:?}"))
    }

    /// The records of all nodes, once they reach this instant of CLOCK_MONOTONIC.
    pub(crate) fn records_until(&self, mono_ns: i64) -> Vec<Record> {
        until("the records reach the present", SOON, || {
            let records: Vec<Record> = self.nodes.iter().map(Node::record).collect();
            records.iter().all(|record| record.newest_ns() >= mono_ns).then_some(records)
        })
    }

    /// The records of all nodes up to now.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.records_until(mono_now_ns())
    }

    /// The records of all nodes, once each of them shows change `rev`.
    pub(crate) fn records_with(&self, rev: u64) -> Vec<Record> {
        until("every node shows the change", SOON, || {
            let records: Vec<Record> = self.nodes.iter().map(Node::record).collect();
            records.iter().all(|record| record.first_with(rev).is_some()).then_some(records)
        })
    }

    /// From now on nothing may disturb the nodes or the hub.
    pub(crate) fn quiet(&self) -> Quiet {
        // From the frame before on, so that a pause right after this is a gap between two frames.
        let from_ns = mono_now_ns() - FRAME_NS;
        Quiet { from_ns, late_ticks: self.hub.late_ticks() }
    }

    /// Fails when anything was disturbed since: each node that is still part of this is READY and went on putting out its
    /// frames, the hub its ticks.
    pub(crate) fn assert_undisturbed(&mut self, since: &Quiet) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            assert!(node.process.is_running(), "node {index} has ended");
        }
        assert!(self.hub.process.is_running(), "the hub has ended");
        for process in self.nodes.iter().map(|node| &node.process).chain([&self.hub.process]) {
            assert!(!process.log().contains("panicked"), "{}", process.log());
        }
        for (index, record) in self.records().iter().enumerate() {
            let frames = record.since(since.from_ns);
            assert!(frames.len() > 10, "node {index} put out {} frames", frames.len());
            assert_eq!(gaps(frames), [], "frames left out by node {index}");
        }
        for index in 0..self.nodes.len() {
            let node = self.hub.node(&self.nodes[index].mac);
            assert!(self.is_in_state(index, "ready"), "node {index} is not READY: {node:?}");
        }
        let late = self.hub.late_ticks() - since.late_ticks;
        assert!(late <= STALL_TICKS, "{late} ticks overran or were left out");
    }
}
