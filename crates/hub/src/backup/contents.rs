//! Which files of a data folder belong in a backup: all but those that are made anew, may be lost, or can be had elsewhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::COPY;
use crate::database::HUB;

/// What stays out, by its name in the folder: made anew at the next start, of no use elsewhere, or, as images, signed files of
/// gigabytes that are published again from where they came.
const OUT: [&str; 7] = ["lock", "happened.db", "access-point", "images", "hub.db", "hub-snapshot.db", COPY];
/// Ends of names of files that are being written or were set aside.
const UNFINISHED: [&str; 4] = ["-wal", "-shm", ".new", ".damaged"];
/// Folders that are left by restoring.
pub(super) const BEFORE_RESTORE: &str = "before-restore-";
/// Files of a backup. A folder with more is not one of a hub.
pub(super) const MOST_FILES: usize = 100_000;

/// Whether something at the top of the folder stays where it is when a backup is taken back: neither in the backup, nor replaced by it.
pub(super) fn stays(name: &str) -> bool {
    let is_database = name == HUB.file || HUB.snapshot == Some(name) || name.starts_with("hub.db-");
    !is_database && (is_out(name) || is_unfinished(name))
}

fn is_out(name: &str) -> bool {
    OUT.contains(&name) || name.starts_with(BEFORE_RESTORE) || is_audit(name)
}

/// What has happened has happened, also after going back to an earlier state; the log is exported by itself.
fn is_audit(name: &str) -> bool {
    name.starts_with("audit") && name.ends_with(".jsonl")
}

fn is_unfinished(name: &str) -> bool {
    UNFINISHED.iter().any(|end| name.ends_with(end))
}

/// The files of a folder that belong in a backup, with their names in it; the database under its own.
pub(super) fn of(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = vec![(HUB.file.to_owned(), folder.join(COPY))];
    collect(folder, "", &mut files)?;
    files.sort();
    if files.len() > MOST_FILES {
        return Err(io::Error::other(format!("more than {MOST_FILES} files are no data folder of a hub")));
    }
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        // No hub writes a name that is none; what somebody else put there stays out.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_at_the_top = prefix.is_empty();
        if (is_at_the_top && is_out(&name)) || is_unfinished(&name) || files.len() > MOST_FILES {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            files.push((path, entry.path()));
        }
    }
    Ok(())
}
