//! The table `revisions`.

use cuelight_wire::time::{Time, Wall};
use rusqlite::{Connection, OptionalExtension, Row};

use super::Document;

/// Revisions of a document that are kept; when there are more the oldest go.
const KEPT: i64 = 50;
/// Bytes of a document's revisions: 50 of a show of 1.3 MB, fewer of a larger one. The newest two are kept whatever they have.
const MAX_BYTES: i64 = 64 * 1024 * 1024;

/// A revision without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Counts the revisions of the document.
    pub(crate) number: i64,
    pub(crate) made_at: Time<Wall>,
    pub(crate) made_by: String,
    pub(crate) what: String,
    /// The revision it went back to.
    pub(crate) same_as: Option<i64>,
    /// Bytes of its text.
    pub(crate) size: i64,
}

/// Where an undo goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// To the state before the newest change; after an undo to the one before that.
    One,
    /// To a revision.
    To(i64),
}

/// Adds a revision unless it is what the newest one is.
pub(super) fn add(
    connection: &Connection,
    document: Document,
    text: &str,
    by: &str,
    what: &str,
    same_as: Option<i64>,
    now: Time<Wall>,
) -> rusqlite::Result<()> {
    let newest = connection
        .query_row(
            "SELECT number, body = ?2 FROM revisions WHERE document = ?1 ORDER BY number DESC LIMIT 1",
            (document.word(), text),
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)),
        )
        .optional()?;
    let number = match newest {
        Some((_, true)) => return Ok(()),
        Some((number, false)) => number + 1,
        None => 1,
    };
    connection.execute(
        "INSERT INTO revisions (document, number, body, made_ns, made_by, what, same_as) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (document.word(), number, text, now.as_ns(), by, what, same_as),
    )?;
    connection.execute(
        "DELETE FROM revisions WHERE document = ?1 AND number <= ?2 - 2 AND (number <= ?2 - ?3 OR number <= (
             SELECT max(number) FROM (
                 SELECT number, sum(octet_length(body)) OVER (ORDER BY number DESC) AS bytes
                 FROM revisions WHERE document = ?1
             ) WHERE bytes > ?4))",
        (document.word(), number, KEPT, MAX_BYTES),
    )?;
    Ok(())
}

pub(super) fn list(
    connection: &Connection,
    document: Document,
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<Vec<Revision>> {
    let mut select = connection.prepare_cached(
        "SELECT number, made_ns, made_by, what, same_as, octet_length(body) FROM revisions
         WHERE document = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    select.query_map((document.word(), before.unwrap_or(i64::MAX), limit), revision)?.collect()
}

fn revision(row: &Row<'_>) -> rusqlite::Result<Revision> {
    Ok(Revision {
        number: row.get(0)?,
        made_at: Time::from_ns(row.get(1)?),
        made_by: row.get(2)?,
        what: row.get(3)?,
        same_as: row.get(4)?,
        size: row.get(5)?,
    })
}

pub(super) fn text(connection: &Connection, document: Document, number: i64) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT body FROM revisions WHERE document = ?1 AND number = ?2";
    connection.query_row(sql, (document.word(), number), |row| row.get(0)).optional()
}

/// Where an undo leads: the number of a revision and its text.
pub(super) fn back(connection: &Connection, document: Document, to: Back) -> rusqlite::Result<Option<(i64, String)>> {
    let (sql, number) = match to {
        Back::To(number) => ("SELECT number, body FROM revisions WHERE document = ?1 AND number = ?2", number),
        Back::One => {
            // After an undo the newest revision stands where the one stands that it went back to.
            let sql =
                "SELECT coalesce(same_as, number) FROM revisions WHERE document = ?1 ORDER BY number DESC LIMIT 1";
            let newest = connection.query_row(sql, [document.word()], |row| row.get(0)).optional()?;
            let Some(newest) = newest else { return Ok(None) };
            let sql =
                "SELECT number, body FROM revisions WHERE document = ?1 AND number < ?2 ORDER BY number DESC LIMIT 1";
            (sql, newest)
        }
    };
    connection.query_row(sql, (document.word(), number), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{HUB, Opened};

    fn connection(folder: &tempfile::TempDir) -> Connection {
        Opened::open(folder.path(), &HUB).unwrap().connection
    }

    fn put(connection: &Connection, text: &str, same_as: Option<i64>) {
        add(connection, Document::Groups, text, "Ada", "edited", same_as, Time::from_ns(7)).unwrap();
    }

    fn numbers(connection: &Connection) -> Vec<i64> {
        let all = list(connection, Document::Groups, None, 99).unwrap();
        all.iter().map(|revision| revision.number).collect()
    }

    /// STORE-8
    #[test]
    fn undo_goes_back_step_by_step_and_to_any_revision() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connection(&folder);
        let one = |to| back(&connection, Document::Groups, to).unwrap();
        assert_eq!(one(Back::One), None);
        ["a", "b", "b", "c"].iter().for_each(|text| put(&connection, text, None));
        assert_eq!(numbers(&connection), [3, 2, 1], "what changes nothing is no revision");
        assert_eq!(one(Back::One), Some((2, "b".into())));
        put(&connection, "b", Some(2));
        assert_eq!(one(Back::One), Some((1, "a".into())));
        put(&connection, "a", Some(1));
        assert_eq!(one(Back::One), None, "this is the oldest");
        assert_eq!(one(Back::To(3)), Some((3, "c".into())), "and this undoes the undoing");
        put(&connection, "d", None);
        assert_eq!(one(Back::One), Some((5, "a".into())));
        assert_eq!(one(Back::To(99)), None);
        let newest = list(&connection, Document::Groups, Some(6), 1).unwrap();
        assert_eq!((newest[0].number, newest[0].same_as, newest[0].size), (5, Some(1), 1));
        assert_eq!(text(&connection, Document::Groups, 3).unwrap().as_deref(), Some("c"));
        assert_eq!(text(&connection, Document::Show, 3).unwrap(), None);
    }

    /// STORE-8
    #[test]
    fn fifty_revisions_are_kept_and_fewer_of_a_large_document() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connection(&folder);
        (0..60).for_each(|n| put(&connection, &n.to_string(), None));
        let kept = numbers(&connection);
        assert_eq!((kept.len(), kept[0], kept[49]), (50, 60, 11));
        let large = |n: u8| char::from(b'a' + n).to_string().repeat(20 * 1024 * 1024);
        (0..5).for_each(|n| put(&connection, &large(n), None));
        assert_eq!(numbers(&connection), [65, 64, 63]);
    }
}
