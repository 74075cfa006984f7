//! Opening a database: whole, or by what stands in for it. A show starts whatever state the files are in (STORE-3); only a file
//! that this version does not know stops it, because going on would lose what is in it (STORE-4).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{Migrations, SchemaVersion};
use thiserror::Error;
use tracing::{error, warn};

use super::condition::Condition;
use super::request::is_damage;
use super::shelf::Shelf;

/// The files SQLite keeps beside a database.
pub(super) const BESIDE: [&str; 2] = ["-wal", "-shm"];
/// How long another program that has the file open may hold it up.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the file of changes (`-wal`) may keep of the disk between two checkpoints, bytes.
const MAX_WAL: i64 = 4 * 1024 * 1024;

/// What to do about a folder that takes nothing.
const MEND: &str = "make room on the disk or mend the folder, and restart the hub";

/// Why the hub does not start on a database.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A newer version wrote it.
    #[error(
        "{file} was written by a newer version of Cuelight (its schema has {found} steps, this version knows {known}): \
         start that version, or restore a backup from before the update with `cuelight restore`; nothing was changed"
    )]
    Newer {
        /// Which.
        file: PathBuf,
        /// Steps of its schema.
        found: usize,
        /// Steps this version knows.
        known: usize,
    },
    /// It is some other program's.
    #[error("{file} is a database of another program: move it away, or choose another folder with --data-dir")]
    Foreign {
        /// Which.
        file: PathBuf,
    },
    /// SQLite does not even work in memory.
    #[error("no database can be opened: {0}")]
    Memory(String),
}

/// An open database.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) condition: Condition,
    pub(super) shelf: &'static Shelf,
    pub(super) folder: PathBuf,
    /// Whether the file was made just now.
    pub(crate) is_new: bool,
}

/// What is wrong with a file.
enum Fault {
    Refuse(OpenError),
    /// Its bytes are not those of a database.
    Damaged(String),
    /// The system does not give it.
    Withheld(String),
}

impl Fault {
    fn why(self) -> String {
        match self {
            Self::Refuse(refusal) => refusal.to_string(),
            Self::Damaged(why) | Self::Withheld(why) => why,
        }
    }

    fn in_memory(self) -> OpenError {
        OpenError::Memory(self.why())
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Damaged(error.to_string()) } else { Self::Withheld(error.to_string()) }
    }
}

impl Opened {
    /// Opens the database of a folder.
    pub(crate) fn open(folder: &Path, shelf: &'static Shelf) -> Result<Self, OpenError> {
        let path = folder.join(shelf.file);
        let is_new = !path.exists();
        let opened = |connection, condition| Self { connection, condition, shelf, folder: folder.to_owned(), is_new };
        match whole(&path, shelf, folder) {
            Ok(connection) => Ok(opened(connection, Condition::Good)),
            Err(Fault::Refuse(refusal)) => Err(refusal),
            Err(Fault::Damaged(why)) if shelf.snapshot.is_none() => {
                let aside = set_aside(&path, "damaged");
                warn!("{} is damaged ({why}); it is kept as {} and a new one begun", path.display(), aside.display());
                match whole(&path, shelf, folder) {
                    Ok(connection) => Ok(Self { is_new: true, ..opened(connection, Condition::Good) }),
                    Err(Fault::Refuse(refusal)) => Err(refusal),
                    Err(Fault::Damaged(why) | Fault::Withheld(why)) => {
                        let (connection, condition) = instead(shelf, folder, &why, MEND)?;
                        Ok(opened(connection, condition))
                    }
                }
            }
            Err(Fault::Damaged(why)) => {
                let advice = format!("stop the hub and run `cuelight restore --data-dir {}`", folder.display());
                let (connection, condition) = instead(shelf, folder, &format!("it is damaged: {why}"), &advice)?;
                Ok(opened(connection, condition))
            }
            Err(Fault::Withheld(why)) => {
                let (connection, condition) = instead(shelf, folder, &why, MEND)?;
                Ok(opened(connection, condition))
            }
        }
    }
}

/// Opens a file, looks whether it is whole, and brings its schema up to date.
fn whole(path: &Path, shelf: &Shelf, folder: &Path) -> Result<Connection, Fault> {
    // SQLite takes an empty file for a new database. With a copy at hand it is one that lost its contents.
    let is_empty = fs::metadata(path).is_ok_and(|file| file.len() == 0);
    let has_wal = fs::metadata(beside(path, "-wal")).is_ok_and(|file| file.len() > 0);
    if is_empty && !has_wal && shelf.snapshot.is_some_and(|snapshot| folder.join(snapshot).exists()) {
        return Err(Fault::Damaged("the file is empty".into()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    known(&connection, path, shelf)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A change that was answered is still there after a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", MAX_WAL)?;
    prepare(&mut connection, shelf)?;
    // Changes were made to a file nobody else may read: it holds hashes of keys.
    private(path).map_err(|error| Fault::Withheld(error.to_string()))?;
    Ok(connection)
}

/// Refuses what this version does not know, and what is no whole database.
fn known(connection: &Connection, path: &Path, shelf: &Shelf) -> Result<(), Fault> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id != shelf.application_id && (id != 0 || tables > 0) {
        return Err(Fault::Refuse(OpenError::Foreign { file: path.to_owned() }));
    }
    if let Ok(SchemaVersion::Outside(found)) = Migrations::from_slice(shelf.migrations).current_version(connection) {
        let (found, known) = (found.get(), shelf.migrations.len());
        return Err(Fault::Refuse(OpenError::Newer { file: path.to_owned(), found, known }));
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(Fault::Damaged(found)) }
}

/// Settings of every connection, and the schema.
fn prepare(connection: &mut Connection, shelf: &Shelf) -> Result<(), Fault> {
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // What a doctored file defines is not run.
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != shelf.application_id {
        connection.pragma_update(None, "application_id", shelf.application_id)?;
    }
    Migrations::from_slice(shelf.migrations).to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => Fault::Withheld(other.to_string()),
    })
}

/// What stands in for a file: its last good copy, or nothing, in memory. Nothing is written to either.
fn instead(shelf: &Shelf, folder: &Path, why: &str, advice: &str) -> Result<(Connection, Condition), OpenError> {
    let file = folder.join(shelf.file);
    let file = file.display();
    let Some(snapshot) = shelf.snapshot else {
        let why = format!("{file}: {why}; what happens in this run is not kept: {advice}");
        error!("{why}");
        return Ok((empty(shelf).map_err(Fault::in_memory)?, Condition::Failing { why }));
    };
    let copy = folder.join(snapshot);
    let (connection, found) = match copied(&copy, shelf) {
        Ok(connection) => {
            let found = format!("documents and registrations are those of the last good copy, {}", copy.display());
            (connection, found)
        }
        Err(fault) => {
            let found = format!(
                "documents and registrations are missing: {} does not serve either ({})",
                copy.display(),
                fault.why()
            );
            (empty(shelf).map_err(Fault::in_memory)?, found)
        }
    };
    let why = format!("{file}: {why}; {found}; nothing of it can be changed: {advice}");
    error!("{why}");
    connection.pragma_update(None, "query_only", "ON").map_err(|error| Fault::from(error).in_memory())?;
    Ok((connection, Condition::Replaced { why }))
}

/// An empty database in memory.
fn empty(shelf: &Shelf) -> Result<Connection, Fault> {
    let mut connection = Connection::open_in_memory()?;
    prepare(&mut connection, shelf)?;
    Ok(connection)
}

/// A copy of a file in memory, with a schema that is up to date; the file is left as it is.
fn copied(path: &Path, shelf: &Shelf) -> Result<Connection, Fault> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    known(&file, path, shelf)?;
    let mut connection = Connection::open_in_memory()?;
    Backup::new(&file, &mut connection)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    prepare(&mut connection, shelf)?;
    Ok(connection)
}

/// A file that SQLite keeps beside a database.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Renames a database to `NAME.WORD`, with what lies beside it.
pub(crate) fn set_aside(path: &Path, word: &str) -> PathBuf {
    let aside = path.with_added_extension(word);
    for end in ["", "-wal", "-shm"] {
        match fs::rename(beside(path, end), beside(&aside, end)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => warn!("{} cannot be set aside: {error}", beside(path, end).display()),
        }
    }
    aside
}

/// Lets the owner alone read a file and what lies beside it.
pub(super) fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for end in ["", BESIDE[0], BESIDE[1]] {
        match fs::set_permissions(beside(path, end), fs::Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
