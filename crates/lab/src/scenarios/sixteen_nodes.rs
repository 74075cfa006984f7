//! Sixteen nodes.

use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::figures;
use cuelight_measure::verdict::Verdict;
use cuelight_net::process::resident;
use cuelight_wire::limits::UDP_TICK_HZ;

use crate::cast::{Cast, Limits, PACE, Plan, Window};
use crate::stage::{Scenario, Stage};

/// Nodes in the show.
const NODES: usize = 16;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "sixteen-nodes", claim: "sixteen nodes join and take 20 scene changes", is_short: false, run };

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(NODES))?;
    cast.play_for(Duration::from_secs(5))?;
    let window = Window::from_now();
    let revs = cast.change_scenes(20, PACE)?;
    let window = window.until_end_of(cast.play_for(Duration::from_secs(2))?);
    let tick = cast.api().show()?.tick;
    let hub_mib = own_mib(cast.hub_pid())?;
    let nodes_mib = (0..cast.len()).map(|index| own_mib(cast.node_pid(index))).collect::<Result<Vec<_>>>()?;
    let shown = cast.finish()?;

    let locks = shown.nodes.iter().map(|node| figures::lock_ms(node).context("a node has never locked"));
    let slowest_ms = locks.collect::<Result<Vec<_>>>()?.into_iter().fold(0.0, f64::max);
    let mut verdicts = vec![
        Verdict::below("first lock after welcome, slowest node", slowest_ms, "ms", 5000.0, 1200.0),
        shown.if_timed(Verdict::around("ticks a second", tick.hz, "Hz", f64::from(UDP_TICK_HZ), 0.5)),
        Verdict::below("memory of its own, hub", hub_mib, "MiB", 8.0, 4.0),
        Verdict::below("memory of its own, largest node", nodes_mib.into_iter().fold(0.0, f64::max), "MiB", 6.0, 3.0),
    ];
    // Sixteen real-time threads that wait for one instant on a few processors come one after the other.
    verdicts.extend(shown.together(&revs, window, Limits { apart_us: (1000.0, 500.0), ..Limits::WIRED })?);
    Ok(verdicts)
}

/// Memory of a process that is its own: how much of its program the kernel keeps beside it is not the show's doing.
fn own_mib(pid: Option<u32>) -> Result<f64> {
    let resident = resident(Some(pid.context("a process of the show is gone")?))?;
    Ok(resident.own as f64 / f64::from(1 << 20))
}
