//! What an output gets, and several outputs as one.

use cuelight_wire::ids::Revision;
use cuelight_wire::scene::Rgb;
use cuelight_wire::time::{FrameIndex, Show, Span, Time};

/// One finished frame at the instant it goes out.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its number: frame k of every node stands for the same show time.
    pub index: FrameIndex,
    /// Its show time, k/120 s.
    pub show_at: Time<Show>,
    /// CLOCK_MONOTONIC at output, before any injected offset or skew, nanoseconds. The same for all outputs.
    pub mono_ns: i64,
    /// How much later than its deadline that was, by the node's own clock.
    pub late: Span,
    /// What it took to apply changes, render and hash it.
    pub render: Span,
    /// Whether `show_at` was show time as far as the node knew; if not, it was the node's own timeline.
    pub is_synced: bool,
    /// Revision of the newest layer it shows; 0 when that did not come from a hub.
    pub scene_rev: Revision,
    /// [`cuelight_render::pixel_hash`] of the pixels.
    pub hash: u64,
    /// The pixels, in the order of their wiring.
    pub pixels: &'a [Rgb],
}

/// What the node's clock said at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSample {
    /// CLOCK_MONOTONIC before any injection, nanoseconds.
    pub mono_ns: i64,
    /// Show time at that instant, by the clock that frames are locked to.
    pub show_at: Time<Show>,
    /// Standard deviation of its error, as estimated.
    pub sigma: Span,
    /// The error it cannot exceed, as estimated.
    pub bound: Span,
    /// Whether it was show time as far as was known.
    pub is_synced: bool,
}

/// Somewhere frames go. Both calls come from the real-time frame thread: an output must not block, allocate or lock. What
/// is slow goes through a bounded ring or a latest-value cell to a thread of its own.
pub trait Output: Send {
    /// Puts a frame out, now.
    fn emit(&mut self, frame: &Frame<'_>);
    /// Takes note of the clock, ten times a second.
    fn clock(&mut self, _sample: &ClockSample) {}
    /// What to call it in messages.
    fn name(&self) -> &str;
}

/// Several outputs that get every frame, in the order in which they were added.
#[derive(Default)]
pub struct OutputSet {
    outputs: Vec<Box<dyn Output>>,
}

impl OutputSet {
    /// No outputs: frames are rendered and go nowhere.
    pub const fn new() -> Self {
        Self { outputs: Vec::new() }
    }
    /// Adds an output. Those added first get a frame first: add what must be exact before what only looks on.
    pub fn add(&mut self, output: impl Output + 'static) {
        self.outputs.push(Box::new(output));
    }
    /// The outputs' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|output| output.name())
    }
}

impl Output for OutputSet {
    fn emit(&mut self, frame: &Frame<'_>) {
        for output in &mut self.outputs {
            output.emit(frame);
        }
    }
    fn clock(&mut self, sample: &ClockSample) {
        for output in &mut self.outputs {
            output.clock(sample);
        }
    }
    fn name(&self) -> &str {
        "all outputs"
    }
}

impl std::fmt::Debug for OutputSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
