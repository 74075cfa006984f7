//! A deployed node among Cuelight nodes: it takes each change once, when it is due, by deployed packets alone.
//!
//! The deployed node is `crates/lab/legacy/node.py`, written from the protocol's byte layouts. It believes in the deployed
//! clock filter; what it did is judged against the hub's own line.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cuelight_measure::figures;
use cuelight_measure::verdict::Verdict;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cast::{Cast, Limits, PACE, PATIENCE, Plan, Shown, Window};
use crate::network::{HUB, PathProfile};
use crate::stage::{Scenario, Stage, Unfit};

/// The deployed node's place on the network.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 50);
/// Its program, part of this one.
const PROGRAM: &str = include_str!("../../legacy/node.py");
/// How far from applyAt it may change: within the drift at which a node counts as degraded, and a frame on top.
const EARLY_US: f64 = 3_000.0;
const LATE_US: f64 = 3_000.0 + 8_333.0;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "legacy",
    claim: "a deployed node, in Python, among three Cuelight nodes: it takes every change once and when it is due",
    is_short: true,
    run,
};

/// A scene as sent, in the numbers of the deployed protocol.
struct Sent {
    apply_at_us: i64,
    state: [(&'static str, i64); 5],
}

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let has_websockets = Command::new(&stage.python).args(["-c", "import websockets"]).output();
    if !has_websockets.is_ok_and(|output| output.status.success()) {
        let python = stage.python.display();
        bail!(Unfit(format!("{python} with the package websockets is missing: install python3-websockets")));
    }
    let mut cast = Cast::prepare(stage, Plan::of(3))?;
    let host = cast.network().plug_behind("legacy", Some(ADDRESS), PathProfile::CABLE)?;
    cast.start_hub()?;
    (0..cast.len()).try_for_each(|index| cast.start_node(index))?;
    cast.wait_until_playing(PATIENCE)?;
    let report = stage.dir.join("legacy.jsonl");
    let process = host.spawn("legacy", command(stage, host.mac(), &report)?, &stage.dir)?;
    let mac = host.mac().to_owned();
    cast.wait_for("the deployed node is ready", PATIENCE, |show| {
        show.nodes.iter().find(|node| node.mac == mac && node.state == "ready").map(|_| ())
    })?;
    cast.wait_until_line(&report, "locked")?;
    cast.play_for(Duration::from_secs(1))?;

    let window = Window::from_now();
    let (revs, sent) = send(&mut cast, stage.choose(50, 12))?;
    cast.api().command("tempo", json!({"bpm": 128.0}))?;
    let window = window.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let show = cast.api().show()?;
    let last = show.nodes.iter().find(|node| node.mac == mac).context("the deployed node has left")?;
    let is_ready = last.state == "ready";
    process.end(Duration::from_secs(5))?;
    let shown = cast.finish()?;
    let lines = read(&report)?;

    let mut verdicts = judge(&shown, &lines, &sent, window)?;
    verdicts.push(Verdict::all("it is ready to the end", usize::from(is_ready), 1));
    let tell = |verdict: Verdict| Verdict { what: format!("the others: {}", verdict.what), ..verdict };
    verdicts.extend(shown.together(&revs, window, Limits::WIRED)?.into_iter().map(tell));
    Ok(verdicts)
}

fn command(stage: &Stage, mac: &str, report: &Path) -> Result<Command> {
    let program: PathBuf = stage.dir.join("node.py");
    fs::write(&program, PROGRAM).with_context(|| format!("{} cannot be written", program.display()))?;
    let mut command = Command::new(&stage.python);
    command.arg(program).args(["--hub", &HUB.to_string(), "--mac", mac, "--offset-us", "77000000"]);
    command.arg("--report").arg(report);
    Ok(command)
}

fn send(cast: &mut Cast, count: usize) -> Result<(Vec<u32>, Vec<Sent>)> {
    let (mut revs, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let answer = cast.change_scene()?;
        let scene: Value = cast.api().get("/api/v1/scene")?;
        let number = |key: &str| scene[key].as_i64().with_context(|| format!("the scene has no {key}: {scene}"));
        let state = [
            ("effectId", number("effect_id")?),
            ("paletteId", number("palette_id")?),
            ("brightness", number("brightness")?),
            ("speed", number("speed")?),
            // The upper byte of the stream's.
            ("hue", number("hue")? >> 8),
        ];
        revs.push(answer.rev);
        sent.push(Sent { apply_at_us: answer.apply_at_us, state });
        sleep(PACE);
    }
    Ok((revs, sent))
}

#[derive(Debug, Deserialize)]
struct Line {
    kind: String,
    mono_ns: i64,
    show_us: Option<i64>,
    #[serde(flatten)]
    fields: Value,
}

fn read(report: &Path) -> Result<Vec<Line>> {
    let text = fs::read_to_string(report).with_context(|| format!("{} cannot be read", report.display()))?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("{line} is no line"))).collect()
}

fn judge(shown: &Shown, lines: &[Line], sent: &[Sent], window: Window) -> Result<Vec<Verdict>> {
    let of_kind = |kind: &'static str| lines.iter().filter(move |line| line.kind == kind);
    let applied: Vec<&Line> = of_kind("applied").filter(|line| line.mono_ns >= window.from_ns).collect();
    let once = sent.iter().filter(|sent| {
        let mut its = applied.iter().filter(|line| line.fields["apply_at_us"] == sent.apply_at_us);
        let is_right = |line: &&Line| sent.state.iter().all(|(name, value)| line.fields["state"][name] == *value);
        its.next().is_some_and(is_right) && its.next().is_none()
    });
    let end = of_kind("end").next_back().context("the deployed node has not said how it went")?;
    let count = |key: &str| end.fields[key].as_f64().unwrap_or(f64::NAN);
    let drops = end.fields["drops"].as_object().map_or(f64::NAN, |drops| drops.len() as f64);
    let is_beat = |line: &&Line| line.fields["bpm_x100"] == 12_800;
    let mut verdicts = vec![
        Verdict::all("changes it took once, whole and with their applyAt", once.count(), sent.len()),
        Verdict::none("changes it took that nobody sent", applied.len() as f64 - sent.len() as f64),
        Verdict::all("the tempo it was told", of_kind("beat").filter(is_beat).count(), 1),
        Verdict::none("packets lost or out of order", count("gaps") + count("late")),
        Verdict::none("reasons for which it dropped anything", drops),
        Verdict::at_least("repeats it knew", count("repeats"), "", 1.0),
        Verdict::at_least("answers of the time exchange by WebSocket", count("ws_pongs"), "", 1.0),
    ];

    let mut clock_us = 0.0_f64;
    let (mut earliest_us, mut latest_us) = (0.0_f64, 0.0_f64);
    for line in &applied {
        let truth_ns = figures::true_show_ns(&shown.hub.clocks, line.mono_ns).context("the hub's record has a hole")?;
        let apply_at_us = line.fields["apply_at_us"].as_i64().context("a change has no applyAt")?;
        let late_us = truth_ns as f64 / 1e3 - apply_at_us as f64;
        (earliest_us, latest_us) = (earliest_us.max(-late_us), latest_us.max(late_us));
        let believed_us = line.show_us.context("it changed without a clock")?;
        clock_us = clock_us.max((believed_us as f64 - truth_ns as f64 / 1e3).abs());
    }
    let timed = [
        Verdict::must_be_below("changes before their applyAt, earliest", earliest_us, "us", EARLY_US),
        Verdict::must_be_below("changes after their applyAt, latest", latest_us, "us", LATE_US),
        Verdict::must_be_below("error of its own clock, largest", clock_us, "us", EARLY_US),
    ];
    verdicts.extend(timed.into_iter().map(|verdict| shown.if_timed(verdict)));
    Ok(verdicts)
}
