//! The hub is killed mid-show and started again a second later, with another clock.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::figures;
use cuelight_measure::verdict::Verdict;
use cuelight_measure::watch::until;
use cuelight_net::clock::mono_now_ns;

use crate::cast::{Cast, Limits, PACE, PATIENCE, Plan};
use crate::stage::{Scenario, Stage};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "hub-killed",
    claim: "the hub is killed and started again with another clock; four nodes resume by themselves and show time goes on",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(4))?;
    cast.change_scene()?;
    let before = cast.play_for(stage.choose(Duration::from_secs(5), Duration::from_secs(2)))?;
    let killed_ns = mono_now_ns();
    cast.kill_hub();
    sleep(Duration::from_secs(1));
    let started_ns = mono_now_ns();
    cast.start_hub()?;
    let api = cast.api();
    until("the hub listens again", PATIENCE, || {
        cast.check()?;
        anyhow::Ok(api.is_up().then_some(()))
    })?;
    let listens_ns = mono_now_ns();
    cast.wait_until_playing(PATIENCE)?;
    let resumed_ms = (mono_now_ns() - listens_ns) as f64 / 1e6;
    let revs = cast.change_scenes(5, PACE)?;
    let window = before.until_end_of(cast.play_for(Duration::from_secs(2))?);
    let shown = cast.finish()?;

    let step_ns = figures::show_step_ns(&shown.hub, killed_ns).context("the hub's record does not go on")?;
    let fell_back_ms = shown.slowest_event_ms(0..shown.nodes.len(), "fallback", killed_ns);
    // A node may be sooner than the lab in noticing that the hub listens.
    let starting_ms = (listens_ns - started_ns) as f64 / 1e6;
    let live_ms = (shown.slowest_event_ms(0..shown.nodes.len(), "live", started_ns) - starting_ms).max(0.0);
    let mut verdicts = vec![
        shown.if_timed(Verdict::must_be_below("silence noticed, slowest node", fell_back_ms, "ms", 700.0)),
        Verdict::below("every node takes the stream again after the hub listens", live_ms, "ms", 2000.0, 1000.0),
        Verdict::below("every node plays by the hub's word", resumed_ms, "ms", 2000.0, 1000.0),
        Verdict::below("step of show time", (step_ns as f64 / 1e3).abs(), "us", 5000.0, 500.0),
    ];
    verdicts.extend(shown.together(&revs, window, Limits { clock_us: (5000.0, 500.0), ..Limits::WIRED })?);
    Ok(verdicts)
}
