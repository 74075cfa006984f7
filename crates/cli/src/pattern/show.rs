//! `cuelight pattern show`.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use cuelight_pattern::store::Sha256;
use cuelight_wire::prism::{Direction, Motion, Prism, SyncMode};
use cuelight_wire::tlv::Name;
use serde::Serialize;

use super::preview;
use crate::ctl::call::Call;
use crate::ctl::client::{Client, Target};
use crate::print;

/// What is read of a hub at most: the limit that a store may be set to is smaller.
const MOST: u64 = 1 << 30;
/// Lines of the preview.
const LINES: usize = 12;
/// Columns of the preview, where the terminal has as many.
const COLUMNS: usize = 120;

/// `cuelight pattern show`.
#[derive(Args, Debug)]
pub(super) struct Show {
    /// A pattern of the hub
    #[arg(required_unless_present = "file")]
    name: Option<String>,
    /// A pattern file on this machine, instead
    #[arg(long, conflicts_with = "name")]
    file: Option<PathBuf>,
    /// Draw it although standard output is no terminal
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    hub: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a pattern is.
#[derive(Debug, Serialize)]
struct Facts {
    name: String,
    size: usize,
    sha256: String,
    leds: u16,
    frames: u32,
    fps: f64,
    seconds: f64,
    colors: u16,
    sync: &'static str,
    from: &'static str,
    delay_ms: u16,
    warning: Option<String>,
}

impl Show {
    /// Shows what it is, and on a terminal how it looks.
    pub(super) fn run(self) -> Result<()> {
        let (name, bytes) = self.bytes()?;
        let prism = Prism::read(&bytes).map_err(|bad| anyhow!("{name} cannot be played: {bad}"))?;
        let facts = Facts::of(name, &bytes, &prism);
        if self.json {
            return print::json(&facts);
        }
        let mut text = facts.told();
        if self.preview || io::stdout().is_terminal() {
            // Some terminals know no size, and say 0.
            let size = ratatui::crossterm::terminal::size().ok().filter(|(columns, _)| *columns > 0);
            let columns = size.map_or(COLUMNS, |(columns, _)| usize::from(columns).min(COLUMNS));
            text.push_str(&preview::drawn(&prism, columns, LINES));
        }
        print::text(&text)
    }

    fn bytes(&self) -> Result<(String, Vec<u8>)> {
        if let Some(file) = &self.file {
            let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
            return Ok((file.display().to_string(), bytes));
        }
        let given = self.name.as_deref().unwrap_or_default();
        let hub = Client::new(&self.hub);
        let name =
            Name::normalised(given.as_bytes()).map_err(|bad| anyhow!("\"{given}\" is no name of a pattern: {bad}"))?;
        let patterns = hub.ask(&Call::get("/api/v1/patterns"))?;
        let is_it = |pattern: &&serde_json::Value| pattern["name"] == name.as_str();
        let Some(sha256) = patterns.as_array().and_then(|list| list.iter().find(is_it)?["sha256"].as_str()) else {
            bail!("there is no pattern \"{name}\": `cuelight pattern list` lists them");
        };
        let bytes = hub.fetch(&format!("/patterns/{sha256}"), MOST)?;
        if Sha256::of(&bytes).to_string() != sha256 {
            bail!("the hub sent other bytes than it listed; ask again");
        }
        Ok((name.as_str().to_owned(), bytes))
    }
}

impl Facts {
    fn of(name: String, bytes: &[u8], prism: &Prism<'_>) -> Self {
        let header = prism.header();
        let Motion { sync, direction, parameter } = header.motion;
        Self {
            name,
            size: bytes.len(),
            sha256: Sha256::of(bytes).to_string(),
            leds: header.leds,
            frames: header.frames,
            fps: f64::from(header.rate.x256()) / 256.0,
            seconds: header.duration_us() as f64 / 1e6,
            colors: prism.facts().colors,
            sync: match sync {
                SyncMode::Sync => "sync",
                SyncMode::Offset => "offset",
                SyncMode::Progressive => "progressive",
                SyncMode::Wave => "wave",
                SyncMode::Custom => "custom",
            },
            from: match direction {
                Direction::Left => "left",
                Direction::Right => "right",
                Direction::Centre => "centre",
                Direction::Edge => "edge",
                Direction::Static => "static",
            },
            delay_ms: parameter,
            warning: prism.facts().warning.map(|warning| warning.to_string()),
        }
    }

    fn told(&self) -> String {
        let Self { name, size, leds, frames, fps, seconds, colors, sync, from, delay_ms, .. } = self;
        let channel = match *sync {
            "sync" | "custom" => "as the first".to_owned(),
            "offset" => format!("{delay_ms} ms later"),
            mode => format!("{mode} from {from}, up to {delay_ms} ms later"),
        };
        let mut text = format!(
            "{name}\n  {leds} LEDs, {frames} frames, {fps} a second, {seconds:.2} s, {colors} colours, {size} bytes\n  \
             second channel: {channel}\n  SHA-256 {}\n",
            self.sha256
        );
        if let Some(warning) = &self.warning {
            text.push_str(&format!("  {warning}\n"));
        }
        text
    }
}
