//! SQLite in the hub: what people made, and what has happened.
//!
//! Two files in the data folder. `hub.db` holds what people would miss: documents with their revisions, registrations,
//! accounts; of it a snapshot is kept, `hub-snapshot.db`. `happened.db` holds what is worth reading and no show depends on:
//! the log of commands, figures of the nodes. Each belongs to one thread, the *librarian*, who carries out one request
//! after the other. Nobody waits for the disk but who asked for something on it; the tick never asks (STORE-1).
//!
//! | module | is |
//! |---|---|
//! | `shelf` | the two files: names, schemas, what is done when one is damaged |
//! | `migrations` | the schema, one numbered file a step |
//! | `open` | opening a file, or what stands in for it when it is damaged |
//! | `librarian` | the thread |
//! | `request` | what the thread is asked, and how the answer comes back |
//! | `snapshot` | the last good copy of `hub.db` |
//! | `condition` | how the files are, for people |
//!
//! A part of the hub that keeps something has a file of its own with its statements, and asks by [`Database::read`],
//! [`Database::write`] or, where nobody waits for the outcome, [`Database::note`]. New tables come with a new migration.

mod condition;
mod librarian;
mod migrations;
mod open;
mod request;
mod shelf;
mod snapshot;
#[cfg(test)]
mod tests;

pub(crate) use condition::Condition;
pub(crate) use librarian::{Database, LibrarianThread};
pub use open::OpenError;
pub(crate) use open::{Opened, set_aside};
pub(crate) use request::DatabaseError;
pub(crate) use shelf::{HAPPENED, HUB};
pub(crate) use snapshot::{SnapshotError, take as take_snapshot};
