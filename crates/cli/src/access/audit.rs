//! `cuelight audit`: the log of who did what, from its files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use cuelight_hub::audit::{Checker, files};

use crate::folders;
use crate::print;

const MORE: &str = "\
Examples:
  cuelight audit verify
  cuelight audit export > audit.jsonl
  cuelight audit verify audit.jsonl --head 3f0c...

Each entry is bound to the one before by its hash, so nobody changes, removes or slips in one unnoticed. What was cut off at the end,
or written anew from some entry on, shows only beside a hash that was kept elsewhere: keep the one that `verify` prints, and
give it with --head later.";

/// `cuelight audit`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
}

/// What to do about the log.
#[derive(Debug, Subcommand)]
enum What {
    /// Check that no entry was changed, removed or slipped in
    Verify {
        #[command(flatten)]
        log: Log,
        /// A hash that `verify` printed earlier: its entry must still be there.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Print all entries, the oldest first, one a line
    Export {
        #[command(flatten)]
        log: Log,
    },
}

/// Which log.
#[derive(Args, Debug)]
struct Log {
    /// Files of a log, in their order [default: those of the data folder].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The hub's data folder [default: ~/.local/state/cuelight/hub].
    #[arg(long, value_name = "DIR", env = "CUELIGHT_HUB_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

impl Log {
    /// Gives each line to `take`, the oldest first.
    fn each(&self, mut take: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let folder = self.data_dir.clone().unwrap_or_else(|| folders::state("hub"));
        let files = match self.files.is_empty() {
            true => files(&folder).with_context(|| format!("the data folder {} cannot be read", folder.display()))?,
            false => self.files.clone(),
        };
        if files.is_empty() {
            bail!("there is no audit log in {}: name the folder with --data-dir", folder.display());
        }
        for path in files {
            let told = || format!("{} cannot be read", path.display());
            let lines = BufReader::new(File::open(&path).with_context(told)?).lines();
            for (number, line) in lines.enumerate() {
                let place = || format!("{}, line {}", path.display(), number + 1);
                take(&line.with_context(told)?).with_context(place)?;
            }
        }
        Ok(())
    }
}

impl Audit {
    /// Reads the files.
    pub(crate) fn run(self) -> Result<()> {
        match self.what {
            What::Verify { log, head } => verify(&log, head.as_deref()),
            What::Export { log } => {
                let mut out = io::stdout().lock();
                log.each(|line| Ok(writeln!(out, "{line}")?))
            }
        }
    }
}

fn verify(log: &Log, head: Option<&str>) -> Result<()> {
    let mut checker = Checker::default();
    let mut is_head_there = false;
    log.each(|line| {
        checker.next(line)?;
        is_head_there |= checker.seen().is_some_and(|(_, last)| head == Some(last.hash.to_string().as_str()));
        Ok(())
    })?;
    let Some((first, last)) = checker.seen() else { return print::text("the log has no entry yet") };
    if let Some(head) = head.filter(|_| !is_head_there) {
        bail!("no entry has the hash {head}: the log was cut off before it, or written anew");
    }
    print::text(&format!("entries {first} to {} are whole; the last has the hash {}", last.number, last.hash))
}
