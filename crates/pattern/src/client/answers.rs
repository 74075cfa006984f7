//! What a store says, in either dialect and either generation.

use cuelight_wire::tlv::{self, Frame, Listing, Metrics};
use tokio_tungstenite::tungstenite::Bytes;

use super::{ClientError, Listed};

/// An answer that is no error: STATUS 0.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    message: Bytes,
}

impl Answer {
    /// Reads a message; an error in it becomes this client's (PATTERN-24).
    pub(super) fn read(message: Bytes, address: &str) -> Result<Self, ClientError> {
        let nonsense = |problem| ClientError::Nonsense { address: address.to_owned(), problem };
        let frame = Frame::decode(&message).map_err(|error| nonsense(error.to_string()))?;
        match tlv::Answer::read(&frame) {
            Some(tlv::Answer::Status { code: 0, .. }) => Ok(Self { message }),
            Some(tlv::Answer::Status { code, rest }) => Err(nonsense(format!("status {code}: {}", text(rest)))),
            Some(tlv::Answer::Error { code, text: words }) => Err(ClientError::Refused { code, text: text(words) }),
            Some(tlv::Answer::OlderError(error)) => Err(ClientError::RefusedByOlder(error)),
            None => Err(nonsense(format!("type {:#04x}", frame.kind))),
        }
    }

    /// Adds the patterns of this frame of a listing; returns how many there are in all.
    pub(super) fn listing(&self, patterns: &mut Vec<Listed>) -> Result<usize, &'static str> {
        let frame = Frame::decode(&self.message).map_err(|_| "this is no frame")?;
        let rest = frame.value.get(1..).unwrap_or_default();
        let listing = Listing::read(rest).map_err(|_| "an entry of the listing is cut off")?;
        let before = patterns.len();
        patterns.extend(listing.entries().map(|entry| Listed { name: text(entry.name), size: entry.size }));
        let count = usize::from(listing.count);
        if patterns.len() == before && before < count {
            return Err("the listing has fewer patterns than it says");
        }
        Ok(count)
    }

    /// The figures, when it is them.
    pub(super) fn metrics(&self) -> Option<Metrics> {
        Frame::decode(&self.message).ok().and_then(|frame| Metrics::read(&frame))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
