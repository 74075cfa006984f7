//! One node's cable is pulled for ten seconds.

use std::time::Duration;

use anyhow::Result;
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;

use crate::cast::{Cast, Limits, PACE, PATIENCE, Plan, Window};
use crate::stage::{Scenario, Stage};

/// So long its clock is followed before: the rate that it keeps in the dark is not known better than it was seen.
const SYNCED: Duration = Duration::from_secs(5);
/// How long nothing passes.
const DARK: Duration = Duration::from_secs(10);

pub(super) const SCENARIO: Scenario = Scenario {
    name: "cable-pulled",
    claim: "one of four nodes loses its network for ten seconds; it plays on, comes back by itself, and the others notice nothing",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(4))?;
    let pulled = cast.len() - 1;
    cast.play_for(SYNCED)?;
    cast.set_dark(pulled, true)?;
    let dark = cast.play_for(DARK / 2)?;
    let missed = cast.change_scene()?.rev;
    let dark = dark.until_end_of(cast.play_for(DARK / 2)?);
    cast.set_dark(pulled, false)?;
    let back_ns = mono_now_ns();
    cast.wait_until_playing(PATIENCE)?;
    let back_ms = (mono_now_ns() - back_ns) as f64 / 1e6;
    // Layers that the node missed are given to it with the first packet.
    cast.play_for(Duration::from_millis(500))?;
    let after = Window::from_now();
    let revs = cast.change_scenes(10, PACE)?;
    let after = after.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let shown = cast.finish()?;

    let caught_up = shown.nodes[pulled].first_frame_with(missed).is_some();
    let mut verdicts = vec![
        Verdict::below("in step again after the cable is back", back_ms, "ms", 5000.0, 2000.0),
        Verdict::all("the change it missed is shown", usize::from(caught_up), 1),
        shown.none_left_out("frames the others left out meanwhile", 0..pulled, dark),
        shown.none_left_out("frames it left out in the dark", pulled..pulled + 1, dark),
    ];
    verdicts.extend(shown.together(&revs, after, Limits::WIRED)?);
    Ok(verdicts)
}
