//! Four nodes join: the beginning of every show.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::figures;
use cuelight_measure::hub_api::HubApi;
use cuelight_measure::verdict::Verdict;
use cuelight_wire::limits::{TS_LOCK_SAMPLES_N, UDP_TICK_HZ};

use crate::cast::{Cast, Limits, PACE, Plan};
use crate::stage::{Scenario, Stage};

/// A phone on the network.
const PHONE: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 49);

pub(super) const SCENARIO: Scenario = Scenario {
    name: "join",
    claim: "a hub and four nodes are started; all lock, play in step, and the hub answers a phone",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(4))?;
    let phone = cast.network().plug("phone", Some(PHONE))?;
    let on_phone = phone.enter()?;
    // Without the operator's key.
    let answers_phone = HubApi::new(cast.hub_address()).is_up();
    drop(on_phone);
    let revs = cast.change_scenes(3, PACE)?;
    let window = cast.play_for(stage.choose(Duration::from_secs(10), Duration::from_secs(3)))?;
    let tick = cast.api().show()?.tick;
    let traffic = (0..cast.len()).map(|index| cast.traffic(index)).collect::<Result<Vec<_>>>()?;
    let shown = cast.finish()?;

    let mut slowest_ms = 0.0_f64;
    let mut fewest_pongs = usize::MAX;
    for (node, traffic) in shown.nodes.iter().zip(&traffic) {
        slowest_ms = slowest_ms.max(figures::lock_ms(node).context("a node has never locked")?);
        let locked_at = node.events_named("locked").next().context("a node has never locked")?;
        fewest_pongs = fewest_pongs.min(traffic.pongs.iter().filter(|at| **at <= locked_at).count());
    }
    let samples = f64::from(TS_LOCK_SAMPLES_N);
    let mut verdicts = vec![
        Verdict::below("first lock after welcome, slowest node", slowest_ms, "ms", 5000.0, 1200.0),
        Verdict::at_least("answers of the time exchange before lock", fewest_pongs as f64, "", samples),
        Verdict::all("/health answers a phone on the network", usize::from(answers_phone), 1),
        shown.if_timed(Verdict::around("ticks a second", tick.hz, "Hz", f64::from(UDP_TICK_HZ), 0.5)),
    ];
    verdicts.extend(shown.together(&revs, window, Limits::WIRED)?);
    Ok(verdicts)
}
