//! Fixtures: what a kind of lamp can do, and the lamps of this show.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::level::Level;

/// Lowest universe of the show; numbers are those of E1.31.
pub const MIN_UNIVERSE: u16 = 1;
/// Highest universe of the show.
pub const MAX_UNIVERSE: u16 = 63_999;
/// Slots of a universe.
pub const SLOTS: u16 = 512;
/// Slots one channel can spread over, coarse first.
pub const MAX_CHANNEL_SLOTS: usize = 4;

/// A slot of a universe. Text form `UNIVERSE.SLOT`, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The universe, 1 to 63,999.
    pub universe: u16,
    /// The slot, 1 to 512.
    pub slot: u16,
}

impl Address {
    /// The address; `None` outside the ranges.
    pub const fn new(universe: u16, slot: u16) -> Option<Self> {
        let is_good = universe >= MIN_UNIVERSE && universe <= MAX_UNIVERSE && slot >= 1 && slot <= SLOTS;
        if is_good { Some(Self { universe, slot }) } else { None }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.universe, self.slot)
    }
}

/// The text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address UNIVERSE.SLOT, like 1.101, with a universe from 1 to 63999 and a slot from 1 to 512")]
pub struct BadAddress;

impl core::str::FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let number = |part: &str| {
            let is_digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if is_digits { part.parse().ok() } else { None }
        };
        let (universe, slot) = text.split_once('.').ok_or(BadAddress)?;
        Self::new(number(universe).ok_or(BadAddress)?, number(slot).ok_or(BadAddress)?).ok_or(BadAddress)
    }
}

/// What the ends of a channel mean in the world, in thousandths of `unit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhysicalRange {
    /// At level 0.
    pub from_milli: i64,
    /// At full.
    pub to_milli: i64,
    /// `deg`, `K`, `Hz`, `%`, ...; empty where there is none.
    pub unit: String,
}

/// One thing a fixture can be told: an attribute of the whole fixture or of one of its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// What it sets, by GDTF's name: `Dimmer`, `Pan`, `ColorAdd_R`.
    pub attribute: String,
    /// The cell it belongs to, from 1; 0 is the whole fixture.
    pub cell: u16,
    /// Which of the fixture's addresses it counts from, from 0.
    pub part: u8,
    /// Its slots, coarse first, counted from 1 at the fixture's address; 1 to [`MAX_CHANNEL_SLOTS`] of them.
    pub offsets: Vec<u16>,
    /// Its level when no cue sets it.
    pub default: Level,
    /// Whether it is an intensity: it merges highest-first, and the grand master and blackout scale it.
    pub is_intensity: bool,
    /// Whether it jumps at the beginning of a fade.
    pub snaps: bool,
    /// What its ends mean, where known.
    pub physical: Option<PhysicalRange>,
}

/// One way to use a fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Its name, unique in its fixture type.
    pub name: String,
    /// Its channels; an attribute occurs once in a cell.
    pub channels: Vec<Channel>,
}

impl Mode {
    /// How many slots it takes from each of the fixture's addresses.
    pub fn footprints(&self) -> Vec<u16> {
        let mut footprints = Vec::new();
        for channel in &self.channels {
            let part = usize::from(channel.part);
            if footprints.len() <= part {
                footprints.resize(part + 1, 0);
            }
            footprints[part] = channel.offsets.iter().copied().fold(footprints[part], u16::max);
        }
        footprints
    }
    /// The channel of an attribute.
    pub fn channel(&self, attribute: &str, cell: u16) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.cell == cell && channel.attribute == attribute)
    }
}

/// A kind of fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixtureType {
    /// How the show names it, unique.
    pub name: String,
    /// Who makes it; may be empty.
    pub manufacturer: String,
    /// Its modes; at least one.
    pub modes: Vec<Mode>,
}

impl FixtureType {
    /// The mode with this name.
    pub fn mode(&self, name: &str) -> Option<&Mode> {
        self.modes.iter().find(|mode| mode.name == name)
    }
}

/// The number a lamp has in this show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixtureNumber(pub u32);

impl fmt::Display for FixtureNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A lamp of this show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// Its number, unique.
    pub number: FixtureNumber,
    /// What people call it; may be empty.
    pub label: String,
    /// The name of its type.
    pub kind: String,
    /// The name of its mode.
    pub mode: String,
    /// Where it is patched, one address for each part of its mode; empty while it is not patched.
    pub addresses: Vec<Address>,
}

/// Fixtures that are worked together, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name, unique.
    pub name: String,
    /// Its fixtures.
    pub fixtures: Vec<FixtureNumber>,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written_and_only_within_its_ranges() {
        for text in ["1.1", "63999.512", "12.101"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for bad in ["", "1", "0.1", "64000.1", "1.0", "1.513", "1.-1", "+1.1", "1.1.1", "a.b", "99999999.1"] {
            assert_eq!(bad.parse::<Address>(), Err(BadAddress), "{bad}");
        }
    }
}
