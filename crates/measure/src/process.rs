//! One process of a show: started with its log in a file, ended in order or killed, and never left behind.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::watch::{GaveUp, until};

/// Set in the environment of processes that are to end with the thread that started them (the kernel then sends SIGTERM).
pub const LEASH: &str = "CUELIGHT_LEASH";
/// Lines of a log that tell why a process ended.
const LAST_WORDS: usize = 5;

/// What can go wrong with a process.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Its log is not to be had.
    #[error("the log {} cannot be written: {source}", path.display())]
    Log {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not start.
    #[error("{name} cannot be started: {source}")]
    Start {
        /// Its name in the show.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It ended, and nobody asked it to.
    #[error("{name} ended by itself ({status}):\n{last_words}")]
    Ended {
        /// Its name in the show.
        name: String,
        /// How.
        status: ExitStatus,
        /// The end of its log.
        last_words: String,
    },
    /// It did not end in time and was killed.
    #[error("{name} did not end within {limit:?} when asked")]
    Stays {
        /// Its name in the show.
        name: String,
        /// How long it had.
        limit: Duration,
    },
    /// It cannot be waited for or sent a signal.
    #[error("{name} cannot be waited for or sent a signal: {source}")]
    Lost {
        /// Its name in the show.
        name: String,
        /// Why.
        source: io::Error,
    },
}

/// A process of a show, running unless it ended by itself. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` under a name, with what it says on stderr appended to the file `log`.
    ///
    /// It is what its own flags say, whatever variables are set for real hubs and nodes, and a Cuelight process ends with the
    /// thread that starts it.
    ///
    /// # Errors
    /// [`ProcessError::Log`], [`ProcessError::Start`].
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self, ProcessError> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.map_err(|source| ProcessError::Log { path: log.to_owned(), source })?;
        for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CUELIGHT_")) {
            command.env_remove(variable);
        }
        command.env(LEASH, "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let child = command.spawn().map_err(|source| ProcessError::Start { name: name.to_owned(), source })?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Its name in the show.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its number for the kernel.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    /// Whether it is there.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Fails with the process's last words when it has ended by itself.
    ///
    /// # Errors
    /// [`ProcessError::Ended`], [`ProcessError::Lost`].
    pub fn check(&mut self) -> Result<(), ProcessError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                let last_words = last_lines(&self.log, LAST_WORDS);
                Err(ProcessError::Ended { name: self.name.clone(), status, last_words })
            }
            Err(source) => Err(self.lost(source)),
        }
    }

    /// Sends a signal; to a process that has ended already it does nothing.
    ///
    /// # Errors
    /// [`ProcessError::Lost`].
    pub fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        let pid = i32::try_from(self.child.id()).expect("the kernel's process numbers fit its own type");
        match kill(Pid::from_raw(pid), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(self.lost(errno.into())),
        }
    }

    /// Asks it to end, and waits until it has; after `limit` it is killed and that is an error, because a clean end is
    /// part of what is shown.
    ///
    /// # Errors
    /// [`ProcessError::Stays`], [`ProcessError::Lost`].
    pub fn end(mut self, limit: Duration) -> Result<(), ProcessError> {
        self.signal(Signal::SIGTERM)?;
        let name = self.name.clone();
        let ended = until::<_, Wait>("it ends", limit, || self.child.try_wait().map_err(Wait::Lost));
        match ended {
            Ok(_) => Ok(()),
            Err(Wait::TooLong) => Err(ProcessError::Stays { name, limit }),
            Err(Wait::Lost(source)) => Err(ProcessError::Lost { name, source }),
        }
    }

    fn lost(&self, source: io::Error) -> ProcessError {
        ProcessError::Lost { name: self.name.clone(), source }
    }
}

impl Drop for Process {
    /// Kills it as a power cut would, and collects it.
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

enum Wait {
    TooLong,
    Lost(io::Error),
}

impl From<GaveUp> for Wait {
    fn from(_: GaveUp) -> Self {
        Self::TooLong
    }
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("actor", command, &folder.join("actor.log")).unwrap()
    }

    #[test]
    fn one_that_ends_by_itself_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("echo first >&2; for i in 2 3 4 5 6; do echo $i >&2; done; exit 3", folder.path());
        let look = || -> Result<_, GaveUp> { Ok(process.check().err()) };
        let error = until("it is noticed", Duration::from_secs(60), look).unwrap().to_string();
        assert!(error.contains("actor ended by itself") && error.ends_with("2\n3\n4\n5\n6"), "{error}");
        assert!(!process.is_running());
        process.signal(Signal::SIGTERM).unwrap();
    }

    #[test]
    fn one_that_does_not_heed_is_killed_and_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let process = shell("trap '' TERM; echo ready >&2; while :; do sleep 0.01; done", folder.path());
        let log = folder.path().join("actor.log");
        let is_ready =
            || -> Result<_, GaveUp> { Ok(fs::read_to_string(&log).unwrap().contains("ready").then_some(())) };
        until("it is ready", Duration::from_secs(60), is_ready).unwrap();
        let pid = process.pid();
        let error = process.end(Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.to_string(), "actor did not end within 20ms when asked");
        assert!(!Path::new("/proc").join(pid.to_string()).exists());
    }

    #[test]
    fn one_that_heeds_ends_in_order() {
        let folder = tempfile::tempdir().unwrap();
        shell("exec sleep 1000", folder.path()).end(Duration::from_secs(60)).unwrap();
    }
}
