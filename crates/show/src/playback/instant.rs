//! Instants and spans in saved state: nanoseconds as plain numbers.

use cuelight_wire::time::{Show, Span, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// For `#[serde(with)]` on an instant.
pub(crate) mod ns {
    use super::*;
    pub(crate) fn serialize<S: Serializer>(at: &Time<Show>, serializer: S) -> Result<S::Ok, S::Error> {
        at.as_ns().serialize(serializer)
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time<Show>, D::Error> {
        i64::deserialize(deserializer).map(Time::from_ns)
    }
}

/// For `#[serde(with)]` on an instant that may be missing.
pub(super) mod some_ns {
    use super::*;
    pub(crate) fn serialize<S: Serializer>(at: &Option<Time<Show>>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Time::as_ns).serialize(serializer)
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time<Show>>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Time::from_ns))
    }
}

/// For `#[serde(with)]` on a span.
pub(super) mod span_ns {
    use super::*;
    pub(crate) fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
        span.as_ns().serialize(serializer)
    }
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        i64::deserialize(deserializer).map(Span::from_ns)
    }
}
