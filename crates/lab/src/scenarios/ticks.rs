//! Whether the hub's ticks are steady, seen on the wire: hubNow_us and arrival of every packet of the stream.

use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::verdict::Verdict;
use cuelight_wire::limits::UDP_TICK_HZ;

use crate::cast::{Cast, Plan, Shown};
use crate::stage::{Scenario, Stage};

/// A tick of the stream, microseconds.
const TICK_US: i64 = 1_000_000 / UDP_TICK_HZ as i64;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "ticks",
    claim: "the hub ticks 100 times a second for eight nodes while scenes change ten times a second",
    is_short: false,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, Plan::of(8))?;
    cast.forget_traffic(0)?;
    let before = cast.api().show()?.tick;
    let changes = stage.choose(300, 50);
    cast.change_scenes(changes, Duration::from_millis(100))?;
    let tick = cast.api().show()?.tick;
    let traffic = cast.traffic(0)?;
    let shown = cast.finish()?;

    // The first packet of each tick: copies follow with a hubNow of their own, microseconds later.
    let mut ticks = Vec::new();
    for packet in &traffic.stream {
        if ticks.last().is_none_or(|(_, last_us)| packet.hub_now_us - last_us > TICK_US / 2) {
            ticks.push((packet.mono_ns, packet.hub_now_us));
        }
    }
    let (first, last) = (ticks.first().context("no stream was seen")?, ticks.last().context("no stream was seen")?);
    let seconds = (last.1 - first.1) as f64 / 1e6;
    // A machine that stands still for most of a tick makes that tick look like copies of the next one.
    let pairs = || ticks.windows(2).filter(|pair| !shown.is_stalled(pair[0].0, pair[1].0));
    let stalled = Shown::intervals_not_judged("ticks", ticks.len() - 1 - pairs().count(), ticks.len() - 1);
    let skipped = pairs().map(|pair| (pair[1].1 - pair[0].1 + TICK_US / 2) / TICK_US - 1).sum::<i64>();
    let intervals = pairs().map(|pair| ((pair[1].0 - pair[0].0) - TICK_US * 1000).abs());
    let off = Quantiles::of_ns(intervals.collect()).context("no stream was seen")?;
    let hz = Verdict::around("ticks a second, on the wire", (ticks.len() - 1) as f64 / seconds, "Hz", 100.0, 0.5);
    let mut verdicts = vec![hz, Verdict::reported("changes sent", changes as f64, "")];
    let timed = vec![
        Verdict::none("ticks without a packet", skipped as f64),
        shown.overruns(tick.overruns - before.overruns),
        Verdict::below("interval of two ticks off 10 ms, p99", off.p99, "us", 1000.0, 100.0),
        Verdict::below("cost of a tick, p99, by the hub's own count", tick.cost_us_p99, "us", 5000.0, 200.0),
    ];
    verdicts.extend(timed.into_iter().map(|verdict| shown.if_timed(verdict)));
    verdicts.push(stalled);
    Ok(verdicts)
}
