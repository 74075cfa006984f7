//! One node loses its power and gets it back.

use std::time::Duration;

use anyhow::Result;
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;

use crate::cast::{Cast, Limits, PACE, PATIENCE, Plan, Window};
use crate::stage::{Scenario, Stage};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "node-power",
    claim: "one of four nodes loses its power and gets it back; it rejoins, and the others notice nothing",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(4))?;
    cast.change_scene()?;
    let cut = cast.len() - 1;
    let away = cast.play_for(stage.choose(Duration::from_secs(3), Duration::from_secs(1)))?;
    // In this order nothing tells the hub that the node is gone: no reset, no end of the connection.
    cast.set_dark(cut, true)?;
    cast.kill_node(cut);
    let cut_ns = mono_now_ns();
    cast.wait_for_node(cut, "the hub misses a node", PATIENCE, |node| node.state == "lost")?;
    let noticed_ms = (mono_now_ns() - cut_ns) as f64 / 1e6;
    cast.set_dark(cut, false)?;
    cast.start_node(cut)?;
    let back_ns = mono_now_ns();
    cast.wait_for_node(cut, "the node is ready", PATIENCE, |node| node.is_ready())?;
    let ready_ms = (mono_now_ns() - back_ns) as f64 / 1e6;
    let away = away.until_end_of(Window::from_now());
    cast.play_for(Duration::from_secs(1))?;
    let after = Window::from_now();
    let revs = cast.change_scenes(5, PACE)?;
    let after = after.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let shown = cast.finish()?;

    let mut verdicts = vec![
        // 3.5 s without a keepalive, and as long as the last one was before the cut.
        Verdict::must_be_below("the hub misses it", noticed_ms, "ms", 4600.0),
        Verdict::below("ready after its power is back", ready_ms, "ms", 10_000.0, 2000.0),
        shown.none_left_out("frames the others left out meanwhile", 0..cut, away),
    ];
    verdicts.extend(shown.together(&revs, after, Limits::WIRED)?);
    Ok(verdicts)
}
