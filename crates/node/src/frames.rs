//! The driver's side of the frame loop: changes and the clock go in, figures come out, all without waiting.

use std::collections::VecDeque;

use cuelight_net::clock::{LocalClock, mono_now_ns};
use cuelight_output::latest::Publisher;
use cuelight_output::record::{Lane, Record, Recorder};
use cuelight_output::{
    Command, CommandSender, FrameClock, FrameLoop, FrameLoopHandle, MonoClock, PatternSender, Refused,
};
use cuelight_proto::node::FrameReport;
use cuelight_proto::sync::ClockMap;
use cuelight_wire::time::{Local, Time};
use tracing::{error, warn};

/// Commands kept for a frame loop that is behind. When it is full the oldest is dropped and counted: a full state is
/// given again by the next change, and a frame loop that far behind shows nothing anyway.
const BACKLOG: usize = 128;

/// The controls of a running frame loop.
pub(crate) struct Frames {
    commands: CommandSender,
    clock: Publisher<FrameClock>,
    handle: FrameLoopHandle,
    backlog: VecDeque<Command>,
    dropped: u64,
    records: Vec<OpenRecord>,
}

/// A record the frame loop writes to, and the driver's own lane of it.
pub(crate) struct OpenRecord {
    pub(crate) recorder: Recorder,
    pub(crate) lane: Lane,
}

impl Frames {
    /// The controls, and those of its patterns, which are somebody else's business.
    pub(crate) fn new(frame_loop: FrameLoop, records: Vec<OpenRecord>) -> (Self, PatternSender) {
        let FrameLoop { commands, clock, patterns, handle } = frame_loop;
        (Self { commands, clock, handle, backlog: VecDeque::with_capacity(BACKLOG), dropped: 0, records }, patterns)
    }

    /// Writes into every record.
    pub(crate) fn record(&mut self, record: Record) {
        for open in &mut self.records {
            open.lane.push(record);
        }
    }

    /// Writes what happened just now into every record.
    pub(crate) fn record_event(&mut self, event: &'static str) {
        self.record(Record::Event { event, mono_ns: mono_now_ns() });
    }

    /// Hands a command over, after those that still wait.
    pub(crate) fn send(&mut self, command: Command) {
        if self.backlog.len() == BACKLOG {
            self.backlog.pop_front();
            self.dropped += 1;
            warn!(dropped = self.dropped, "the frame loop is behind; a change was dropped");
        }
        self.backlog.push_back(command);
        self.flush();
    }

    /// Tries again what the frame loop had no room for.
    pub(crate) fn flush(&mut self) {
        while let Some(command) = self.backlog.pop_front() {
            if let Err(Refused(command)) = self.commands.send(command) {
                self.backlog.push_front(command);
                return;
            }
        }
    }

    /// The timeline frames are locked to.
    pub(crate) fn set_clock(&mut self, map: ClockMap) {
        let ClockMap { local0, show0, rate, sigma, bound, state } = map;
        self.clock.publish(FrameClock { local0, show0, rate, sigma, bound, is_synced: state.is_usable() });
    }

    /// What the frame loop measured of its last second.
    pub(crate) fn report(&self) -> Option<FrameReport> {
        let report = self.handle.report()?;
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Some(FrameReport {
            fps: report.fps(),
            output_late: report.late_p99,
            frames_missed: count(report.missed),
            late: count(report.late_changes),
        })
    }

    /// Frames put out since the start, and in the last second that was summed up.
    pub(crate) fn put_out(&self) -> Option<(u64, f32)> {
        self.handle.report().map(|report| (report.frames, report.fps()))
    }

    /// Whether the frame thread is still there; it goes away by itself only when it panics.
    pub(crate) fn is_running(&self) -> bool {
        !self.handle.is_finished()
    }

    /// Ends the loop after the frame in progress.
    pub(crate) fn stop(self) {
        if !self.handle.stop() {
            error!("the frame loop failed; its message is above");
        }
        for OpenRecord { recorder, .. } in self.records {
            if let Err(failure) = recorder.close() {
                error!("{failure}");
            }
        }
    }
}

/// The node's local clock, as the frame loop wants it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeClock(pub(crate) LocalClock);

impl MonoClock for NodeClock {
    fn local_of(&self, mono_ns: i64) -> Time<Local> {
        self.0.from_mono_ns(mono_ns)
    }
    fn mono_of(&self, local: Time<Local>) -> i64 {
        self.0.mono_ns_of(local)
    }
}
