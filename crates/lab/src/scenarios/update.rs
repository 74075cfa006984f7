//! Nodes become another version in the middle of a show, one after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use cuelight_measure::figures::{self, Gap};
use cuelight_measure::record::Record;
use cuelight_measure::verdict::Verdict;
use serde_json::Value;

use crate::cast::{Cast, Launched, Limits, PACE, Plan, Shown, Window};
use crate::stage::{Scenario, Stage};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "update",
    claim: "four nodes become another version one after the other in the middle of an armed show; the others notice nothing",
    is_short: false,
    run,
};

const SHOW: &str = "lab show";
const NEW: &str = "0.2.0";
/// What the protocol gives a node, from its offer until it has proven itself.
const NODE_S: f64 = 180.0;

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let release = Release::make(stage)?;
    let plan = Plan::of(4).launched(Launched {
        launcher: stage.program.with_file_name("cuelight-launch"),
        image: release.old.clone(),
        keys: release.keys.clone(),
    });
    let mut cast = Cast::playing(stage, plan)?;
    let operator =
        Operator { program: &stage.program, hub: cast.hub_address().to_string(), data: stage.dir.join("hub") };
    operator.must(&["ota", "publish", &shown(&release.new), &shown(&release.manifest)])?;
    operator.must(&["show", "arm", SHOW])?;
    let refused = operator.ask(&["ota", "rollout", NEW])?;
    let is_refused = !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains(SHOW);
    cast.play_for(Duration::from_secs(1))?;

    let (away, started) = (Window::from_now(), Instant::now());
    let mut rollout =
        operator.start(&["ota", "rollout", NEW, "--in-spite-of", SHOW], &stage.dir.join("rollout.log"))?;
    while rollout.try_wait()?.is_none() {
        if started.elapsed().as_secs_f64() > 4.0 * NODE_S {
            rollout.kill()?;
            bail!("the rollout did not end; see rollout.log");
        }
        cast.change_scene()?;
        sleep(PACE);
    }
    let is_done = rollout.wait()?.success();
    let total_s = started.elapsed().as_secs_f64();
    let away = away.until_end_of(Window::from_now());
    let told: Value = cast.api().get("/api/v1/ota/rollout")?;
    ensure!(is_done, "the rollout failed: {told}");
    let on_new = versions(&cast)?.iter().filter(|fw| fw.ends_with(NEW)).count();
    cast.play_for(Duration::from_secs(1))?;
    let after = Window::from_now();
    let revs = cast.change_scenes(stage.choose(10, 5), PACE)?;
    let after = after.until_end_of(cast.play_for(Duration::from_secs(1))?);
    let count = cast.len();
    let shown = cast.finish()?;

    let mut verdicts = vec![
        Verdict::all("rollouts refused because a show is armed", usize::from(is_refused), 1),
        Verdict::all("nodes that say they are the new version", on_new, count),
    ];
    verdicts.extend(absences(&shown, away)?);
    for (index, step) in told["rollout"]["nodes"].as_array().into_iter().flatten().enumerate() {
        let spent_s = step["spent_ms"].as_f64().context("the hub does not say how long a node took")? / 1e3;
        verdicts.push(Verdict::must_be_below(
            format!("from its offer to proven, node {}", index + 1),
            spent_s,
            "s",
            NODE_S,
        ));
    }
    verdicts.push(Verdict::reported("the whole rollout", total_s, "s"));
    verdicts.extend(shown.together(&revs, after, Limits::WIRED)?);
    Ok(verdicts)
}

/// How long nodes were away to restart, and what was left out besides.
fn absences(shown: &Shown, window: Window) -> Result<Vec<Verdict>> {
    let (mut longest_ms, mut stutters) = (0.0_f64, 0);
    for (index, node) in shown.nodes.iter().enumerate() {
        let (own, others) = own_absence(node, window);
        let own = own.with_context(|| format!("node {} did not restart, or did not play again", index + 1))?;
        longest_ms = longest_ms.max((own.to_ns - own.from_ns) as f64 / 1e6);
        stutters +=
            others.iter().filter(|gap| !shown.is_stalled(gap.from_ns, gap.to_ns)).map(|gap| gap.frames).sum::<i64>();
    }
    let stutters = Verdict::none("frames left out but for a node's own restart", stutters as f64);
    Ok(vec![
        shown.if_timed(stutters),
        Verdict::below("longest time without frames of the show, a restart", longest_ms, "ms", 10_000.0, 2_000.0),
    ])
}

/// The gap in which a node restarted, and the others.
fn own_absence(node: &Record, window: Window) -> (Option<Gap>, Vec<Gap>) {
    let gaps = figures::gaps(node, window.from_ns, window.to_ns);
    let is_own = |gap: &Gap| node.starts.iter().any(|start| (gap.from_ns..gap.to_ns).contains(start));
    let (own, others): (Vec<_>, Vec<_>) = gaps.into_iter().partition(is_own);
    (own.first().copied(), others)
}

/// What every node says it is.
fn versions(cast: &Cast) -> Result<Vec<String>> {
    let nodes: Value = cast.api().get("/api/v1/nodes")?;
    let fw = |node: &Value| node["fw"].as_str().unwrap_or_default().to_owned();
    Ok(nodes.as_array().into_iter().flatten().map(fw).collect())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Two versions, and a signature for the new one: what a release engineer has made at home.
struct Release {
    old: PathBuf,
    new: PathBuf,
    manifest: PathBuf,
    keys: Vec<String>,
}

impl Release {
    /// The old version is the program as it is shipped; the new one is another build of it where there is one, else the same
    /// with its version written behind it, which changes nothing but its digest.
    fn make(stage: &Stage) -> Result<Self> {
        let file = |name: &str| stage.dir.join(name);
        let (old, new, manifest) = (file("cuelight"), file("cuelight-next"), file("next.manifest"));
        strip(&stage.program, &old)?;
        match &stage.next_program {
            Some(next) => strip(next, &new)?,
            None => {
                let mut bytes = fs::read(&old)?;
                bytes.extend_from_slice(format!("\ncuelight image {NEW}\n").as_bytes());
                fs::write(&new, bytes)?;
            }
        }
        let operator = Operator { program: &stage.program, hub: "localhost".into(), data: stage.dir.clone() };
        let mut keys = Vec::new();
        for name in ["release", "spare"] {
            operator.offline(&["ota", "keygen", &shown(&file(name))])?;
            keys.push(fs::read_to_string(file(&format!("{name}.public")))?.trim().to_owned());
        }
        operator.offline(&[
            "ota",
            "sign",
            &shown(&new),
            "--release",
            NEW,
            "--secret-key",
            &shown(&file("release.secret")),
            "--output",
            &shown(&manifest),
        ])?;
        Ok(Self { old, new, manifest, keys })
    }
}

/// Without its debugging symbols a program is a sixth as long. Where binutils is missing it stays as it is.
fn strip(program: &Path, to: &Path) -> Result<()> {
    let stripped = Command::new("strip").arg("-o").arg(to).arg(program).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(program, to)?;
    }
    Ok(())
}

/// Who types commands.
struct Operator<'a> {
    program: &'a Path,
    hub: String,
    /// Where the hub keeps its key.
    data: PathBuf,
}

impl Operator<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CUELIGHT_")) {
            command.env_remove(name);
        }
        // Every play has a hub of its own at the same address: what an operator believes of hubs ends with it.
        command.env("XDG_STATE_HOME", self.data.with_file_name("operator")).args(words).stdin(Stdio::null());
        command
    }
    fn online(&self, words: &[&str]) -> Command {
        let mut command = self.command(words);
        command.args(["--hub", &self.hub, "--data-dir"]).arg(&self.data);
        command
    }
    fn ask(&self, words: &[&str]) -> Result<Output> {
        Ok(self.online(words).output()?)
    }
    fn must(&self, words: &[&str]) -> Result<()> {
        done(words, &self.ask(words)?)
    }
    fn offline(&self, words: &[&str]) -> Result<()> {
        done(words, &self.command(words).output()?)
    }
    fn start(&self, words: &[&str], log: &Path) -> Result<Child> {
        let log = fs::File::create(log)?;
        Ok(self.online(words).stdout(log.try_clone()?).stderr(log).spawn()?)
    }
}

fn done(words: &[&str], output: &Output) -> Result<()> {
    ensure!(output.status.success(), "cuelight {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(())
}
