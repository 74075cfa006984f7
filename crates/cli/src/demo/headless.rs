//! `cuelight demo --headless`: a show that is measured and judged, without a terminal.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use cuelight_measure::figures;
use cuelight_measure::hub_api::{Node, Show, Tick};
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::record::Record;
use cuelight_measure::watch::until;
use cuelight_net::clock::mono_now_ns;
use cuelight_net::process::{Resident, resident};
use cuelight_render::{effects, palettes};
use cuelight_sim::rng::Rng;
use serde_json::json;

use super::cast::{Cast, Script, mac_of};
use super::link::lossy;
use super::report::{HubAndNodes, HubRestart, NodeRestart, Report, SceneChanges, Share};

/// How long the first lock of all nodes may take before the demo gives up.
const START: Duration = Duration::from_secs(30);
/// How long a restart may take before the demo gives up.
const RESTART: Duration = Duration::from_secs(20);
/// Clock error is judged from this long after the lock on, or the second half of a shorter show.
const SETTLED: Duration = Duration::from_secs(10);

/// What is to be measured.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: u8,
    pub(crate) scene_changes: usize,
    pub(crate) seconds: u64,
    pub(crate) loss_pct: f64,
    pub(crate) seed: u64,
    /// Where records stay; `None` removes them at the end.
    pub(crate) out: Option<PathBuf>,
    /// Whether a node and the hub are killed and restarted at the end.
    pub(crate) faults: bool,
    /// What hangs on each node.
    pub(crate) geometry: String,
}

/// Instants of CLOCK_MONOTONIC between which something happened, nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Phase {
    from_ns: i64,
    to_ns: i64,
}

/// What was seen while the show ran; the rest is in the records.
struct Seen {
    show: Phase,
    revs: Vec<u32>,
    tick: Tick,
    rss: HubAndNodes,
    own: HubAndNodes,
    node_restart: Option<(f64, Phase)>,
    hub_restart: Option<(f64, Phase)>,
}

/// Runs the show and measures it.
pub(crate) fn run(plan: &Plan) -> Result<Report> {
    let scratch = std::env::temp_dir().join(format!("cuelight-demo-{}", std::process::id()));
    let dir = plan.out.clone().unwrap_or_else(|| scratch.clone());
    let script = Script {
        nodes: plan.nodes,
        seed: plan.seed,
        dir: dir.clone(),
        link: (plan.loss_pct > 0.0).then(|| lossy(plan.loss_pct)),
        has_page: false,
        previews: Vec::new(),
        control_backstop: true,
        geometry: plan.geometry.clone(),
        own_words: Vec::new(),
    };
    let mut cast = Cast::start(script)?;
    let seen = play(plan, &mut cast)?;
    cast.stop()?;
    let report = judge(plan, &cast, &seen);
    if plan.out.is_none() {
        fs::remove_dir_all(&scratch).with_context(|| format!("{} cannot be removed", scratch.display()))?;
    }
    report
}

fn play(plan: &Plan, cast: &mut Cast) -> Result<Seen> {
    let api = cast.api();
    let all_play =
        |show: &Show| show.nodes.len() == usize::from(plan.nodes) && show.nodes.iter().all(|n| n.is_playing());
    until("every node plays on a locked clock", START, || {
        cast.check()?;
        anyhow::Ok(api.show().ok().filter(all_play))
    })?;

    let from_ns = mono_now_ns();
    let revs = change_scenes(plan, cast)?;
    let to_ns = mono_now_ns();
    let tick = api.show()?.tick;
    let memory = |pid: Option<u32>| -> Result<Resident> {
        let pid = pid.context("a process of the show is gone")?;
        resident(Some(pid)).context("a process of the show is gone")
    };
    let hub = memory(cast.hub_pid())?;
    let nodes = (0..cast.len()).map(|index| memory(cast.node_pid(index))).collect::<Result<Vec<_>>>()?;
    let of = |bytes: fn(&Resident) -> u64| {
        let mib = |bytes| bytes as f64 / f64::from(1 << 20);
        HubAndNodes { hub: mib(bytes(&hub)), node_max: mib(nodes.iter().map(bytes).max().unwrap_or(0)) }
    };
    let mut seen = Seen {
        show: Phase { from_ns, to_ns },
        revs,
        tick,
        rss: of(|memory| memory.now),
        own: of(|memory| memory.own),
        node_restart: None,
        hub_restart: None,
    };
    if plan.faults {
        seen.node_restart = Some(restart_node(plan, cast)?);
        seen.hub_restart = Some(restart_hub(plan, cast)?);
    }
    Ok(seen)
}

/// Sends the scene changes, evenly over the show, and returns their numbers.
fn change_scenes(plan: &Plan, cast: &mut Cast) -> Result<Vec<u32>> {
    let api = cast.api();
    let mut rng = Rng::new(plan.seed);
    let start = Instant::now();
    let length = Duration::from_secs(plan.seconds);
    let mut revs = Vec::new();
    for change in 0..plan.scene_changes {
        let due = start + length.mul_f64((change as f64 + 0.5) / plan.scene_changes as f64);
        sleep(due.saturating_duration_since(Instant::now()));
        cast.check()?;
        let effect = &effects::ALL[rng.bits() as usize % effects::ALL.len()];
        let palette = &palettes::ALL[rng.bits() as usize % palettes::ALL.len()];
        let scene = json!({
            "effect": effect.name, "palette": palette.name,
            "speed": rng.bits() as u8, "hue": rng.bits() as u16, "complexity": rng.bits() as u8,
        });
        revs.push(api.command("scene", scene)?.rev);
    }
    sleep((start + length).saturating_duration_since(Instant::now()));
    Ok(revs)
}

/// Kills the last node, starts it again, and waits until it is READY; over a lossy link, where no node is better than
/// DEGRADED, until it plays. Returns the milliseconds that took.
fn restart_node(plan: &Plan, cast: &mut Cast) -> Result<(f64, Phase)> {
    let (api, index) = (cast.api(), cast.len() - 1);
    let mac = mac_of(index);
    let from_ns = mono_now_ns();
    cast.kill_node(index);
    until("the hub notices that a node is gone", RESTART, || {
        anyhow::Ok(api.show()?.nodes.iter().find(|node| node.mac == mac && node.state == "lost").map(|_| ()))
    })?;
    let is_back = |node: &Node| if plan.loss_pct > 0.0 { node.is_playing() } else { node.is_ready() };
    let start = Instant::now();
    cast.start_node(index)?;
    until("the restarted node is ready", RESTART, || {
        cast.check()?;
        anyhow::Ok(api.show()?.nodes.iter().find(|node| node.mac == mac && is_back(node)).map(|_| ()))
    })?;
    let ready_ms = start.elapsed().as_secs_f64() * 1e3;
    Ok((ready_ms, Phase { from_ns, to_ns: mono_now_ns() }))
}

/// Kills the hub, starts it again a second later with another clock, and waits until every node plays. Returns the
/// milliseconds from the moment it listens.
fn restart_hub(plan: &Plan, cast: &mut Cast) -> Result<(f64, Phase)> {
    let api = cast.api();
    let from_ns = mono_now_ns();
    cast.kill_hub();
    sleep(Duration::from_secs(1));
    cast.start_hub()?;
    until("the restarted hub listens", RESTART, || {
        cast.check()?;
        anyhow::Ok(api.is_up().then_some(()))
    })?;
    let listens = Instant::now();
    until("every node plays again", RESTART, || {
        let show = api.show()?;
        anyhow::Ok(
            (show.nodes.iter().filter(|node| node.is_playing()).count() == usize::from(plan.nodes)).then_some(()),
        )
    })?;
    let resumed_ms = listens.elapsed().as_secs_f64() * 1e3;
    // A second more, so that the records hold what came after.
    sleep(Duration::from_secs(1));
    Ok((resumed_ms, Phase { from_ns, to_ns: mono_now_ns() }))
}

fn judge(plan: &Plan, cast: &Cast, seen: &Seen) -> Result<Report> {
    let hub = Record::read(&cast.hub_record())?;
    let nodes = (0..cast.len()).map(|index| Record::read(&cast.node_record(index))).collect::<Result<Vec<_>, _>>()?;
    let Phase { from_ns, to_ns } = seen.show;
    let settled = SETTLED.min(Duration::from_secs(plan.seconds) / 2);
    let settled_ns = from_ns + i64::try_from(settled.as_nanos()).unwrap_or(0);

    let errors: Vec<(i64, bool)> =
        nodes.iter().flat_map(|node| figures::clock_errors(&hub, node, settled_ns, to_ns)).collect();
    let inside = errors.iter().filter(|(_, inside)| *inside).count();
    let within_bound = Share { inside, of: errors.len() };
    let missing = |what: &'static str| move || format!("the records hold no {what}: was the show too short?");
    let clock_error = Quantiles::of_ns(errors.into_iter().map(|(error, _)| error).collect());
    let spread = figures::apart(&figures::frame_outputs(&nodes, from_ns, to_ns));
    let render = nodes.iter().flat_map(|node| figures::render_costs(node, from_ns, to_ns)).collect();
    let same_frame = |rev: &&u32| figures::is_same_frame(&nodes, **rev);
    let by_stream = |rev: &&u32| figures::is_by_stream_in_time(&nodes, **rev);

    Ok(Report {
        nodes: plan.nodes,
        seconds: plan.seconds,
        seed: plan.seed,
        loss_pct: plan.loss_pct,
        lock_ms: nodes.iter().filter_map(figures::lock_ms).collect(),
        clock_error_us: clock_error.with_context(missing("clock readings"))?,
        clock_error_from_s: settled.as_secs_f64(),
        clock_within_bound: within_bound,
        scene_changes: SceneChanges {
            sent: seen.revs.len(),
            same_frame: seen.revs.iter().filter(same_frame).count(),
            same_frame_udp_alone: seen.revs.iter().filter(same_frame).filter(by_stream).count(),
        },
        frame_spread_us: spread.with_context(missing("frames"))?,
        unequal_frames: figures::unequal_frames(&nodes, from_ns, to_ns),
        missed_frames: nodes.iter().map(|node| figures::missing_frames(node, from_ns, to_ns)).sum(),
        tick: seen.tick,
        render_us_p99: Quantiles::of_ns(render).with_context(missing("frames"))?.p99,
        rss_mib: seen.rss,
        own_memory_mib: seen.own,
        node_restart: seen.node_restart.map(|(ready_ms, Phase { from_ns, to_ns })| {
            let others = &nodes[..nodes.len() - 1];
            let missed = others.iter().map(|node| figures::missing_frames(node, from_ns, to_ns)).sum();
            NodeRestart { ready_ms, others_missed_frames: missed }
        }),
        hub_restart: seen
            .hub_restart
            .map(|(resumed_ms, Phase { from_ns, to_ns })| {
                let step = figures::show_step_ns(&hub, from_ns).with_context(missing("hub clock after its restart"))?;
                let missed = nodes.iter().map(|node| figures::missing_frames(node, from_ns, to_ns)).sum();
                anyhow::Ok(HubRestart { resumed_ms, show_step_us: step as f64 / 1e3, missed_frames: missed })
            })
            .transpose()?,
    })
}
