//! The name of a pattern.

use core::fmt;
use core::str::FromStr;

use super::MAX_NAME;

/// 1 to 63 characters of `a-z 0-9 - _` (PATTERN-4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(heapless::String<MAX_NAME>);

/// Why something is no name, even normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// Nothing is left of it.
    Empty,
    /// More than 63 characters are left.
    Long {
        /// How many.
        len: usize,
    },
    /// A byte that cannot be part of a name.
    Byte {
        /// Which.
        byte: u8,
        /// Where, from 0.
        at: usize,
    },
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the name is empty"),
            Self::Long { len } => write!(f, "the name has {len} characters, {MAX_NAME} are allowed"),
            Self::Byte { byte, at } => {
                write!(f, "the name has byte {byte:#04x} at {at}; a-z, 0-9, - and _ are allowed")
            }
        }
    }
}
impl core::error::Error for BadName {}

impl Name {
    /// The name that bytes mean: spaces around it and an ending `.prism` are taken off, capitals become small letters,
    /// spaces and dots within become hyphens. Whatever else is no letter, digit, `-` or `_` is refused (PATTERN-4).
    pub fn normalised(bytes: &[u8]) -> Result<Self, BadName> {
        const ENDING: &[u8] = b".prism";
        let trimmed = bytes.trim_ascii();
        let stem = match trimmed.len().checked_sub(ENDING.len()).map(|at| trimmed.split_at(at)) {
            Some((stem, ending)) if ending.eq_ignore_ascii_case(ENDING) => stem,
            _ => trimmed,
        };
        if stem.is_empty() {
            return Err(BadName::Empty);
        }
        if stem.len() > MAX_NAME {
            return Err(BadName::Long { len: stem.len() });
        }
        let first = bytes.len() - bytes.trim_ascii_start().len();
        let mut name = heapless::String::new();
        for (at, byte) in stem.iter().enumerate() {
            let character = match byte.to_ascii_lowercase() {
                byte @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => char::from(byte),
                b' ' | b'.' => '-',
                _ => return Err(BadName::Byte { byte: *byte, at: first + at }),
            };
            name.push(character).map_err(|_| BadName::Long { len: stem.len() })?;
        }
        Ok(Self(name))
    }
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::normalised(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PATTERN-4
    #[test]
    fn names_are_normalised_and_what_cannot_be_is_refused_with_the_place() {
        for (given, name) in [
            ("ocean-waves_2", "ocean-waves_2"),
            ("Ocean Waves.PRISM", "ocean-waves"),
            ("  spaced \n", "spaced"),
            ("v1.2.prism", "v1-2"),
            ("prism", "prism"),
        ] {
            assert_eq!(Name::normalised(given.as_bytes()).unwrap().as_str(), name);
            assert_eq!(Name::normalised(name.as_bytes()).unwrap().as_str(), name, "a name stays as it is");
        }
        for (bad, why) in [
            (&b""[..], BadName::Empty),
            (b"  ", BadName::Empty),
            (b".prism", BadName::Empty),
            (b"../etc", BadName::Byte { byte: b'/', at: 2 }),
            (b" a\0b", BadName::Byte { byte: 0, at: 2 }),
            ("schön".as_bytes(), BadName::Byte { byte: 0xc3, at: 3 }),
            (&[b'a'; 64], BadName::Long { len: 64 }),
        ] {
            assert_eq!(Name::normalised(bad), Err(why));
        }
        assert_eq!(Name::normalised(&[b'A'; 63]).unwrap().as_str().len(), 63);
    }
}
