//! `cuelight patch import`.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use cuelight_fixtures::gdtf::MAX_ARCHIVE;
use cuelight_showfile::PatchEdit;
use serde_json::json;

use super::file::File;
use crate::print;

/// `cuelight patch import`.
#[derive(Args, Debug)]
pub(super) struct Import {
    /// A GDTF archive, or a JSON file of the Open Fixture Library.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Add the fixture type to this show file instead of printing it
    #[arg(long, value_name = "SHOW")]
    into: Option<PathBuf>,
    /// Take the place of a fixture type of this name
    #[arg(long, requires = "into")]
    replace: bool,
    /// Give it another name
    #[arg(long)]
    name: Option<String>,
    /// Only these modes
    #[arg(long)]
    mode: Vec<String>,
}

impl Import {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let path = self.path.display();
        let mut bytes = Vec::new();
        let read =
            fs::File::open(&self.path).and_then(|file| file.take(MAX_ARCHIVE as u64 + 1).read_to_end(&mut bytes));
        read.with_context(|| format!("cannot read {path}"))?;
        let cuelight_fixtures::Import { mut kind, notes } =
            cuelight_fixtures::read(&bytes).with_context(|| format!("{path} is no fixture type"))?;
        if let Some(name) = self.name {
            kind.name = name;
        }
        if let Some(missing) = self.mode.iter().find(|name| kind.mode(name).is_none()) {
            let names: Vec<_> = kind.modes.iter().map(|mode| format!("{:?}", mode.name)).collect();
            anyhow::bail!("{path} has no mode {missing:?}; it has {}", names.join(", "));
        }
        kind.modes.retain(|mode| self.mode.is_empty() || self.mode.contains(&mode.name));
        let text = cuelight_showfile::write_fixture_type(&kind);
        if let Some(show) = &self.into {
            let replace = self.replace;
            File::read(show)?.change(&PatchEdit::Import { kind: kind.clone(), replace })?;
        }
        let modes: Vec<_> = kind.modes.iter().map(|mode| (&mode.name, mode.footprints())).collect();
        if is_json {
            let modes: Vec<_> = modes.iter().map(|(name, slots)| json!({ "mode": name, "slots": slots })).collect();
            return print::json(&json!({ "type": kind.name, "modes": modes, "notes": notes, "toml": text }));
        }
        for note in &notes {
            eprintln!("note: {note}");
        }
        if self.into.is_none() {
            return print::text(text.trim_start());
        }
        let slots = |slots: &[u16]| slots.iter().map(u16::to_string).collect::<Vec<_>>().join(" + ");
        let rows: Vec<_> = modes.iter().map(|(name, footprints)| [(*name).clone(), slots(footprints)]).collect();
        print::text(&format!("{:?} is in the show.\n{}", kind.name, print::table(["mode", "slots"], &rows)))
    }
}
