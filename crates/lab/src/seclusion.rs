//! A world of its own for the lab: private user (where it is needed), mount, process and network namespaces.
//!
//! The program starts itself again as process 1 of the new namespaces. The kernel ends every process in there with process
//! 1, and process 1 with the program that was started by hand, and removes devices and namespaces with the last process: so
//! nothing is left behind, however the lab ends.

use std::env;
use std::fs::{self, File};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{getgid, getuid};

/// Set in the environment of the program inside.
const INSIDE: &str = "CUELIGHT_LAB_INSIDE";
/// What network devices in user space are made with.
const TUN: &str = "/dev/net/tun";

/// Whether this is the program inside.
pub(crate) fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// What this machine lacks, one sentence each with what to do; nothing when the lab can run.
pub(crate) fn obstacles() -> Vec<String> {
    let mut obstacles = Vec::new();
    if let Err(error) = File::options().read(true).write(true).open(TUN) {
        obstacles.push(format!(
            "{TUN} cannot be opened ({error}): run as root where the device exists (`modprobe tun` makes it), or let this \
             user open it"
        ));
    }
    if Command::new("ip").arg("-V").output().is_err() {
        obstacles.push("there is no `ip`: install iproute2".to_owned());
    }
    let mut probe = Command::new("unshare");
    probe.args(if getuid().is_root() { "-nmpf --mount-proc true" } else { "-Urnmpf --mount-proc true" }.split(' '));
    match probe.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => obstacles.push(format!(
            "this user may not make namespaces ({}): run as root outside of containers that forbid it",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(_) => obstacles.push("there is no `unshare`: install util-linux".to_owned()),
    }
    obstacles
}

/// Runs this program again, with the same arguments, as process 1 of new namespaces, and waits for its end.
///
/// Call it before any thread is started: the kernel lets only a process of one thread change its user namespace.
pub(crate) fn enter() -> Result<ExitStatus> {
    let (user, group) = (getuid(), getgid());
    let mut namespaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID;
    if !user.is_root() {
        namespaces |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(namespaces).context("the lab cannot have namespaces of its own")?;
    if !user.is_root() {
        // Whoever started the lab is root inside, and nobody else exists.
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    }
    let program = env::current_exe().context("the path of this program is not known")?;
    let mut inside = Command::new(program).args(env::args_os().skip(1)).env(INSIDE, "1").spawn()?;
    Ok(inside.wait()?)
}

/// Makes the new namespaces fit to work in: to be called first by the program inside.
pub(crate) fn settle() -> Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    if std::process::id() != 1 {
        bail!("{INSIDE} is set by the lab itself, and by nobody else");
    }
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).context("mounts cannot be made private")?;
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), quiet, None::<&str>)
        .context("/proc of the lab's own processes cannot be mounted")
}
