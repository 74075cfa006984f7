//! `cargo xtask demo`: builds Cuelight and runs a show. What follows goes to `cuelight demo` as it is.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::{dashboard, process, workspace};

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Arguments of `cuelight demo`, such as --headless
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

/// Builds and becomes the demo: Ctrl-C, the terminal and the exit code are all its own.
pub(crate) fn run(args: &Args) -> Result<()> {
    dashboard::build_where_possible();
    process::run(process::cargo().args(["build", "--package", "cuelight-cli", "--bin", "cuelight"]))?;
    let binary = workspace::read()?.target.join("debug/cuelight");
    let error = Command::new(&binary).arg("demo").args(&args.rest).exec();
    Err(anyhow!(error)).with_context(|| format!("cannot start {}", binary.display()))
}
