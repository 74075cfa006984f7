//! From a backup to a data folder. Everything is unpacked and looked through beside what is there; only then does it take its place,
//! and what was there before is kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::archive::{self, Contents};
use super::contents::{BEFORE_RESTORE, stays};
use super::{BackupError, COPY};
use crate::database::{Condition, HUB, Opened, set_aside};
use crate::store::DataFolder;

/// Where a backup is unpacked.
const UNPACKED: &str = "restore.new";

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was in the backup.
    pub contents: Contents,
    /// Where what was there before is now, if there was anything.
    pub before: Option<PathBuf>,
}

/// Makes a data folder what it was when a backup was made.
///
/// # Errors
/// [`BackupError`]: a hub runs on the folder, the backup is not whole or of a newer version, or the system refuses. The folder is
/// then as it was, unless the system refuses to rename; running it again ends what was begun.
pub fn restore(folder: &Path, archive: &Path) -> Result<Restored, BackupError> {
    let _data = DataFolder::open(folder)?;
    let unpacked = folder.join(UNPACKED);
    clear(&unpacked)?;
    fs::create_dir_all(&unpacked).map_err(BackupError::system(&unpacked))?;
    let contents = unpack(archive, &unpacked).inspect_err(|_| {
        // What there is of it is of no use; it is cleared the next time.
        let _ = fs::remove_dir_all(&unpacked);
    })?;
    let before = make_room(folder)?;
    for name in names(&unpacked)? {
        let (from, to) = (unpacked.join(&name), folder.join(&name));
        fs::rename(&from, &to).map_err(BackupError::system(&to))?;
    }
    clear(&unpacked)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::system(folder))?;
    Ok(Restored { contents, before })
}

fn unpack(archive: &Path, unpacked: &Path) -> Result<Contents, BackupError> {
    let make = |inside: &Path, _: &_| {
        let file = archive::make(unpacked, inside).map_err(BackupError::system(&unpacked.join(inside)))?;
        Ok(Synced(file))
    };
    let contents = archive::read(archive, make)?;
    // A database of a newer version, and one that was damaged before it was packed, are refused here.
    let opened = Opened::open(unpacked, &HUB)?;
    if opened.condition != Condition::Good {
        let why = format!("its hub.db does not serve: {}", opened.condition.why().unwrap_or_default());
        return Err(BackupError::NotWhole { path: archive.to_owned(), why });
    }
    Ok(contents)
}

/// A file that is on the disk when it is whole.
struct Synced(File);

impl std::io::Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.sync_all()
    }
}

/// Moves what a backup replaces into a folder of its own.
fn make_room(folder: &Path) -> Result<Option<PathBuf>, BackupError> {
    let there: Vec<_> = names(folder)?.into_iter().filter(|name| !stays(name) && name != UNPACKED).collect();
    if there.is_empty() {
        return Ok(None);
    }
    let before = (1..).map(|n| folder.join(format!("{BEFORE_RESTORE}{n}"))).find(|path| !path.exists());
    let before = before.expect("numbers do not end");
    fs::create_dir(&before).map_err(BackupError::system(&before))?;
    for name in there {
        let (from, to) = (folder.join(&name), before.join(&name));
        fs::rename(&from, &to).map_err(BackupError::system(&from))?;
    }
    Ok(Some(before))
}

fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let entries = fs::read_dir(folder).map_err(BackupError::system(folder))?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

fn clear(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(BackupError::system(path)(error)),
        _ => Ok(()),
    }
}

/// Puts the last good copy of `hub.db` in the place of a damaged one, which is kept. Answers where.
///
/// # Errors
/// [`BackupError`]: a hub runs on the folder, or there is no copy that serves.
pub fn restore_last_good_copy(folder: &Path) -> Result<PathBuf, BackupError> {
    let _data = DataFolder::open(folder)?;
    let snapshot = folder.join(HUB.snapshot.expect("hub.db has a copy"));
    let scratch = folder.join(UNPACKED);
    clear(&scratch)?;
    fs::create_dir_all(&scratch).map_err(BackupError::system(&scratch))?;
    let fresh = scratch.join(HUB.file);
    let serves = fs::copy(&snapshot, &fresh).is_ok()
        && Opened::open(&scratch, &HUB).is_ok_and(|opened| opened.condition == Condition::Good && !opened.is_new);
    if !serves {
        clear(&scratch)?;
        return Err(BackupError::NoCopy(folder.to_owned()));
    }
    File::open(&fresh).and_then(|file| file.sync_all()).map_err(BackupError::system(&fresh))?;
    let file = folder.join(HUB.file);
    let aside = set_aside(&file, "damaged");
    fs::rename(&fresh, &file).map_err(BackupError::system(&file))?;
    clear(&scratch)?;
    // A backup that broke off has nothing to do with the new file.
    let _ = fs::remove_file(folder.join(COPY));
    Ok(aside)
}
