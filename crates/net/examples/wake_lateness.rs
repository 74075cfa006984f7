//! Measures how late a frame loop wakes: the lateness of absolute deadlines at 120 Hz, with and without real-time priority
//! and spinning. What `PreciseSleep::spin_ns` and the priority are chosen by.
//!
//! `cargo run --release -p cuelight-net --example wake_lateness [frames]`

use std::thread;

use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::{make_thread_realtime, make_timers_exact};
use cuelight_net::timer::PreciseSleep;

/// 1 s / 120, rounded down.
const FRAME_NS: i64 = 8_333_333;
const PRIORITY: u8 = 50;

fn main() {
    let frames: i64 = std::env::args().nth(1).and_then(|argument| argument.parse().ok()).unwrap_or(600);
    println!("{:<34}{:>10}{:>10}{:>10}{:>10}", "lateness, us", "p50", "p99", "p99.9", "max");
    for spin_ns in [0, 100_000, 300_000] {
        let spin_us = spin_ns / 1_000;
        on_own_thread(&format!("plain, spin {spin_us} us"), frames, spin_ns, || {});
        on_own_thread(&format!("exact timers, spin {spin_us} us"), frames, spin_ns, make_timers_exact);
        on_own_thread(&format!("SCHED_FIFO {PRIORITY}, spin {spin_us} us"), frames, spin_ns, || {
            if let Err(refused) = make_thread_realtime(PRIORITY) {
                eprintln!("{refused}");
            }
        });
    }
}

fn on_own_thread(name: &str, frames: i64, spin_ns: i64, prepare: impl FnOnce() + Send) {
    let lateness = thread::scope(|scope| {
        let measured = scope.spawn(move || {
            prepare();
            let start = mono_now_ns();
            (1..=frames).map(|k| start + k * FRAME_NS).map(|at| PreciseSleep { spin_ns }.sleep_until(at) - at).collect()
        });
        measured.join().expect("the measuring thread does not panic")
    });
    report(name, lateness);
}

fn report(name: &str, mut lateness: Vec<i64>) {
    lateness.sort_unstable();
    let at = |per_mille: usize| {
        let index = (lateness.len() * per_mille / 1_000).min(lateness.len().saturating_sub(1));
        lateness.get(index).map_or(0.0, |ns| *ns as f64 / 1_000.0)
    };
    println!("{name:<34}{:>10.1}{:>10.1}{:>10.1}{:>10.1}", at(500), at(990), at(999), at(1_000));
}
