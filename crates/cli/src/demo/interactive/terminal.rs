//! Takes the terminal, and gives it back on every way out: the end, an error, a panic of any thread, a signal.

use std::io::{self, IsTerminal};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use ratatui::DefaultTerminal;
use tokio::signal::unix::{SignalKind, signal};

/// Why the demo has to end without being asked by a key.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<Reasons>);

#[derive(Debug, Default)]
struct Reasons {
    /// A signal came.
    is_asked: AtomicBool,
    /// A thread panicked, and the terminal was given back for its message.
    has_panicked: AtomicBool,
}

impl Stop {
    pub(super) fn is_set(&self) -> bool {
        self.0.is_asked.load(Ordering::Acquire) || self.has_panicked()
    }
    pub(super) fn has_panicked(&self) -> bool {
        self.0.has_panicked.load(Ordering::Acquire)
    }
}

/// The terminal while the demo has it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) terminal: DefaultTerminal,
    pub(super) stop: Stop,
}

/// Fails when there is no terminal to draw in or to take keys from.
pub(super) fn require() -> Result<()> {
    let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    ensure!(is_terminal, "the demo draws in a terminal and takes keys from it, and there is none here: use --headless");
    Ok(())
}

impl Taken {
    /// Takes it.
    pub(super) fn take() -> Result<Self> {
        let stop = Stop::default();
        stop_on_signals(&stop)?;
        // Ratatui's hook gives the terminal back and prints the message; the loop then ends if another thread panicked.
        let terminal = ratatui::try_init().context("the terminal cannot be switched to a full screen")?;
        let (hook, panicked) = (panic::take_hook(), stop.clone());
        panic::set_hook(Box::new(move |info| {
            panicked.0.has_panicked.store(true, Ordering::Release);
            hook(info);
        }));
        Ok(Self { terminal, stop })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // Given back twice, what is printed next would cover the message.
        if !self.stop.has_panicked() {
            ratatui::restore();
        }
    }
}

/// Ctrl-C is a key here; these come from elsewhere, or when the window is closed.
fn stop_on_signals(stop: &Stop) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().context("signals cannot be awaited")?;
    let stop = stop.clone();
    let body = move || {
        let wait = async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let mut hangup = signal(SignalKind::hangup())?;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            io::Result::Ok(())
        };
        // Without handlers a signal ends the process, which is what was asked for.
        if runtime.block_on(wait).is_ok() {
            stop.0.is_asked.store(true, Ordering::Release);
        }
    };
    thread::Builder::new().name("signals".into()).spawn(body).context("the system gives no thread to await signals")?;
    Ok(())
}
