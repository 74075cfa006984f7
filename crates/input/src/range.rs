//! Universes as people write them: `1`, or `1..4` with both ends.

use std::fmt;
use std::str::FromStr;

/// The first and the last of some universes that follow each other. Numbers are those of a protocol: sACN's begin at 1,
/// Art-Net's at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniverseRange {
    /// The first.
    pub first: u16,
    /// The last, not below the first.
    pub last: u16,
}

/// The text is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a universe like 1, or the first and the last of several like 1..4, up to 63999")]
pub struct BadRange;

/// The last universe of sACN.
const LAST: u16 = 63_999;

impl UniverseRange {
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
        let number = |text: &str| text.parse().ok().filter(|number: &u16| *number <= LAST).ok_or(BadRange);
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
}
