//! The formats of configuration files, by their file name's ending.

mod json;
mod toml;
mod yaml;

use std::path::Path;

use super::tree::{Fault, Located};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `.toml`
    Toml,
    /// `.json`
    Json,
    /// `.yaml` and `.yml`
    Yaml,
}

impl Format {
    /// The format a file name stands for.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// Reads a text of this format.
    pub(crate) fn read(self, text: &str) -> Result<Located, Fault> {
        match self {
            Self::Toml => toml::read(text),
            Self::Json => json::read(text),
            Self::Yaml => yaml::read(text),
        }
    }
}
