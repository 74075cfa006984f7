//! However the lab ends, nothing is left behind: no process, no namespace, no device.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const LAB: &str = env!("CARGO_BIN_EXE_cuelight-lab");
/// Long enough for a machine that does much else.
const SOON: Duration = Duration::from_secs(60);

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        sleep(Duration::from_millis(10));
    }
}

/// Whether the lab can run here; what it lacks is shown otherwise.
fn can_run() -> bool {
    let program = Path::new(LAB).with_file_name("cuelight");
    assert!(program.exists(), "{} is missing: cargo build -p cuelight-cli", program.display());
    let check = Command::new(LAB).arg("--check").output().unwrap();
    if check.status.code() == Some(3) {
        eprintln!("not run: {}", String::from_utf8_lossy(&check.stderr));
        return false;
    }
    assert!(check.status.success(), "{check:?}");
    true
}

/// A process as /proc shows it.
#[derive(Debug)]
struct Shown {
    words: String,
    state: String,
    network: PathBuf,
}

/// Every process of the machine that can be looked at.
fn processes() -> Vec<Shown> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let shown = entries.filter_map(|entry| {
        let folder = entry.path();
        let words = String::from_utf8_lossy(&fs::read(folder.join("cmdline")).ok()?).replace('\0', " ");
        // After the name, which is in parentheses and may hold anything.
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        let state = stat.rsplit_once(')')?.1.trim().chars().next()?.to_string();
        Some(Shown { words, state, network: fs::read_link(folder.join("ns/net")).ok()? })
    });
    shown.collect()
}

/// Processes that were started with this folder.
fn of(folder: &Path) -> Vec<Shown> {
    let folder = folder.to_str().unwrap();
    processes().into_iter().filter(|process| process.words.contains(folder)).collect()
}

/// Starts a lab whose hub stands still, waits for that moment, and ends the lab by the signal.
fn ends_without_a_trace(signal: Signal) {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    let mut command = Command::new(LAB);
    command.args(["hub-stopped", "--short", "--out"]).arg(folder.path());
    let mut lab = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut networks = BTreeSet::new();
    // A process that stands still does not heed a request to end, so this is the hardest moment.
    until("the hub stands still", || {
        assert_eq!(lab.try_wait().unwrap(), None, "the lab has ended by itself");
        let running = of(folder.path());
        networks.extend(running.iter().map(|process| process.network.clone()));
        running.iter().any(|process| process.state == "T")
    });
    assert!(networks.len() > 4, "hub and nodes are in networks of their own: {networks:?}");
    networks.remove(&own);
    kill(Pid::from_raw(lab.id().try_into().unwrap()), signal).unwrap();
    lab.wait().unwrap();
    until("every process of the lab has ended", || of(folder.path()).is_empty());
    until("every network of the lab is gone", || {
        !processes().iter().any(|process| networks.contains(&process.network))
    });
    let devices = fs::read_to_string("/proc/net/dev").unwrap();
    assert!(!devices.contains("switch:") && !devices.contains("port1:"), "{devices}");
}

#[test]
fn a_lab_that_is_interrupted_leaves_nothing() {
    ends_without_a_trace(Signal::SIGINT);
}

#[test]
fn a_lab_that_is_killed_leaves_nothing() {
    ends_without_a_trace(Signal::SIGKILL);
}

#[test]
fn a_show_that_cannot_start_is_reported_and_leaves_nothing() {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(LAB);
    let output = command.args(["join", "--program", "/bin/false", "--out"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("BROKEN") && said.contains("ended by itself"), "{said}");
    assert_eq!(of(folder.path()).len(), 0);
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("report.json")).unwrap()).unwrap();
    assert!(report["entries"][0]["outcome"]["broken"].is_string(), "{report}");
}

#[test]
fn a_machine_without_what_it_needs_is_told_what() {
    let output = Command::new(LAB).arg("--check").env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("install iproute2") && said.contains("install util-linux"), "{said}");
}
