//! `cargo xtask deny`: licences, sources and bans of all dependencies, by cargo-deny with `deny.toml`.
//!
//! Advisories are left out: their database is on the internet and changes without a change of ours.

use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

const VERSION: &str = "0.20.2";

/// Checks the dependencies.
pub(crate) fn run() -> Result<()> {
    let deny = process::cargo_tool("cargo-deny", VERSION, &workspace::read()?.target)?;
    let mut command = Command::new(deny);
    command.current_dir(process::root()).args(["--all-features", "check", "--hide-inclusion-graph"]);
    process::run(command.args(["licenses", "bans", "sources"]))
}
