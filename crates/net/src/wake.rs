//! Waking a thread that waits for a deadline or a socket: an eventfd with two ends.
//!
//! Promises: a wake-up is never lost (one that comes while nobody waits ends the next wait at once), several before a
//! wait count as one, and waking never blocks, so the tick's commands can come from any thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::sys::eventfd::{EfdFlags, EventFd};

/// The end that wakes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Waker {
    event: Arc<EventFd>,
}

/// The end that is woken.
#[derive(Debug)]
pub struct Wakeup {
    event: Arc<EventFd>,
}

/// A fresh pair.
///
/// # Errors
/// When the process may open no more files.
pub fn wake_pair() -> io::Result<(Waker, Wakeup)> {
    let event = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
    Ok((Waker { event: Arc::clone(&event) }, Wakeup { event }))
}

impl Waker {
    /// Ends the current wait of the other end, or its next one.
    pub fn wake(&self) {
        // The only error is a counter at its end, which means that it is awake already.
        let _ = self.event.write(1);
    }
}

impl Wakeup {
    /// Whether somebody woke it since the last call.
    pub fn take(&self) -> bool {
        self.event.read().is_ok()
    }
}

impl AsFd for Wakeup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_wakes_before_a_look_count_as_one() {
        let (waker, wakeup) = wake_pair().unwrap();
        assert!(!wakeup.take());
        waker.wake();
        waker.clone().wake();
        assert!(wakeup.take());
        assert!(!wakeup.take());
    }
}
