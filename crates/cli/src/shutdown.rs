//! The end: Ctrl-C, or SIGTERM from a service manager.

use cuelight_measure::process::LEASH;
use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};

/// Ready when the process has been asked to stop. A second Ctrl-C ends it at once.
pub(crate) async fn requested() {
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signals) => drop(signals.recv().await),
            // Without a handler the signal ends the process, which is what was asked for.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
    }
    tokio::spawn(async move {
        wait(SignalKind::interrupt()).await;
        std::process::exit(130);
    });
}

/// Asks the kernel to end this process with its parent, when the parent wants that.
pub(crate) fn heed_leash() {
    if std::env::var_os(LEASH).is_some() {
        // Every Linux kernel grants this; without it an orphan would have to be stopped by hand.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGTERM);
    }
}
