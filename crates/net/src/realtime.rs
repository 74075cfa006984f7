//! Real-time priority for the threads that must be on time, and a clear line where the system refuses it.
//!
//! Everything here is optional: without it Cuelight works, with more spread in its output instants.
#![allow(unsafe_code, reason = "sched_setscheduler has no safe wrapper in nix")]

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl::set_timerslack;

/// What the system refused, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No real-time priority.
    #[error(
        "real-time priority {priority} refused ({errno}): output instants will spread more. \
         Give the program the capability (sudo setcap cap_sys_nice+ep PROGRAM) or the user a limit \
         (a line 'USER - rtprio {priority}' in /etc/security/limits.conf)"
    )]
    Priority {
        /// The priority asked for.
        priority: u8,
        /// What the kernel said.
        errno: Errno,
    },
}

/// Puts the calling thread under SCHED_FIFO at `priority` (1..=99; other values are brought into that range) and makes
/// its timers exact. Threads it starts are ordinary ones again.
///
/// # Errors
/// [`Refused::Priority`]; the thread stays as it was, but with exact timers.
pub fn make_thread_realtime(priority: u8) -> Result<(), Refused> {
    make_timers_exact();
    let priority = priority.clamp(1, 99);
    let param = libc::sched_param { sched_priority: i32::from(priority) };
    // SAFETY: `param` outlives the call, which only reads it; thread 0 is the calling one.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const param) };
    Errno::result(result).map(drop).map_err(|errno| Refused::Priority { priority, errno })
}

/// Takes away the 50 us by which the kernel may delay timers of an ordinary thread to save power.
pub fn make_timers_exact() {
    // Setting the calling thread's own slack needs no privilege and cannot fail on Linux.
    let _ = set_timerslack(1);
}

#[cfg(test)]
mod tests {
    use std::thread;

    use nix::sys::prctl::get_timerslack;

    use super::*;

    #[test]
    fn a_thread_gets_real_time_priority_or_a_line_that_says_what_to_do() {
        let outcome = thread::spawn(|| (make_thread_realtime(10), get_timerslack())).join().unwrap();
        match outcome {
            // The slack of a real-time thread is 0, whatever was set.
            (Ok(()), slack) => assert!(slack.unwrap() <= 1),
            (Err(refused), slack) => {
                assert!(refused.to_string().contains("rtprio 10"), "{refused}");
                assert_eq!(slack, Ok(1));
            }
        }
    }

    #[test]
    fn a_refusal_names_the_capability() {
        let line = Refused::Priority { priority: 40, errno: Errno::EPERM }.to_string();
        assert!(line.contains("cap_sys_nice") && line.contains("rtprio 40") && line.contains("EPERM"), "{line}");
    }
}
