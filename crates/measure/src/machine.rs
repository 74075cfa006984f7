//! Whether the machine itself stood still: a thread on every processor, above everything else, that wakes two thousand times a
//! second and notes when it was kept waiting.
//!
//! What keeps such a thread waiting - a kernel that does not let go, a hypervisor that runs somebody else - is no property of
//! the show. Single outputs within such a moment are not judged; how often and how long it happened is reported.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::timer::sleep_until;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Above the forwarder's 80.
const PRIORITY: u8 = 90;
/// How often each thread looks. What begins behind one look and ends before it is late for the next, 0.8 ms at most, is not seen:
/// less than the 1 ms that outputs and ticks are judged by.
const EVERY_NS: i64 = 500_000;
/// A wake-up that is later than this was kept waiting: with this priority it is late by some 20 us.
const LATE_NS: i64 = 300_000;
/// Stalls that are remembered; a machine with more is judged as it is.
const REMEMBERED: usize = 10_000;

/// A processor did not run its most urgent thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// CLOCK_MONOTONIC at which it was to run.
    pub from_ns: i64,
    /// CLOCK_MONOTONIC at which it ran.
    pub to_ns: i64,
}

impl Stall {
    /// Whether something from one instant to another could have been touched by it: what it kept waiting runs a little later.
    pub fn touches(&self, from_ns: i64, to_ns: i64) -> bool {
        from_ns <= self.to_ns + LATE_NS && to_ns >= self.from_ns - EVERY_NS
    }
}

/// The running threads. Dropping them ends them.
#[derive(Debug)]
pub struct MachineWatch {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Stall>>>,
}

impl MachineWatch {
    /// Starts them; without real-time priority there are none, and no stalls.
    ///
    /// # Errors
    /// When the system makes no threads, or does not say which processors there are.
    pub fn start() -> io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        for cpu in (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false)) {
            let is_over = Arc::clone(&is_over);
            threads.push(thread::Builder::new().name(format!("watch-{cpu}")).spawn(move || watch(cpu, &is_over))?);
        }
        Ok(Self { is_over, threads })
    }

    /// Ends them and tells what they saw.
    pub fn finish(mut self) -> Vec<Stall> {
        self.is_over.store(true, Ordering::Relaxed);
        std::mem::take(&mut self.threads).into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    }
}

impl Drop for MachineWatch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn watch(cpu: usize, is_over: &AtomicBool) -> Vec<Stall> {
    let mut stalls = Vec::new();
    let mut here = CpuSet::new();
    let is_here = here.set(cpu).and_then(|()| sched_setaffinity(Pid::from_raw(0), &here)).is_ok();
    if !is_here || make_thread_realtime(PRIORITY).is_err() {
        return stalls;
    }
    let mut due_at = mono_now_ns();
    while !is_over.load(Ordering::Relaxed) {
        due_at += EVERY_NS;
        let woke_at = sleep_until(due_at);
        if woke_at - due_at > LATE_NS {
            if stalls.len() < REMEMBERED {
                stalls.push(Stall { from_ns: due_at, to_ns: woke_at });
            }
            due_at = woke_at;
        }
    }
    stalls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_touches_what_it_overlaps_and_what_it_pushed_back() {
        let stall = Stall { from_ns: 10_000_000, to_ns: 12_000_000 };
        assert!(stall.touches(11_000_000, 11_100_000) && stall.touches(12_200_000, 12_300_000));
        assert!(!stall.touches(12_400_000, 13_000_000) && !stall.touches(8_000_000, 8_900_000));
    }
}
