//! A small disk of its own for one process: a tmpfs in a mount namespace that nobody else sees.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Process;

/// How a process gets a namespace: as anybody, or where only root may make one.
const WAYS: [&[&str]; 2] = [&["--user", "--map-root-user", "--mount"], &["--mount"]];

/// A folder that is a disk of so many bytes for the process that is started on it.
pub(crate) struct SmallDisk {
    at: PathBuf,
    size: usize,
    way: &'static [&'static str],
}

impl SmallDisk {
    /// None where nobody may have a mount namespace: the test says so and ends.
    pub(crate) fn new(at: PathBuf, size: usize) -> Option<Self> {
        let works = |way: &&&[&str]| {
            let status = Command::new("unshare").args(**way).args(["mount", "-t", "tmpfs", "tmpfs", "/tmp"]).status();
            status.is_ok_and(|status| status.success())
        };
        let Some(way) = WAYS.iter().find(works) else {
            eprintln!("not tested: this machine allows no mount namespaces");
            return None;
        };
        fs::create_dir_all(&at).unwrap();
        Some(Self { at, size, way })
    }

    /// Starts a program that has the disk.
    pub(crate) fn start<S: AsRef<OsStr>>(
        &self,
        program: &str,
        name: &str,
        folder: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Process {
        let mount = format!("mount -t tmpfs -o size={} tmpfs {} && exec \"$@\"", self.size, self.at.display());
        let before = [self.way, &["sh", "-c", &mount, "sh", program]].concat();
        let mut all: Vec<_> = before.into_iter().map(OsStr::new).map(OsStr::to_owned).collect();
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        Process::start_program(OsStr::new("unshare"), name, folder, all)
    }

    /// What the process has there, seen from outside.
    pub(crate) fn of(&self, process: &Process) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", process.id()));
        root.join(self.at.strip_prefix("/").expect("folders of tests are absolute"))
    }
    /// Somebody else needs all the room that is left. What the process replaces meanwhile may free some again.
    pub(crate) fn fill(&self, process: &Process) {
        let mut filler = File::options().create(true).append(true).open(self.of(process).join("filler")).unwrap();
        // The last bytes too.
        for len in [1 << 16, 1] {
            while filler.write_all(&vec![0; len]).is_ok() {}
        }
    }
    /// He does not need it any more.
    pub(crate) fn make_room(&self, process: &Process) {
        fs::remove_file(self.of(process).join("filler")).unwrap();
    }
}
