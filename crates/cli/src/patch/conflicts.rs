//! `cuelight patch conflicts`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use cuelight_show::check::Subject;
use serde_json::json;

use super::file::File;
use crate::print;

/// `cuelight patch conflicts`.
#[derive(Args, Debug)]
pub(super) struct Conflicts {
    /// The show file.
    #[arg(value_name = "SHOW")]
    path: PathBuf,
}

impl Conflicts {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let file = File::read(&self.path)?;
        let is_patch = |subject: &Subject| !matches!(subject, Subject::List(_) | Subject::Cue(..));
        let found: Vec<_> =
            file.faults.iter().filter(|(subject, _)| is_patch(subject)).map(|(_, fault)| fault).collect();
        if is_json {
            let told = |fault: &&cuelight_showfile::Fault| json!({ "line": fault.line, "column": fault.column, "sentence": fault.sentence });
            print::json(&found.iter().map(told).collect::<Vec<_>>())?;
        } else {
            for fault in &found {
                print::text(&format!("{}:{fault}", self.path.display()))?;
            }
        }
        match found.len() {
            0 if is_json => Ok(()),
            0 => print::text("no conflicts"),
            1 => bail!("there is a conflict"),
            count => bail!("there are {count} conflicts"),
        }
    }
}
