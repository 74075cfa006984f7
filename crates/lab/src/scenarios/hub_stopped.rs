//! The hub's process stands still for three seconds, as under a debugger or on a machine that swaps.

use std::time::Duration;

use anyhow::Result;
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;
use nix::sys::signal::Signal;

use crate::cast::{Cast, Limits, PACE, PATIENCE, Plan};
use crate::stage::{Scenario, Stage};

/// Shorter than the 3.5 s after which both sides give a session up.
const STOPPED: Duration = Duration::from_secs(3);

pub(super) const SCENARIO: Scenario = Scenario {
    name: "hub-stopped",
    claim: "the hub stands still for three seconds; four nodes play on and are back in step at once",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(4))?;
    let before = cast.play_for(stage.choose(Duration::from_secs(5), Duration::from_secs(2)))?;
    let stopped_ns = mono_now_ns();
    cast.signal_hub(Signal::SIGSTOP)?;
    cast.play_for(STOPPED)?;
    let goes_on_ns = mono_now_ns();
    cast.signal_hub(Signal::SIGCONT)?;
    cast.wait_until_playing(PATIENCE)?;
    let playing_ms = (mono_now_ns() - goes_on_ns) as f64 / 1e6;
    let revs = cast.change_scenes(5, PACE)?;
    let window = before.until_end_of(cast.play_for(Duration::from_secs(2))?);
    let shown = cast.finish()?;

    let nodes = 0..shown.nodes.len();
    let fell_back_ms = shown.slowest_event_ms(nodes.clone(), "fallback", stopped_ns);
    let live_ms = shown.slowest_event_ms(nodes, "live", goes_on_ns);
    let mut verdicts = vec![
        shown.if_timed(Verdict::must_be_below("silence noticed, slowest node", fell_back_ms, "ms", 700.0)),
        Verdict::below("every node takes the stream again after it goes on", live_ms, "ms", 2000.0, 100.0),
        Verdict::below("every node plays by the hub's word", playing_ms, "ms", 2000.0, 1000.0),
    ];
    verdicts.extend(shown.together(&revs, window, Limits::WIRED)?);
    Ok(verdicts)
}
