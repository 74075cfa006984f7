//! `cargo xtask soak`: builds Cuelight and plays one long show, looking for what grows, drifts or comes late.
//!
//! It needs what `cargo xtask lab` needs, but for Python. As root timing is judged too.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::{process, workspace};

/// Arguments of `cargo xtask soak`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Arguments of `cuelight-lab soak`: --minutes N, --nodes N, --restarts, --no-spells, --seed N, --out DIR, --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds and becomes the soak: Ctrl-C and the exit code are its own.
pub(crate) fn run(args: &Args) -> Result<()> {
    process::run(process::cargo().args(["build", "--package", "cuelight-cli", "--package", "cuelight-lab"]))?;
    let target = workspace::read()?.target;
    let mut soak = Command::new(target.join("debug/cuelight-lab"));
    soak.current_dir(process::root()).arg("soak");
    let error = soak.args(&args.rest).exec();
    Err(anyhow!(error)).with_context(|| format!("cannot start `{}`", process::shown(&soak)))
}
