//! The last good copy of a database: made by SQLite from a file that it could read to the end, looked through, and only then put
//! in the place of the one before (STORE-2).

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::open::private;

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// SQLite cannot read the file, or write the copy.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// The system.
    #[error("{0}")]
    System(#[from] io::Error),
    /// What was written is not what was meant.
    #[error("the copy is not whole: {0}")]
    NotWhole(String),
}

/// Writes a whole copy of a database to `path`.
pub(crate) fn take(connection: &Connection, path: &Path) -> Result<(), SnapshotError> {
    let fresh = path.with_added_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let taken = copy(connection, &fresh).and_then(|()| Ok(fs::rename(&fresh, path)?));
    if taken.is_err() {
        // What there is of it is of no use; it is written over the next time.
        let _ = fs::remove_file(&fresh);
    }
    taken?;
    File::open(path.parent().expect("a file is in a folder"))?.sync_all()?;
    Ok(())
}

fn copy(connection: &Connection, fresh: &Path) -> Result<(), SnapshotError> {
    let name = fresh.to_str().ok_or_else(|| io::Error::other("the folder's name is no UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    private(fresh)?;
    let copy = Connection::open_with_flags(fresh, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let found: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    drop(copy);
    if found != "ok" {
        return Err(SnapshotError::NotWhole(found));
    }
    File::open(fresh)?.sync_all()?;
    Ok(())
}
