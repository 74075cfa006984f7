//! `cuelight leash`: how a hub runs hostapd and dnsmasq, so that they end with it. Not for people.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use cuelight_hub::access_point::run_leashed;

/// `cuelight leash`.
#[derive(Args, Debug)]
pub(crate) struct Leash {
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl Leash {
    /// Runs the program until it ends, or until standard input does; returns its exit code.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let (program, args) = self.words.split_first().context("a program is needed")?;
        let code = run_leashed(program, args).with_context(|| format!("cannot run {}", program.display()))?;
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
    }
}
