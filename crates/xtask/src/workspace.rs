//! What `cargo metadata` says of the workspace.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The prefix of every package of the workspace.
pub(crate) const PREFIX: &str = "cuelight-";

/// The workspace.
pub(crate) struct Workspace {
    /// Its members.
    pub(crate) packages: Vec<Package>,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
}

/// A member of the workspace.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Names of the packages its library and binaries need, not those of its tests.
    pub(crate) dependencies: Vec<String>,
    /// Names of its targets with their kind: `test`, `bench`, ...
    pub(crate) targets: Vec<(String, String)>,
}

impl Package {
    /// The name without the prefix, which is also its folder under `crates/`.
    pub(crate) fn short_name(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }
    /// Names of the targets of a kind.
    pub(crate) fn targets_of(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.targets.iter().filter(move |(_, k)| k == kind).map(|(name, _)| name.as_str())
    }
}

/// Reads the workspace.
pub(crate) fn read() -> Result<Workspace> {
    let text = process::output(process::cargo().args(["metadata", "--format-version=1", "--no-deps"]))?;
    let json: Value = serde_json::from_slice(&text).context("what `cargo metadata` prints is not JSON")?;
    let packages = list(&json["packages"]).map(package).collect();
    Ok(Workspace { packages, target: PathBuf::from(string(&json["target_directory"])) })
}

fn package(json: &Value) -> Package {
    let dependencies = list(&json["dependencies"]).filter(|d| d["kind"] != "dev").map(|d| string(&d["name"])).collect();
    let targets =
        list(&json["targets"]).flat_map(|t| list(&t["kind"]).map(|kind| (string(&t["name"]), string(kind)))).collect();
    Package { name: string(&json["name"]), dependencies, targets }
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn string(json: &Value) -> String {
    json.as_str().unwrap_or_default().into()
}
