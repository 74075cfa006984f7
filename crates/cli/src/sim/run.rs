//! `cuelight sim run`: one scenario, its verdict, its picture.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use cuelight_sim::scenario::{self, Outcome, Scenario, Verdict};
use serde::Serialize;

use super::rows::{self, LimitReport};
use crate::print;

/// `cuelight sim run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Number or name of a scenario, or the path of a file of your own
    name: String,
    /// Seed of everything random, in place of the scenario's own
    #[arg(long)]
    seed: Option<u64>,
    /// Draw clock errors, changes, losses and states into this SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    number: &'a str,
    name: &'a str,
    shows: &'a str,
    seed: u64,
    run_hash: String,
    is_met: bool,
    limits: Vec<LimitReport>,
    /// Everything that was measured: counts, percent, nanoseconds.
    figures: serde_json::Map<String, serde_json::Value>,
}

impl Run {
    /// Plays it; an error when a limit is missed.
    pub(crate) fn run(self) -> Result<()> {
        let scenario = named(&self.name)?;
        let outcome = scenario::play(&scenario, self.seed.unwrap_or(scenario.seed()));
        let verdict = outcome.verdict(&scenario);
        if let Some(path) = &self.plot {
            fs::write(path, scenario::picture(&scenario, &outcome))
                .with_context(|| format!("cannot write the picture to {}", path.display()))?;
        }
        if self.json {
            print::json(&report(&scenario, &outcome, &verdict))?;
        } else {
            print::text(&told(&scenario, &outcome, &verdict))?;
        }
        match verdict.missed().count() {
            0 => Ok(()),
            missed => bail!("{missed} of {} limits missed", verdict.rows().count()),
        }
    }
}

/// The scenario of that number, name or path.
fn named(name: &str) -> Result<Scenario> {
    let path = Path::new(name);
    let is_path = path.extension().is_some_and(|extension| extension == "toml");
    if is_path && (path.exists() || name.contains('/')) {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the scenario {name}"))?;
        return Ok(Scenario::parse(name, &text)?);
    }
    Ok(scenario::find(name)?)
}

fn told(scenario: &Scenario, outcome: &Outcome, verdict: &Verdict) -> String {
    let table = rows::table(verdict.rows());
    format!(
        "{} {}: {}\n\n{table}\nseed {}, {} nodes, {} s, run hash {:016x}",
        scenario.number,
        scenario.name,
        scenario.shows,
        outcome.seed,
        scenario.nodes(),
        scenario.lasts_s(),
        outcome.run_hash,
    )
}

fn report<'a>(scenario: &'a Scenario, outcome: &Outcome, verdict: &Verdict) -> Report<'a> {
    Report {
        number: &scenario.number,
        name: &scenario.name,
        shows: &scenario.shows,
        seed: outcome.seed,
        run_hash: format!("{:016x}", outcome.run_hash),
        is_met: verdict.missed().next().is_none(),
        limits: verdict.rows().map(LimitReport::of).collect(),
        figures: outcome.figures.iter().map(|(figure, value)| (figure.name().to_owned(), value.into())).collect(),
    }
}
