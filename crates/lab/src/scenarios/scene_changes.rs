//! Fifty scene changes in a row, over networks that get worse.
//!
//! The lead is what an operator is told to set: 30 ms, and 250 ms where a sleeping Wi-Fi receiver gets everything in bursts.

use std::time::{Duration, Instant};

use anyhow::Result;
use cuelight_measure::figures;
use cuelight_measure::verdict::Verdict;
use cuelight_sim::link::{Jitter, LinkProfile, Loss};

use crate::cast::{Cast, Limits, Plan, Window};
use crate::network::PathProfile;
use crate::stage::{Scenario, Stage};

const MS: f64 = 1e6;
/// Nodes, as in the acceptance of the protocol.
const NODES: usize = 4;
/// Changes that are judged.
const CHANGES: usize = 50;
/// Far enough apart that each is in force before the next, also with a lead of 250 ms.
const APART: Duration = Duration::from_millis(350);
/// From the first lock on, clocks on cables settle so long before they are judged.
const SETTLING: Duration = Duration::from_secs(10);
/// And so long on radio, where an estimate needs more samples.
const SETTLING_ON_RADIO: Duration = Duration::from_secs(30);

/// Switched Ethernet: what one switch adds, and no more.
const SWITCH: LinkProfile = LinkProfile::constant(0.1 * MS);
/// Busy Wi-Fi, uniform 1 to 20 ms.
const JITTER: LinkProfile = LinkProfile::constant(MS).with_jitter(Jitter::Uniform(19.0 * MS));
/// A sleeping receiver: bursts 100 to 240 ms apart towards it, a little jitter from it. What just missed a burst has to come
/// within the lead of 250 ms: the next burst, the path, and the two milliseconds by which a frame is made ahead.
const BURSTS: PathProfile = PathProfile {
    up: Some(LinkProfile::constant(MS).with_jitter(Jitter::Exponential(MS))),
    down: Some(LinkProfile::constant(MS).with_jitter(Jitter::Batches(100.0 * MS, 240.0 * MS))),
};

/// On busy Wi-Fi a clock is to be within 2 ms, and so two of them within 4 ms: half a frame.
const JITTERY: Limits = Limits { clock_us: (2000.0, 400.0), apart_us: (4000.0, 1000.0) };
/// The protocol says nothing of clocks that hear of the hub a few times a second: they are to be within the drift that degrades a
/// node, and outputs within one frame.
const IN_BURSTS: Limits = Limits { clock_us: (3000.0, 400.0), apart_us: (8333.0, 1000.0) };

pub(super) const LOSS_0: Scenario = Scenario {
    name: "changes-loss-0",
    claim: "50 scene changes on four nodes, nothing lost",
    is_short: false,
    run: |stage| on_cables(stage, 0.0),
};
pub(super) const LOSS_5: Scenario = Scenario {
    name: "changes-loss-5",
    claim: "50 scene changes on four nodes, 5 % of everything lost each way",
    is_short: false,
    run: |stage| on_cables(stage, 0.05),
};
pub(super) const LOSS_20: Scenario = Scenario {
    name: "changes-loss-20",
    claim: "50 scene changes on four nodes, 20 % of everything lost each way",
    is_short: true,
    run: |stage| on_cables(stage, 0.2),
};
pub(super) const WIFI: Scenario = Scenario {
    name: "changes-wifi",
    claim: "50 scene changes on four nodes, each frame 1 to 20 ms under way, overtaking one another",
    is_short: false,
    run: |stage| on_radio(stage, Plan::of(NODES).over(PathProfile::both(JITTER)), (5.0, 2.5), JITTERY),
};
pub(super) const WIFI_BURSTS: Scenario = Scenario {
    name: "changes-wifi-bursts",
    claim: "50 scene changes on four nodes that get everything in bursts 100 to 240 ms apart, lead 250 ms",
    is_short: false,
    run: |stage| {
        let plan = Plan::of(NODES).over(BURSTS).with_hub_words(&["--lead-ms", "250"]);
        on_radio(stage, plan, (180.0, 5.0), IN_BURSTS)
    },
};

fn on_cables(stage: &Stage, loss: f64) -> Result<Vec<Verdict>> {
    let profile = SWITCH.with_loss(if loss > 0.0 { Loss::Random(loss) } else { Loss::None });
    let cast = Cast::playing(stage, Plan::of(NODES).over(PathProfile::both(profile)))?;
    let settling = stage.choose(SETTLING, SETTLING / 5);
    let (by_stream, mut verdicts) = play(cast, stage, settling, Limits::WIRED)?;
    // Without loss the stream needs no help.
    verdicts.push(if loss > 0.0 { by_stream.unjudged() } else { by_stream });
    Ok(verdicts)
}

/// `locked_s` is by when all clocks are to be locked, and the goal.
fn on_radio(stage: &Stage, plan: Plan, locked_s: (f64, f64), limits: Limits) -> Result<Vec<Verdict>> {
    let mut cast = Cast::start(stage, plan)?;
    let started = Instant::now();
    cast.wait_until_playing(Duration::from_secs(240))?;
    let (must_s, goal_s) = locked_s;
    let took_s = started.elapsed().as_secs_f64();
    let locked = Verdict::below("every clock is locked after the start", took_s, "s", must_s, goal_s);
    let (by_stream, verdicts) = play(cast, stage, SETTLING_ON_RADIO, limits)?;
    Ok([locked].into_iter().chain(verdicts).chain([by_stream.unjudged()]).collect())
}

/// Sends the changes and judges them; apart from the rest, how many the stream alone brought in time: the control plane is
/// there for what the stream loses.
fn play(mut cast: Cast, stage: &Stage, settling: Duration, limits: Limits) -> Result<(Verdict, Vec<Verdict>)> {
    cast.play_for(settling)?;
    let window = Window::from_now();
    let revs = cast.change_scenes(stage.choose(CHANGES, CHANGES / 2), APART)?;
    let window = window.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let shown = cast.finish()?;
    let in_time = revs.iter().filter(|rev| figures::is_by_stream_in_time(&shown.nodes, **rev)).count();
    let by_stream = Verdict::all("changes that the stream alone brought in time", in_time, revs.len());
    Ok((by_stream, shown.together(&revs, window, limits)?))
}
