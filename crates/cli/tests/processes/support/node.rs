//! A node.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::{HERE, Process, Record};

/// A running node. It keeps its identity and its record over restarts.
pub(crate) struct Node {
    pub(crate) process: Process,
    pub(crate) mac: String,
    number: u8,
    hub: String,
    folder: PathBuf,
    options: Vec<String>,
}

impl Node {
    /// Starts node `number` in `folder`, for a hub at `HOST:PORT`, with or without a scheme.
    pub(crate) fn start(number: u8, folder: &Path, hub: impl Display, options: &[&str]) -> Self {
        let hub = hub.to_string();
        let mac = format!("02:C0:E1:7E:57:{number:02X}");
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = start(number, &mac, folder, &hub, &options);
        Self { process, mac, number, hub, folder: folder.to_owned(), options }
    }

    /// Starts it again as it was.
    pub(crate) fn start_again(&mut self) {
        self.process = start(self.number, &self.mac, &self.folder, &self.hub, &self.options);
    }

    /// What it has recorded so far.
    pub(crate) fn record(&self) -> Record {
        Record::read(&record(self.number, &self.folder))
    }
}

fn start(number: u8, mac: &str, folder: &Path, hub: &str, options: &[String]) -> Process {
    let name = format!("node-{number}");
    // Half of the nodes are fast, half slow, all of them far off.
    let side = if number.is_multiple_of(2) { -1.0 } else { 1.0 };
    let clock = format!("{},{}", side * 300.5 * f64::from(number), side * 60.0);
    let record = format!("record:{}", record(number, folder).display());
    let mut args: Vec<String> = ["node", "--name", &name, "--mac", mac, "--output", &record].map(String::from).into();
    args.extend(["--hub".into(), hub.to_owned(), "--bind".into(), HERE.to_string()]);
    args.extend(["--inject-clock".into(), clock, "--data-dir".into(), folder.join(&name).display().to_string()]);
    if !options.iter().any(|option| option == "--udp-port") {
        args.extend(["--udp-port".into(), "0".into()]);
    }
    args.extend_from_slice(options);
    Process::start(&name, folder, args)
}

fn record(number: u8, folder: &Path) -> PathBuf {
    folder.join(format!("node-{number}.jsonl"))
}
