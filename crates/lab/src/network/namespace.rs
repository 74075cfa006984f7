//! One network namespace, held by an open file and gone with it.

use std::fs::{self, File};
use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::thread;

use anyhow::{Context, Result, anyhow};
use nix::sched::{CloneFlags, setns, unshare};

use super::ip::ip;

/// The namespace of the calling thread.
const OWN: &str = "/proc/thread-self/ns/net";

/// A network namespace with nothing but its loopback.
#[derive(Debug)]
pub(crate) struct Namespace {
    file: File,
}

impl Namespace {
    /// A new one.
    pub(crate) fn new() -> Result<Self> {
        // A thread goes there, holds the door open and ends.
        let made = thread::spawn(|| -> io::Result<File> {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open(OWN)
        });
        let file = made.join().map_err(|_| anyhow!("the thread that makes a network namespace has ended"))?;
        let namespace = Self { file: file.context("there can be no further network namespace")? };
        let inside = namespace.enter()?;
        // Neighbour discovery and router solicitation of an address family that nobody uses here would be noise.
        for interfaces in ["all", "default"] {
            // Without the file there is no such family.
            let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{interfaces}/disable_ipv6"), "1");
        }
        ip(&["link set lo up"])?;
        drop(inside);
        Ok(namespace)
    }

    /// Moves the calling thread into it, and back when what this returns is dropped. Sockets opened and processes started
    /// meanwhile are in there for good.
    pub(crate) fn enter(&self) -> Result<Inside> {
        let before = File::open(OWN).context("the thread's own network namespace cannot be opened")?;
        setns(&self.file, CloneFlags::CLONE_NEWNET).context("a network namespace cannot be entered")?;
        Ok(Inside { before, thread_bound: PhantomData })
    }

    /// How `ip` names it.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }
}

/// The calling thread is in a namespace until this is dropped.
#[derive(Debug)]
pub(crate) struct Inside {
    before: File,
    /// A thread is moved: another one must not move itself back.
    thread_bound: PhantomData<*const ()>,
}

impl Drop for Inside {
    fn drop(&mut self) {
        setns(&self.before, CloneFlags::CLONE_NEWNET).expect("a thread may go back to where it was");
    }
}
