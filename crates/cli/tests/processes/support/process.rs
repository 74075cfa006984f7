//! One process of the program.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{panicking, sleep};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::until;

/// A running process. Dropping it kills it, and shows its log when the test has failed.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `cuelight`; its log goes to `NAME.log` in `folder`.
    pub(crate) fn start<S: AsRef<OsStr>>(name: &str, folder: &Path, args: impl IntoIterator<Item = S>) -> Self {
        Self::start_program(OsStr::new(env!("CARGO_BIN_EXE_cuelight")), name, folder, args)
    }

    /// Starts another program in the same way.
    pub(crate) fn start_program<S: AsRef<OsStr>>(
        program: &OsStr,
        name: &str,
        folder: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let child = command(program, folder).args(args).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Self { name: name.to_owned(), child, log }
    }

    /// Everything it has logged, earlier runs under the same name included.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn ask_to_end(&mut self, signal: Signal, limit: Duration) -> ExitStatus {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
        let what = format!("{} ends on {signal}", self.name);
        until(&what, limit, || self.child.try_wait().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if panicking() {
            eprintln!("--- log of {}:\n{}---", self.name, fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

/// What a process said until its end.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end, with `home` as the folder in which it finds what it keeps.
pub(crate) fn run<S: AsRef<OsStr>>(home: &Path, limit: Duration, args: impl IntoIterator<Item = S>) -> Finished {
    let mut command = command(OsStr::new(env!("CARGO_BIN_EXE_cuelight")), home);
    let mut child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + limit;
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        sleep(Duration::from_millis(5));
    }
    let is_late = child.try_wait().unwrap().is_none();
    // Killed when late, so that what it said is shown.
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let finished = Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!is_late, "{command:?} did not end: {finished:?}");
    finished
}

fn command(program: &OsStr, home: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CUELIGHT_") {
            command.env_remove(name);
        }
    }
    // The leash ends it when the test's process dies.
    command.env("CUELIGHT_LEASH", "1").env("XDG_STATE_HOME", home).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}
