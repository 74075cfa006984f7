//! Documents that are edited, as they were after each change, and the way back (STORE-8).
//!
//! The documents themselves are the conductor's and the show files: what is kept here is a text of each after every edit. An
//! undo is an edit like others, which is why it can be undone by naming a revision; what was changed while nothing could be
//! kept is kept as the state that was found before the next edit.

mod table;
mod texts;

use cuelight_net::clock::wall_now;
use tracing::warn;

use crate::api::Problem;
use crate::database::DatabaseError;
use crate::shared::Shared;

pub(crate) use table::{Back, Revision};
pub(crate) use texts::{Group, apply};

/// A document that is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// The groups, as `GET /api/v1/groups` gives them.
    Groups,
    /// The names of nodes, by MAC address.
    Names,
    /// The show file; empty where no show is played.
    Show,
}

impl Document {
    /// By its word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Groups, Self::Names, Self::Show].into_iter().find(|document| document.word() == word)
    }

    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Names => "names",
            Self::Show => "show",
        }
    }

    /// What its text is.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Groups | Self::Names => "application/json",
            Self::Show => "application/toml",
        }
    }
}

/// Makes an edit and keeps what the document is afterwards. An edit that cannot be kept is made all the same.
pub(crate) async fn edited<T>(
    shared: &Shared,
    document: Document,
    what: impl Into<String>,
    by: String,
    edit: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let before = texts::text(shared, document).await;
    let done = edit.await?;
    let after = texts::text(shared, document).await;
    if let (Some(before), Some(after)) = (before, after) {
        let kept = keep(shared, document, before, after, by, what.into(), None).await;
        if let Err(error) = kept {
            warn!("the change of {} is made, but there is no way back from it: {error}", document.word());
        }
    }
    Ok(done)
}

/// Keeps a document as it was before a change, where that is not known yet, and after it.
async fn keep(
    shared: &Shared,
    document: Document,
    before: String,
    after: String,
    by: String,
    what: String,
    same_as: Option<i64>,
) -> Result<(), DatabaseError> {
    let now = wall_now();
    let keeping = shared.library.write(move |connection| {
        table::add(connection, document, &before, "the hub", "as it was found", None, now)?;
        table::add(connection, document, &after, &by, &what, same_as, now)
    });
    keeping.await
}

/// Goes back to a revision: the one before the newest change, or one by its number. Answers the revision that this makes.
pub(crate) async fn undo(
    shared: &Shared,
    document: Document,
    to: Back,
    by: String,
) -> Result<Option<Revision>, Problem> {
    // Nothing is changed that could not be kept: the way back leads somewhere then.
    if let Some(why) = shared.library.condition().why() {
        return Err(Problem::unavailable(format!("nothing can be undone: {why}")));
    }
    let Some((number, text)) = shared.library.read(move |connection| table::back(connection, document, to)).await?
    else {
        return Ok(None);
    };
    let before = texts::text(shared, document).await;
    let before = before.ok_or_else(|| Problem::unavailable("what is there now cannot be read: see the hub's log"))?;
    apply(shared, document, &text).await?;
    let after = texts::text(shared, document).await.unwrap_or(text);
    keep(shared, document, before, after, by, format!("back to revision {number}"), Some(number)).await?;
    Ok(shared.library.read(move |connection| table::list(connection, document, None, 1)).await?.pop())
}

/// The groups after the newest change, read before anything else is asked of the database.
pub(crate) fn newest_groups(connection: &rusqlite::Connection) -> rusqlite::Result<Vec<Group>> {
    let newest = table::list(connection, Document::Groups, None, 1)?;
    let text = newest.first().map(|newest| table::text(connection, Document::Groups, newest.number)).transpose()?;
    Ok(text.flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Revisions before one, newest first.
pub(crate) async fn list(
    shared: &Shared,
    document: Document,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Revision>, DatabaseError> {
    shared.library.read(move |connection| table::list(connection, document, before, limit)).await
}

/// The text of a revision.
pub(crate) async fn text(shared: &Shared, document: Document, number: i64) -> Result<Option<String>, DatabaseError> {
    shared.library.read(move |connection| table::text(connection, document, number)).await
}
