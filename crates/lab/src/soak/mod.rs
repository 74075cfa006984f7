//! A long show: whether a hub and its nodes need no more after a day than after an hour, and do as well.
//!
//! Real processes in network namespaces play scenes that change at random, over paths that lose packets for a while now and
//! then. Every few seconds the kernel is asked what they hold, and what they recorded since is judged and forgotten, so that
//! a soak can go on for days.
//!
//! | file | is |
//! |---|---|
//! | `script` | what happens, and when |
//! | `watch` | following the records |
//! | `vitals`, `tally`, `sample` | what is looked at |
//! | `trend`, `judge` | whether it is well |
//! | `report`, `plot` | what was found |

mod judge;
mod plot;
mod report;
mod sample;
mod script;
mod tally;
mod trend;
mod vitals;
mod watch;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::marked;
use cuelight_sim::link::{LinkProfile, Loss};
use serde::Serialize;

use crate::cast::{Cast, Plan, node_name};
use crate::network::PathProfile;
use crate::stage::Stage;
use judge::{Soak, judge};
use report::Report;
use sample::Sample;
use script::{Happening, Script};
use watch::Watch;

/// From one look to the next, seconds.
const LOOK_EVERY_S: f64 = 5.0;
/// From one line about how it goes to the next, seconds.
const TELL_EVERY_S: f64 = 60.0;
/// The report so far is written so often, seconds: a soak that is broken off has one.
const REPORT_EVERY_S: f64 = 600.0;
/// The longest soak, minutes: a week has 121,000 looks.
const MAX_MINUTES: i64 = 7 * 24 * 60;
/// Switched Ethernet.
const SWITCH: LinkProfile = LinkProfile::constant(100_000.0);
/// The plot's file.
const PLOT: &str = "soak.svg";
/// What stands between these markers in a page is the report.
const MARKER: &str = "cargo xtask soak";
/// Share of packets that a spell loses, each way.
const SPELL_LOSS: f64 = 0.2;

/// Arguments of `cuelight-lab soak`.
#[derive(Clone, Debug, clap::Args, Serialize)]
pub(crate) struct SoakArgs {
    /// How long
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=MAX_MINUTES))]
    pub(crate) minutes: u32,
    /// How many nodes
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) nodes: u8,
    /// Do not lose packets now and then
    #[arg(long)]
    pub(crate) no_spells: bool,
    /// Cut a node's power now and then
    #[arg(long)]
    pub(crate) restarts: bool,
    /// Decides what happens when
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder for the report, its plot, the looks and the logs [default: soak beside the builds]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub(crate) out: Option<PathBuf>,
    /// Page whose generated part is to be replaced by the report; the plot goes beside it
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) page: Option<PathBuf>,
    /// The program `cuelight` [default: beside this one]
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) program: Option<PathBuf>,
}

/// Plays, judges and tells; fails when a limit is missed.
pub(crate) fn run(args: &SoakArgs, program: PathBuf, out: PathBuf) -> Result<ExitCode> {
    let dir = out.join("show");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("{} cannot be removed", dir.display()))?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let (dir, python) = (dir.canonicalize()?, "python3".into());
    let stage =
        Stage { program, next_program: None, python, dir, seed: args.seed, is_quick: false, judges_timing: true };
    let plan = Plan::of(usize::from(args.nodes)).over(PathProfile::both(SWITCH));
    let mut cast = Cast::playing(&stage, plan)?;
    let is_timed = cast.is_timed();
    let names: Vec<String> = ["hub".to_owned()].into_iter().chain((0..cast.len()).map(node_name)).collect();

    let mut play = Play { samples: Vec::new(), watch: Watch::new(&cast), names, is_timed, out, args };
    let outcome = play.play_on(&mut cast);
    let report = play.report(outcome.err().map(|error| format!("{error:#}")));
    report.write(&play.out, &play.names, &play.samples)?;
    if let Some(page) = &args.page {
        marked::replace(page, MARKER, &report.markdown())?;
        let plot = page.with_file_name(PLOT);
        fs::copy(play.out.join(PLOT), &plot).with_context(|| format!("{} cannot be written", plot.display()))?;
    }
    println!("\n{}\nsee {}", report.markdown(), play.out.display());
    Ok(if report.is_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A soak that is being played.
struct Play<'a> {
    samples: Vec<Sample>,
    watch: Watch,
    names: Vec<String>,
    is_timed: bool,
    out: PathBuf,
    args: &'a SoakArgs,
}

impl Play<'_> {
    fn play_on(&mut self, cast: &mut Cast) -> Result<()> {
        let args = self.args;
        let mut script = Script::new(args.seed, cast.len(), !args.no_spells, args.restarts);
        let mut looks = looks_file(&self.out)?;
        let end_s = f64::from(args.minutes) * 60.0;
        let (mut look_at_s, mut tell_at_s, mut report_at_s) = (0.0_f64, TELL_EVERY_S, REPORT_EVERY_S);
        loop {
            let at_s = self.watch.at_s();
            while let Some(happening) = script.poll(at_s) {
                self.happen(happening, cast)?;
            }
            if at_s >= look_at_s.min(end_s) {
                look_at_s = at_s + LOOK_EVERY_S;
                let sample = self.watch.look(cast)?;
                writeln!(looks, "{}", serde_json::to_string(&sample)?)?;
                self.samples.push(sample);
            }
            if at_s >= tell_at_s {
                tell_at_s += TELL_EVERY_S;
                self.tell(end_s);
            }
            if at_s >= report_at_s {
                report_at_s += REPORT_EVERY_S;
                self.report(None).write(&self.out, &self.names, &self.samples)?;
            }
            if at_s >= end_s {
                return Ok(());
            }
            let next_s = script.next_at_s().min(look_at_s).min(end_s);
            sleep(Duration::from_secs_f64((next_s - self.watch.at_s()).max(0.0)));
        }
    }

    fn happen(&mut self, happening: Happening, cast: &mut Cast) -> Result<()> {
        match happening {
            Happening::Change => {
                let rev = cast.change_scene()?.rev;
                self.watch.handle_change(rev);
            }
            Happening::SpellBegins(node) => {
                cast.set_profile(node, PathProfile::both(SWITCH.with_loss(Loss::Random(SPELL_LOSS))))?;
            }
            Happening::SpellEnds(node) => cast.set_profile(node, PathProfile::both(SWITCH))?,
            Happening::Off(node) => {
                self.watch.handle_off(node);
                cast.kill_node(node);
            }
            Happening::On(node) => cast.start_node(node)?,
        }
        Ok(())
    }

    /// One line about how it goes.
    fn tell(&self, end_s: f64) {
        let Some(last) = self.samples.last() else { return };
        let mib: Vec<_> = last
            .processes
            .iter()
            .map(|process| {
                process.map_or("-".to_owned(), |v| format!("{:.2}", v.own_bytes as f64 / f64::from(1 << 20)))
            })
            .collect();
        println!(
            "{:>6.1} of {:.0} minutes: own memory {} MiB; {} ticks too long, {} left out; {} of {} frames left out; {} changes, {} out of step",
            last.at_s / 60.0,
            end_s / 60.0,
            mib.join(" "),
            last.overruns,
            last.ticks_missed,
            last.frames_missed,
            last.frames,
            last.changes,
            last.changes_out_of_step
        );
    }

    fn report(&self, broken: Option<String>) -> Report<'_> {
        let (clock, apart) = self.watch.tallies();
        let (clock, apart) = (clock.told(), apart.told());
        let soak = Soak { names: &self.names, samples: &self.samples, clock, apart, is_timed: self.is_timed };
        let judgement = judge(&soak);
        let last = self.samples.last();
        let played_s = last.map_or(0.0, |sample| sample.at_s);
        Report { args: self.args, played_s, broken, is_timed: self.is_timed, clock, apart, last, judgement }
    }
}

fn looks_file(out: &Path) -> Result<File> {
    let path = out.join("looks.jsonl");
    File::create(&path).with_context(|| format!("{} cannot be written", path.display()))
}
