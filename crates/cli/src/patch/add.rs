//! `cuelight patch add`.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use cuelight_show::{Address, Fixture, FixtureNumber, Mode, Occupancy, Pixels, Show};
use cuelight_showfile::PatchEdit;
use serde_json::json;

use super::file::{self, File};
use crate::print;

/// `cuelight patch add`.
#[derive(Args, Debug)]
pub(super) struct Add {
    /// The show file.
    #[arg(value_name = "SHOW")]
    path: PathBuf,
    /// The fixture type, by its name in the file
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// Its mode; may be left out where there is one
    #[arg(long)]
    mode: Option<String>,
    /// How many
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// The number of the first [default: one above the highest]
    #[arg(long)]
    number: Option<u32>,
    /// Where the first one is patched, UNIVERSE.SLOT, one for each part of its mode; the others follow where there is room
    /// [default: the first free slots]
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<Address>,
    /// Leave them unpatched
    #[arg(long, conflicts_with = "address")]
    unpatched: bool,
    /// What people call them; several are counted
    #[arg(long, default_value = "")]
    label: String,
}

impl Add {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let file = File::read(&self.path)?;
        let fixtures = self.fixtures(&file.show)?;
        file.change(&PatchEdit::Add(fixtures.clone()))?;
        if is_json {
            let told = |fixture: &Fixture| {
                let addresses: Vec<_> = fixture.addresses.iter().map(ToString::to_string).collect();
                json!({ "fixture": fixture.number.0, "label": fixture.label, "addresses": addresses })
            };
            return print::json(&fixtures.iter().map(told).collect::<Vec<_>>());
        }
        let told: Vec<_> = fixtures
            .iter()
            .map(|fixture| {
                let places: Vec<_> = file::stretches(&file.show, fixture).into_iter().map(file::worded).collect();
                let places =
                    if places.is_empty() { "not patched".to_owned() } else { format!("at {}", places.join(" ")) };
                format!("fixture {} {places}", fixture.number)
            })
            .collect();
        print::text(&told.join("\n"))
    }

    /// The fixtures that are added to a show.
    fn fixtures(&self, show: &Show) -> Result<Vec<Fixture>> {
        let mode = self.mode(show)?;
        let footprints = mode.footprints();
        let pixels = Pixels::of(&mode.channels);
        let highest = show.fixtures.last().map_or(0, |fixture| fixture.number.0);
        let first = match self.number {
            Some(number) => number,
            None => highest
                .checked_add(1)
                .ok_or_else(|| anyhow!("the highest number is taken: choose one with --number"))?,
        };
        let mut occupancy = Occupancy::of(show);
        let mut from = self.address.first().copied().unwrap_or(Address { universe: 1, slot: 1 });
        let mut fixtures = Vec::new();
        for index in 0..self.count {
            let number = first.checked_add(index).ok_or_else(|| anyhow!("there are no such numbers"))?;
            let addresses = if self.unpatched {
                Vec::new()
            } else if let (0, [one], Some(pixels)) = (index, self.address.as_slice(), &pixels) {
                pixels.addresses(*one)
            } else if index == 0 && !self.address.is_empty() {
                self.address.clone()
            } else {
                occupancy.rooms(&footprints, from).ok_or_else(|| anyhow!("there is no room for fixture {number}"))?
            };
            addresses.iter().zip(&footprints).for_each(|(first, slots)| occupancy.take(*first, *slots));
            from = addresses.last().copied().unwrap_or(from);
            let label = match (self.label.as_str(), self.count) {
                ("", _) | (_, 1) => self.label.clone(),
                (label, _) => format!("{label} {}", index + 1),
            };
            let (kind, mode) = (self.kind.clone(), mode.name.clone());
            fixtures.push(Fixture { number: FixtureNumber(number), label, kind, mode, addresses });
        }
        Ok(fixtures)
    }

    fn mode<'s>(&self, show: &'s Show) -> Result<&'s Mode> {
        let Some(kind) = show.types().iter().find(|kind| kind.name == self.kind) else {
            let known: Vec<_> = show.types().iter().map(|kind| format!("{:?}", kind.name)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            bail!(
                "there is no fixture type {:?}; there are: {known}. Import one with `cuelight patch import`",
                self.kind
            );
        };
        let names: Vec<_> = kind.modes.iter().map(|mode| format!("{:?}", mode.name)).collect();
        match (&self.mode, kind.modes.as_slice()) {
            (None, [one]) => Ok(one),
            (None, _) => bail!("{:?} has the modes {}: choose one with --mode", kind.name, names.join(", ")),
            (Some(name), _) => kind
                .mode(name)
                .ok_or_else(|| anyhow!("{:?} has no mode {name:?}; it has {}", kind.name, names.join(", "))),
        }
    }
}
