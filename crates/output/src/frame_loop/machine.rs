//! Which frame is next, when, and what it shows: the frame loop without its thread. Implements OUT-2, OUT-3, OUT-4 and
//! OUT-5.
//!
//! The machine reads no clock and does not sleep: the thread tells it the time and does as [`FrameMachine::plan`] says.
//! It promises that the frame index rises by one from frame to frame; that it skips frames only when their time has
//! passed, and counts them; and that it never goes back, except when the timeline itself goes back by more than a second,
//! where waiting for it would leave the lights frozen: then it begins anew, and counts the step.

use cuelight_render::renderer::TooManyPixels;
use cuelight_render::{Finish, Geometry, MAX_PIXELS, Renderer, Schedule, Stack, pixel_hash};
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::{FRAME_HZ, MAX_DUE_PER_FRAME};
use cuelight_wire::scene::Rgb;
use cuelight_wire::time::{FrameIndex, Local, Show, Span, Time};

use super::command::Command;
use super::fallback::{Fallback, Overlay};
use super::figures::{Figures, FrameReport};
use super::patterns::PatternSlots;
use crate::clock::FrameClock;
use crate::frame::{ClockSample, Frame};

/// The time of one frame, rounded down.
const PERIOD: Span = Span::from_ns(1_000_000_000 / FRAME_HZ as i64);
/// A timeline that goes back by no more than this is waited for.
const LONGEST_WAIT_FRAMES: i64 = FRAME_HZ as i64;
/// The clock is sampled ten times a second: every twelfth frame.
const FRAMES_PER_SAMPLE: i64 = FRAME_HZ as i64 / 10;

/// What the machine is made for.
#[derive(Clone, Debug)]
pub struct MachineConfig {
    /// Where the pixels are.
    pub geometry: Geometry,
    /// Gamma, dithering, power limit.
    pub finish: Finish,
    /// The node's own randomness; nodes that are to look alike have the same.
    pub seed: u32,
    /// What to do without a hub.
    pub fallback: Fallback,
    /// How long before its deadline a frame is rendered.
    pub render_ahead: Span,
}

/// The next frame, and when to do what for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The frame.
    pub index: FrameIndex,
    /// When to take commands and render.
    pub wake_at: Time<Local>,
    /// When to put it out.
    pub due_at: Time<Local>,
}

/// The frame loop's state.
#[derive(Debug)]
pub struct FrameMachine {
    config: MachineConfig,
    clock: FrameClock,
    /// The last frame that was put out or skipped.
    last: Option<FrameIndex>,
    planned_at: Option<Time<Local>>,
    schedule: Schedule,
    /// What the hub wants shown.
    hub: Stack,
    /// What is shown in place of it until the first layer after a restart.
    stale: Option<Stack>,
    overlay: Option<Overlay>,
    renderer: Box<Renderer<MAX_PIXELS>>,
    patterns: PatternSlots,
    pixels: Vec<Rgb>,
    rendered: Rendered,
    figures: Figures,
}

/// The frame that was rendered and waits for its deadline.
#[derive(Clone, Copy, Debug, Default)]
struct Rendered {
    index: FrameIndex,
    scene_rev: Revision,
    hash: u64,
}

impl FrameMachine {
    /// A machine that shows nothing yet, on the free-running clock. Allocates everything it will ever need.
    ///
    /// # Errors
    /// When the geometry has more than [`MAX_PIXELS`] pixels.
    pub fn new(config: MachineConfig) -> Result<Self, TooManyPixels> {
        let renderer = Box::new(Renderer::new(config.geometry, config.finish, config.seed)?);
        Ok(Self {
            clock: FrameClock::FREE,
            last: None,
            planned_at: None,
            schedule: Schedule::new(),
            hub: Stack::new(),
            stale: None,
            overlay: None,
            renderer,
            patterns: PatternSlots::default(),
            pixels: vec![Rgb::BLACK; config.geometry.len()],
            rendered: Rendered::default(),
            figures: Figures::new(),
            config,
        })
    }

    /// A newer clock map. It moves the deadlines of frames to come.
    pub fn handle_clock(&mut self, clock: FrameClock) {
        self.clock = clock;
    }

    /// The patterns at hand.
    pub fn patterns(&mut self) -> &mut PatternSlots {
        &mut self.patterns
    }

    /// An instruction from the driver, taken just before frame `next` of the last plan is rendered.
    pub fn handle_command(&mut self, command: Command, next: FrameIndex) {
        match command {
            Command::Change { change, catch_up } => {
                let own = FrameIndex::first_at_or_after(change.at());
                if !catch_up && self.clock.is_synced && own < next {
                    self.figures.report.late_changes += 1;
                }
                self.schedule.insert(change, next.show_at());
            }
            Command::Restart => {
                self.schedule.clear();
                let before = std::mem::take(&mut self.hub);
                if !before.layers().is_empty() {
                    self.stale = Some(before);
                }
            }
            Command::Fallback => {
                if self.overlay.as_ref().is_none_or(Overlay::is_leaving) {
                    self.overlay = Overlay::enter(&self.config.fallback, self.shown(), next.show_at());
                }
            }
            Command::Own(own) => {
                if self.overlay.as_ref().is_none_or(|overlay| !overlay.is_leaving()) {
                    self.overlay = Overlay::own(own, &self.config.fallback, self.shown(), next.show_at());
                }
            }
            Command::LayOut(geometry) => {
                if geometry.len() == self.pixels.len() {
                    self.renderer.set_geometry(geometry).expect("it has as many pixels as there are");
                }
            }
            Command::Live => {
                if let Some(overlay) = self.overlay.take_if(|overlay| !overlay.is_leaving()) {
                    self.overlay = overlay.leave(&self.hub, next.show_at());
                }
            }
        }
    }

    /// The next frame. Skips frames whose time has passed by more than a frame; call it again after every wake-up that
    /// [`FrameMachine::is_current`] refused.
    pub fn plan(&mut self, now: Time<Local>) -> Plan {
        let show_now = self.clock.show_at(now);
        let first = FrameIndex::first_at_or_after(show_now + self.config.render_ahead);
        let index = match self.last {
            None => first,
            Some(last) => {
                let (next, here) = (last.next(), FrameIndex::first_at_or_after(show_now));
                if here.0 > next.0 + 1 {
                    self.count_skipped(here.0 - next.0, now);
                    here
                } else if next.0 - here.0 > LONGEST_WAIT_FRAMES {
                    self.begin_anew(first.show_at());
                    first
                } else {
                    next
                }
            }
        };
        self.last = Some(FrameIndex(index.0 - 1));
        self.planned_at = Some(now);
        let due_at = self.due_at(index);
        Plan { index, wake_at: due_at - self.config.render_ahead, due_at }
    }

    /// When a frame is due by the newest clock map.
    pub fn due_at(&self, index: FrameIndex) -> Time<Local> {
        self.clock.local_at(index.show_at())
    }

    /// Whether, after waking, it is time to render the planned frame. Not if the thread woke early, or so late that frames
    /// must be skipped, or the clock map has moved meanwhile: plan again.
    pub fn is_current(&self, plan: &Plan, now: Time<Local>) -> bool {
        let left = self.due_at(plan.index) - now;
        // Half a period of slack: a map is slewed by far less between two looks at it.
        left <= self.config.render_ahead + Span::from_ns(PERIOD.as_ns() / 2) && left >= -PERIOD
    }

    /// Applies what is due at the planned frame, at most 16 changes, and renders and hashes it.
    pub fn render(&mut self, index: FrameIndex) {
        let show = index.show_at();
        self.apply_due(show);
        if self.overlay.as_ref().is_some_and(|overlay| overlay.is_over(show)) {
            self.overlay = None;
        }
        if !self.hub.layers().is_empty() {
            self.stale = None;
        }
        // Not `shown()`: only some fields are borrowed here.
        let stack = shown(&self.overlay, &self.stale, &self.hub);
        let facts = self.renderer.render_with(&mut self.patterns, stack, index, &mut self.pixels);
        self.rendered = Rendered { index, scene_rev: facts.scene_rev, hash: pixel_hash(&self.pixels) };
    }

    /// The rendered frame as it goes out at `mono_ns` of CLOCK_MONOTONIC, which is local time `now`.
    /// `render` is what rendering it took.
    pub fn frame(&self, mono_ns: i64, render: Span, now: Time<Local>) -> Frame<'_> {
        let Rendered { index, scene_rev, hash } = self.rendered;
        Frame {
            index,
            show_at: index.show_at(),
            mono_ns,
            late: now - self.due_at(index),
            render,
            is_synced: self.clock.is_synced,
            scene_rev,
            hash,
            pixels: &self.pixels,
        }
    }

    /// The rendered frame has gone out at `now`; rendering it took `render`. Once a second, the answer is a report.
    pub fn handle_output(&mut self, render: Span, now: Time<Local>) -> Option<FrameReport> {
        let Rendered { index, scene_rev, .. } = self.rendered;
        self.last = Some(index);
        let late = now - self.due_at(index);
        let report = &mut self.figures.report;
        (report.index, report.scene_rev, report.is_synced) = (index, scene_rev, self.clock.is_synced);
        self.figures.handle_output(late, render, self.schedule.counters(), now)
    }

    /// What the clock says at `mono_ns`, which is local time `now`; for every twelfth frame.
    pub fn clock_sample(&self, mono_ns: i64, now: Time<Local>) -> Option<ClockSample> {
        let FrameClock { sigma, bound, is_synced, .. } = self.clock;
        let due = self.rendered.index.0.rem_euclid(FRAMES_PER_SAMPLE) == 0;
        due.then(|| ClockSample { mono_ns, show_at: self.clock.show_at(now), sigma, bound, is_synced })
    }

    /// Frames are skipped. Those that passed in local time were missed; but when the timeline itself went ahead by more
    /// than a second, as at the first lock, nothing was.
    fn count_skipped(&mut self, frames: i64, now: Time<Local>) {
        let waited = self.planned_at.map_or(Span::ZERO, |planned_at| now - planned_at);
        if frames - waited.as_ns() / PERIOD.as_ns() > LONGEST_WAIT_FRAMES {
            self.figures.report.steps += 1;
        } else {
            self.figures.report.missed += frames as u64;
        }
    }

    /// The timeline has gone far back, to `show`. An overlay is an own layer of the old timeline: made again, or gone.
    fn begin_anew(&mut self, show: Time<Show>) {
        self.figures.report.steps += 1;
        if let Some(overlay) = self.overlay.take()
            && !overlay.is_leaving()
        {
            self.overlay = Overlay::enter(&self.config.fallback, self.shown(), show);
        }
    }

    fn apply_due(&mut self, show: Time<Show>) {
        for _ in 0..MAX_DUE_PER_FRAME {
            let Some(change) = self.schedule.pop_due(show) else { break };
            if let Some(overlay) = &mut self.overlay {
                overlay.apply(&change, show);
            }
            self.hub.apply(change, show);
        }
    }

    fn shown(&self) -> &Stack {
        shown(&self.overlay, &self.stale, &self.hub)
    }
}

/// What is to be seen: the overlay if there is one, what was shown before a restart, or the hub's own stack.
fn shown<'a>(overlay: &'a Option<Overlay>, stale: &'a Option<Stack>, hub: &'a Stack) -> &'a Stack {
    match (overlay, stale) {
        (Some(overlay), _) => overlay.stack(),
        (None, Some(stale)) => stale,
        (None, None) => hub,
    }
}
