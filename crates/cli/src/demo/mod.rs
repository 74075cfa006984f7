//! `cuelight demo`: a real show on this machine - a hub and some nodes, each a process with a clock of its own.
//!
//! | module | is |
//! |---|---|
//! | `cast` | the processes |
//! | `link` | the user-space network between them |
//! | `interactive` | the show in the terminal, with keys |
//! | `headless` | the show that is measured |
//! | `report` | what a measured show came to, and how it is judged |
//! | `show` | a show of cues on universes: in the terminal, or measured |
//!
//! What the processes recorded and what follows from it is `cuelight-measure`'s.

mod cast;
mod headless;
mod interactive;
mod link;
mod report;
mod show;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use cuelight_measure::verdict::Verdict;
use serde::Serialize;

const MORE: &str = "\
Without --headless the show is in this terminal; ? lists the keys.

Examples:
  cuelight demo
  cuelight demo --nodes 8
  cuelight demo --headless --nodes 4 --scene-changes 50 --seconds 30 --report report.json
  cuelight demo --headless --loss 20 --seed 7 --out records
  cuelight demo --show
  cuelight demo --show mine.toml --nodes 2
  cuelight demo --show --headless --seconds 20 --check";

/// `cuelight demo`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Demo {
    /// Nodes in the show.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=100))]
    nodes: u8,
    /// Measure a show and judge it by its records, without a terminal.
    #[arg(long)]
    headless: bool,
    /// Play a show of cues on universes instead: this show file, or without one the show of examples/two-minutes. Each node
    /// sends its share of the universes by sACN to the demo, which looks at every packet. GO is pressed where cues wait for it.
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "scene_changes")]
    show: Option<Option<PathBuf>>,
    /// GOs whose way to the wire is timed before the show.
    #[arg(long, default_value_t = 60, value_name = "N", requires_all = ["headless", "show"], value_parser = clap::value_parser!(u8).range(1..=240))]
    goes: u8,
    /// Scene changes to send, evenly over the show.
    #[arg(long, default_value_t = 50, value_name = "N", requires = "headless")]
    scene_changes: usize,
    /// Length of the show, without its beginning and the restarts at its end.
    #[arg(long, default_value_t = 30, value_name = "S", value_parser = clap::value_parser!(u64).range(4..=86_400), requires = "headless")]
    seconds: u64,
    /// Percent of everything between hub and nodes that gets lost; the control connection stalls as TCP does. In the
    /// terminal the network loses 20 % or nothing, as key l switches it.
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT", value_parser = percent)]
    loss: f64,
    /// What hangs on each node.
    #[arg(long, default_value = "strip:640", value_name = "TEXT")]
    geometry: String,
    /// Makes clocks, losses and scenes the same in every run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the report to this file, as JSON.
    #[arg(long, value_name = "FILE", requires = "headless")]
    report: Option<PathBuf>,
    /// Keep the records and logs of every process in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Do not kill and restart a node and the hub at the end.
    #[arg(long, requires = "headless")]
    no_faults: bool,
    /// Fail when a limit is missed.
    #[arg(long, requires = "headless")]
    check: bool,
    /// Print the report as JSON instead of a table.
    #[arg(long, requires = "headless")]
    json: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if (0.0..=60.0).contains(&percent) => Ok(percent),
        _ => Err("expected a percentage from 0 to 60".to_owned()),
    }
}

impl Demo {
    /// Runs the show.
    pub(crate) fn run(mut self) -> Result<()> {
        if let Some(file) = self.show.take() {
            return self.run_show(file);
        }
        if !self.headless {
            return interactive::run(&interactive::InteractivePlan {
                nodes: self.nodes,
                seed: self.seed,
                out: self.out,
                geometry: self.geometry,
                is_lossy: self.loss > 0.0,
            });
        }
        let report = headless::run(&headless::Plan {
            nodes: self.nodes,
            scene_changes: self.scene_changes,
            seconds: self.seconds,
            loss_pct: self.loss,
            seed: self.seed,
            out: self.out.clone(),
            faults: !self.no_faults,
            geometry: self.geometry.clone(),
        })?;
        self.tell(&report, &report.verdicts())
    }

    /// Runs a show of cues.
    fn run_show(self, file: Option<PathBuf>) -> Result<()> {
        let plan = show::Plan {
            file,
            nodes: self.nodes,
            seed: self.seed,
            loss_pct: self.loss,
            out: self.out.clone(),
            geometry: self.geometry.clone(),
        };
        if !self.headless {
            return show::play(&plan);
        }
        let trial = show::Trial { seconds: self.seconds, goes: self.goes, faults: !self.no_faults };
        let report = show::measure(&plan, trial)?;
        self.tell(&report, &report.verdicts())
    }

    /// Writes and prints a report. An error where a limit is missed and that matters.
    fn tell(&self, report: &impl Serialize, verdicts: &[Verdict]) -> Result<()> {
        let json = serde_json::to_string_pretty(report)?;
        if let Some(path) = &self.report {
            fs::write(path, format!("{json}\n"))
                .with_context(|| format!("the report {} cannot be written", path.display()))?;
        }
        if self.json {
            println!("{json}");
        } else {
            for verdict in verdicts {
                println!("{verdict}");
            }
        }
        let missed = verdicts.iter().filter(|verdict| !verdict.is_met).count();
        if self.check && missed > 0 {
            bail!("{missed} of {} limits are missed", verdicts.len());
        }
        Ok(())
    }
}
