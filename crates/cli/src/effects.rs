//! `cuelight effects`: what there is to show.

use anyhow::Result;
use clap::Args;
use cuelight_render::{effects, palettes, presets};
use serde::Serialize;

use crate::print;

/// `cuelight effects`.
#[derive(Args, Debug)]
#[command(after_long_help = "Names and numbers never change their meaning. Use them with `cuelight ctl scene`.")]
pub(crate) struct Effects {
    /// Print JSON: {"effects": [..], "palettes": [..], "presets": [..]}
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Library {
    effects: Vec<EffectRow>,
    palettes: Vec<PaletteRow>,
    presets: Vec<PresetRow>,
}

#[derive(Serialize)]
struct EffectRow {
    id: u16,
    name: &'static str,
    description: &'static str,
    beat_driven: bool,
}

#[derive(Serialize)]
struct PaletteRow {
    id: u16,
    name: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct PresetRow {
    name: &'static str,
    description: &'static str,
    effect: String,
    palette: String,
}

impl Effects {
    /// Prints the library.
    pub(crate) fn run(self) -> Result<()> {
        let library = library();
        if self.json { print::json(&library) } else { print::text(&listed(&library)) }
    }
}

fn library() -> Library {
    let effect = |info: &effects::EffectInfo| EffectRow {
        id: info.id.0,
        name: info.name,
        description: info.description,
        beat_driven: info.beat_driven,
    };
    let palette =
        |info: &palettes::PaletteInfo| PaletteRow { id: info.id.0, name: info.name, description: info.description };
    let preset = |info: &presets::PresetInfo| {
        let scene = info.scene();
        PresetRow {
            name: info.name,
            description: info.description,
            effect: effects::by_id(scene.effect).map_or_else(String::new, |effect| effect.name.to_owned()),
            palette: palettes::by_id(scene.palette).map_or_else(String::new, |palette| palette.name.to_owned()),
        }
    };
    Library {
        effects: effects::ALL.iter().map(effect).collect(),
        palettes: palettes::ALL.iter().map(palette).collect(),
        presets: presets::ALL.iter().map(preset).collect(),
    }
}

fn listed(library: &Library) -> String {
    let effects: Vec<_> = library
        .effects
        .iter()
        .map(|row| {
            let beat = if row.beat_driven { "beat" } else { "" };
            [row.id.to_string(), row.name.to_owned(), beat.to_owned(), row.description.to_owned()]
        })
        .collect();
    let palettes: Vec<_> = library
        .palettes
        .iter()
        .map(|row| [row.id.to_string(), row.name.to_owned(), row.description.to_owned()])
        .collect();
    let presets: Vec<_> = library
        .presets
        .iter()
        .map(|row| [row.name, &row.effect, &row.palette, row.description].map(str::to_owned))
        .collect();
    [
        print::table([">id", "effect", "follows", ""], &effects),
        print::table([">id", "palette", ""], &palettes),
        print::table(["preset", "effect", "palette", ""], &presets),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_json_lists_everything_under_distinct_names() {
        let text = serde_json::to_string(&library()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (kind, count) in
            [("effects", effects::ALL.len()), ("palettes", palettes::ALL.len()), ("presets", presets::ALL.len())]
        {
            let rows = read[kind].as_array().unwrap();
            let names: HashSet<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
            assert!(count > 0 && names.len() == count && rows.len() == count, "{kind}");
        }
    }

    #[test]
    fn the_list_has_a_line_for_each() {
        let list = listed(&library());
        let lines = effects::ALL.len() + palettes::ALL.len() + presets::ALL.len();
        // Three headings and two empty lines between.
        assert_eq!(list.lines().count(), lines + 5);
        assert!(list.lines().any(|line| line.contains(" solid ")));
    }
}
