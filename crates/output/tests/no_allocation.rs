//! What the frame thread does in a frame asks for no memory: it cannot be kept waiting by an allocator.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::net::UdpSocket;

use allocation_counter::{AllocationInfo, measure};
use cuelight_output::ddp::Ddp;
use cuelight_output::frame_loop::RENDER_AHEAD;
use cuelight_output::frame_loop::machine::FrameMachine;
use cuelight_output::null::Null;
use cuelight_output::record::Recorder;
use cuelight_output::{Command, Fallback, FrameClock, MachineConfig, Output, OutputSet};
use cuelight_render::{Finish, Geometry, effects};
use cuelight_wire::change::Change;
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{Layer, Scene};
use cuelight_wire::time::{FrameIndex, Local, Span, Time};

const PIXELS: usize = 320;
/// A change in every so many frames.
const FRAMES_A_CHANGE: i64 = 5;
/// It is known so many frames ahead.
const LEAD: i64 = 4;

struct Node {
    machine: FrameMachine,
    outputs: OutputSet,
    now: Time<Local>,
    changes: u32,
    /// Reports of a second that were made.
    reports: u32,
}

fn node(outputs: OutputSet) -> Node {
    let config = MachineConfig {
        geometry: Geometry::strip(PIXELS as u16),
        finish: Finish::DEFAULT,
        seed: 0,
        fallback: Fallback::Hold,
        render_ahead: RENDER_AHEAD,
    };
    let mut machine = FrameMachine::new(config).unwrap();
    machine.handle_clock(FrameClock { is_synced: true, ..FrameClock::FREE });
    Node { machine, outputs, now: Time::ZERO, changes: 0, reports: 0 }
}

impl Node {
    /// A change of every effect in turn, some of them faded in.
    fn change(&mut self, next: FrameIndex) -> Command {
        self.changes += 1;
        let effect = effects::ALL[self.changes as usize % effects::ALL.len()].id;
        let scene = Scene { effect, ..Scene::default() };
        let fade_ms = if self.changes.is_multiple_of(3) { 300 } else { 0 };
        let at = FrameIndex(next.0 + LEAD).show_at();
        let layer = Layer { rev: Revision(self.changes), at, fade_ms, scene, phase: 0, zone_phases: [0; MAX_ZONES] };
        Command::Change { change: Change::Layer(layer), catch_up: false }
    }
    /// What the thread does from one deadline to the next.
    fn frame(&mut self) {
        let plan = self.machine.plan(self.now);
        self.now = self.now.max(plan.wake_at);
        match plan.index.0 {
            // The hub goes and comes.
            index if index % 400 == 200 => self.machine.handle_command(Command::Fallback, plan.index),
            index if index % 400 == 300 => self.machine.handle_command(Command::Live, plan.index),
            // The hub lays the pixels out otherwise, and back.
            index if index % 400 == 351 => {
                let geometry = Geometry::ring(PIXELS as u16);
                self.machine.handle_command(Command::LayOut(geometry), plan.index);
            }
            index if index % 400 == 51 => {
                let geometry = Geometry::strip(PIXELS as u16);
                self.machine.handle_command(Command::LayOut(geometry), plan.index);
            }
            index if index % FRAMES_A_CHANGE == 0 => {
                let change = self.change(plan.index);
                self.machine.handle_command(change, plan.index);
            }
            _ => {}
        }
        assert!(self.machine.is_current(&plan, self.now), "{plan:?}");
        self.machine.render(plan.index);
        self.now = self.now.max(self.machine.due_at(plan.index));
        self.outputs.emit(&self.machine.frame(self.now.as_ns(), Span::ZERO, self.now));
        if let Some(sample) = self.machine.clock_sample(self.now.as_ns(), self.now) {
            self.outputs.clock(&sample);
        }
        self.reports += u32::from(self.machine.handle_output(Span::ZERO, self.now).is_some());
    }
    fn play(&mut self, frames: u32) -> AllocationInfo {
        measure(|| (0..frames).for_each(|_| self.frame()))
    }
}

#[test]
fn a_thousand_frames_with_changes_arriving_allocate_nothing() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ddp = Ddp::new(&receiver.local_addr().unwrap().to_string(), PIXELS).unwrap();
    let counters = ddp.counters();
    let mut outputs = OutputSet::new();
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::open(&folder.path().join("record.jsonl"), "node").unwrap();
    outputs.add(Null);
    outputs.add(ddp);
    outputs.add(recorder.lane("frames"));
    let mut node = node(outputs);
    node.play(10);
    let allocated = node.play(1_000);
    assert_eq!((allocated.count_total, allocated.count_current), (0, 0), "{allocated:?}");
    assert!(node.changes > 190 && node.reports == 8, "{} changes, {} reports", node.changes, node.reports);
    assert!(counters.sent() + counters.blocked() + counters.refused() >= 1_000, "frames go out");
}

#[test]
fn an_allocation_is_seen() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}
