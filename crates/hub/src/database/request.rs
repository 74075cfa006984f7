//! What the librarian is asked. A request is a function of the connection; its answer comes back when it is on the disk.

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DatabaseError {
    /// More is asked than the disk can do.
    #[error("the database has too much to do: try again in a moment")]
    Busy,
    /// Nothing is written in this run.
    #[error("nothing can be changed: {0}")]
    ReadOnly(String),
    /// The database or the system refuses.
    #[error("the database cannot do it: {0}")]
    Refused(String),
    /// The hub stops.
    #[error("the hub is stopping")]
    Gone,
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Whether an error says that the file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether an error says that the disk takes nothing.
pub(super) fn is_disk(error: &rusqlite::Error) -> bool {
    let codes = [ErrorCode::DiskFull, ErrorCode::SystemIoFailure, ErrorCode::CannotOpen, ErrorCode::ReadOnly];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

/// One request, without its type.
pub(super) trait Request: Send {
    /// Whether it changes something.
    fn is_write(&self) -> bool;
    /// Carries it out, once.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    /// Gives the answer back, or says why there is none.
    fn settle(self: Box<Self>, end: Result<(), DatabaseError>);
}

/// A request with its answer.
pub(super) struct Asked<W, T> {
    work: Option<W>,
    outcome: Option<T>,
    is_write: bool,
    answer: oneshot::Sender<Result<T, DatabaseError>>,
}

impl<W, T> Asked<W, T>
where
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn boxed(is_write: bool, work: W) -> (Box<dyn Request>, oneshot::Receiver<Result<T, DatabaseError>>) {
        let (answer, answered) = oneshot::channel();
        (Box::new(Self { work: Some(work), outcome: None, is_write, answer }), answered)
    }
}

impl<W, T> Request for Asked<W, T>
where
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn is_write(&self) -> bool {
        self.is_write
    }

    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let Some(work) = self.work.take() else { return Ok(()) };
        self.outcome = Some(work(connection)?);
        Ok(())
    }

    fn settle(self: Box<Self>, end: Result<(), DatabaseError>) {
        let Self { outcome, answer, .. } = *self;
        let answered = end.and_then(|()| outcome.ok_or(DatabaseError::Gone));
        // Whoever asked may have gone.
        let _ = answer.send(answered);
    }
}
