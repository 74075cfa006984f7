//! `cuelight restore`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use cuelight_hub::backup;
use serde_json::json;

use crate::{folders, print};

const EXAMPLES: &str = "\
The hub must not run. What was in the folder before is kept in it, in before-restore-N.

Examples:
  cuelight restore friday.zip
  cuelight restore friday.zip --data-dir /var/lib/cuelight-hub   also on another machine
  cuelight restore                                               the last good copy of a damaged hub.db";

/// `cuelight restore`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Restore {
    /// The backup; without one the last good copy takes the place of a damaged database
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The hub's data folder [default: ~/.local/state/cuelight/hub]
    #[arg(long, value_name = "DIR", env = "CUELIGHT_HUB_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    /// Makes the folder what it was.
    pub(crate) fn run(self) -> Result<()> {
        let folder = self.data_dir.unwrap_or_else(|| folders::state("hub"));
        let shown = folder.display();
        let Some(file) = self.file else {
            let aside = backup::restore_last_good_copy(&folder)?;
            if self.json {
                return print::json(&json!({ "folder": folder, "before": aside }));
            }
            let aside = aside.display();
            return print::text(&format!(
                "hub.db in {shown} is its last good copy now; what was there before is {aside}"
            ));
        };
        let restored = backup::restore(&folder, &file)?;
        let (files, made_at) = (restored.contents.files.len(), restored.contents.made_at);
        if self.json {
            let before = restored.before;
            return print::json(&json!({ "folder": folder, "files": files, "made_at": made_at, "before": before }));
        }
        let before = restored.before.map(|before| format!("; what was there before is in {}", before.display()));
        print::text(&format!("{shown} is as it was at {made_at}: {files} files{}", before.unwrap_or_default()))
    }
}
