//! A show file on the disk.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cuelight_show::check::Subject;
use cuelight_show::{Address, Fixture, Show};
use cuelight_showfile::{Fault, PatchEdit, PatchError};

use crate::config::ConfigError;

/// A show file that was read.
pub(super) struct File {
    path: PathBuf,
    text: String,
    pub(super) show: Show,
    /// What is wrong with the show, and where.
    pub(super) faults: Vec<(Subject, Fault)>,
}

impl File {
    /// Reads a file. What is wrong with its show alone does not keep it from being read.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let (show, faults) = cuelight_showfile::examine(&text).map_err(|faults| refused(path, &faults))?;
        Ok(Self { path: path.to_owned(), text, show, faults })
    }
    /// Makes a change and writes the file, whole or not at all.
    pub(super) fn change(&self, edit: &PatchEdit) -> Result<()> {
        let changed = edit.apply(&self.text).map_err(|why| match why {
            PatchError::Unreadable(faults) => refused(&self.path, &faults),
            why => why.into(),
        })?;
        // A link stays a link.
        let path = fs::canonicalize(&self.path).with_context(|| format!("cannot find {}", self.path.display()))?;
        let fresh = path.with_added_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&fresh)?;
            file.write_all(changed.as_bytes())?;
            file.set_permissions(fs::metadata(&path)?.permissions())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

fn refused(path: &Path, faults: &[Fault]) -> anyhow::Error {
    let told: Vec<_> = faults.iter().map(|fault| format!("{}:{fault}", path.display())).collect();
    ConfigError::Show(told.join("\n")).into()
}

/// The stretches of slots of a fixture, first and last.
pub(super) fn stretches(show: &Show, fixture: &Fixture) -> Vec<(Address, u16)> {
    let footprints = show.mode_of(fixture).map(|mode| mode.footprints()).unwrap_or_default();
    let stretch = |(first, slots): (&Address, u16)| (*first, first.slot.saturating_add(slots).saturating_sub(1));
    fixture.addresses.iter().zip(footprints).map(stretch).collect()
}

/// A stretch of slots in words.
pub(super) fn worded((first, last): (Address, u16)) -> String {
    if first.slot == last { first.to_string() } else { format!("{first}..{last}") }
}
