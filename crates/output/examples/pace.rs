//! How exactly the frame loop puts frames out on this machine.
//!
//! ```text
//! cargo run --release -p cuelight-output --example pace -- [THREADS] [SECONDS] [SPIN_US]
//! sudo chrt -f 50 target/release/examples/pace 4 10 150        # with real-time priority
//! ```
//!
//! Starts THREADS frame loops (default 1) of 320 pixels on one free-running clock, as so many nodes on one machine, runs
//! them SECONDS (default 10) and prints for all frames after the first second: lateness of output against the deadline,
//! and, with several loops, the spread between the loops' instants of one frame. SPIN_US is the spin before a deadline
//! (default 0). `docs/operations/record-format.md` shows how to get the same figures from the records of a real show.
//!
//! Measured on two virtual cores shared with compilers (load average 5 to 10), microseconds; two values are two runs:
//!
//! | threads, spin | ordinary: late p50 / p99, spread p99 | real-time: late p50 / p99, spread p99 |
//! |---|---|---|
//! | 1, none | 88 / 2744 | 45 / 90 |
//! | 1, 150 us | 0 / 2081 | 0 / 47 and 35 |
//! | 4, none | 95 / 581, 1020 | 39 / 207, 289 |
//! | 4, 150 us | 8 / 2390, 1716 | 7 / 66 and 37, 396 and 23 |
//! | 4, 300 us | | 7 / 40, 40 |

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::thread::sleep;
use std::time::Duration;

use cuelight_output::frame_loop::RENDER_AHEAD;
use cuelight_output::{
    Command, Fallback, Frame, FrameLoop, FrameLoopConfig, MachineConfig, Output, OutputSet, Spin, Uninjected,
};
use cuelight_render::{Finish, Geometry};
use cuelight_wire::change::Change;
use cuelight_wire::ids::{EffectId, PaletteId, Revision};
use cuelight_wire::limits::{FRAME_HZ, MAX_ZONES};
use cuelight_wire::scene::{Layer, Scene};
use cuelight_wire::time::{Span, Time};

/// Collects every frame's instant in a vector with room for all, and sends it when the loop has ended.
struct Collect {
    instants: Vec<(i64, i64, i64)>,
    to: Sender<Vec<(i64, i64, i64)>>,
}

impl Output for Collect {
    fn emit(&mut self, frame: &Frame<'_>) {
        if self.instants.len() < self.instants.capacity() {
            self.instants.push((frame.index.0, frame.mono_ns, frame.late.as_ns()));
        }
    }
    fn name(&self) -> &str {
        "collect"
    }
}

impl Drop for Collect {
    fn drop(&mut self) {
        let _ = self.to.send(std::mem::take(&mut self.instants));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|argument| argument.parse()).collect();
    let numbers = numbers.map_err(|_| "usage: pace [THREADS] [SECONDS] [SPIN_US], whole numbers")?;
    let number = |i: usize, default| numbers.get(i).copied().unwrap_or(default);
    let (threads, seconds, spin_us) = (number(0, 1), number(1, 10), number(2, 0));

    let (to, collected) = channel();
    let mut loops = Vec::new();
    for _ in 0..threads {
        loops.push(start(seconds, spin_us, to.clone())?);
    }
    drop(to);
    sleep(Duration::from_secs(seconds));
    for frames in &loops {
        if let Some(report) = frames.handle.report() {
            println!(
                "last second: {:.2} fps, render p99 {} us, missed {} since the start",
                report.fps(),
                report.render_p99.as_us(),
                report.missed
            );
        }
    }
    drop(loops);

    let mut late_ns = Vec::new();
    let mut by_frame = BTreeMap::<i64, Vec<i64>>::new();
    for instants in collected {
        for (index, mono_ns, late) in instants.into_iter().skip(FRAME_HZ as usize) {
            late_ns.push(late);
            by_frame.entry(index).or_default().push(mono_ns);
        }
    }
    print_percentiles("lateness", late_ns);
    let whole = by_frame.into_values().filter(|instants| threads > 1 && instants.len() as u64 == threads);
    let spread = |instants: Vec<i64>| Some(instants.iter().max()? - instants.iter().min()?);
    print_percentiles("spread", whole.filter_map(spread).collect());
    Ok(())
}

fn start(
    seconds: u64,
    spin_us: u64,
    to: Sender<Vec<(i64, i64, i64)>>,
) -> Result<FrameLoop, Box<dyn std::error::Error>> {
    let mut outputs = OutputSet::new();
    outputs.add(Collect { instants: Vec::with_capacity((seconds as usize + 1) * FRAME_HZ as usize), to });
    let machine = MachineConfig {
        geometry: Geometry::strip(320),
        finish: Finish::DEFAULT,
        seed: 0,
        fallback: Fallback::Hold,
        render_ahead: RENDER_AHEAD,
    };
    let spin = Spin::For(Span::from_us(spin_us as i64));
    let config = FrameLoopConfig { machine, outputs, mono: Uninjected, spin, on_start: Box::new(|| false) };
    let mut frames = FrameLoop::spawn(config)?;
    let scene = Scene { effect: EffectId(1), palette: PaletteId(1), ..Scene::default() };
    let layer = Layer { rev: Revision(1), at: Time::ZERO, fade_ms: 0, scene, phase: 0, zone_phases: [0; MAX_ZONES] };
    frames.commands.send(Command::Change { change: Change::Layer(layer), catch_up: true })?;
    Ok(frames)
}

fn print_percentiles(what: &str, mut values: Vec<i64>) {
    values.sort_unstable();
    let at = |permille: usize| {
        values.get((values.len() * permille).div_ceil(1000).saturating_sub(1)).map(|ns| *ns as f64 / 1e3)
    };
    if let (Some(p50), Some(p99), Some(p999), Some(max)) = (at(500), at(990), at(999), at(1000)) {
        println!(
            "{what} of {} frames: p50 {p50:.1} us, p99 {p99:.1} us, p99.9 {p999:.1} us, max {max:.1} us",
            values.len()
        );
    }
}
