//! Cue numbers: decimals, compared as numbers, exact to thousandths.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The number of a cue, from 0.001 to 9999.999, in thousandths. Text form: `1`, `1.5`, `20.25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CueNumber(u32);

/// The text is not a cue's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a cue number from 0.001 to 9999.999 with at most three decimals, like 1, 1.5 or 20.25")]
pub struct BadCueNumber;

impl CueNumber {
    /// The lowest number there is.
    pub const MIN: Self = Self(1);
    /// The highest number there is.
    pub const MAX: Self = Self(9_999_999);

    /// The number of so many thousandths; `None` outside the range.
    pub const fn from_milli(milli: u32) -> Option<Self> {
        if milli < Self::MIN.0 || milli > Self::MAX.0 { None } else { Some(Self(milli)) }
    }
    /// The number in thousandths.
    pub const fn milli(self) -> u32 {
        self.0
    }
    /// The roundest number between `below` and `above`: a whole one if there is any, else one with one decimal, and so on,
    /// the nearest to `below` of its kind. `None` stands for an open end. Nothing when no number lies between.
    pub fn between(below: Option<Self>, above: Option<Self>) -> Option<Self> {
        let (low, high) = (below.map_or(0, Self::milli), above.map_or(Self::MAX.0 + 1, Self::milli));
        [1_000, 100, 10, 1]
            .into_iter()
            .map(|step| (low / step + 1) * step)
            .find(|n| *n < high)
            .and_then(Self::from_milli)
    }
}

impl fmt::Display for CueNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000, self.0 % 1_000);
        match rest {
            0 => write!(f, "{whole}"),
            _ if rest % 100 == 0 => write!(f, "{whole}.{}", rest / 100),
            _ if rest % 10 == 0 => write!(f, "{whole}.{:02}", rest / 10),
            _ => write!(f, "{whole}.{rest:03}"),
        }
    }
}

impl FromStr for CueNumber {
    type Err = BadCueNumber;
    fn from_str(text: &str) -> Result<Self, BadCueNumber> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_digits =
            |part: &str, most| !part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole, 4) || !is_digits(decimals, 3) {
            return Err(BadCueNumber);
        }
        let number = |part: &str| part.bytes().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        let scale = [1, 100, 10, 1][decimals.len()];
        Self::from_milli(number(whole) * 1_000 + number(decimals) * scale).ok_or(BadCueNumber)
    }
}

impl Serialize for CueNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CueNumber {
    /// From the text form.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = CueNumber;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a cue number like \"1.5\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<CueNumber, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn number(text: &str) -> CueNumber {
        text.parse().unwrap()
    }

    #[test]
    fn cues_sort_as_numbers_not_as_texts() {
        assert!(number("2") < number("10") && number("1.5") < number("1.25").max(number("1.6")));
        assert!(number("1.05") < number("1.5"));
        assert_eq!(number("20.250"), number("20.25"));
    }

    #[test]
    fn a_number_is_written_as_short_as_it_can_be() {
        for text in ["1", "1.5", "20.25", "0.001", "9999.999", "3.007", "10"] {
            assert_eq!(number(text).to_string(), text);
        }
    }

    #[test]
    fn texts_that_are_not_numbers_of_cues_are_refused() {
        for bad in ["", "0", "0.000", "1.", ".5", "1.2345", "10000", "-1", "+1", "1e3", "1,5", " 1", "1.5.2", "１"] {
            assert_eq!(bad.parse::<CueNumber>(), Err(BadCueNumber), "{bad}");
        }
    }

    #[test]
    fn there_is_a_round_number_between_any_two_until_there_is_none() {
        let between = |a: &str, b: &str| CueNumber::between(Some(number(a)), Some(number(b))).map(|n| n.to_string());
        assert_eq!(between("1", "3").as_deref(), Some("2"));
        assert_eq!(between("1", "2").as_deref(), Some("1.1"));
        assert_eq!(between("1", "1.1").as_deref(), Some("1.01"));
        assert_eq!(between("1.001", "1.002"), None);
        assert_eq!(CueNumber::between(None, None), Some(number("1")));
        assert_eq!(CueNumber::between(Some(CueNumber::MAX), None), None);
    }
}
