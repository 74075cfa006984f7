//! `cuelight-launch`: starts the image of a slot and falls back to the other one.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use clap::Parser;
use cuelight_update::launch::{self, Plan};
use cuelight_update::slots::{Boot, Slot, Slots};
use nix::sys::signal::Signal;
use semver::Version;

const MORE: &str = "\
The program that runs comes from one of two slots below DIR. An update writes the other slot; the new image has three
starts and --deadline seconds to prove itself (hub, clock, outputs, frame rate), or the old one goes on.

Examples:
  cuelight-launch --slots /var/lib/cuelight/slots --program /usr/bin/cuelight -- node --hub 192.168.4.1
  cuelight-launch --slots /var/lib/cuelight/slots -- node --config /etc/cuelight.toml
  cuelight-launch --slots /var/lib/cuelight/slots --status

--program is copied into the first slot when DIR is new, and is not looked at later. DIR holds boot.json, the slots a and b,
and the download under way; it has room for three images and lies on one file system.
Exit codes: those of the program; 1 when there is nothing that could be started, 2 wrong usage.";

/// Starts a Cuelight program from one of two slots, and falls back when an update does not prove itself.
#[derive(Debug, Parser)]
#[command(name = "cuelight-launch", version, about, after_long_help = MORE)]
struct Launch {
    /// The folder of the two slots.
    #[arg(long, value_name = "DIR")]
    slots: PathBuf,
    /// The first image, for a new folder.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Seconds an updated image may take to prove itself.
    #[arg(long, value_name = "S", default_value_t = Plan::DEADLINE.as_secs(), value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,
    /// Seconds after that in which its deaths count against it.
    #[arg(long, value_name = "S", default_value_t = Plan::PROBATION.as_secs())]
    probation: u64,
    /// Say what is in the slots, and start nothing.
    #[arg(long, conflicts_with_all = ["program", "arguments"])]
    status: bool,
    /// What the program is started with.
    #[arg(last = true, required_unless_present = "status")]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    heed_leash();
    let launch = Launch::parse();
    match run(launch) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            eprintln!("cuelight-launch: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(launch: Launch) -> Result<i32, Box<dyn std::error::Error>> {
    let slots = Slots::new(launch.slots);
    if launch.status {
        // Nobody reads any more: no reason to complain.
        let _ = std::io::stdout().write_all(status(&slots.boot()?).as_bytes());
        return Ok(0);
    }
    if let Some(program) = &launch.program
        && !slots.folder().join("boot.json").exists()
    {
        slots.set_up(program, version_of(program)?)?;
    }
    let asked = Arc::new(AtomicUsize::new(0));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register_usize(signal, asked.clone(), signal as usize)?;
    }
    let plan = Plan {
        slots,
        arguments: launch.arguments,
        deadline: Duration::from_secs(launch.deadline),
        probation: Duration::from_secs(launch.probation),
    };
    Ok(launch::run(&plan, &asked)?)
}

/// What is in the slots, for people.
fn status(boot: &Boot) -> String {
    let mut lines = Vec::new();
    for slot in [Slot::A, Slot::B] {
        let state = match boot.image(slot) {
            None => "empty".to_owned(),
            Some(image) => {
                let role = match () {
                    () if slot == boot.active() => "runs",
                    () if boot.trial().is_some() => "on trial",
                    () if image.proven => "the image before",
                    () => "not in use",
                };
                format!("{} ({role}), {} bytes, SHA-256 {}", image.version, image.size, image.sha256)
            }
        };
        lines.push(format!("slot {}: {state}", slot.name()));
    }
    if let Some(failed) = boot.failed() {
        lines.push(format!("{} was taken back: {}", failed.version, failed.reason));
        lines.extend(failed.log.iter().map(|line| format!("  | {line}")));
    }
    lines.push(format!("images with a counter below {} are refused", boot.counter()));
    lines.join("\n") + "\n"
}

/// Asks the kernel to end this process with its parent, when the parent wants that.
fn heed_leash() {
    if std::env::var_os(launch::LEASH).is_some() {
        // Every Linux kernel grants this; without it an orphan would have to be stopped by hand.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGTERM);
    }
}

/// What `PROGRAM --version` says: a name and a version.
fn version_of(program: &PathBuf) -> Result<Version, Box<dyn std::error::Error>> {
    let told = |why: String| format!("the version of {} is not known: {why}", program.display());
    let output = Command::new(program).arg("--version").output().map_err(|error| told(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let word = text.split_whitespace().nth(1).ok_or_else(|| told(format!("it says {text:?}")))?;
    Ok(Version::parse(word).map_err(|error| told(error.to_string()))?)
}
