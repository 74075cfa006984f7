//! `state.full`: the payload of stream packet 0x10 as hex text, sent once for each change to nodes with the word
//! `full-state`, as a backstop where the stream does not pass.

use heapless::Vec;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::ids::NodeId;
use crate::stream::full_state::MAX_LEN;

/// `state.full`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullStateMessage {
    /// The node.
    #[serde(rename = "nodeId")]
    pub node_id: NodeId,
    /// The payload, see [`crate::stream::full_state`].
    pub payload: HexPayload,
}

/// Bytes of a stream payload; in JSON an even number of hex digits (CTRL-6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexPayload(pub Vec<u8, MAX_LEN>);

impl Serialize for HexPayload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Hex<'a>(&'a [u8]);
        impl core::fmt::Display for Hex<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
        serializer.collect_str(&Hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for HexPayload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hex;
        impl Visitor<'_> for Hex {
            type Value = HexPayload;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "at most {} hex digits", 2 * MAX_LEN)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<HexPayload, E> {
                let (pairs, rest) = text.as_bytes().as_chunks::<2>();
                let digit = |d: u8| char::from(d).to_digit(16).map(|d| d as u8);
                let bytes: Option<Vec<u8, MAX_LEN>> = (rest.is_empty() && pairs.len() <= MAX_LEN)
                    .then(|| pairs.iter().map(|&[hi, lo]| Some(digit(hi)? << 4 | digit(lo)?)).collect())
                    .flatten();
                bytes.map(HexPayload).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Hex)
    }
}
