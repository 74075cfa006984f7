//! The settings of universes: which of a show, where they go, and a show in a file.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use cuelight_dmx::range::UniverseRange;
use cuelight_input::{BadInput, InputSetting};
use cuelight_output::LightsTarget;
use cuelight_output::lights::BadLights;
use cuelight_show::Show;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::ConfigError;
use super::value::Described;

impl Described for LightsTarget {
    fn expected() -> String {
        BadLights::Protocol.to_string().trim_start_matches("expected ").to_owned()
    }
    fn reason(error: &BadLights) -> Option<String> {
        Some(error.to_string())
    }
}

impl Described for InputSetting {
    fn expected() -> String {
        BadInput::Protocol.to_string().trim_start_matches("expected ").to_owned()
    }
    fn reason(error: &BadInput) -> Option<String> {
        Some(error.to_string())
    }
}

/// Universes: `7` or `1..4`; in a file also the number 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Universes(pub(crate) UniverseRange);

impl FromStr for Universes {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let range = text.parse().ok().filter(|range: &UniverseRange| range.first > 0);
        range.map(Self).ok_or_else(|| BadLights::Universes.to_string())
    }
}

impl<'de> Deserialize<'de> for Universes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Universes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(BadLights::Universes.to_string().trim_start_matches("expected "))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Universes, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Universes, E> {
                text.parse().map_err(|reason| E::custom(format_args!("{reason}, found {text:?}")))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// Reads a show file, or says every fault in it with its place.
pub(crate) fn read_show(path: &Path) -> Result<Show, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    parse_show(path, &text)
}

/// The show that the text of a file means.
pub(crate) fn parse_show(path: &Path, text: &str) -> Result<Show, ConfigError> {
    cuelight_showfile::read(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(|faults| {
        let told: Vec<_> = faults.iter().map(|fault| format!("{}:{fault}", path.display())).collect();
        ConfigError::Show(told.join("\n"))
    })
}
