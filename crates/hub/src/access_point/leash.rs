//! A program on a leash: it ends when the hub that started it does, however that happens.
//!
//! hostapd and dnsmasq know nothing of their starter, and the kernel's death signal does not reach a program that changes
//! its user, as dnsmasq does. So the hub starts its own program again with the word [`LEASH_COMMAND`]; that process starts
//! the tool and reads its standard input, a pipe that only the hub holds open. When the pipe ends, it ends the tool.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// The word after which a program that runs a hub gets the tool and its arguments, to pass them to [`run_leashed`].
pub const LEASH_COMMAND: &str = "leash";
/// What this process was started from, also when the file has been replaced since.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// How long a tool may take to end when it is asked to. hostapd takes its network off the air meanwhile.
const GRACE: Duration = Duration::from_secs(3);

/// Runs `program` until it ends, or until standard input does; returns the exit code: the program's, or 128 and the number
/// of the signal that ended it.
///
/// # Errors
/// The program does not start.
pub fn run_leashed(program: &OsStr, args: &[OsString]) -> io::Result<i32> {
    let mut tool = Command::new(program).args(args).stdin(Stdio::null()).spawn()?;
    let pid = Pid::from_raw(i32::try_from(tool.id()).map_err(io::Error::other)?);
    // Held while a signal is sent, and from when the tool is collected: its number may be another's after that.
    let signalling = Arc::new(Mutex::new(()));
    let signaller = signalling.clone();
    thread::spawn(move || {
        // Nothing is ever sent; the end of it is the message.
        while matches!(io::stdin().read(&mut [0; 64]), Ok(1..)) {}
        let signal = |signal| {
            let _held = signaller.lock();
            // One that ended meanwhile waits to be collected: the signal does nothing.
            let _ = kill(pid, signal);
        };
        signal(Signal::SIGTERM);
        thread::sleep(GRACE);
        signal(Signal::SIGKILL);
    });
    while let Err(errno) = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
        if errno != Errno::EINTR {
            return Err(errno.into());
        }
    }
    // Not given back: this process is about to end.
    let held = signalling.lock();
    let status = tool.wait()?;
    std::mem::forget(held);
    Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
}

/// A running tool, from the hub's side. Dropping it lets go: the tool ends soon after.
#[derive(Debug)]
pub(super) struct Leashed {
    child: Child,
    rope: Option<ChildStdin>,
}

impl Leashed {
    /// Starts `tool`; what it says comes out of the second result.
    pub(super) fn start(tool: &Path, args: &[OsString]) -> io::Result<(Self, PipeReader)> {
        let (said, says) = io::pipe()?;
        let mut command = Command::new(OWN_PROGRAM);
        command.arg0("cuelight").arg(LEASH_COMMAND).arg(tool).args(args);
        // Nothing of the hub's environment goes there: it may hold the password.
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C");
        // A Ctrl-C at the terminal is for the hub, which ends the tools in its own order.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(says.try_clone()?).stderr(says);
        let mut child = command.spawn()?;
        let rope = child.stdin.take();
        Ok((Self { child, rope }, said))
    }

    /// How it ended, once it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Asks the tool to end; [`Self::ended`] tells when it has.
    pub(super) fn let_go(&mut self) {
        self.rope = None;
    }
}
