//! Whether the hub's ticks are steady, seen on the wire: hubNow_us and arrival of every packet of the stream.

use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::verdict::Verdict;
use cuelight_wire::limits::UDP_TICK_PERIOD;

use crate::cast::{Cast, Plan, Shown};
use crate::network::StreamSeen;
use crate::stage::{Scenario, Stage};

/// A tick of the stream, microseconds.
const TICK_US: i64 = UDP_TICK_PERIOD.as_us();

/// So far from its place in the grid a packet of a tick may be early, and most are.
const NEAR_US: i64 = 500;
/// Packets of which one lies in the grid.
const CANDIDATES: usize = 50;

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

    let ticks = ticks(&traffic.stream);
    let (first, last) = (ticks.first().context("no stream was seen")?, ticks.last().context("no stream was seen")?);
    let seconds = (last.mono_ns - first.mono_ns) as f64 / 1e9;
    // A machine that stands still for most of a tick makes that tick look like copies of the next one.
    // One that a stall made late makes the next interval short, though nothing stands still any more.
    let pairs = || ticks.windows(2).filter(|pair| !shown.is_stalled(pair[0].due_ns, pair[1].mono_ns));
    let stalled = Shown::intervals_not_judged("ticks", ticks.len() - 1 - pairs().count(), ticks.len() - 1);
    let skipped = pairs().map(|pair| pair[1].number - pair[0].number - 1).sum::<i64>();
    let intervals = pairs().map(|pair| ((pair[1].mono_ns - pair[0].mono_ns) - TICK_US * 1000).abs());
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

/// The first packet of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tick {
    /// CLOCK_MONOTONIC when it was seen.
    mono_ns: i64,
    /// The same, had the hub begun it at its place in the grid.
    due_ns: i64,
    /// Counted from the first one.
    number: i64,
}

/// The ticks in a stream. Copies follow in the same tick, and what a command decides leaves between two ticks (FANOUT-23): a tick
/// is what comes first at its place in the grid of 10 ms, which most packets keep.
fn ticks(stream: &[StreamSeen]) -> Vec<Tick> {
    let apart = |a: i64, b: i64| (a - b + TICK_US / 2).rem_euclid(TICK_US) - TICK_US / 2;
    let company = |one: &&StreamSeen| {
        stream.iter().filter(|other| apart(other.hub_now_us, one.hub_now_us).abs() < NEAR_US).count()
    };
    let Some(origin) = stream.iter().take(CANDIDATES).max_by_key(company) else { return Vec::new() };
    let mut ticks: Vec<Tick> = Vec::new();
    for packet in stream {
        let since = packet.hub_now_us - origin.hub_now_us;
        let number = (since + NEAR_US).div_euclid(TICK_US);
        if ticks.last().is_none_or(|last| number > last.number) {
            let late_us = since - number * TICK_US;
            ticks.push(Tick { mono_ns: packet.mono_ns, due_ns: packet.mono_ns - late_us * 1000, number });
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_what_comes_at_its_place_and_not_what_leaves_between_two() {
        let at_us = [7_300, 10_010, 10_030, 20_004, 26_500, 30_900, 30_920, 39_990, 60_000];
        let stream = at_us.map(|us| StreamSeen { mono_ns: us * 1000, hub_now_us: 5_000_000_003 + us });
        let seen: Vec<_> = ticks(&stream).iter().map(|tick| (tick.mono_ns / 1000, tick.number)).collect();
        let first = seen[1].1;
        // The first packet is of a tick that was not seen.
        let expected = [(7_300, -1), (10_010, 0), (20_004, 1), (30_900, 2), (39_990, 3), (60_000, 5)];
        assert_eq!(seen, expected.map(|(us, number)| (us, number + first)));
        let due: Vec<_> = ticks(&stream).iter().map(|tick| tick.due_ns / 1_000_000).collect();
        assert_eq!(due, [0, 10, 20, 30, 40, 60], "late as they are");
        assert_eq!(ticks(&[]), []);
    }
}
