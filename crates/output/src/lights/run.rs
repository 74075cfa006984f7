//! The lights thread's loop: takes the time, does what the machine says, gives datagrams to the system.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use cuelight_wire::time::Span;
use rtrb::Consumer;

use super::figures::{LightsReport, PutOut};
use super::machine::{LightsMachine, Order, Plan};
use super::stagehand::Wings;
use crate::clock::{FrameClock, MonoClock};
use crate::latest::{Latest, Publisher};
use crate::pace::Pace;
use cuelight_dmx::range::UniverseRange;

/// The longest sleep, nanoseconds: the thread takes orders, sees a newer clock, and stops when told to.
const NAP_NS: i64 = 20_000_000;
/// How long to wait before a device that took no more is asked again, nanoseconds: a line of 1 Gbit/s sends 18 universes.
const RETRY_NS: i64 = 100_000;
/// How long a frame may take to leave, nanoseconds: half of the period at 44 Hz. What has not left then is given up; levels
/// that go on changing are in the next frame.
const LEAVE_NS: i64 = 11_000_000;

/// Everything the thread owns.
pub(crate) struct Run<P, C> {
    pub(crate) machine: LightsMachine,
    pub(crate) orders: Consumer<Order>,
    pub(crate) wings: Wings,
    pub(crate) clock: Latest<FrameClock>,
    pub(crate) reports: Publisher<LightsReport>,
    pub(crate) stop: Arc<AtomicBool>,
    /// Universes whose end is not said, because somebody else goes on with them.
    pub(crate) kept: Arc<OnceLock<Vec<UniverseRange>>>,
    pub(crate) pace: P,
    pub(crate) mono: C,
    pub(crate) spin_ns: i64,
}

impl<P: Pace, C: MonoClock> Run<P, C> {
    /// Runs until told to stop, then says the end of all universes.
    pub(crate) fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            self.step();
        }
        let now = self.mono.local_of(self.pace.now_ns());
        self.machine.end(self.kept.get().map_or(&[][..], Vec::as_slice), now);
        self.reports.publish(self.machine.report());
    }

    fn step(&mut self) {
        self.take_clock();
        let now_ns = self.pace.now_ns();
        let plan = self.machine.plan(self.mono.local_of(now_ns));
        let sync_at = self.machine.sync_due_at();
        let wake_at = sync_at.map_or(plan.wake_at, |sync_at| sync_at.min(plan.wake_at));
        self.pace.sleep_until(self.mono.mono_of(wake_at).min(now_ns.saturating_add(NAP_NS)));
        self.take_clock();
        let woke_ns = self.pace.now_ns();
        let woke_at = self.mono.local_of(woke_ns);
        if sync_at.is_some_and(|sync_at| sync_at <= woke_at) {
            self.machine.synchronise(woke_at);
        }
        while let Ok(order) = self.orders.pop() {
            self.machine.handle_order(order);
        }
        while let Some(staged) = self.wings.next() {
            let displaced = self.machine.handle_staged(staged);
            displaced.into_iter().for_each(|staged| self.wings.give_back(staged));
        }
        if self.machine.is_current(&plan, woke_at) {
            self.frame(&plan, woke_ns);
        }
    }

    /// Works the frame out, waits for its instant, and lets it leave.
    fn frame(&mut self, plan: &Plan, woke_ns: i64) {
        let Self { machine, wings, pace, mono, .. } = self;
        wings.set_shown(plan.instant);
        machine.work_out(plan.instant, |staged| wings.give_back(staged));
        let work = Span::from_ns(pace.now_ns() - woke_ns);
        let due_at = machine.due_at(plan.instant);
        let began_ns = pace.wait_until(mono.mono_of(due_at), self.spin_ns);
        let mut ended_ns = began_ns;
        while !machine.send_some() && ended_ns - began_ns < LEAVE_NS {
            pace.sleep_until(ended_ns + RETRY_NS);
            ended_ns = pace.now_ns();
        }
        let flushed = machine.flush();
        ended_ns = pace.now_ns().max(ended_ns);
        machine.announce(due_at);
        let late = mono.local_of(began_ns) - due_at;
        let frame = PutOut { late, work, leave: Span::from_ns(ended_ns - began_ns), flushed };
        let now = mono.local_of(ended_ns);
        if let Some(report) = machine.handle_output(plan.instant, frame, now) {
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
