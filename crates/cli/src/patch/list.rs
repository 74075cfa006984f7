//! `cuelight patch list`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use cuelight_show::Fixture;
use serde_json::{Value, json};

use super::file::{self, File};
use crate::print;

/// `cuelight patch list`.
#[derive(Args, Debug)]
pub(super) struct List {
    /// The show file.
    #[arg(value_name = "SHOW")]
    path: PathBuf,
}

impl List {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let file = File::read(&self.path)?;
        let show = &file.show;
        let groups_of = |fixture: &Fixture| -> Vec<&str> {
            let groups = show.groups.iter().filter(|group| group.fixtures.contains(&fixture.number));
            groups.map(|group| group.name.as_str()).collect()
        };
        if is_json {
            let row = |fixture: &Fixture| -> Value {
                let words = |first: &cuelight_show::Address| first.to_string();
                json!({
                    "fixture": fixture.number.0,
                    "label": fixture.label,
                    "type": fixture.kind,
                    "mode": fixture.mode,
                    "addresses": fixture.addresses.iter().map(words).collect::<Vec<_>>(),
                    "slots": show.mode_of(fixture).map(|mode| mode.footprints()),
                    "groups": groups_of(fixture),
                })
            };
            return print::json(&show.fixtures.iter().map(row).collect::<Vec<_>>());
        }
        if show.fixtures.is_empty() {
            return print::text("no fixtures; add one with `cuelight patch add SHOW --type TYPE`");
        }
        let row = |fixture: &Fixture| {
            let places: Vec<_> = file::stretches(show, fixture).into_iter().map(file::worded).collect();
            let places = if places.is_empty() { "not patched".to_owned() } else { places.join(" ") };
            let kind = format!("{}, {}", fixture.kind, fixture.mode);
            [fixture.number.to_string(), fixture.label.clone(), kind, places, groups_of(fixture).join(" ")]
        };
        let rows: Vec<_> = show.fixtures.iter().map(row).collect();
        print::text(&print::table([">fixture", "label", "type and mode", "slots", "groups"], &rows))
    }
}
