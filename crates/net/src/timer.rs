//! Waiting for an instant of CLOCK_MONOTONIC, absolutely: lateness of one wait never moves the next one.
//!
//! [`TickTimer`] is the hub's: it waits for the tick or a command, whichever comes first, and never lets commands delay
//! a tick that is due. [`sleep_until`] waits for a deadline and nothing else. The frame loop has its own way to wait, in
//! `cuelight-output`.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timerfd::{ClockId as TimerClock, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId, ClockNanosleepFlags, clock_nanosleep};

use crate::clock::mono_now_ns;
use crate::wake::{Waker, Wakeup, wake_pair};

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The deadline is here.
    Deadline,
    /// Somebody used the waker before it.
    Command,
}

/// Waits for deadlines on one thread; its wakers end a wait from any other.
#[derive(Debug)]
pub struct TickTimer {
    timer: TimerFd,
    wakeup: Wakeup,
    waker: Waker,
}

impl TickTimer {
    /// A timer with its first waker.
    ///
    /// # Errors
    /// When the process may open no more files.
    pub fn new() -> io::Result<Self> {
        let (waker, wakeup) = wake_pair()?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        Ok(Self { timer: TimerFd::new(TimerClock::CLOCK_MONOTONIC, flags)?, wakeup, waker })
    }
    /// Something to wake this timer with from another thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }
    /// Waits until CLOCK_MONOTONIC is `mono_ns` or somebody wakes. A deadline that is here goes before a waker, whose
    /// wake-up then ends the next wait.
    ///
    /// # Errors
    /// When the kernel refuses the wait, which it does only out of memory.
    pub fn wait_until(&self, mono_ns: i64) -> io::Result<Woken> {
        if mono_now_ns() >= mono_ns {
            return Ok(Woken::Deadline);
        }
        // A later `set` disarms this one and forgets its expiry, so the timer is never read.
        self.timer.set(Expiration::OneShot(TimeSpec::nanoseconds(mono_ns)), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
        loop {
            let mut fds = [
                PollFd::new(self.timer.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.wakeup.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut fds, PollTimeout::NONE) {
                Ok(_) if mono_now_ns() >= mono_ns => return Ok(Woken::Deadline),
                Ok(_) if self.wakeup.take() => return Ok(Woken::Command),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Returns at or after CLOCK_MONOTONIC `mono_ns`, and what the clock shows then.
pub fn sleep_until(mono_ns: i64) -> i64 {
    let mut now = mono_now_ns();
    while now < mono_ns {
        let request = TimeSpec::nanoseconds(mono_ns);
        // An error is a signal (sleep again) or a negative time (which is past): the clock decides either way.
        let _ = clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &request);
        now = mono_now_ns();
    }
    now
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Far enough away that a test which waits for it has failed.
    const AN_HOUR_NS: i64 = 3_600_000_000_000;

    #[test]
    fn a_deadline_in_the_past_is_here_at_once() {
        let timer = TickTimer::new().unwrap();
        for past in [i64::MIN, -1, 0, 1, mono_now_ns()] {
            assert_eq!(timer.wait_until(past).unwrap(), Woken::Deadline);
        }
    }

    #[test]
    fn a_wait_ends_at_its_deadline_not_before() {
        let timer = TickTimer::new().unwrap();
        for _ in 0..5 {
            let deadline = mono_now_ns() + 1_000_000;
            assert_eq!(timer.wait_until(deadline).unwrap(), Woken::Deadline);
            assert!(mono_now_ns() >= deadline);
        }
    }

    #[test]
    fn a_waker_on_another_thread_ends_the_wait() {
        let timer = TickTimer::new().unwrap();
        let waker = timer.waker();
        let other = thread::spawn(move || waker.wake());
        assert_eq!(timer.wait_until(mono_now_ns() + AN_HOUR_NS).unwrap(), Woken::Command);
        other.join().unwrap();
    }

    #[test]
    fn a_wake_up_does_not_delay_a_deadline_that_is_here_and_is_not_lost() {
        let timer = TickTimer::new().unwrap();
        timer.waker().wake();
        assert_eq!(timer.wait_until(mono_now_ns()).unwrap(), Woken::Deadline);
        assert_eq!(timer.wait_until(mono_now_ns() + AN_HOUR_NS).unwrap(), Woken::Command);
    }

    #[test]
    fn a_sleep_never_ends_early() {
        let deadline = mono_now_ns() + 1_000_000;
        let woke_at = sleep_until(deadline);
        assert!(woke_at >= deadline && mono_now_ns() >= woke_at);
        assert!(sleep_until(i64::MIN) > 0);
    }
}
