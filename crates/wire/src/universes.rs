//! Which universes of a show are somebody's: what a node plays by its settings, what its hub gives it.

use core::fmt;

use heapless::Vec;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

/// Ranges of one node, at most: in JSON 450 bytes of a message of 1024.
pub const MAX_RANGES: usize = 32;
/// The last universe there is (E1.31 section 6.2.7).
pub const LAST_UNIVERSE: u16 = 63_999;

/// Universes as ranges, rising, apart from one another; in JSON a list of `[first, last]`. None at all is a value too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UniverseRanges(Vec<(u16, u16), MAX_RANGES>);

/// Why ranges are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRanges {
    /// A range that begins at 0, ends after the last universe, or ends before it begins.
    Range,
    /// More than [`MAX_RANGES`] that are apart.
    TooMany,
}

impl fmt::Display for BadRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range => write!(f, "universes are 1 to {LAST_UNIVERSE}, the first of a range not after its last"),
            Self::TooMany => write!(f, "at most {MAX_RANGES} ranges of universes"),
        }
    }
}

impl core::error::Error for BadRanges {}

impl UniverseRanges {
    /// These universes; ranges may come in any order and overlap.
    ///
    /// # Errors
    /// [`BadRanges`].
    pub fn new(ranges: impl IntoIterator<Item = (u16, u16)>) -> Result<Self, BadRanges> {
        let mut own = Self::default();
        for (first, last) in ranges {
            if first == 0 || last > LAST_UNIVERSE || first > last {
                return Err(BadRanges::Range);
            }
            own.add(first, last)?;
        }
        Ok(own)
    }

    /// Those that touch a new range become one with it.
    fn add(&mut self, mut first: u16, mut last: u16) -> Result<(), BadRanges> {
        let touches = |(other_first, other_last): (u16, u16), first: u16, last: u16| {
            u32::from(other_first) <= u32::from(last) + 1 && u32::from(first) <= u32::from(other_last) + 1
        };
        while let Some(place) = self.0.iter().position(|range| touches(*range, first, last)) {
            let (other_first, other_last) = self.0.remove(place);
            (first, last) = (first.min(other_first), last.max(other_last));
        }
        let place = self.0.iter().position(|(other, _)| *other > last).unwrap_or(self.0.len());
        self.0.insert(place, (first, last)).map_err(|_| BadRanges::TooMany)
    }

    /// The ranges, first and last, rising.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.0.iter().copied()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether this one is among them.
    pub fn has(&self, universe: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&universe))
    }
}

impl fmt::Display for UniverseRanges {
    /// As `1..4, 7`; `none` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (place, (first, last)) in self.0.iter().enumerate() {
            let before = if place == 0 { "" } else { ", " };
            write!(f, "{before}{first}")?;
            if first < last {
                write!(f, "..{last}")?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for UniverseRanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ranges = Vec::<(u16, u16), MAX_RANGES>::deserialize(deserializer)?;
        Self::new(ranges).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;
    use std::vec;

    use super::*;

    fn text(ranges: &[(u16, u16)]) -> Result<std::string::String, BadRanges> {
        UniverseRanges::new(ranges.iter().copied()).map(|ranges| ranges.to_string())
    }

    #[test]
    fn ranges_are_kept_rising_and_apart_however_they_come() {
        assert_eq!(text(&[]), Ok("none".into()));
        assert_eq!(text(&[(7, 7), (1, 2), (4, 4), (3, 3)]), Ok("1..4, 7".into()));
        assert_eq!(text(&[(1, 2), (9, 10), (2, 9)]), Ok("1..10".into()));
        assert_eq!(text(&[(63_999, 63_999), (1, 1)]), Ok("1, 63999".into()));
        let ranges = UniverseRanges::new([(1, 4), (7, 7)]).unwrap();
        assert!(ranges.has(4) && ranges.has(7) && !ranges.has(5) && !ranges.has(0));
    }

    #[test]
    fn what_is_no_universe_is_refused_and_so_are_too_many_ranges() {
        for bad in [(0, 1), (2, 1), (1, 64_000)] {
            assert_eq!(text(&[bad]), Err(BadRanges::Range));
        }
        let apart = |count: u16| (1..=count).map(|n| (2 * n, 2 * n)).collect::<vec::Vec<_>>();
        assert!(text(&apart(32)).is_ok());
        assert_eq!(text(&apart(33)), Err(BadRanges::TooMany));
    }
}
