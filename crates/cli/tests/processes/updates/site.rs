//! A show whose nodes are under launchers.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cuelight_net::clock::mono_now_ns;
use cuelight_update::manifest::Manifest;
use serde_json::Value;
use tempfile::TempDir;

use super::images::{key, manifest, signed};
use super::machine::Machine;
use crate::support::record::{Record, gaps};
use crate::support::{Finished, Hub, SOON, run, until, until_true};

/// A hub and its nodes. Nodes end before their hub, the folder goes last.
pub(super) struct Site {
    pub(super) machines: Vec<Machine>,
    pub(super) hub: Hub,
    folder: TempDir,
}

impl Site {
    /// Starts a hub and so many nodes, and waits until all are READY.
    pub(super) fn start(count: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::start(folder.path(), &[]);
        let mut machines = Vec::new();
        for number in 1..=count {
            let mut machine = Machine::new(number, folder.path(), hub.at);
            machine.start();
            // Hubs number nodes as they come, and update them by number.
            until_true("the hub knows the node", SOON, || hub.node(&machine.mac).is_some());
            machines.push(machine);
        }
        let site = Self { machines, hub, folder };
        until_true("every node is READY", SOON, || site.machines.iter().all(|machine| site.is_ready(machine)));
        site
    }

    pub(super) fn is_ready(&self, machine: &Machine) -> bool {
        let node = self.hub.node(&machine.mac);
        node.is_some_and(|node| node["state"] == "ready" && node["lock"] == true)
    }
    /// The version a node tells its hub.
    pub(super) fn fw(&self, machine: usize) -> String {
        self.hub.node(&self.machines[machine].mac).unwrap()["fw"].as_str().unwrap().to_owned()
    }

    /// A file of this show.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// `cuelight` against this hub.
    pub(super) fn cuelight(&self, words: &[&str], limit: Duration) -> Finished {
        let hub = self.hub.at.to_string();
        run(self.folder.path(), limit, [words, &["--hub", &hub]].concat())
    }

    /// Publishes an image under a version, signed. Each has a larger counter than those before.
    pub(super) fn publish(&self, version: &str, counter: u64, image: &[u8]) {
        let (image_file, manifest_file) = (self.file(version), self.file(&format!("{version}.manifest")));
        let manifest = Manifest { version: version.parse().unwrap(), counter, ..manifest(image) };
        fs::write(&image_file, image).unwrap();
        fs::write(&manifest_file, signed(&manifest, &key(1)).to_json()).unwrap();
        let (image_file, manifest_file) = (image_file.display().to_string(), manifest_file.display().to_string());
        let published = self.cuelight(&["ota", "publish", &image_file, &manifest_file], 3 * SOON);
        assert_eq!(published.code, Some(0), "{published:?}");
    }

    /// How the rollout stands.
    pub(super) fn rollout(&self) -> Value {
        self.hub.get("/api/v1/ota/rollout")["rollout"].clone()
    }
    /// Waits until it is in one of these states.
    pub(super) fn wait_for_rollout(&self, states: &[&str], limit: Duration) -> Value {
        until(&format!("the rollout is {states:?}"), limit, || {
            let rollout = self.rollout();
            states.iter().any(|state| rollout["state"] == *state).then_some(rollout)
        })
    }

    /// The nodes from `first` on have put out every frame since `from_ns` and never were offered anything.
    pub(super) fn assert_untouched(&self, first: usize, from_ns: i64) {
        let now_ns = mono_now_ns();
        for machine in &self.machines[first..] {
            let record = until("the record reaches the present", SOON, || {
                let is_long = |record: &Record| record.newest_ns() >= now_ns && record.since(from_ns).len() > 10;
                Some(machine.record()).filter(is_long)
            });
            assert_eq!(gaps(record.since(from_ns)), [], "frames left out by {}", machine.name);
            assert!(!machine.log().contains("update offered"), "{}: {}", machine.name, machine.log());
            assert!(self.is_ready(machine), "{} is not READY", machine.name);
        }
    }
}
