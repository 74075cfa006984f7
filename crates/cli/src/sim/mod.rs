//! `cuelight sim`: what the simulator finds, without a network and without waiting.

use anyhow::Result;
use clap::{Args, Subcommand};

mod compare;

use compare::Compare;

/// `cuelight sim`.
#[derive(Args, Debug)]
pub(crate) struct Sim {
    /// What to simulate.
    #[command(subcommand)]
    command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Compare clock filters on identical exchanges
    Compare(Compare),
}

impl Sim {
    /// Simulates.
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Compare(compare) => compare.run(),
        }
    }
}
