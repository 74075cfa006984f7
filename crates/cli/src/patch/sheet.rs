//! `cuelight patch sheet`: the patch as paper, by universe and slot.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use cuelight_show::{Fixture, Occupancy, Show};
use serde_json::{Value, json};

use super::file::{self, File};
use crate::print;

/// `cuelight patch sheet`.
#[derive(Args, Debug)]
pub(super) struct Sheet {
    /// The show file.
    #[arg(value_name = "SHOW")]
    path: PathBuf,
    /// Print a page for a browser and its printer
    #[arg(long, conflicts_with = "json")]
    html: bool,
}

/// A fixture in a universe.
struct Line<'s> {
    first: u16,
    last: u16,
    fixture: &'s Fixture,
    /// Which of the fixture's addresses it is, and how many it has.
    part: (usize, usize),
}

impl Line<'_> {
    fn slots(&self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{}..{}", self.first, self.last) }
    }
    fn name(&self) -> String {
        let (part, parts) = self.part;
        let of = if parts > 1 { format!(" ({part} of {parts})") } else { String::new() };
        format!("{}{of}", self.fixture.label).trim_start().to_owned()
    }
    fn kind(&self) -> String {
        format!("{}, {}", self.fixture.kind, self.fixture.mode)
    }
}

/// One universe.
struct Page<'s> {
    universe: u16,
    lines: Vec<Line<'s>>,
    gaps: Vec<(u16, u16)>,
}

impl Page<'_> {
    fn free(&self) -> String {
        let word =
            |(first, last): &(u16, u16)| if first == last { first.to_string() } else { format!("{first}..{last}") };
        let gaps: Vec<_> = self.gaps.iter().map(word).collect();
        if gaps.is_empty() { "nothing".to_owned() } else { gaps.join(" ") }
    }
}

fn pages(show: &Show) -> Vec<Page<'_>> {
    let mut universes: BTreeMap<u16, Vec<Line<'_>>> = BTreeMap::new();
    for fixture in &show.fixtures {
        let stretches = file::stretches(show, fixture);
        let parts = stretches.len();
        for (part, (first, last)) in (1..).zip(stretches) {
            let line = Line { first: first.slot, last, fixture, part: (part, parts) };
            universes.entry(first.universe).or_default().push(line);
        }
    }
    let occupancy = Occupancy::of(show);
    let mut pages = Vec::new();
    for (universe, mut lines) in universes {
        lines.sort_by_key(|line| (line.first, line.fixture.number));
        pages.push(Page { universe, lines, gaps: occupancy.gaps(universe) });
    }
    pages
}

impl Sheet {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let file = File::read(&self.path)?;
        let pages = pages(&file.show);
        if is_json {
            return print::json(&pages.iter().map(as_json).collect::<Vec<_>>());
        }
        print::text(&if self.html { as_page(&file.show, &pages) } else { as_text(&file.show, &pages) })
    }
}

fn as_json(page: &Page<'_>) -> Value {
    let line = |line: &Line<'_>| {
        json!({
            "first": line.first,
            "last": line.last,
            "fixture": line.fixture.number.0,
            "label": line.fixture.label,
            "type": line.fixture.kind,
            "mode": line.fixture.mode,
            "part": line.part.0,
        })
    };
    json!({ "universe": page.universe, "fixtures": page.lines.iter().map(line).collect::<Vec<_>>(), "free": page.gaps })
}

fn title(show: &Show) -> String {
    if show.label.is_empty() { "Patch".to_owned() } else { format!("Patch of {}", show.label) }
}

fn as_text(show: &Show, pages: &[Page<'_>]) -> String {
    let mut text = title(show);
    text.push('\n');
    for page in pages {
        let row = |line: &Line<'_>| [line.slots(), line.fixture.number.to_string(), line.name(), line.kind()];
        let rows: Vec<_> = page.lines.iter().map(row).collect();
        let table = print::table([">slots", ">fixture", "label", "type and mode"], &rows);
        text.push_str(&format!("\nUniverse {}\n{table}Free: {}\n", page.universe, page.free()));
    }
    if pages.is_empty() {
        text.push_str("Nothing is patched.\n");
    }
    text
}

const STYLE: &str = "body{font:10pt sans-serif;margin:2em}table{border-collapse:collapse;width:100%}\
    th,td{border-bottom:1px solid #999;padding:.2em .6em;text-align:left}td:nth-child(-n+2){text-align:right}\
    section{break-inside:avoid;margin-bottom:2em}h2{margin-bottom:.3em}";

fn as_page(show: &Show, pages: &[Page<'_>]) -> String {
    let title = escaped(&title(show));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n"
    );
    // Writing to a text does not fail.
    let mut put = |words: std::fmt::Arguments<'_>| _ = page.write_fmt(words);
    for universe in pages {
        put(format_args!(
            "<section><h2>Universe {}</h2>\n<table><tr><th>Slots<th>Fixture<th>Label<th>Type and mode\n",
            universe.universe
        ));
        for line in &universe.lines {
            let (name, kind) = (escaped(&line.name()), escaped(&line.kind()));
            put(format_args!("<tr><td>{}<td>{}<td>{name}<td>{kind}\n", line.slots(), line.fixture.number));
        }
        put(format_args!("</table>\n<p>Free: {}</p></section>\n", universe.free()));
    }
    page.push_str("</html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOW: &str = r##"show-file = 1
label = "A & B"
fixture-type = [
  { name = "Dim", mode = [{ name = "1", channels = [{ attribute = "Dimmer", slots = [1] }] }] },
  { name = "Strip", mode = [{ name = "RGB", pixels = { count = 200 } }] },
]
fixture = [
  { number = 2, label = "<front>", type = "Dim", mode = "1", address = ["1.512"] },
  { number = 1, type = "Strip", mode = "RGB", address = ["1.1"] },
  { number = 3, type = "Dim", mode = "1" },
]
"##;

    #[test]
    fn a_sheet_lists_every_universe_by_slot_with_what_is_free() {
        let show = cuelight_showfile::read(SHOW).unwrap();
        let text = as_text(&show, &pages(&show));
        let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines,
            [
                "Patch of A & B",
                "",
                "Universe 1",
                "slots fixture label type and mode",
                "1..510 1 (1 of 2) Strip, RGB",
                "512 2 <front> Dim, 1",
                "Free: 511",
                "",
                "Universe 2",
                "slots fixture label type and mode",
                "1..90 1 (2 of 2) Strip, RGB",
                "Free: 91..512",
            ]
        );
    }

    #[test]
    fn a_page_says_names_as_they_are_and_runs_none() {
        let show = cuelight_showfile::read(SHOW).unwrap();
        let page = as_page(&show, &pages(&show));
        assert!(page.contains("<title>Patch of A &amp; B</title>") && page.contains("<td>&lt;front&gt;<td>"), "{page}");
    }
}
