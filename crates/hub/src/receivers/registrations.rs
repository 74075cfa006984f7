//! Registrations survive the hub (RECV-9): the table `receivers`.

use cuelight_wire::time::{Time, Wall};
use rusqlite::{Connection, Row};

use super::{Facts, ROOM};

/// A receiver that registered in an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) name: String,
    pub(crate) facts: Facts,
}

/// All of them, in the order in which they registered.
pub(crate) fn registered(connection: &Connection) -> rusqlite::Result<Vec<Registered>> {
    let mut select = connection
        .prepare("SELECT name, capabilities, universes FROM receivers ORDER BY registered_ns, name LIMIT ?1")?;
    select.query_map([i64::try_from(ROOM).unwrap_or(i64::MAX)], registration)?.collect()
}

fn registration(row: &Row<'_>) -> rusqlite::Result<Registered> {
    let (capabilities, universes): (String, String) = (row.get(1)?, row.get(2)?);
    // A list that cannot be read is empty: the receiver says anew what it is.
    let facts = Facts {
        capabilities: serde_json::from_str(&capabilities).unwrap_or_default(),
        universes: serde_json::from_str(&universes).unwrap_or_default(),
    };
    Ok(Registered { name: row.get(0)?, facts })
}

pub(super) fn put(connection: &Connection, receiver: &Registered, now: Time<Wall>) -> rusqlite::Result<()> {
    let Registered { name, facts } = receiver;
    let json = |value: serde_json::Value| value.to_string();
    connection
        .prepare_cached(
            "INSERT INTO receivers (name, capabilities, universes, registered_ns) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET capabilities = excluded.capabilities, universes = excluded.universes",
        )?
        .execute((
            name,
            json(facts.capabilities.as_slice().into()),
            json(facts.universes.as_slice().into()),
            now.as_ns(),
        ))
        .map(drop)
}

pub(super) fn remove(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM receivers WHERE name = ?1")?.execute([name]).map(drop)
}
