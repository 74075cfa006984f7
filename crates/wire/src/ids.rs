//! Names and numbers of nodes, effects, palettes, sessions and changes.

use core::fmt;
use core::str::FromStr;

use heapless::String;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::MAX_TOKEN_LEN;

/// A node's number in one show; deployed nodes know at most 255 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u16);

/// An effect's stable number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(pub u16);

/// A palette's stable number; 0 means the effect's own palette where it has one, else the scene's own colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaletteId(pub u16);

/// Orders the changes of one hub: larger is newer. Never 0 for a real change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u32);

/// A MAC address: a node's stable identity. Text form `AA:BB:CC:DD:EE:FF`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

/// The text is not a MAC address of the form `AA:BB:CC:DD:EE:FF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMac;

impl fmt::Display for BadMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a MAC address of the form AA:BB:CC:DD:EE:FF")
    }
}
impl core::error::Error for BadMac {}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

impl FromStr for Mac {
    type Err = BadMac;
    fn from_str(text: &str) -> Result<Self, BadMac> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part =
                parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit())).ok_or(BadMac)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| BadMac)?;
        }
        if parts.next().is_some() { Err(BadMac) } else { Ok(Self(bytes)) }
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::<17>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A pattern's identity: the first 8 bytes of the SHA-256 of its file. Text form: 16 lowercase hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternId(pub [u8; 8]);

/// The text is not a pattern's identity of 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPatternId;

impl fmt::Display for BadPatternId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a pattern's identity of 16 hex digits")
    }
}
impl core::error::Error for BadPatternId {}

impl fmt::Display for PatternId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PatternId {
    type Err = BadPatternId;
    fn from_str(text: &str) -> Result<Self, BadPatternId> {
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(BadPatternId);
        }
        u64::from_str_radix(text, 16).map(|id| Self(id.to_be_bytes())).map_err(|_| BadPatternId)
    }
}

/// A session token: at most 63 ASCII characters, made by the hub from at least 128 random bits.
pub type Token = String<MAX_TOKEN_LEN>;

/// FNV-1a 32 of a session token's bytes, as carried by every stream packet and time exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub u32);

impl TokenHash {
    /// Hashes a token: FNV-1a, 32 bits (offset basis 2166136261, prime 16777619; WIRE-3).
    pub const fn of(token: &[u8]) -> Self {
        let mut hash = 2_166_136_261_u32;
        let mut i = 0;
        while i < token.len() {
            hash = (hash ^ token[i] as u32).wrapping_mul(16_777_619);
            i += 1;
        }
        Self(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_1a_gives_its_published_test_values() {
        // From the published FNV reference vectors.
        assert_eq!(TokenHash::of(b"").0, 0x811c_9dc5);
        assert_eq!(TokenHash::of(b"a").0, 0xe40c_292c);
        assert_eq!(TokenHash::of(b"foobar").0, 0xbf9c_f968);
    }

    #[test]
    fn a_pattern_id_is_read_and_written_in_one_form() {
        let id: PatternId = "00ffAB0000000001".parse().unwrap();
        assert_eq!(id, PatternId([0, 255, 0xab, 0, 0, 0, 0, 1]));
        let mut text = String::<16>::new();
        fmt::write(&mut text, format_args!("{id}")).unwrap();
        assert_eq!(text, "00ffab0000000001");
        for bad in ["", "00ffab000000000", "00ffab00000000010", "+0ffab0000000001", "00ffab000000000g"] {
            assert_eq!(bad.parse::<PatternId>(), Err(BadPatternId), "{bad}");
        }
    }

    #[test]
    fn a_mac_address_is_read_and_written_in_one_form() {
        let mac: Mac = "aa:BB:0c:dd:EE:ff".parse().unwrap();
        assert_eq!(mac, Mac([0xaa, 0xbb, 0x0c, 0xdd, 0xee, 0xff]));
        for bad in
            ["", "AA:BB:CC:DD:EE", "AA:BB:CC:DD:EE:FF:00", "AA:BB:CC:DD:EE:G0", "+A:BB:CC:DD:EE:FF", "A:B:C:D:E:F"]
        {
            assert_eq!(bad.parse::<Mac>(), Err(BadMac), "{bad}");
        }
    }
}
