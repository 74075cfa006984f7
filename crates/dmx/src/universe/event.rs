//! What a universe tells, and what it does not use.

use super::SourceId;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A source's levels count from now on.
    SourceFound(SourceId),
    /// A source's levels count no more.
    SourceLost(SourceId, Lost),
    /// This source is one too many; the next ones are not told until there has been room again.
    SourcesExceeded(SourceId),
    /// The levels of this source wait for a synchronisation that does not come.
    SyncLost(SourceId),
}

/// Why a source is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nothing came from it.
    Silent,
    /// It said that it ends.
    Terminated,
    /// It was taken out, by its owner or by a command to cancel merging.
    Released,
}

/// Why a packet was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// It is late: a newer one of its source came before it, or itself.
    Late,
    /// It is a preview.
    Preview,
    /// Its values are neither levels nor priorities.
    StartCode,
    /// Its source ends, and was not there.
    Terminated,
    /// Its source is one too many.
    SourcesExceeded,
    /// A synchronisation that does not count: of another sender, or while two sources are merged.
    Sync,
}

/// How many packets were not used, by reason; and events that nobody fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// [`Dropped::Late`].
    pub late: u64,
    /// [`Dropped::Preview`].
    pub preview: u64,
    /// [`Dropped::StartCode`].
    pub start_code: u64,
    /// [`Dropped::Terminated`].
    pub terminated: u64,
    /// [`Dropped::SourcesExceeded`].
    pub sources_exceeded: u64,
    /// [`Dropped::Sync`].
    pub sync: u64,
    /// Events that were dropped for newer ones.
    pub events: u64,
}

impl Drops {
    /// Nothing yet.
    pub const NONE: Self =
        Self { late: 0, preview: 0, start_code: 0, terminated: 0, sources_exceeded: 0, sync: 0, events: 0 };

    pub(super) const fn count(&mut self, why: Dropped) {
        let counter = match why {
            Dropped::Late => &mut self.late,
            Dropped::Preview => &mut self.preview,
            Dropped::StartCode => &mut self.start_code,
            Dropped::Terminated => &mut self.terminated,
            Dropped::SourcesExceeded => &mut self.sources_exceeded,
            Dropped::Sync => &mut self.sync,
        };
        *counter = counter.saturating_add(1);
    }
}
