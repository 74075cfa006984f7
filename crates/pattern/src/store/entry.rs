//! What is known of a pattern without its bytes.

use std::fmt;
use std::str::FromStr;

use cuelight_wire::ids::PatternId;
use cuelight_wire::tlv::Name;
use sha2::Digest;

/// What every playable pattern begins with.
const MAGIC: [u8; 4] = *b"PRSM";

/// SHA-256 of a pattern's bytes; 64 hex digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
    /// What the show calls the pattern: the first 8 bytes.
    pub fn id(&self) -> PatternId {
        PatternId(*self.0.first_chunk().expect("a SHA-256 is longer than an id"))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is 64 hex digits")]
pub struct BadSha256;

impl FromStr for Sha256 {
    type Err = BadSha256;
    fn from_str(text: &str) -> Result<Self, BadSha256> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(BadSha256);
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| BadSha256)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| BadSha256)?;
        }
        Ok(Self(bytes))
    }
}

/// A pattern that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// Its bytes' number.
    pub size: u32,
    /// Its bytes' hash.
    pub sha256: Sha256,
    /// Whether it begins as patterns do. Whatever else is uploaded is kept and listed, and not played (PATTERN-21).
    pub is_pattern: bool,
}

/// What the first bytes of a file say of it.
pub(super) fn is_pattern(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_and_read_as_64_small_hex_digits() {
        // FIPS 180-2, appendix B.1.
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hash = Sha256::of(b"abc");
        assert_eq!((hash.to_string().as_str(), text.parse()), (text, Ok(hash)));
        assert_eq!(hash.id().to_string(), "ba7816bf8f01cfea");
        for bad in ["", &text[1..], &text.to_uppercase(), &text.replace('b', "g")] {
            assert_eq!(bad.parse::<Sha256>(), Err(BadSha256), "{bad}");
        }
    }
}
