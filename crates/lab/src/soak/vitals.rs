//! What the kernel knows of a process: memory, descriptors, threads, processor.

use std::fs;

use anyhow::{Context, Result};
use nix::unistd::{SysconfVar, sysconf};
use serde::Serialize;

/// One look at a process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Vitals {
    /// Its number; another one after a restart.
    pub(super) pid: u32,
    /// Resident memory that is its own, bytes (RssAnon): pages of program files come and go with the page cache.
    pub(super) own_bytes: u64,
    /// All resident memory, bytes (VmRSS).
    pub(super) resident_bytes: u64,
    /// Open descriptors.
    pub(super) descriptors: usize,
    /// Threads.
    pub(super) threads: u64,
    /// Processor time it used since its start, seconds.
    pub(super) processor_s: f64,
}

impl Vitals {
    /// Looks at a process.
    pub(super) fn of(pid: u32) -> Result<Self> {
        let read = |name: &str| {
            fs::read_to_string(format!("/proc/{pid}/{name}")).with_context(|| format!("there is no process {pid}"))
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).with_context(|| format!("no process {pid}"))?.count();
        let per_s = sysconf(SysconfVar::CLK_TCK)?.context("the kernel does not tell its clock's ticks")?;
        let parsed = parse(pid, &read("status")?, &read("stat")?, descriptors, per_s as f64);
        parsed.with_context(|| format!("/proc/{pid} is not as expected"))
    }
}

fn parse(pid: u32, status: &str, stat: &str, descriptors: usize, ticks_per_s: f64) -> Option<Vitals> {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let bytes = |name: &str| field(name)?.strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024);
    // The name in parentheses may hold anything; the fields behind it are numbers, the 12th and 13th the ticks of the
    // processor in user and system mode.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some(Vitals {
        pid,
        own_bytes: bytes("RssAnon")?,
        resident_bytes: bytes("VmRSS")?,
        descriptors,
        threads: field("Threads")?.parse().ok()?,
        processor_s: (ticks()? + ticks()?) / ticks_per_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        let status = "Name:\tcuelight\nVmRSS:\t   10240 kB\nRssAnon:\t    2048 kB\nThreads:\t5\n";
        let stat = "77 (a ) b) S 1 77 77 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 5 0 100 1 2";
        let vitals = parse(77, status, stat, 12, 100.0).unwrap();
        let expected = Vitals {
            pid: 77,
            own_bytes: 2 << 20,
            resident_bytes: 10 << 20,
            descriptors: 12,
            threads: 5,
            processor_s: 3.0,
        };
        assert_eq!(vitals, expected);
        assert_eq!(parse(77, "State:\tZ (zombie)\n", stat, 0, 100.0), None);
    }

    #[test]
    fn this_process_is_alive() {
        let own = Vitals::of(std::process::id()).unwrap();
        assert!(own.own_bytes > 0 && own.descriptors > 0 && own.threads > 0);
        assert!(Vitals::of(u32::MAX).is_err());
    }
}
