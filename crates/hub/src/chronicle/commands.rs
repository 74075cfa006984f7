//! The log of commands, in the table `commands`.

use cuelight_wire::time::{Span, Time, Wall};
use rusqlite::{Connection, Row, named_params};
use serde_json::Value;

/// Commands that are kept: a show of a day at one a second. When there are more the oldest go.
const KEPT: i64 = 100_000;
/// How long a command is kept.
const KEPT_FOR: Span = Span::from_s(30 * 86_400);
/// The log is looked through for what is over these limits once in so many commands.
const LOOK_EVERY: i64 = 500;

/// Where a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits to be given out, for the first time or again.
    Queued,
    /// It was given out and is not acknowledged.
    Sent,
    /// It was carried out.
    Executed,
    /// It came to nothing: why.
    Failed(String),
}

impl State {
    /// The word for it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Executed => "executed",
            Self::Failed(_) => "failed",
        }
    }

    pub(crate) const fn is_over(&self) -> bool {
        matches!(self, Self::Executed | Self::Failed(_))
    }

    fn why(&self) -> Option<&str> {
        if let Self::Failed(why) = self { Some(why) } else { None }
    }

    fn of(word: &str, why: Option<String>) -> Self {
        match word {
            "queued" => Self::Queued,
            "sent" => Self::Sent,
            "executed" => Self::Executed,
            _ => Self::Failed(why.unwrap_or_default()),
        }
    }
}

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Counts the commands.
    pub(crate) number: i64,
    pub(crate) id: String,
    /// The node it is for; `None` for the show.
    pub(crate) node: Option<String>,
    pub(crate) command: Value,
    pub(crate) ordered_by: String,
    pub(crate) ordered_at: Time<Wall>,
    pub(crate) settled_at: Option<Time<Wall>>,
    pub(crate) state: State,
}

/// A command of an earlier run that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsettled {
    pub(crate) id: String,
    pub(crate) node: Option<String>,
    pub(crate) why: String,
}

pub(super) fn add(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO commands (id, node, command, ordered_by, ordered_ns, state, why, settled_ns)
             VALUES (:id, :node, :command, :by, :ordered, :state, :why, :settled)",
        )?
        .execute(named_params! {
            ":id": entry.id,
            ":node": entry.node,
            ":command": entry.command.to_string(),
            ":by": entry.ordered_by,
            ":ordered": entry.ordered_at.as_ns(),
            ":state": entry.state.word(),
            ":why": entry.state.why(),
            ":settled": entry.settled_at.map(Time::as_ns),
        })?;
    let number = connection.last_insert_rowid();
    if number % LOOK_EVERY == 0 {
        let oldest = (entry.ordered_at - KEPT_FOR).as_ns();
        connection.execute("DELETE FROM commands WHERE number <= ?1 OR ordered_ns < ?2", [number - KEPT, oldest])?;
    }
    Ok(())
}

/// What became of a command; nothing for one that is no longer kept.
pub(super) fn set(connection: &Connection, id: &str, state: &State, at: Time<Wall>) -> rusqlite::Result<()> {
    let settled_ns = state.is_over().then_some(at.as_ns());
    let mut update =
        connection.prepare_cached("UPDATE commands SET state = ?2, why = ?3, settled_ns = ?4 WHERE id = ?1")?;
    update.execute((id, state.word(), state.why(), settled_ns)).map(drop)
}

pub(super) fn page(
    connection: &Connection,
    before: Option<i64>,
    nodes: &[String],
    limit: usize,
) -> rusqlite::Result<Vec<Entry>> {
    let nodes = Value::from(nodes).to_string();
    let mut select = connection.prepare_cached(
        "SELECT number, id, node, command, ordered_by, ordered_ns, settled_ns, state, why FROM commands
         WHERE number < ?1 AND (?2 = '[]' OR node IN (SELECT value FROM json_each(?2)))
         ORDER BY number DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    select.query_map((before.unwrap_or(i64::MAX), nodes, limit), entry)?.collect()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let command: String = row.get("command")?;
    let state: String = row.get("state")?;
    Ok(Entry {
        number: row.get("number")?,
        id: row.get("id")?,
        node: row.get("node")?,
        command: serde_json::from_str(&command).unwrap_or(Value::String(command)),
        ordered_by: row.get("ordered_by")?,
        ordered_at: Time::from_ns(row.get("ordered_ns")?),
        settled_at: row.get::<_, Option<i64>>("settled_ns")?.map(Time::from_ns),
        state: State::of(&state, row.get("why")?),
    })
}

pub(super) fn end_what_was_open(connection: &Connection, now: Time<Wall>) -> rusqlite::Result<Vec<Unsettled>> {
    let mut select =
        connection.prepare("SELECT id, node, state FROM commands WHERE state IN ('queued', 'sent') ORDER BY number")?;
    let open = select.query_map([], |row| {
        let state: String = row.get(2)?;
        let why = if state == "queued" {
            "the hub was restarted before it was given out: it was not carried out"
        } else {
            "the hub was restarted before it was acknowledged: whether it was carried out is not known"
        };
        Ok(Unsettled { id: row.get(0)?, node: row.get(1)?, why: why.to_owned() })
    })?;
    let open: Vec<_> = open.collect::<rusqlite::Result<_>>()?;
    for Unsettled { id, why, .. } in &open {
        set(connection, id, &State::Failed(why.clone()), now)?;
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::database::{HAPPENED, Opened};

    fn entry(n: i64, node: Option<&str>, state: State) -> Entry {
        Entry {
            number: n,
            id: format!("cmd-{n}"),
            node: node.map(str::to_owned),
            command: json!({"type": "clear"}),
            ordered_by: "Ada".into(),
            ordered_at: Time::from_ns(n),
            settled_at: state.is_over().then_some(Time::from_ns(n)),
            state,
        }
    }

    fn connection(folder: &tempfile::TempDir) -> Connection {
        Opened::open(folder.path(), &HAPPENED).unwrap().connection
    }

    /// STORE-6
    #[test]
    fn commands_are_read_in_pages_newest_first_of_all_nodes_or_one() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connection(&folder);
        let all: Vec<_> =
            (1..=5).map(|n| entry(n, (n % 2 == 1).then_some("node-01"), State::Failed(format!("why {n}")))).collect();
        all.iter().for_each(|entry| add(&connection, entry).unwrap());
        let first = page(&connection, None, &[], 2).unwrap();
        assert_eq!(first, [all[4].clone(), all[3].clone()]);
        assert_eq!(page(&connection, Some(first[1].number), &[], 9).unwrap().len(), 3);
        let of_node: Vec<_> = page(&connection, None, &["x".into(), "node-01".into()], 9).unwrap();
        assert_eq!(of_node.iter().map(|entry| entry.number).collect::<Vec<_>>(), [5, 3, 1]);
    }

    /// STORE-6
    #[test]
    fn a_hundred_thousand_commands_of_a_month_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connection(&folder);
        add(&connection, &entry(1, None, State::Executed)).unwrap();
        let count = || connection.query_row("SELECT count(*) FROM commands", [], |row| row.get::<_, i64>(0)).unwrap();
        // As if so many had been given: the next one is looked at.
        let newest = KEPT + LOOK_EVERY - KEPT % LOOK_EVERY;
        connection.execute("UPDATE sqlite_sequence SET seq = ?1", [newest - 1]).unwrap();
        add(&connection, &entry(newest, None, State::Executed)).unwrap();
        assert_eq!(count(), 1, "the first is {newest} behind");
        connection.execute("UPDATE sqlite_sequence SET seq = ?1", [newest + LOOK_EVERY - 1]).unwrap();
        let later = Time::ZERO + KEPT_FOR + Span::from_s(1);
        add(&connection, &Entry { ordered_at: later, ..entry(newest + 1, None, State::Executed) }).unwrap();
        assert_eq!(count(), 1, "the one before is a month old");
    }

    /// RECV-8
    #[test]
    fn what_was_on_its_way_when_the_hub_ended_is_over_and_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connection(&folder);
        for (n, state) in [(1, State::Queued), (2, State::Sent), (3, State::Executed), (4, State::Failed("x".into()))] {
            add(&connection, &entry(n, Some("node-01"), state)).unwrap();
        }
        let open = end_what_was_open(&connection, Time::from_ns(9)).unwrap();
        let said: Vec<_> = open.iter().map(|open| (open.id.as_str(), open.why.contains("not carried out"))).collect();
        assert_eq!(said, [("cmd-1", true), ("cmd-2", false)]);
        let now = page(&connection, None, &[], 9).unwrap();
        let words: Vec<_> = now.iter().map(|entry| entry.state.word()).collect();
        assert_eq!(words, ["failed", "executed", "failed", "failed"]);
        assert_eq!(now[3].settled_at, Some(Time::from_ns(9)));
        assert_eq!(end_what_was_open(&connection, Time::from_ns(10)).unwrap(), []);
    }
}
