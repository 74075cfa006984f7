//! `cuelight export`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use cuelight_hub::backup;

use crate::ctl::call::Call;
use crate::ctl::client::{Client, Target};
use crate::print;

const EXAMPLES: &str = "\
Groups, names of nodes, receivers, patterns and the show file, for reading and comparing. Keys and passwords are not in it.

Examples:
  cuelight export                       to the terminal, as TOML
  cuelight export hub.json --format json
  cuelight export --from /var/lib/cuelight-hub   of a hub that does not run";

/// `cuelight export`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Export {
    /// The file; without one it is printed
    #[arg(value_name = "FILE")]
    into: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Toml)]
    format: Format,
    /// The data folder of a hub that does not run; else the hub is asked
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Toml,
    Json,
}

impl Export {
    /// Writes what the hub holds.
    pub(crate) fn run(self) -> Result<()> {
        let export: backup::Export = match &self.from {
            Some(folder) => backup::export(folder)?,
            None => {
                let answer = Client::new(&self.target).ask(&Call::get("/api/v1/export"))?;
                serde_json::from_value(answer).context("the hub's export is none this version reads")?
            }
        };
        let text = match self.format {
            Format::Toml => toml::to_string_pretty(&export).context("the export is no TOML")?,
            Format::Json => serde_json::to_string_pretty(&export).context("the export is no JSON")?,
        };
        match &self.into {
            Some(path) => fs::write(path, text + "\n").with_context(|| format!("{} cannot be written", path.display())),
            None => print::text(text.trim_end()),
        }
    }
}
