//! The frame thread's loop: takes the time, does what the machine says, hands frames to the outputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cuelight_wire::time::Span;

use super::command::CommandReceiver;
use super::figures::FrameReport;
use super::machine::FrameMachine;
use super::patterns::PatternReceiver;
use crate::clock::{FrameClock, MonoClock};
use crate::frame::{Output, OutputSet};
use crate::latest::{Latest, Publisher};
use crate::pace::Pace;

/// The longest sleep, nanoseconds: while the thread waits for a timeline that went back it still takes commands, sees a
/// newer clock, and stops when told to.
const NAP_NS: i64 = 20_000_000;

/// Everything the thread owns.
pub(crate) struct Run<P, C> {
    pub(crate) machine: FrameMachine,
    pub(crate) outputs: OutputSet,
    pub(crate) commands: CommandReceiver,
    pub(crate) clock: Latest<FrameClock>,
    pub(crate) patterns: PatternReceiver,
    pub(crate) reports: Publisher<FrameReport>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) pace: P,
    pub(crate) mono: C,
    pub(crate) spin_ns: i64,
}

impl<P: Pace, C: MonoClock> Run<P, C> {
    /// Runs until told to stop.
    pub(crate) fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            self.step();
        }
    }

    fn step(&mut self) {
        self.take_clock();
        let now_ns = self.pace.now_ns();
        let plan = self.machine.plan(self.mono.local_of(now_ns));
        self.pace.sleep_until(self.mono.mono_of(plan.wake_at).min(now_ns.saturating_add(NAP_NS)));
        self.take_clock();
        let woke_ns = self.pace.now_ns();
        while let Some(command) = self.commands.next() {
            self.machine.handle_command(command, plan.index);
        }
        self.patterns.follow(self.machine.patterns());
        if !self.machine.is_current(&plan, self.mono.local_of(woke_ns)) {
            return;
        }
        self.machine.render(plan.index);
        let render = Span::from_ns(self.pace.now_ns() - woke_ns);
        let due_ns = self.mono.mono_of(self.machine.due_at(plan.index));
        let mono_ns = self.pace.wait_until(due_ns, self.spin_ns);
        let now = self.mono.local_of(mono_ns);
        self.outputs.emit(&self.machine.frame(mono_ns, render, now));
        if let Some(sample) = self.machine.clock_sample(mono_ns, now) {
            self.outputs.clock(&sample);
        }
        if let Some(mut report) = self.machine.handle_output(render, now) {
            report.refused = self.commands.refused();
            self.reports.publish(report);
        }
    }

    /// The newest clock map; the one in use stays when there is no newer one or it is just being written.
    fn take_clock(&mut self) {
        if let Some(clock) = self.clock.get() {
            self.machine.handle_clock(clock);
        }
    }
}
