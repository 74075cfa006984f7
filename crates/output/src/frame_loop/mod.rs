//! The real-time thread that puts frames out at their show times. Implements OUT-2, OUT-3, OUT-4 and OUT-5.
//!
//! Frame k begins at show time k/120 s. About 2 ms before, the thread takes the changes that came through the ring,
//! applies those that are due, renders and hashes the frame; then it sleeps to just before the deadline, spins over the
//! rest, and hands the frame to the outputs. What is decided is in [`machine`]; the thread itself only waits.
//!
//! The thread never waits for the network, takes no lock and allocates nothing: changes come through a bounded ring, the
//! clock through a latest-value cell, the measured figures go out through another, patterns come and go through two more
//! rings.

mod command;
mod fallback;
mod figures;
pub mod machine;
mod patterns;
mod run;

pub use command::{Command, CommandSender, Own, RING_CAPACITY, Refused};
pub use fallback::Fallback;
pub use figures::FrameReport;
pub(crate) use figures::percentile;
pub use machine::MachineConfig;
pub use patterns::{LoadedPattern, MAX_PATTERNS, NoRoom, PatternSender, PatternSlots, load_pattern};

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use cuelight_render::renderer::TooManyPixels;
use cuelight_wire::time::Span;

use crate::clock::{FrameClock, MonoClock};
use crate::frame::OutputSet;
use crate::latest::{Latest, Publisher, latest};
use crate::pace::{Monotonic, Pace};
use machine::FrameMachine;
use run::Run;

/// Rendering begins this long before the deadline: 640 pixels take well under a millisecond, a late wake-up the rest.
pub const RENDER_AHEAD: Span = Span::from_ms(2);
/// Spin before the deadline with real-time priority. `examples/pace.rs` on two virtual cores under a load average of 5 to 8:
/// without a spin a real-time thread is late by 45 us (p50) and 90 us (p99), so 150 us cover nearly every wake-up; longer
/// spins would only get in the way of other nodes on the same machine, which spin at the same instants.
pub const SPIN_REALTIME: Span = Span::from_us(150);

/// How long to watch the clock before a deadline instead of sleeping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spin {
    /// [`SPIN_REALTIME`] with real-time priority, none without: an ordinary thread is taken off the processor while it spins.
    #[default]
    Auto,
    /// This long.
    For(Span),
}

impl Spin {
    /// How long a thread watches, nanoseconds, whether it has real-time priority or not.
    pub(crate) fn as_ns(self, is_realtime: bool) -> i64 {
        match self {
            Self::For(span) => span.as_ns(),
            Self::Auto if is_realtime => SPIN_REALTIME.as_ns(),
            Self::Auto => 0,
        }
    }
}

/// How to run the frame loop.
pub struct FrameLoopConfig<C> {
    /// What to render and how. `render_ahead` is usually [`RENDER_AHEAD`].
    pub machine: MachineConfig,
    /// Where frames go.
    pub outputs: OutputSet,
    /// The machine's local clock.
    pub mono: C,
    /// How to wait for a deadline.
    pub spin: Spin,
    /// Run first on the new thread: sets its priority, and says whether it is a real-time one now.
    pub on_start: Box<dyn FnOnce() -> bool + Send>,
}

/// Why a frame loop did not start.
#[derive(Debug, thiserror::Error)]
pub enum FrameLoopError {
    /// More pixels than can be rendered.
    #[error(transparent)]
    TooManyPixels(#[from] TooManyPixels),
    /// No thread.
    #[error("the frame thread did not start: {0}")]
    NoThread(#[from] io::Error),
}

/// A started frame loop: its controls.
#[derive(Debug)]
pub struct FrameLoop {
    /// Changes go in here.
    pub commands: CommandSender,
    /// The clock map goes in here; until then frames run free on local time.
    pub clock: Publisher<FrameClock>,
    /// Patterns go in here, and come back.
    pub patterns: PatternSender,
    /// Figures come out here.
    pub handle: FrameLoopHandle,
}

/// Watches and ends a frame loop. Dropping it stops the loop too.
#[derive(Debug)]
pub struct FrameLoopHandle {
    reports: Latest<FrameReport>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FrameLoop {
    /// Starts the frame thread.
    ///
    /// # Errors
    /// [`FrameLoopError`].
    pub fn spawn<C: MonoClock + 'static>(config: FrameLoopConfig<C>) -> Result<Self, FrameLoopError> {
        Self::spawn_paced(config, Monotonic)
    }

    /// Starts the frame thread with another clock and alarm than the machine's own.
    ///
    /// # Errors
    /// [`FrameLoopError`].
    pub fn spawn_paced<C: MonoClock + 'static, P: Pace + 'static>(
        config: FrameLoopConfig<C>,
        pace: P,
    ) -> Result<Self, FrameLoopError> {
        let FrameLoopConfig { machine, outputs, mono, spin, on_start } = config;
        let machine = FrameMachine::new(machine)?;
        let (commands, command_receiver) = command::commands();
        let (clock, clock_reader) = latest();
        let (patterns, pattern_receiver) = patterns::patterns();
        let (reports, report_reader) = latest();
        let stop = Arc::new(AtomicBool::new(false));
        let mut run = Run {
            machine,
            outputs,
            commands: command_receiver,
            clock: clock_reader,
            patterns: pattern_receiver,
            reports,
            stop: Arc::clone(&stop),
            pace,
            mono,
            spin_ns: 0,
        };
        let thread = Builder::new().name("frames".into()).spawn(move || {
            run.spin_ns = spin.as_ns(on_start());
            run.run();
        })?;
        let handle = FrameLoopHandle { reports: report_reader, stop, thread: Some(thread) };
        Ok(Self { commands, clock, patterns, handle })
    }
}

impl FrameLoopHandle {
    /// The newest report; `None` before the first second is over, and, rarely, while one is being written.
    pub fn report(&self) -> Option<FrameReport> {
        self.reports.get()
    }
    /// Another reader of the reports.
    pub fn reports(&self) -> Latest<FrameReport> {
        self.reports.clone()
    }
    /// Whether the thread has ended, which it does by itself only in a panic.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
    /// Stops the loop after the frame in progress and waits for it. `false` if the thread had panicked.
    pub fn stop(mut self) -> bool {
        self.end()
    }
    fn end(&mut self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

impl Drop for FrameLoopHandle {
    fn drop(&mut self) {
        self.end();
    }
}
