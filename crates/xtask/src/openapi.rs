//! `cargo xtask openapi`: the description of the hub's HTTP API, as the code says it, in `docs/api/openapi.json`.
//!
//! It is committed so that a change of the API is seen in a review, and so that other programs can be made from it
//! without building a hub.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::process;

/// Writes the description of the hub's HTTP API.
#[derive(Default, Parser)]
pub(crate) struct Args {
    /// Only tell whether the committed one is what the code says
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes or compares.
pub(crate) fn run(args: &Args) -> Result<()> {
    let made = process::cargo()
        .args(["run", "--quiet", "--package", "cuelight-hub", "--example", "openapi"])
        .output()
        .context("cargo cannot be started")?;
    if !made.status.success() {
        bail!("the description cannot be made:\n{}", String::from_utf8_lossy(&made.stderr));
    }
    let file = file();
    if !args.check {
        let folder = file.parent().context("the file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        return fs::write(&file, made.stdout).with_context(|| format!("cannot write {}", file.display()));
    }
    let committed = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    if committed != made.stdout {
        bail!("{} is not what the code says: run cargo xtask openapi and commit what it writes", file.display());
    }
    Ok(())
}

fn file() -> PathBuf {
    process::root().join("docs/api/openapi.json")
}
