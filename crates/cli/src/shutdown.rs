//! The end: Ctrl-C, or SIGTERM from a service manager.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
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

/// Set when the process has been asked to stop, for programs without an event loop. A second Ctrl-C ends it at once.
pub(crate) fn flag() -> Result<Arc<AtomicBool>> {
    let asked = Arc::new(AtomicBool::new(false));
    let register = || {
        // In this order: the first signal only sets the flag.
        signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGINT, 130, asked.clone())?;
        signal_hook::flag::register(signal_hook::consts::SIGINT, asked.clone())?;
        signal_hook::flag::register(signal_hook::consts::SIGTERM, asked.clone())
    };
    register().context("signals cannot be taken")?;
    Ok(asked)
}

/// Asks the kernel to end this process with its parent, when the parent wants that.
pub(crate) fn heed_leash() {
    if std::env::var_os(LEASH).is_some() {
        // Every Linux kernel grants this; without it an orphan would have to be stopped by hand.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGTERM);
    }
}
