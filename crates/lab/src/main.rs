//! `cuelight-lab`: shows of real processes in network namespaces, and limits for what they do when things go wrong.
//!
//! | module | is |
//! |---|---|
//! | `seclusion` | namespaces of its own, which nothing outlives |
//! | `network` | switch, machines, and the paths with the simulator's link model between them |
//! | `cast` | the processes of a show, and what they left on record |
//! | `machine` | whether the machine itself stood still |
//! | `scenarios` | what happens to a show, one a file |
//! | `report` | what was found |
//! | `soak` | a long show: whether it needs no more and does as well in the end |
//!
//! Timing is judged only where real-time priority is granted: without it the machine is measured, not Cuelight.

mod cast;
mod network;
mod report;
mod scenarios;
mod seclusion;
mod soak;
mod stage;

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use cuelight_measure::marked;
use cuelight_net::realtime::make_thread_realtime;

use report::{Entry, Outcome, Report, Timing};
use stage::{Scenario, Stage, Unfit};

/// The name of the generated part of a page.
const MARKER: &str = "cuelight-lab";
/// So often a scenario is played at most for one result.
const PLAYS: usize = 4;
/// What the program ends with when this machine cannot run the lab at all.
const UNFIT: u8 = 3;

/// Plays shows of real processes in network namespaces and judges them.
#[derive(Parser)]
#[command(name = "cuelight-lab", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Scenarios to play [default: all of the set]
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Play the short set, quickly
    #[arg(long)]
    short: bool,
    /// Play each scenario in its quick form: fewer changes, shorter waits
    #[arg(long)]
    quick: bool,
    /// Play everything so many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// List the scenarios
    #[arg(long)]
    list: bool,
    /// Say whether this machine can run the lab
    #[arg(long)]
    check: bool,
    /// Folder for reports, records and logs [default: `lab` in the folder of builds]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Put the table of results into this page, between its markers
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Play a scenario that misses a limit once more, and count that
    #[arg(long)]
    once_more: bool,
    /// Tell timing and do not judge it: for a machine that does other work beside the lab
    #[arg(long)]
    untimed: bool,
    /// Seed of the first run; each further run has the next one
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program `cuelight` [default: beside this one]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Another build of it with version 0.2.0, for the scenario `update` [default: the same with that version behind it]
    #[arg(long, value_name = "FILE")]
    next_program: Option<PathBuf>,
    /// A Python with the package `websockets`
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: PathBuf,
}

/// What else it does.
#[derive(Subcommand)]
enum Command {
    /// Play one long show and look for what grows, drifts or comes late
    Soak(soak::SoakArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.list {
        for scenario in scenarios::ALL {
            println!("{:<24} {}{}", scenario.name, if scenario.is_short { "[short] " } else { "" }, scenario.claim);
        }
        return ExitCode::SUCCESS;
    }
    if !seclusion::is_inside() {
        let obstacles = seclusion::obstacles();
        if !obstacles.is_empty() {
            eprintln!("this machine cannot run the lab:\n  {}", obstacles.join("\n  "));
            return ExitCode::from(UNFIT);
        }
        if cli.check {
            println!("this machine can run the lab");
            return ExitCode::SUCCESS;
        }
    }
    let result = if seclusion::is_inside() {
        run(&cli)
    } else {
        seclusion::enter().map(|status| match status.code() {
            Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            None => ExitCode::FAILURE,
        })
    };
    result.unwrap_or_else(|error| {
        eprintln!("cuelight-lab: {error:#}");
        ExitCode::FAILURE
    })
}

/// Plays what was asked for. Fails when a limit is missed.
fn run(cli: &Cli) -> Result<ExitCode> {
    seclusion::settle()?;
    if let Some(Command::Soak(args)) = &cli.command {
        return soak::run(args, program(args.program.as_deref())?, folder(args.out.as_deref(), "soak")?);
    }
    let chosen = chosen(cli)?;
    let program = program(cli.program.as_deref())?;
    let next_program = cli.next_program.as_deref().map(|next| self::program(Some(next))).transpose()?;
    let out = folder(cli.out.as_deref(), "lab")?;

    // Asked by a thread that ends at once: the lab itself is no part of a show.
    let is_exact = thread::spawn(|| make_thread_realtime(1).is_ok()).join().unwrap_or(false);
    let timing = match (cli.untimed, is_exact) {
        (true, _) => Timing::NotAsked,
        (false, false) => Timing::Refused,
        (false, true) => Timing::Judged,
    };
    let mut report = Report::new(timing, cli.short || cli.quick, processors());
    for run in 1..=usize::from(cli.runs) {
        for scenario in &chosen {
            let stage = Stage {
                program: program.clone(),
                next_program: next_program.clone(),
                python: cli.python.clone(),
                dir: out.join(format!("run-{run:02}")).join(scenario.name),
                seed: cli.seed + run as u64 - 1,
                is_quick: cli.short || cli.quick,
                judges_timing: !cli.untimed,
            };
            let entry = play_until_judged(scenario, &stage, run, cli.once_more, &mut report.repeated)?;
            // What went well need not be looked into; its figures are in the report.
            if cli.runs > 1 && entry.is_met() {
                fs::remove_dir_all(&stage.dir)?;
            }
            report.entries.push(entry);
            report.write(&out)?;
        }
    }
    println!("\n{}", report.markdown());
    if let Some(page) = &cli.page {
        marked::replace(page, MARKER, &report.markdown())?;
    }
    let count = |is: fn(&Entry) -> bool| report.entries.iter().filter(|entry| is(entry)).count();
    let (met, missed, all) = (count(Entry::is_met), count(Entry::is_missed), report.entries.len());
    println!("{met} of {all} played within limits; see {}", out.display());
    if met + missed < all {
        println!(
            "{} could not be judged: not run here, or the machine itself stood still too often",
            all - met - missed
        );
    }
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The program that is played with: the one given, or the one beside this.
fn program(given: Option<&Path>) -> Result<PathBuf> {
    let program = match given {
        Some(program) => program.to_owned(),
        None => std::env::current_exe()?.with_file_name("cuelight"),
    };
    let shown = program.display();
    program
        .canonicalize()
        .with_context(|| format!("there is no program {shown}: build it with `cargo build -p cuelight-cli`"))
}

/// The folder for what is found: the one given, or one of that name beside the builds.
fn folder(given: Option<&Path>, name: &str) -> Result<PathBuf> {
    // This program is in target/debug or the like.
    let builds = std::env::current_exe()?.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
    let folder = given.map_or_else(|| builds.join(name), Path::to_owned);
    fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    Ok(folder.canonicalize()?)
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn chosen(cli: &Cli) -> Result<Vec<&'static Scenario>> {
    if cli.scenarios.is_empty() {
        return Ok(scenarios::ALL.iter().filter(|scenario| scenario.is_short || !cli.short).collect());
    }
    let mut chosen = Vec::new();
    for name in &cli.scenarios {
        let Some(scenario) = scenarios::named(name) else {
            bail!("there is no scenario \"{name}\": --list names them");
        };
        chosen.push(scenario);
    }
    Ok(chosen)
}

/// Plays one scenario until there is something to say of it: again while the machine itself stood still too often, within
/// reason, and once more after a missed limit where that is asked for.
fn play_until_judged(
    scenario: &'static Scenario,
    stage: &Stage,
    run: usize,
    once_more: bool,
    repeated: &mut Vec<Entry>,
) -> Result<Entry> {
    let mut entry = play(scenario, stage, run)?;
    let (mut plays, mut may_miss) = (1, once_more);
    while plays < PLAYS && (entry.is_void() || (may_miss && entry.is_missed())) {
        may_miss &= entry.is_void();
        plays += 1;
        println!("\n{} is played once more", scenario.name);
        repeated.push(entry);
        entry = play(scenario, stage, run)?;
    }
    Ok(entry)
}

/// Plays one scenario in an empty folder, and tells what came of it.
fn play(scenario: &'static Scenario, stage: &Stage, run: usize) -> Result<Entry> {
    let dir = stage.dir.display();
    if stage.dir.exists() {
        fs::remove_dir_all(&stage.dir).with_context(|| format!("{dir} cannot be removed"))?;
    }
    fs::create_dir_all(&stage.dir).with_context(|| format!("{dir} cannot be made"))?;
    let started = Instant::now();
    let outcome = match (scenario.run)(stage) {
        Ok(verdicts) => Outcome::Judged(verdicts),
        Err(error) => match error.downcast::<Unfit>() {
            Ok(Unfit(why)) => Outcome::NotRun(why),
            Err(error) => Outcome::Broken(format!("{error:#}")),
        },
    };
    let seconds = started.elapsed().as_secs_f64();
    let entry = Entry { run, scenario: scenario.name, claim: scenario.claim, seed: stage.seed, seconds, outcome };
    println!("\n== {} (run {run}, seed {}, {seconds:.1} s): {}", entry.scenario, entry.seed, entry.claim);
    entry.lines().iter().for_each(|line| println!("{line}"));
    Ok(entry)
}
