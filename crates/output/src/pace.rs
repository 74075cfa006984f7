//! Waiting for an instant of CLOCK_MONOTONIC, absolutely, so that one late wake-up never moves the next.

use std::hint::spin_loop;

use nix::time::{ClockId, clock_gettime};

/// The frame loop's clock and alarm. Real threads use [`Monotonic`]; tests run the loop in virtual time.
pub trait Pace: Send {
    /// CLOCK_MONOTONIC, nanoseconds.
    fn now_ns(&mut self) -> i64;
    /// Sleeps to `mono_ns` or a little longer; returns at once when it is past.
    fn sleep_until(&mut self, mono_ns: i64);
    /// Sleeps to `spin_ns` before `mono_ns`, then watches the clock until it is there. Returns the reading at which it
    /// ended: `mono_ns` or later. Waking from sleep is late by tens of microseconds even with real-time priority; the
    /// last reading of a spin is not.
    fn wait_until(&mut self, mono_ns: i64, spin_ns: i64) -> i64 {
        self.sleep_until(mono_ns.saturating_sub(spin_ns.max(0)));
        loop {
            let now = self.now_ns();
            if now >= mono_ns {
                return now;
            }
            spin_loop();
        }
    }
}

/// The machine's own CLOCK_MONOTONIC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Monotonic;

impl Pace for Monotonic {
    fn now_ns(&mut self) -> i64 {
        mono_now_ns()
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    fn sleep_until(&mut self, mono_ns: i64) {
        use nix::sys::time::{TimeSpec, TimeValLike};
        use nix::time::{ClockNanosleepFlags, clock_nanosleep};
        while mono_now_ns() < mono_ns {
            let until = TimeSpec::nanoseconds(mono_ns);
            // An error is a signal: the clock decides whether to sleep again.
            let _ = clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &until);
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    fn sleep_until(&mut self, mono_ns: i64) {
        let rest = mono_ns.saturating_sub(mono_now_ns());
        if let Ok(ns) = u64::try_from(rest) {
            std::thread::sleep(std::time::Duration::from_nanos(ns));
        }
    }
}

/// CLOCK_MONOTONIC now, nanoseconds.
pub fn mono_now_ns() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every supported system has CLOCK_MONOTONIC");
    now.tv_sec() * 1_000_000_000 + now.tv_nsec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_the_past_ends_at_once_and_says_when() {
        let before = mono_now_ns();
        let ended = Monotonic.wait_until(before - 1_000_000, 150_000);
        assert!(ended >= before);
        assert!(Monotonic.wait_until(i64::MIN, i64::MAX) >= ended);
    }

    /// OUT-2
    #[test]
    fn a_wait_never_ends_early() {
        for spin_ns in [0, 100_000] {
            let deadline = mono_now_ns() + 300_000;
            assert!(Monotonic.wait_until(deadline, spin_ns) >= deadline);
        }
    }
}
