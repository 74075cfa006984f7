//! Nodes that are started by the launcher, so that they can be updated.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How.
#[derive(Clone, Debug)]
pub(crate) struct Launched {
    /// The program `cuelight-launch`.
    pub(crate) launcher: PathBuf,
    /// What is in each node's first slot at the start.
    pub(crate) image: PathBuf,
    /// Public keys whose images the nodes take.
    pub(crate) keys: Vec<String>,
}

impl Launched {
    /// The beginning of a node's command, up to `node`.
    pub(super) fn command(&self, slots: &Path) -> Command {
        let mut command = Command::new(&self.launcher);
        command.arg("--slots").arg(slots).arg("--program").arg(&self.image).args(["--", "node"]);
        for key in &self.keys {
            command.args(["--update-key", key]);
        }
        command
    }
}
