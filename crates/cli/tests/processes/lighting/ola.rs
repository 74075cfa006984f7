//! The Open Lighting Architecture's daemon, Debian's `ola`, as a receiver.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::tempdir;

use super::seclusion::{HERE, Killed, Seclusion};
use crate::support::until;

/// The daemon starts within seconds; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);
/// All that the daemon has besides what is tested; each would look for hardware.
const OTHERS: [&str; 23] = [
    "dummy",
    "espnet",
    "ftdidmx",
    "gpio",
    "karate",
    "kinet",
    "milinst",
    "nanoleaf",
    "opendmx",
    "openpixelcontrol",
    "osc",
    "pathport",
    "renard",
    "sandnet",
    "shownet",
    "spi",
    "stageprofi",
    "uartdmx",
    "usbdmx",
    "usbserial",
    "usbpro",
    "usb",
    "spidmx",
];

/// Writes a configuration: sACN universe 1 is its universe 1, Art-Net universe 5 its universe 5.
fn configure(folder: &Path) {
    let write = |name: &str, text: &str| {
        let file = folder.join(format!("ola-{name}.conf"));
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    };
    OTHERS.iter().for_each(|name| write(name, "enabled = false\n"));
    write("e131", &format!("enabled = true\nip = {HERE}\ninput_ports = 1\noutput_ports = 0\nrevision = 0.46\n"));
    write(
        "artnet",
        &format!("enabled = true\nip = {HERE}\nuse_loopback = true\nnet = 0\nsubnet = 0\noutput_ports = 0\n"),
    );
    write("port", "11-1-I-0 = 1\n2-1-I-0 = 5\n");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

/// The daemon. It ends when it is dropped.
pub(super) struct Ola {
    folder: PathBuf,
    _daemon: Killed,
}

impl Ola {
    /// Starts it with its files in `folder`, and waits until it answers.
    pub(super) fn start(network: &Seclusion, folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        configure(folder);
        // It refuses to be root, so it is nobody in particular. Its threads ask for ordinary scheduling, which such a user may
        // not leave idle scheduling for.
        let mut daemon = Command::new("chrt");
        let inner = network.command("unshare");
        daemon.args(["--other", "0"]).arg(inner.get_program()).args(inner.get_args());
        daemon.args(["--user", "--map-user=1000", "--", "olad", "--no-register-with-dns-sd"]);
        daemon.args(["--http-port", "9090", "-l", "2", "--config-dir"]).arg(folder);
        daemon.env("HOME", folder).stdin(Stdio::null());
        let log = fs::File::create(folder.join("olad.log")).unwrap();
        daemon.stdout(log.try_clone().unwrap()).stderr(log);
        let daemon = Killed(daemon.spawn().expect("olad runs: apt-get install ola; cargo xtask test does that"));
        let ola = Self { folder: folder.to_owned(), _daemon: daemon };
        until("olad answers", LIMIT, || ola.levels(network, 1));
        ola
    }
    /// What it has logged.
    pub(super) fn told(&self) -> String {
        fs::read_to_string(self.folder.join("olad.log")).unwrap_or_default()
    }
    /// What it says that a universe's levels are; nothing while it does not answer.
    pub(super) fn levels(&self, network: &Seclusion, universe: u16) -> Option<Vec<u64>> {
        let ask = format!(
            "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9090/get_dmx?u={universe}', timeout=5).read().decode())"
        );
        let output = network.command("python3").args(["-c", &ask]).stderr(Stdio::null()).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
        Some(answer["dmx"].as_array()?.iter().filter_map(Value::as_u64).collect())
    }
}

/// 512 levels that differ, and their slots as `cuelight dmx send` takes them.
fn slots(seed: u64) -> (Vec<u64>, String) {
    let levels: Vec<u64> = (1..=512).map(|slot| (slot * 7 + slot / 256 + seed) % 256).collect();
    let told: Vec<_> = levels.iter().enumerate().map(|(i, level)| format!("{}={level}", i + 1)).collect();
    (levels, told.join(","))
}

/// DMX-1, DMX-6, DMX-45
#[test]
fn ola_receives_every_level_we_send_by_sacn_and_by_art_net() {
    let folder = tempdir().unwrap();
    let network = Seclusion::new();
    let daemon = Ola::start(&network, folder.path());
    for (seed, (universe, way)) in
        [(1, &["--priority", "120"][..]), (5, &["--artnet", "--to", HERE])].into_iter().enumerate()
    {
        let number = universe.to_string();
        let (expected, slots) = slots(seed as u64);
        let mut command = network.dmx(&["send", "--universe", &number, "--slots", &slots, "--seconds", "120"]);
        command.args(way).stderr(Stdio::null()).stdout(Stdio::null());
        let _sender = Killed(command.spawn().unwrap());
        until(&format!("olad has universe {universe}; it says {}", daemon.told()), LIMIT, || {
            daemon.levels(&network, universe).filter(|levels| *levels == expected)
        });
    }
}
