//! The show's file: into the hub, and out of it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::order::words;
use crate::config::ConfigError;
use crate::ctl::call::{Call, Method};
use crate::ctl::client::Client;
use crate::print;

const PATH: &str = "/api/v1/show/file";

/// `cuelight cue load`.
#[derive(Args, Debug)]
pub(super) struct Load {
    /// The show file
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Lists go on with what they do; else every list begins anew
    #[arg(long)]
    keep: bool,
}

impl Load {
    pub(super) fn run(&self, client: &Client, json: bool) -> Result<()> {
        let path = self.path.display();
        let text = fs::read_to_string(&self.path).with_context(|| format!("{path} cannot be read"))?;
        // Every fault with its file, before anything is sent.
        if let Err(faults) = cuelight_showfile::read(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
            let told: Vec<_> = faults.iter().map(|fault| format!("{path}:{fault}")).collect();
            return Err(ConfigError::Show(told.join("\n")).into());
        }
        let answer = client.put_bytes(&format!("{PATH}?keep={}", self.keep), text.as_bytes())?;
        if json { print::json(&answer) } else { print::text(&format!("{path} is played: {}", words(&answer))) }
    }
}

/// `cuelight cue unload`.
pub(super) fn unload(client: &Client, json: bool) -> Result<()> {
    let answer = client.ask(&Call { method: Method::Delete, path: PATH.to_owned(), body: None })?;
    if json { print::json(&answer) } else { print::text(&format!("no show is played: {}", words(&answer))) }
}

/// `cuelight cue save`.
#[derive(Args, Debug)]
pub(super) struct Save {
    /// Where to; standard output when nothing is said
    #[arg(value_name = "FILE")]
    path: Option<PathBuf>,
}

impl Save {
    pub(super) fn run(&self, client: &Client, json: bool) -> Result<()> {
        let bytes = client.fetch(PATH, cuelight_showfile::MAX_LEN as u64)?;
        let Some(path) = &self.path else {
            return Ok(std::io::stdout().write_all(&bytes)?);
        };
        fs::write(path, &bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        if json {
            return print::json(&serde_json::json!({ "file": path, "size": bytes.len() }));
        }
        print::text(&format!("{} has {} bytes", path.display(), bytes.len()))
    }
}
