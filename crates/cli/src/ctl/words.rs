//! What several subcommands are told in the same words: scopes, fades, names or numbers.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::call::put;

/// Longest fade, and longest time of any kind, milliseconds: an hour.
const MAX_MS: f64 = 3_600_000.0;

/// Where a change goes and how fast.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Where {
    /// What it is for: show, group:NAME, node:NAME or node:NUMBER [default: show].
    #[arg(long)]
    pub(super) scope: Option<String>,
    /// Time of the cross-fade, like 500ms or 2s [default: at once].
    #[arg(long, value_name = "TIME")]
    pub(super) fade: Option<Fade>,
}

impl Where {
    /// Adds itself to a request.
    pub(super) fn put(&self, body: &mut Map<String, Value>) {
        put(body, "scope", self.scope.as_deref());
        put(body, "fade_ms", self.fade.map(|Fade(ms)| ms));
    }
}

/// A duration in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fade(u32);

impl FromStr for Fade {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        milliseconds(text).map(Self)
    }
}

/// A time of at most an hour.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    milliseconds(text).map(|ms| Duration::from_millis(ms.into()))
}

fn milliseconds(text: &str) -> Result<u32, &'static str> {
    let units = [("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    let scaled = units.iter().find_map(|(unit, ms)| {
        let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        Some((number * ms).round())
    });
    match scaled {
        Some(ms) if (0.0..=MAX_MS).contains(&ms) => Ok(ms as u32),
        Some(_) => Err("expected at most 60m"),
        None => Err("expected a time like 500ms, 2s or 1m"),
    }
}

/// An effect or palette: a number where the text is one.
pub(super) fn name_or_number(text: &str) -> Value {
    text.parse::<u16>().map_or_else(|_| Value::from(text), Value::from)
}

/// A text member of an answer; `-` when there is none.
pub(crate) fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fades_are_times_with_a_unit() {
        for (text, ms) in [("0s", 0), ("500ms", 500), ("2s", 2000), ("1.5 s", 1500), ("60m", 3_600_000)] {
            assert_eq!(text.parse(), Ok(Fade(ms)), "{text}");
        }
        for bad in ["", "2", "s", "-1s", "61m", "NaNs", "2h", "infs"] {
            assert!(bad.parse::<Fade>().is_err(), "{bad}");
        }
    }
}
