//! `cuelight sim`: what the simulator finds, without a network and without waiting.

use anyhow::Result;
use clap::{Args, Subcommand};

mod compare;
mod crowd;
mod list;
mod rows;
mod run;

use compare::Compare;
use crowd::Crowd;
use list::List;
use run::Run;

const EXAMPLES: &str = "\
Examples:
  cuelight sim list                           the numbered scenarios
  cuelight sim run loss-20                    play one; exit code 1 when a limit is missed
  cuelight sim run 021 --seed 7 --plot a.svg  by its number, with another seed, drawn
  cuelight sim run my-venue.toml              one of your own
  cuelight sim --nodes 1000 --hours 1         a crowd
  cuelight sim compare                        clock filters side by side";

/// `cuelight sim`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(crate) struct Sim {
    /// What to simulate.
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    crowd: Crowd,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Play a scenario and judge it by its limits
    Run(Run),
    /// List the scenarios
    List(List),
    /// Compare clock filters on identical exchanges
    Compare(Compare),
}

impl Sim {
    /// Simulates.
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Some(Command::Run(run)) => run.run(),
            Some(Command::List(list)) => list.run(),
            Some(Command::Compare(compare)) => compare.run(),
            None => self.crowd.run(),
        }
    }
}
