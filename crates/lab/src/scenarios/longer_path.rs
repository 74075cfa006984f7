//! The way to the hub becomes longer in the middle of a show, and short again: a roam, or another switch in between.

use std::time::Duration;

use anyhow::Result;
use cuelight_measure::verdict::Verdict;
use cuelight_sim::link::{Jitter, LinkProfile};

use crate::cast::{Cast, Limits, PACE, Plan, Window};
use crate::network::PathProfile;
use crate::stage::{Scenario, Stage};

const MS: f64 = 1e6;
/// 1.5 ms each way and a little jitter; then 4 ms.
const SHORT: LinkProfile = LinkProfile::constant(1.5 * MS).with_jitter(Jitter::Exponential(0.2 * MS));
const LONG: LinkProfile = LinkProfile::constant(4.0 * MS).with_jitter(Jitter::Exponential(0.2 * MS));

pub(super) const SCENARIO: Scenario = Scenario {
    name: "longer-path",
    claim: "the way of two of four nodes to the hub becomes 2.5 ms longer mid-show and short again; all stay in step",
    is_short: false,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(4).over(PathProfile::both(SHORT)))?;
    let length = stage.choose(Duration::from_secs(10), Duration::from_secs(4));
    let changes = (length.as_millis() / PACE.as_millis()) as usize;
    cast.play_for(length)?;
    let window = Window::from_now();
    let mut revs = Vec::new();
    for way in [LONG, SHORT] {
        for index in 0..2 {
            cast.set_profile(index, PathProfile::both(way))?;
        }
        revs.extend(cast.change_scenes(changes, PACE)?);
    }
    let window = window.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let shown = cast.finish()?;
    // Between the old path and the new one a clock may lean on either.
    shown.together(&revs, window, Limits { clock_us: (1000.0, 250.0), apart_us: (2000.0, 500.0) })
}
