//! `cuelight backup`.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use cuelight_hub::backup;
use serde_json::json;

use crate::ctl::client::{Client, Target};
use crate::print;

/// How long the hub may take to give everything: what a connection is served for.
const PATIENCE: Duration = Duration::from_secs(300);

const EXAMPLES: &str = "\
The file holds what would be missed: scenes, groups, names, show files with their revisions, patterns, registrations, keys. It does
not hold images of nodes, the log of commands and figures. Keys are in it: keep it as you keep them.

Examples:
  cuelight backup friday.zip                      of the hub on this machine, while it runs
  cuelight backup backups/                        into a folder, under a name with date and time
  cuelight backup friday.zip --from /var/lib/cuelight-hub   of a hub that does not run";

/// `cuelight backup`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Backup {
    /// The file, or the folder it is put into
    #[arg(value_name = "FILE|FOLDER")]
    into: PathBuf,
    /// The data folder of a hub that does not run; else the hub is asked
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    /// Makes a backup, and looks through it before it gets its name.
    pub(crate) fn run(self) -> Result<()> {
        let path = if self.into.is_dir() { self.into.join(dated()?) } else { self.into.clone() };
        if path.exists() {
            bail!("{} is there already: choose another name", path.display());
        }
        let fresh = path.with_added_extension("new");
        let made = self.made(&fresh).and_then(|()| Ok(backup::verify(&fresh)?));
        let contents = made.inspect_err(|_| {
            // What there is of it is no backup.
            let _ = fs::remove_file(&fresh);
        })?;
        File::open(&fresh)
            .and_then(|file| file.sync_all())
            .with_context(|| format!("{} cannot be kept", fresh.display()))?;
        fs::rename(&fresh, &path).with_context(|| format!("{} cannot be made", path.display()))?;
        let bytes: u64 = contents.files.iter().map(|file| file.size).sum();
        if self.json {
            return print::json(
                &json!({ "file": path, "files": contents.files.len(), "bytes": bytes, "made_at": contents.made_at }),
            );
        }
        print::text(&format!("{}: {} files, {bytes} bytes, looked through", path.display(), contents.files.len()))
    }

    fn made(&self, fresh: &Path) -> Result<()> {
        let unwritable = || format!("{} cannot be written", fresh.display());
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).truncate(true).write(true).mode(0o600).open(fresh).with_context(unwritable)?;
        match &self.from {
            Some(folder) => backup::back_up(folder, &mut file).map(drop)?,
            None => Client::new(&self.target).with_patience(PATIENCE).fetch_into("/api/v1/backup", &mut file)?,
        }
        Ok(())
    }
}

/// A name with date and time, UTC.
fn dated() -> Result<String> {
    let now = backup::now();
    let digits: String = now.chars().filter(|c| c.is_ascii_digit()).take(14).collect();
    let (date, time) = digits.split_at_checked(8).context("the wall clock has no date")?;
    Ok(format!("cuelight-{date}-{time}.zip"))
}
