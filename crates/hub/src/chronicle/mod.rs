//! What is kept of what has happened: commands with who, when, what and outcome; figures of the nodes over the last day.
//!
//! | module | is |
//! |---|---|
//! | `commands` | the log of commands: its statements |
//! | `words` | a command of an operator in the words of the log |
//! | `figures` | figures gathered from snapshots, a row a node and period |
//! | `series` | figures: their statements |
//! | `gather` | the task that looks at the nodes |

mod commands;
mod figures;
mod gather;
mod series;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cuelight_net::clock::wall_now;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Time, Wall};
use rusqlite::Connection;
use serde_json::Value;

use crate::database::{Condition, Database, DatabaseError};

pub(crate) use commands::{Entry, State, Unsettled};
pub(crate) use gather::gather;
pub(crate) use series::{Series, Stretch};
pub(crate) use words::of_command;

/// The way to what is kept. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Chronicle {
    database: Database,
    boot_id: u32,
    newest: Arc<AtomicU64>,
}

/// Ends what an earlier run of the hub left open: nothing is carried out late in silence (RECV-8). Called before anything else
/// is asked of the database.
pub(crate) fn end_what_was_open(connection: &Connection) -> rusqlite::Result<Vec<Unsettled>> {
    commands::end_what_was_open(connection, wall_now())
}

impl Chronicle {
    pub(crate) fn new(database: Database, boot_id: u32) -> Self {
        Self { database, boot_id, newest: Arc::default() }
    }

    /// How the file is.
    pub(crate) fn condition(&self) -> Arc<Condition> {
        self.database.condition()
    }

    /// The name of the next command.
    pub(crate) fn next_id(&self) -> String {
        format!("cmd-{:08x}-{}", self.boot_id, self.newest.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A command is on its way, or over.
    pub(crate) fn begin(&self, id: String, node: Option<String>, command: Value, ordered_by: String, state: State) {
        let entry = Entry {
            number: 0,
            id,
            node,
            command,
            ordered_by,
            ordered_at: wall_now(),
            settled_at: state.is_over().then(wall_now),
            state,
        };
        self.database.note(move |connection| commands::add(connection, &entry));
    }

    /// Where a command is now.
    pub(crate) fn set(&self, id: &str, state: State) {
        let (id, at) = (id.to_owned(), wall_now());
        self.database.note(move |connection| commands::set(connection, &id, &state, at));
    }

    /// The newest commands before one, newest first, at most `limit`; of all nodes or one, by any of its names.
    pub(crate) async fn commands(
        &self,
        before: Option<i64>,
        nodes: Vec<String>,
        limit: usize,
    ) -> Result<Vec<Entry>, DatabaseError> {
        self.database.read(move |connection| commands::page(connection, before, &nodes, limit)).await
    }

    /// The figures of a node.
    pub(crate) async fn series(&self, mac: Mac, stretch: Stretch, now: Time<Wall>) -> Result<Series, DatabaseError> {
        self.database.read(move |connection| series::read(connection, mac, stretch, now)).await
    }

    /// Writes what was gathered.
    fn keep(&self, rows: figures::Rows, now: Time<Wall>) {
        self.database.note(move |connection| series::add(connection, &rows, now));
    }
}
