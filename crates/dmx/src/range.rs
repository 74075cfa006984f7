//! Universes as people write them: `1`, or `1..4` with both ends.

use core::fmt;
use core::str::FromStr;

use crate::sacn::Universe;

/// The first and the last of some universes that follow each other. Numbers are those of a show or of a protocol: a show's
/// and sACN's begin at 1, Art-Net's at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UniverseRange {
    /// The first.
    pub first: u16,
    /// The last, not below the first.
    pub last: u16,
}

/// The text is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRange;

impl fmt::Display for BadRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a universe like 1, or the first and the last of several like 1..4, up to {LAST}")
    }
}
impl core::error::Error for BadRange {}

/// The last universe there is.
const LAST: u16 = Universe::LAST.number();

impl UniverseRange {
    /// Every universe of a show.
    pub const ALL: Self = Self { first: 1, last: LAST };

    /// One universe.
    pub const fn one(number: u16) -> Self {
        Self { first: number, last: number }
    }
    /// Whether it has this one.
    pub const fn has(self, number: u16) -> bool {
        self.first <= number && number <= self.last
    }
    /// Whether any universe is in both.
    pub const fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }
    /// How many there are.
    pub const fn count(self) -> usize {
        self.last as usize - self.first as usize + 1
    }
}

impl FromStr for UniverseRange {
    type Err = BadRange;
    fn from_str(text: &str) -> Result<Self, BadRange> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let number = |text: &str| text.trim().parse().ok().filter(|number: &u16| *number <= LAST).ok_or(BadRange);
        let (first, last) = (number(first)?, number(last)?);
        if first > last { Err(BadRange) } else { Ok(Self { first, last }) }
    }
}

impl fmt::Display for UniverseRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.last > self.first { write!(f, "..{}", self.last) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn ranges_are_read_and_written_in_one_form() {
        for text in ["0", "1", "1..4", "0..63999"] {
            let range: UniverseRange = text.parse().unwrap();
            assert_eq!((range.to_string().as_str(), range.iter().count()), (text, range.count()));
        }
        for bad in ["", "..", "1..", "4..1", "64000", "1...4", "a", "-1", "1,2"] {
            assert_eq!(bad.parse::<UniverseRange>(), Err(BadRange), "{bad}");
        }
    }

    #[test]
    fn ranges_meet_where_they_have_a_universe_in_common() {
        let range = |text: &str| text.parse::<UniverseRange>().unwrap();
        assert!(range("1..4").meets(range("4..9")) && range("2").meets(range("1..4")));
        assert!(!range("1..4").meets(range("5..9")) && !range("0").meets(UniverseRange::ALL));
    }
}
