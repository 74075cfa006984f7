//! The two files, and what becomes of each when it is damaged.

use rusqlite_migration::M;

use super::migrations;

/// One database of the hub.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Its file in the data folder.
    pub(crate) file: &'static str,
    /// The file of the last good copy; `None` for one that may be lost.
    pub(crate) snapshot: Option<&'static str>,
    /// Marks a file as this one among all files of SQLite (`PRAGMA application_id`).
    pub(super) application_id: i32,
    /// The schema.
    pub(super) migrations: &'static [M<'static>],
}

/// What people made: a damaged file is left as it is, and the hub reads the last good copy (STORE-3).
pub(crate) const HUB: Shelf = Shelf {
    file: "hub.db",
    snapshot: Some("hub-snapshot.db"),
    application_id: i32::from_be_bytes(*b"CueH"),
    migrations: migrations::HUB,
};

/// What has happened: a damaged file is set aside and a new one begun (STORE-3).
pub(crate) const HAPPENED: Shelf = Shelf {
    file: "happened.db",
    snapshot: None,
    application_id: i32::from_be_bytes(*b"CueE"),
    migrations: migrations::HAPPENED,
};
