//! A hub and its API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use ureq::http::Request;

use super::{HERE, Process, SOON, SmallDisk, free_tcp_port, free_udp_port, until, until_true};

/// A running hub. It keeps its ports and its folder over restarts.
pub(crate) struct Hub {
    pub(crate) process: Process,
    pub(crate) at: SocketAddr,
    pub(crate) exchange_at: SocketAddr,
    folder: PathBuf,
    options: Vec<String>,
}

impl Hub {
    /// Starts a hub in `folder` and waits until it answers.
    pub(crate) fn start(folder: &Path, options: &[&str]) -> Self {
        Self::start_at(free_tcp_port(), folder, options)
    }

    /// As [`Self::start`], at an address others know already.
    pub(crate) fn start_at(at: SocketAddr, folder: &Path, options: &[&str]) -> Self {
        let exchange_at = free_udp_port();
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = start(at, exchange_at, folder, &options, "512.25,11");
        let hub = Self { process, at, exchange_at, folder: folder.to_owned(), options };
        hub.wait_until_it_listens();
        hub
    }

    /// As [`Self::start`], with what it saves on a disk of so many bytes of its own; none where there is no such disk.
    pub(crate) fn start_on_small_disk(folder: &Path, size: usize) -> Option<(Self, SmallDisk)> {
        let disk = SmallDisk::new(data(folder), size)?;
        let (at, exchange_at) = (free_tcp_port(), free_udp_port());
        let args = args(at, exchange_at, folder, &[], "512.25,11");
        let process = disk.start(env!("CARGO_BIN_EXE_cuelight"), "hub", folder, args);
        let hub = Self { process, at, exchange_at, folder: folder.to_owned(), options: Vec::new() };
        hub.wait_until_it_listens();
        Some((hub, disk))
    }

    /// Starts it again where it was, with `OFFSET_S,PPM` as its clock. Does not wait.
    pub(crate) fn start_again(&mut self, clock: &str) {
        self.process = start(self.at, self.exchange_at, &self.folder, &self.options, clock);
    }

    /// Waits until it answers.
    pub(crate) fn wait_until_it_listens(&self) {
        until_true("the hub listens", SOON, || self.try_call("GET", "/health", None, None).is_some());
    }

    /// Its record of its clock.
    pub(crate) fn record(&self) -> PathBuf {
        record(&self.folder)
    }
    /// The file of the show's state.
    pub(crate) fn state_file(&self) -> PathBuf {
        data(&self.folder).join("state.json")
    }

    /// Asks it; anything but success fails.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, None, None);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Commands it; anything but success fails.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call("POST", path, Some(body), None);
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    /// One request: status and answer.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>, key: Option<&str>) -> (u16, Value) {
        self.try_call(method, path, body, key).unwrap_or_else(|| panic!("the hub does not answer {method} {path}"))
    }

    fn try_call(&self, method: &str, path: &str, body: Option<&Value>, key: Option<&str>) -> Option<(u16, Value)> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(5)))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.at));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let response = match body {
            Some(body) => agent.run(request.header("Content-Type", "application/json").body(body.to_string()).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let response = response.ok()?;
        let status = response.status().as_u16();
        Some((status, serde_json::from_str(&response.into_body().read_to_string().ok()?).ok()?))
    }

    /// The code of the first account, as the console has it.
    pub(crate) fn setup_code(&self) -> String {
        until("the console has a code", SOON, || {
            let log = self.process.log();
            let rest = log.split_once("good for 10 minutes: ")?.1;
            rest.split_whitespace().next().map(str::to_owned)
        })
    }

    /// The node of this MAC address, as the API shows it.
    pub(crate) fn node(&self, mac: &str) -> Option<Value> {
        self.get("/api/v1/nodes").as_array().unwrap().iter().find(|node| node["mac"] == mac).cloned()
    }

    /// Ticks that took too long, and ticks left out.
    pub(crate) fn late_ticks(&self) -> u64 {
        let tick = self.get("/api/v1/show")["tick"].clone();
        tick["overruns"].as_u64().unwrap() + tick["missed"].as_u64().unwrap()
    }
}

fn start(at: SocketAddr, exchange_at: SocketAddr, folder: &Path, options: &[String], clock: &str) -> Process {
    Process::start("hub", folder, args(at, exchange_at, folder, options, clock))
}

fn args(at: SocketAddr, exchange_at: SocketAddr, folder: &Path, options: &[String], clock: &str) -> Vec<String> {
    let mut args: Vec<String> = vec!["hub".into()];
    if !options.iter().any(|option| option == "--bind") {
        args.extend(["--bind".into(), HERE.to_string()]);
    }
    args.extend(["--port".into(), at.port().to_string(), "--ts-port".into(), exchange_at.port().to_string()]);
    args.extend(["--data-dir".into(), data(folder).display().to_string()]);
    args.extend(["--record".into(), record(folder).display().to_string()]);
    args.extend(["--inject-clock".into(), clock.into()]);
    if !options.iter().any(|option| option == "--trust-this-machine") {
        args.extend(["--trust-this-machine".into(), "on".into()]);
    }
    args.extend_from_slice(options);
    args
}

fn data(folder: &Path) -> PathBuf {
    folder.join("hub")
}

fn record(folder: &Path) -> PathBuf {
    folder.join("hub.jsonl")
}
