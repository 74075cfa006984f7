//! `cuelight patch move`, `remove` and `group`.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use clap::Args;
use cuelight_show::{Address, FixtureNumber, Group, Occupancy, Pixels};
use cuelight_showfile::PatchEdit;
use serde_json::json;

use super::file::File;
use crate::print;

/// The most fixtures one range stands for.
const MAX_RANGE: u32 = 10_000;

/// One fixture, or those from a first to a last one.
#[derive(Clone, Copy, Debug)]
struct Range(u32, u32);

impl FromStr for Range {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let range = first.parse().ok().zip(last.parse().ok());
        let range = range.filter(|(first, last)| first <= last && last - first < MAX_RANGE);
        let (first, last) =
            range.ok_or_else(|| format!("expected a fixture like 7, or at most {MAX_RANGE} of them like 1..12"))?;
        Ok(Self(first, last))
    }
}

fn numbers(ranges: &[Range]) -> Vec<FixtureNumber> {
    ranges.iter().flat_map(|Range(first, last)| (*first..=*last).map(FixtureNumber)).collect()
}

/// Says what was done.
fn told(is_json: bool, value: &serde_json::Value, words: &str) -> Result<()> {
    if is_json { print::json(value) } else { print::text(words) }
}

/// `cuelight patch move`.
#[derive(Args, Debug)]
pub(super) struct Move {
    /// The show file.
    #[arg(value_name = "SHOW")]
    path: PathBuf,
    /// The fixture.
    fixture: u32,
    /// Where to, UNIVERSE.SLOT, one for each part of its mode; pixels need the first alone
    #[arg(value_name = "ADDRESS", required_unless_present_any = ["free", "unpatch"], conflicts_with_all = ["free", "unpatch"])]
    addresses: Vec<Address>,
    /// To the first free slots from the beginning of this universe on
    #[arg(long, value_name = "UNIVERSE", value_parser = clap::value_parser!(u16).range(1..=63_999), conflicts_with = "unpatch")]
    free: Option<u16>,
    /// Nowhere: it keeps its number and is not patched
    #[arg(long)]
    unpatch: bool,
}

impl Move {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let file = File::read(&self.path)?;
        let number = FixtureNumber(self.fixture);
        let fixture = file.show.fixture(number).ok_or_else(|| anyhow!("there is no fixture {number}"))?;
        let mode = file.show.mode_of(fixture);
        let mut addresses = self.addresses.clone();
        if let Some(universe) = self.free {
            let mode = mode.ok_or_else(|| anyhow!("fixture {number} has no mode: `cuelight check` tells why"))?;
            let mut others = file.show.clone();
            others.fixtures.retain(|other| other.number != number);
            let rooms = Occupancy::of(&others).rooms(&mode.footprints(), Address { universe, slot: 1 });
            addresses = rooms.ok_or_else(|| anyhow!("there is no room for fixture {number}"))?;
        } else if let ([first], Some(pixels)) = (addresses.as_slice(), mode.and_then(|mode| Pixels::of(&mode.channels)))
        {
            addresses = pixels.addresses(*first);
        }
        file.change(&PatchEdit::Move(number, addresses.clone()))?;
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        let place =
            if addresses.is_empty() { "is not patched".to_owned() } else { format!("is at {}", addresses.join(" ")) };
        told(is_json, &json!({ "fixture": number.0, "addresses": addresses }), &format!("fixture {number} {place}"))
    }
}

/// `cuelight patch remove`.
#[derive(Args, Debug)]
pub(super) struct Remove {
    /// The show file.
    #[arg(value_name = "SHOW")]
    path: PathBuf,
    /// The fixtures, like 7 or 1..12.
    #[arg(required = true, value_name = "FIXTURE")]
    fixtures: Vec<Range>,
}

impl Remove {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let file = File::read(&self.path)?;
        let numbers = numbers(&self.fixtures);
        file.change(&PatchEdit::Remove(numbers.clone()))?;
        let removed: Vec<_> = numbers.iter().map(|number| number.0).collect();
        told(is_json, &json!({ "removed": removed }), &format!("{} fixtures removed", numbers.len()))
    }
}

/// `cuelight patch group`.
#[derive(Args, Debug)]
pub(super) struct SetGroup {
    /// The show file.
    #[arg(value_name = "SHOW")]
    path: PathBuf,
    /// The group's name.
    name: String,
    /// All its fixtures in their order, like 7 or 1..12.
    #[arg(required_unless_present = "delete", value_name = "FIXTURE")]
    fixtures: Vec<Range>,
    /// Delete the group; its fixtures stay
    #[arg(long, conflicts_with = "fixtures")]
    delete: bool,
}

impl SetGroup {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let file = File::read(&self.path)?;
        if self.delete {
            file.change(&PatchEdit::Ungroup(self.name.clone()))?;
            return told(is_json, &json!({ "deleted": self.name }), &format!("group {:?} deleted", self.name));
        }
        let fixtures = numbers(&self.fixtures);
        let (count, all) = (fixtures.len(), fixtures.iter().map(|number| number.0).collect::<Vec<_>>());
        file.change(&PatchEdit::Group(Group { name: self.name.clone(), fixtures }))?;
        let words = format!("group {:?} has {count} fixtures", self.name);
        told(is_json, &json!({ "group": self.name, "fixtures": all }), &words)
    }
}
