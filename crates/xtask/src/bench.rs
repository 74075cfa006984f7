//! `cargo xtask bench`: the Criterion benchmarks of the workspace.

use anyhow::Result;

use crate::{process, workspace};

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Names of benchmarks to run (all when none is given), and options of Criterion
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Runs the benchmarks. Their targets are named one by one, because libraries do not take Criterion's options.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = workspace::read()?;
    let mut command = process::cargo();
    command.args(["bench", "--workspace"]);
    for name in workspace.packages.iter().flat_map(|p| p.targets_of("bench")) {
        command.args(["--bench", name]);
    }
    process::run(command.arg("--").args(&args.rest))
}
