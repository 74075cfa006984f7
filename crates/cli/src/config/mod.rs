//! Configuration: a file, over it the environment, over that flags.
//!
//! Each setting is one field of [`HubOptions`] or [`NodeOptions`], with one type that reads it from every source, so the
//! sources cannot disagree about names, ranges or wording. A wrong source is refused whole, with file, line, column,
//! setting, what was expected and what was found: `show.toml:7:12: node.geometry: expected ..., found ...`.

pub(crate) mod access_point;
mod decode;
mod environment;
mod format;
pub(crate) mod hub;
pub(crate) mod lights;
pub(crate) mod node;
pub(crate) mod role;
mod tree;
pub(crate) mod value;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

pub(crate) use access_point::AccessPointOptions;
use format::Format;
pub(crate) use hub::HubOptions;
pub(crate) use node::NodeOptions;
pub(crate) use role::Role;
pub(crate) use tree::{Fault, Located, Place};
pub(crate) use value::Switch;

/// The variables of a hub begin with this.
pub(crate) const HUB_VARIABLES: &str = "CUELIGHT_HUB_";
/// The variables of a hub's access point begin with this.
pub(crate) const ACCESS_POINT_VARIABLES: &str = "CUELIGHT_ACCESS_POINT_";
/// The variables of a node begin with this.
pub(crate) const NODE_VARIABLES: &str = "CUELIGHT_NODE_";

/// Where the configuration file is.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigFile {
    /// Configuration file: TOML, JSON or YAML, by its ending. `cuelight check FILE` explains it.
    #[arg(long = "config", value_name = "FILE", env = "CUELIGHT_CONFIG")]
    path: Option<PathBuf>,
}

/// A file's contents: a table for each of the two programs, and one for a hub's own network.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, expecting = "the tables hub, node and access-point")]
pub(crate) struct FileOptions {
    /// `[hub]`.
    pub(crate) hub: Option<HubOptions>,
    /// `[node]`.
    pub(crate) node: Option<NodeOptions>,
    /// `[access-point]`.
    #[serde(rename = "access-point")]
    pub(crate) access_point: Option<AccessPointOptions>,
    /// What the file is for, when it says so.
    #[serde(skip)]
    pub(crate) role: Option<Role>,
}

/// A source that cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file's ending says nothing about its format.
    #[error("{path}: unknown format: expected a name that ends in .toml, .json, .yaml or .yml", path = .0.display())]
    UnknownFormat(PathBuf),
    /// Something in the file.
    #[error("{path}:{fault}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What, and where in it.
        fault: Fault,
    },
    /// A show file.
    #[error("{0}")]
    Show(String),
    /// Settings of the access point that do not go together, or its password file.
    #[error("access-point: {0}")]
    AccessPoint(String),
    /// A file for another program than this one.
    #[error("{path}: {reason}", path = path.display())]
    Role {
        /// Which.
        path: PathBuf,
        /// What it is for, and what to do.
        reason: String,
    },
    /// Something in the environment.
    #[error("{0}")]
    Environment(Fault),
}

impl ConfigFile {
    /// What the file says; nothing when there is none.
    pub(crate) fn options(&self) -> Result<FileOptions, ConfigError> {
        self.path
            .as_deref()
            .map_or_else(|| Ok(FileOptions::default()), |path| read_file(path).map(|(_, options)| options))
    }

    /// The same for a program that is a hub or a node: a file of the other role is refused.
    pub(crate) fn options_of_hub(&self) -> Result<FileOptions, ConfigError> {
        let options = self.options()?;
        match &options.role {
            Some(Role::Receiver(_)) => {
                Err(self.refusal("it is of a receiver: start it with `cuelight node` or `cuelight run`"))
            }
            _ => Ok(options),
        }
    }
    /// See [`Self::options_of_hub`].
    pub(crate) fn options_of_node(&self) -> Result<FileOptions, ConfigError> {
        let options = self.options()?;
        match &options.role {
            Some(Role::Master(_)) => {
                Err(self.refusal("it is of a master: start it with `cuelight hub` or `cuelight run`"))
            }
            _ => Ok(options),
        }
    }
    /// Refuses the file.
    pub(crate) fn refusal(&self, reason: &str) -> ConfigError {
        ConfigError::Role { path: self.path.clone().unwrap_or_else(|| "no file".into()), reason: reason.to_owned() }
    }
}

/// Reads a file: its tree, for places, and what it means.
pub(crate) fn read_file(path: &Path) -> Result<(Located, FileOptions), ConfigError> {
    let format = Format::of(path).ok_or_else(|| ConfigError::UnknownFormat(path.to_owned()))?;
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    read_text(&text, format).map_err(|fault| ConfigError::File { path: path.to_owned(), fault })
}

fn read_text(text: &str, format: Format) -> Result<(Located, FileOptions), Fault> {
    let tree = format.read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let options = if tree.at(role::KEY).is_some() { role::read(&tree)? } else { decode::decode(&tree)? };
    Ok((tree, options))
}

/// What the variables that begin with `prefix` say.
pub(crate) fn read_environment<T: DeserializeOwned>(
    prefix: &str,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<T, ConfigError> {
    let tree = environment::read(prefix, variables).map_err(ConfigError::Environment)?;
    decode::decode(&tree).map_err(ConfigError::Environment)
}

#[cfg(test)]
mod tests;
