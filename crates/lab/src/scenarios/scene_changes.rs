//! Fifty scene changes in a row, over networks that get worse.
//!
//! The lead is what an operator is told to set: 30 ms, and 250 ms where a sleeping Wi-Fi receiver gets everything in bursts
//! 100 to 250 ms apart.

use std::time::Duration;

use anyhow::Result;
use cuelight_measure::figures;
use cuelight_measure::verdict::Verdict;
use cuelight_sim::link::{Jitter, LinkProfile, Loss};

use crate::cast::{Cast, Limits, Plan};
use crate::network::PathProfile;
use crate::stage::{Scenario, Stage};

const MS: f64 = 1e6;
/// Nodes, as in the acceptance of the protocol.
const NODES: usize = 4;
/// Changes that are judged.
const CHANGES: usize = 50;
/// Far enough apart that each is in force before the next, also with a lead of 250 ms.
const APART: Duration = Duration::from_millis(350);
/// From the first lock on, clocks settle so long before they are judged.
const SETTLING: Duration = Duration::from_secs(10);

/// Switched Ethernet: what one switch adds, and no more.
const SWITCH: LinkProfile = LinkProfile::constant(0.1 * MS);
/// Busy Wi-Fi, uniform 1 to 20 ms.
const JITTER: LinkProfile = LinkProfile::constant(MS).with_jitter(Jitter::Uniform(19.0 * MS));
/// A sleeping receiver: bursts 100 to 250 ms apart towards it, a little jitter from it.
const BURSTS: PathProfile = PathProfile {
    up: Some(LinkProfile::constant(MS).with_jitter(Jitter::Exponential(MS))),
    down: Some(LinkProfile::constant(MS).with_jitter(Jitter::Batches(100.0 * MS, 250.0 * MS))),
};

/// On busy Wi-Fi: outputs stay less than 1 ms apart, clocks less than a quarter of a frame off.
const RADIO: Limits = Limits { clock_us: (2000.0, 400.0), apart_us: (2000.0, 1000.0) };

pub(super) const LOSS_0: Scenario = Scenario {
    name: "changes-loss-0",
    claim: "50 scene changes on four nodes, nothing lost",
    is_short: false,
    run: |stage| play(stage, Plan::of(NODES).over(PathProfile::both(SWITCH)), Limits::WIRED, true),
};
pub(super) const LOSS_5: Scenario = Scenario {
    name: "changes-loss-5",
    claim: "50 scene changes on four nodes, 5 % of everything lost each way",
    is_short: false,
    run: |stage| play(stage, lossy(0.05), Limits::WIRED, false),
};
pub(super) const LOSS_20: Scenario = Scenario {
    name: "changes-loss-20",
    claim: "50 scene changes on four nodes, 20 % of everything lost each way",
    is_short: true,
    run: |stage| play(stage, lossy(0.2), Limits::WIRED, false),
};
pub(super) const WIFI: Scenario = Scenario {
    name: "changes-wifi",
    claim: "50 scene changes on four nodes, each frame 1 to 20 ms under way, overtaking one another",
    is_short: false,
    run: |stage| play(stage, Plan::of(NODES).over(PathProfile::both(JITTER)), RADIO, false),
};
pub(super) const WIFI_BURSTS: Scenario = Scenario {
    name: "changes-wifi-bursts",
    claim: "50 scene changes on four nodes that get everything in bursts 100 to 250 ms apart, lead 250 ms",
    is_short: false,
    run: |stage| play(stage, Plan::of(NODES).over(BURSTS).with_hub_words(&["--lead-ms", "250"]), RADIO, false),
};

fn lossy(chance: f64) -> Plan {
    Plan::of(NODES).over(PathProfile::both(SWITCH.with_loss(Loss::Random(chance))))
}

fn play(stage: &Stage, plan: Plan, limits: Limits, by_stream_alone: bool) -> Result<Vec<Verdict>> {
    let mut cast = Cast::playing(stage, plan)?;
    cast.play_for(stage.choose(SETTLING, SETTLING / 5))?;
    let window = cast.play_for(Duration::ZERO)?;
    let revs = cast.change_scenes(stage.choose(CHANGES, CHANGES / 2), APART)?;
    let window = window.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let shown = cast.finish()?;

    let mut verdicts = shown.together(&revs, window, limits)?;
    let in_time = revs.iter().filter(|rev| figures::is_by_stream_in_time(&shown.nodes, **rev)).count();
    let by_stream = Verdict::all("changes that the stream alone brought in time", in_time, revs.len());
    verdicts.push(if by_stream_alone {
        by_stream
    } else {
        // The control plane is there for what the stream loses.
        Verdict { is_met: true, must: "reported".into(), ..by_stream }
    });
    Ok(verdicts)
}
