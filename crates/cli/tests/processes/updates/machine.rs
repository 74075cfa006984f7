//! A node under the launcher.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cuelight_update::slots::{Boot, Slots};
use nix::sys::signal::Signal;
use semver::Version;

use super::images::{OLD, key, program};
use crate::support::{HERE, Process, Record, SOON, SmallDisk};

const LAUNCHER: &str = env!("CARGO_BIN_EXE_cuelight-launch");
/// Seconds an image may take to prove itself here: it takes five when all is well.
const DEADLINE_S: &str = "20";

/// A machine with a launcher and slots of its own; [`OLD`] is in slot A.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) mac: String,
    pub(super) process: Option<Process>,
    folder: PathBuf,
}

impl Machine {
    /// Machine `number` of a hub, which does not run yet.
    pub(super) fn new(number: u8, folder: &Path, hub: SocketAddr) -> Self {
        let (name, mac) = (format!("node-{number}"), format!("02:C0:E1:7E:57:{number:02X}"));
        let machine = Self { name, mac, process: None, folder: folder.to_owned() };
        let program_file = machine.program_file();
        if !program_file.exists() {
            fs::write(&program_file, program()).unwrap();
            fs::set_permissions(&program_file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let side = if number.is_multiple_of(2) { -1.0 } else { 1.0 };
        let clock = format!("{},{}", side * 300.5 * f64::from(number), side * 60.0);
        let config = format!(
            "[node]\nhub = \"{hub}\"\nname = \"{}\"\nmac = \"{}\"\noutputs = [\"record:{}\"]\ngeometry = \"strip:60\"\n\
             bind = \"{HERE}\"\nudp_port = 0\ndata_dir = \"{}\"\nupdate_keys = [\"{}\", \"{}\"]\ninject_clock = \"{clock}\"\n",
            machine.name,
            machine.mac,
            machine.record_file().display(),
            folder.join(&machine.name).display(),
            key(1).public(),
            key(2).public(),
        );
        fs::write(machine.config_file(), config).unwrap();
        machine.slots().set_up(&program_file, Version::parse(OLD).unwrap()).unwrap();
        machine
    }

    /// The program as a file: what images that are scripts start.
    pub(super) fn program_file(&self) -> PathBuf {
        self.folder.join("program")
    }
    pub(super) fn config_file(&self) -> PathBuf {
        self.folder.join(format!("{}.toml", self.name))
    }
    fn record_file(&self) -> PathBuf {
        self.folder.join(format!("{}.jsonl", self.name))
    }
    pub(super) fn record(&self) -> Record {
        Record::read(&self.record_file())
    }
    pub(super) fn slots(&self) -> Slots {
        Slots::new(self.folder.join(format!("{}.slots", self.name)))
    }
    pub(super) fn boot(&self) -> Boot {
        self.slots().boot().unwrap()
    }
    pub(super) fn log(&self) -> String {
        self.process.as_ref().unwrap().log()
    }

    /// Switches it on.
    pub(super) fn start(&mut self) {
        self.start_with(&[]);
    }
    /// Switches it on, with further words for the node.
    pub(super) fn start_with(&mut self, words: &[&str]) {
        let slots = self.slots();
        let config = self.config_file();
        let mut args: Vec<&OsStr> = ["--deadline", DEADLINE_S, "--slots"].map(OsStr::new).into();
        args.extend([slots.folder().as_os_str(), OsStr::new("--"), OsStr::new("node"), OsStr::new("--config")]);
        args.push(config.as_os_str());
        args.extend(words.iter().map(OsStr::new));
        self.process = Some(Process::start_program(OsStr::new(LAUNCHER), &self.name, &self.folder, args));
    }
    /// Switches it on with its slots on a disk of so many bytes; none where there is no such disk.
    pub(super) fn start_on_small_disk(&mut self, size: usize) -> Option<SmallDisk> {
        let disk = SmallDisk::new(self.folder.join("disk"), size)?;
        let slots = self.folder.join("disk/slots").display().to_string();
        let (program, config) = (self.program_file().display().to_string(), self.config_file().display().to_string());
        let args = ["--slots", &slots, "--program", &program, "--", "node", "--config", &config];
        self.process = Some(disk.start(LAUNCHER, &self.name, &self.folder, args));
        Some(disk)
    }
    /// Cuts its power: the node ends with its launcher.
    pub(super) fn cut_power(&mut self) {
        self.process = None;
    }
    /// Asks it to end.
    pub(super) fn stop(&mut self) {
        let status = self.process.take().unwrap().ask_to_end(Signal::SIGTERM, SOON);
        assert_eq!(status.code(), Some(0), "{}", self.name);
    }
}
