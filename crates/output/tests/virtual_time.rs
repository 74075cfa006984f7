//! The whole frame thread, with a clock and an alarm of virtual time: what it puts out, what it records.
#![allow(clippy::unwrap_used, reason = "test code; the exemption of clippy.toml covers only functions with #[test]")]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use cuelight_output::clock::MonoClock;
use cuelight_output::frame_loop::RENDER_AHEAD;
use cuelight_output::pace::Pace;
use cuelight_output::record::{LANE_CAPACITY, Recorder};
use cuelight_output::{
    Command, Fallback, Frame, FrameClock, FrameLoop, FrameLoopConfig, FrameReport, MachineConfig, Output, OutputSet,
    Spin,
};
use cuelight_render::{Finish, Geometry};
use cuelight_wire::change::Change;
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{Layer, Scene};
use cuelight_wire::time::{FrameIndex, Local, Span, Time};
use serde_json::Value;

const SECOND_NS: i64 = 1_000_000_000;
const PERIOD_NS: i64 = 8_333_333;

/// A machine whose wake-ups are late by 0 to 255 us, and once in a while by `hiccup_ns`.
struct Virtual {
    now_ns: i64,
    wakes: u64,
    hiccup_ns: i64,
}

impl Pace for Virtual {
    fn now_ns(&mut self) -> i64 {
        // Reading a clock takes time; without it a spin would not end.
        self.now_ns += 50;
        self.now_ns
    }
    fn sleep_until(&mut self, mono_ns: i64) {
        if mono_ns > self.now_ns {
            self.wakes += 1;
            let late = (self.wakes * 167 % 256) as i64 * 1_000;
            let hiccup = if self.wakes.is_multiple_of(301) { self.hiccup_ns } else { 0 };
            self.now_ns = mono_ns + late + hiccup;
        }
    }
}

/// Local time is 1000 s behind CLOCK_MONOTONIC and 100 ppm fast.
struct Injected;

impl MonoClock for Injected {
    fn local_of(&self, mono_ns: i64) -> Time<Local> {
        Time::from_ns(mono_ns + mono_ns.div_euclid(10_000) - 1000 * SECOND_NS)
    }
    fn mono_of(&self, local: Time<Local>) -> i64 {
        let scaled = i128::from(local.as_ns() + 1000 * SECOND_NS) * 10_000;
        i64::try_from(-(-scaled).div_euclid(10_001)).unwrap()
    }
}

/// The map that undoes [`Injected`]: show time is CLOCK_MONOTONIC.
fn true_clock() -> FrameClock {
    FrameClock {
        local0: Injected.local_of(0),
        show0: Time::ZERO,
        // 1 / 1.0001 - 1, in 2^-40.
        rate: -109_940_168,
        sigma: Span::from_us(1),
        bound: Span::from_us(30),
        is_synced: true,
    }
}

#[derive(Debug)]
struct Seen {
    index: i64,
    mono_ns: i64,
    is_synced: bool,
    scene_rev: u32,
}

/// Hands frames to the test and makes the thread wait for it, so that the thread runs as far as the test looks.
struct Tap(SyncSender<Seen>);

impl Output for Tap {
    fn emit(&mut self, frame: &Frame<'_>) {
        let Frame { index, mono_ns, is_synced, scene_rev, .. } = *frame;
        // The test has seen enough when it is no longer there.
        let _ = self.0.send(Seen { index: index.0, mono_ns, is_synced, scene_rev: scene_rev.0 });
    }
    fn name(&self) -> &str {
        "tap"
    }
}

fn start(mut outputs: OutputSet, hiccup_ns: i64) -> (FrameLoop, Receiver<Seen>) {
    let (tap, seen) = sync_channel(0);
    outputs.add(Tap(tap));
    let machine = MachineConfig {
        geometry: Geometry::strip(8),
        finish: Finish::DEFAULT,
        seed: 1,
        fallback: Fallback::Hold,
        render_ahead: RENDER_AHEAD,
    };
    let spin = Spin::For(Span::from_us(300));
    let config = FrameLoopConfig { machine, outputs, mono: Injected, spin, on_start: Box::new(|| true) };
    let pace = Virtual { now_ns: 7 * SECOND_NS, wakes: 0, hiccup_ns };
    (FrameLoop::spawn_paced(config, pace).unwrap(), seen)
}

/// The newest report. Waits while one is being written.
fn report_of(frames: &FrameLoop) -> FrameReport {
    loop {
        if let Some(report) = frames.handle.report() {
            return report;
        }
        std::thread::yield_now();
    }
}

fn layer(rev: u32, at: FrameIndex) -> Command {
    let at = at.show_at();
    let scene = Scene::default();
    let layer = Layer { rev: Revision(rev), at, fade_ms: 0, scene, phase: 0, zone_phases: [0; MAX_ZONES] };
    Command::Change { change: Change::Layer(layer), catch_up: false }
}

/// OUT-2
#[test]
fn every_frame_goes_out_at_its_show_time_once_the_clock_is_known() {
    let (mut frames, seen) = start(OutputSet::new(), 0);
    let free: Vec<Seen> = seen.iter().take(10).collect();
    assert!(free.iter().all(|frame| !frame.is_synced && frame.index < -119_000), "{free:?}");
    frames.clock.publish(true_clock());
    // At most two frames more on the old timeline: the one handed over and the one being made.
    let synced: Vec<Seen> = seen.iter().skip_while(|frame| !frame.is_synced).take(1200).collect();
    let change_at = FrameIndex(synced.last().unwrap().index + 20);
    frames.commands.send(layer(3, change_at)).unwrap();
    let changed = seen.iter().find(|frame| frame.scene_rev == 3).unwrap();
    assert_eq!(changed.index, change_at.0);
    for pair in synced.windows(2) {
        assert_eq!(pair[1].index, pair[0].index + 1);
    }
    for frame in &synced[1..] {
        let late_ns = frame.mono_ns - FrameIndex(frame.index).show_at().as_ns();
        // A spin of 300 us covers every late wake-up of this machine; what is left is one reading of the clock, and the
        // rounding of the rate, which 1000 s away from the map's anchor is well under a microsecond.
        assert!((-1_000..1_000).contains(&late_ns), "{late_ns} {frame:?}");
    }
    drop(seen);
    let report = report_of(&frames);
    assert_eq!((report.missed, report.late_changes), (0, 0));
    assert!(report.late_max < Span::from_us(1), "{report:?}");
    assert!((report.fps() - 120.0).abs() < 0.1, "{report:?}");
    assert!(frames.handle.stop());
}

/// OUT-6
#[test]
fn the_record_of_a_run_with_hiccups_holds_every_frame_and_ten_clock_lines_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.jsonl");
    let recorder = Recorder::open(&path, "node-1").unwrap();
    let mut outputs = OutputSet::new();
    outputs.add(recorder.lane("frames"));
    // Longer than four frames: some are skipped.
    let (mut frames, seen) = start(outputs, 40_000_000);
    frames.clock.publish(true_clock());
    let seen_frames: Vec<i64> = seen.iter().take(900).map(|frame| frame.index).collect();
    let missed = report_of(&frames).missed;
    drop(seen);
    assert!(frames.handle.stop());
    drop(frames.commands);
    recorder.close().unwrap();

    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap()["kind"], "end");
    // Once the test no longer looks, nothing holds the loop back, and a lane may fill faster than it is written: not
    // before as many records as it has room for.
    lines.truncate(1 + LANE_CAPACITY);
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((lines[0]["kind"].as_str(), lines[0]["name"].as_str()), (Some("start"), Some("node-1")));
    assert!(of("lost").is_empty());
    let recorded: Vec<i64> = of("frame").iter().map(|line| line["frame"].as_i64().unwrap()).collect();
    assert_eq!(recorded[..900], seen_frames);
    // The only gaps are the frames that were skipped; the change from the free timeline to show time is none.
    let synced: Vec<&Value> = of("frame").into_iter().filter(|line| line["synced"] == true).collect();
    let gaps: i64 =
        synced.windows(2).map(|pair| pair[1]["frame"].as_i64().unwrap() - pair[0]["frame"].as_i64().unwrap() - 1).sum();
    assert!(gaps >= missed as i64 && gaps > 0, "{gaps} gaps, {missed} missed");
    for line in &synced {
        let k = FrameIndex(line["frame"].as_i64().unwrap());
        assert_eq!(line["show_us"], k.show_at().as_us());
        let late_ns = line["mono_ns"].as_i64().unwrap() - k.show_at().as_ns();
        // No frame is early, and none goes out that is overdue by more than a period and a late wake-up of this machine.
        assert!((-1_000..PERIOD_NS + 300_000 + 40_000_000).contains(&late_ns), "{late_ns}");
    }
    let clocks: Vec<&Value> = of("clock").into_iter().filter(|line| line["synced"] == true).collect();
    assert!(clocks.len() >= synced.len() / 12 - 2, "{} of {}", clocks.len(), synced.len());
    for line in &clocks {
        let error_ns = line["show_ns"].as_i64().unwrap() - line["mono_ns"].as_i64().unwrap();
        assert!(error_ns.abs() < 1_000, "{error_ns}");
        assert_eq!((line["sigma_ns"].as_i64(), line["bound_ns"].as_i64()), (Some(1_000), Some(30_000)));
    }
}

/// OUT-4
#[test]
fn commands_beyond_the_ring_are_refused_and_reported() {
    let (mut frames, seen) = start(OutputSet::new(), 0);
    let first = seen.recv().unwrap();
    // The thread waits for the test to take the next frame: nobody empties the ring.
    let refused = (0..300).filter(|_| frames.commands.send(layer(1, FrameIndex(first.index))).is_err()).count();
    assert!(refused >= 300 - 2 * cuelight_output::frame_loop::RING_CAPACITY, "{refused}");
    let _rest = seen.iter().take(130).count();
    assert_eq!(report_of(&frames).refused, refused as u64);
    drop(seen);
    assert!(frames.handle.stop());
}
