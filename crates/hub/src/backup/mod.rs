//! A hub's data folder in one file, and back; and what is in it, for people to read (STORE-10, STORE-11).
//!
//! | module | is |
//! |---|---|
//! | `contents` | which files belong in a backup |
//! | `archive` | the file: a ZIP archive with a list of what is in it and the SHA-256 of each |
//! | `restore` | from the file to a folder |
//! | `export` | what the folder holds, as a document without secrets |

mod archive;
mod contents;
mod export;
mod restore;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use cuelight_net::clock::wall_now;
use thiserror::Error;

use crate::database::{HUB, OpenError, Opened, SnapshotError, take_snapshot};
use crate::events::rfc3339;
use crate::store::{DataFolder, FolderError};

pub(crate) use archive::write;
pub use archive::{Contents, Stored, verify};
pub use export::Export;
pub(crate) use export::gather;
pub use restore::{Restored, restore, restore_last_good_copy};

/// The copy of `hub.db` that a backup is made from, while it is being made.
pub(crate) const COPY: &str = "backup.db";

/// Why a backup is not made or not taken back.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is nothing there.
    #[error("{0} is no data folder of a hub: nothing of one is in it")]
    NoFolder(PathBuf),
    /// A database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The system refuses.
    #[error("{path}: {source}")]
    System {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A copy of the database cannot be made.
    #[error("no copy of hub.db can be made: {0}")]
    Copy(String),
    /// The file is no backup, or not whole.
    #[error("{path} is no whole backup: {why}")]
    NotWhole {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A newer version made it.
    #[error("{path} has form {found}; this version of Cuelight reads up to {known}: use a newer one")]
    Newer {
        /// Which.
        path: PathBuf,
        /// Its form.
        found: u32,
        /// What this version reads.
        known: u32,
    },
    /// There is no last good copy.
    #[error("{0} has no last good copy of hub.db that serves: restore a backup")]
    NoCopy(PathBuf),
}

impl BackupError {
    pub(crate) fn system(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::System { path: path.clone(), source }
    }
}

impl From<SnapshotError> for BackupError {
    fn from(error: SnapshotError) -> Self {
        Self::Copy(error.to_string())
    }
}

/// The instant that is now on the wall clock (RFC 3339).
pub fn now() -> String {
    rfc3339(wall_now())
}

/// Opens the data folder of a hub that does not run.
fn stopped(folder: &Path) -> Result<(DataFolder, Opened), BackupError> {
    if !["hub.db", "hub-id.json", "state.json"].iter().any(|file| folder.join(file).exists()) {
        return Err(BackupError::NoFolder(folder.to_owned()));
    }
    let data = DataFolder::open(folder)?;
    let opened = Opened::open(folder, &HUB)?;
    Ok((data, opened))
}

/// Writes a backup of the data folder of a hub that does not run.
///
/// # Errors
/// [`BackupError`]: a hub runs on it, or something cannot be read or written.
pub fn back_up(folder: &Path, into: &mut dyn io::Write) -> Result<Contents, BackupError> {
    let (_data, opened) = stopped(folder)?;
    let copy = folder.join(COPY);
    take_snapshot(&opened.connection, &copy)?;
    drop(opened);
    let written = write(folder, into);
    std::fs::remove_file(&copy).map_err(BackupError::system(&copy))?;
    written
}

/// What the data folder of a hub that does not run holds.
///
/// # Errors
/// [`BackupError`]: a hub runs on it, or something cannot be read.
pub fn export(folder: &Path) -> Result<Export, BackupError> {
    let (_data, opened) = stopped(folder)?;
    let receivers = crate::receivers::registered(&opened.connection).map_err(|e| BackupError::Copy(e.to_string()))?;
    Ok(gather(folder, receivers))
}
