//! Capability words: what a hub and a node agree to use beyond the deployed protocol.
//!
//! A node lists its words in `hello.ext`; the hub answers in `welcome.ext` with those both know. Only words in the
//! answer are used. A node that lists none is a deployed node and gets deployed packets only (CTRL-4).

use core::fmt;

use heapless::Vec;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

/// A set of capability words. In JSON: a list of strings; unknown words are passed over (CTRL-5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ext(u16);

impl Ext {
    /// No extension: the deployed protocol.
    pub const NONE: Self = Self(0);
    /// `full-state`: stream packets of type 0x10, and their copies on the control plane.
    pub const FULL_STATE: Self = Self(1);
    /// `ns-exchange`: time exchange in nanoseconds with the previous reply's transmit stamp.
    pub const NS_EXCHANGE: Self = Self(2);
    /// `show-lock`: the hub tells which show is armed.
    pub const SHOW_LOCK: Self = Self(4);
    /// `cues`: stream packets of type 0x11, shows and playbacks over HTTP, `cues` in the keepalive.
    pub const CUES: Self = Self(8);
    /// `ota-stop`: the hub may tell the node to leave an update off.
    pub const OTA_STOP: Self = Self(16);
    /// `restart`: something starts the node again when it ends, and the hub may ask for that.
    pub const RESTART: Self = Self(32);
    /// `universes`: the hub says which universes are the node's.
    pub const UNIVERSES: Self = Self(64);
    /// `geometry`: the hub says how the node's LEDs are laid out.
    pub const GEOMETRY: Self = Self(128);
    /// `seal`: datagrams end with a tag that only the session's two ends can make.
    pub const SEAL: Self = Self(256);
    /// Everything this version knows.
    pub const ALL: Self = Self(511);

    const WORDS: [(Self, &'static str); 9] = [
        (Self::FULL_STATE, "full-state"),
        (Self::NS_EXCHANGE, "ns-exchange"),
        (Self::SHOW_LOCK, "show-lock"),
        (Self::CUES, "cues"),
        (Self::OTA_STOP, "ota-stop"),
        (Self::RESTART, "restart"),
        (Self::UNIVERSES, "universes"),
        (Self::GEOMETRY, "geometry"),
        (Self::SEAL, "seal"),
    ];

    /// Whether every word of `other` is in this set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// Whether the set is empty.
    pub const fn is_none(&self) -> bool {
        self.0 == 0
    }
    /// The words in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// The words in either set.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// The words of this set that are not in the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// The words of the set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, word)| word)
    }
}

impl fmt::Display for Ext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        self.words().enumerate().try_for_each(|(at, word)| write!(f, "{}{word}", if at == 0 { "" } else { " " }))
    }
}

impl Serialize for Ext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<&str, 16> = self.words().collect();
        let mut seq = serializer.serialize_seq(Some(words.len()))?;
        for word in &words {
            seq.serialize_element(word)?;
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Ext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Ext;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of capability words")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ext, A::Error> {
                let mut ext = Ext::NONE;
                while let Some(Word(word)) = seq.next_element()? {
                    ext = ext.or(word);
                }
                Ok(ext)
            }
        }
        deserializer.deserialize_seq(Words)
    }
}

/// One word of a list: the empty set when it is not a known one, however long it is.
struct Word(Ext);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl Visitor<'_> for AnyText {
            type Value = Word;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a capability word")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
                let known = Ext::WORDS.iter().find(|(_, word)| *word == text);
                Ok(Word(known.map_or(Ext::NONE, |(bit, _)| *bit)))
            }
        }
        deserializer.deserialize_str(AnyText)
    }
}
