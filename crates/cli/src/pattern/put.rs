//! `cuelight pattern put`.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use cuelight_pattern::client::{self, Target};
use cuelight_pattern::store::Sha256;
use cuelight_wire::prism::Prism;
use cuelight_wire::tlv::Name;
use serde::Serialize;
use serde_json::Value;

use super::attempts::{self, Attempts};
use super::bar::Bar;
use super::store::{Opened, Place, Store, advised, runtime};
use crate::ctl::client::Unreachable;
use crate::ctl::words::duration;
use crate::print;

/// `cuelight pattern put`.
#[derive(Args, Debug)]
pub(super) struct Put {
    /// Pattern files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Store it under this name [default: the file's]
    #[arg(long)]
    name: Option<String>,
    /// Store what is no pattern, too; it cannot be played
    #[arg(long)]
    unchecked: bool,
    /// How long to go on trying when nobody answers or the connection breaks; 0s tries once
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration)]
    retry: Duration,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A file to be uploaded.
#[derive(Debug)]
struct Upload {
    file: PathBuf,
    name: Name,
    bytes: Vec<u8>,
    sha256: Sha256,
}

/// What became of it.
#[derive(Debug, Serialize)]
struct Stored {
    name: String,
    file: String,
    size: usize,
    sha256: String,
    /// Whether anything had to be sent.
    sent: bool,
}

impl Put {
    /// Uploads the files, one after the other.
    pub(super) fn run(self) -> Result<()> {
        ensure!(self.name.is_none() || self.files.len() == 1, "--name is for one file, and these are several");
        // All are looked at before the first is sent.
        let read = |file: &PathBuf| upload(file, self.name.as_deref(), self.unchecked);
        let uploads = self.files.iter().map(read).collect::<Result<Vec<_>>>()?;
        let attempts = &mut Attempts::for_at_most(self.retry);
        let opened = open(&self.place.store(), attempts)?;
        let mut stored = Vec::new();
        for upload in &uploads {
            let sent = !is_there(&opened.patterns, upload);
            if sent {
                send(&opened.target, upload, attempts)?;
            }
            let told = upload.stored(sent);
            if !self.json {
                print::text(&told.told(&opened.target.address))?;
            }
            stored.push(told);
        }
        if self.json { print::json(&stored) } else { Ok(()) }
    }
}

/// Reads a file and finds out its name.
fn upload(file: &Path, name: Option<&str>, unchecked: bool) -> Result<Upload> {
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    if !unchecked && let Err(bad) = Prism::read(&bytes) {
        bail!(
            "{} cannot be played: {bad}. `cuelight pattern make` makes patterns; --unchecked uploads it all the same",
            file.display()
        );
    }
    ensure!(!bytes.is_empty(), "{} is empty", file.display());
    let given = name.map(str::to_owned).or_else(|| Some(file.file_name()?.to_string_lossy().into_owned()));
    let given = given.with_context(|| format!("{} has no name", file.display()))?;
    let name = Name::normalised(given.as_bytes())
        .map_err(|bad| anyhow!("\"{given}\" is no name of a pattern: {bad}; give one with --name"))?;
    let sha256 = Sha256::of(&bytes);
    Ok(Upload { file: file.to_owned(), name, bytes, sha256 })
}

/// Opens the store, waiting for a hub that does not answer.
fn open(store: &Store, attempts: &mut Attempts) -> Result<Opened> {
    loop {
        let error = match store.open() {
            Err(error) if error.is::<Unreachable>() => error,
            outcome => return outcome,
        };
        let Some(pause) = attempts.next_pause() else { return Err(error) };
        eprintln!("{}", attempts::told(&error, pause));
        thread::sleep(pause);
    }
}

/// Whether a hub has these bytes under this name already.
fn is_there(patterns: &Value, upload: &Upload) -> bool {
    let sha256 = upload.sha256.to_string();
    let is_it = |pattern: &Value| pattern["name"] == upload.name.as_str() && pattern["sha256"] == sha256.as_str();
    patterns.as_array().into_iter().flatten().any(is_it)
}

fn send(target: &Target, upload: &Upload, attempts: &Attempts) -> Result<()> {
    let Upload { file, name, bytes, .. } = upload;
    let bar = Bar::new(name.as_str(), bytes.len());
    let again = |retry: client::Retry<'_>| {
        let is_worth = attempts.is_worth(retry.pause);
        if is_worth {
            bar.say(&attempts::told(retry.error, retry.pause));
        }
        is_worth
    };
    let backoff = attempts.backoff();
    let outcome =
        runtime()?.block_on(client::put(target, name.as_str(), bytes, backoff, |progress| bar.show(progress), again));
    outcome.map_err(|error| advised(&error).context(format!("{} is not stored", file.display())))
}

impl Upload {
    fn stored(&self, sent: bool) -> Stored {
        Stored {
            name: self.name.as_str().to_owned(),
            file: self.file.display().to_string(),
            size: self.bytes.len(),
            sha256: self.sha256.to_string(),
            sent,
        }
    }
}

impl Stored {
    fn told(&self, store: &str) -> String {
        let Self { name, size, .. } = self;
        if self.sent {
            format!("{name}: {size} bytes, stored at {store}")
        } else {
            format!("{name}: {size} bytes, was at {store} already")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_file_gives_the_name_unless_one_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Ocean Waves.prism");
        fs::write(&file, b"x").unwrap();
        assert_eq!(upload(&file, None, true).unwrap().name.as_str(), "ocean-waves");
        assert_eq!(upload(&file, Some("Sea"), true).unwrap().name.as_str(), "sea");
        let error = upload(&file, Some("a/b"), true).unwrap_err().to_string();
        assert!(error.contains("\"a/b\"") && error.contains("--name"), "{error}");
    }

    #[test]
    fn what_is_no_pattern_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        fs::write(&file, b"no pattern").unwrap();
        let error = upload(&file, None, false).unwrap_err().to_string();
        assert!(error.contains("notes.txt") && error.contains("--unchecked"), "{error}");
        fs::write(&file, b"").unwrap();
        assert!(upload(&file, None, true).unwrap_err().to_string().contains("empty"));
        assert!(upload(&folder.path().join("none"), None, true).unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn only_the_same_bytes_under_the_same_name_are_there_already() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, b"x").unwrap();
        let upload = upload(&file, None, true).unwrap();
        let sha256 = Sha256::of(b"x").to_string();
        assert!(is_there(&json!([{"name": "b", "sha256": "0"}, {"name": "a", "sha256": sha256}]), &upload));
        for other in [json!([{"name": "b", "sha256": sha256}]), json!([{"name": "a", "sha256": "0"}]), json!(null)] {
            assert!(!is_there(&other, &upload), "{other}");
        }
    }
}
