//! The schema of each file, one step a migration. A step that was shipped is never changed: a change is a new step. The number
//! of steps a file has taken is its `PRAGMA user_version`.

use rusqlite_migration::M;

/// Of `hub.db`.
pub(super) const HUB: &[M<'static>] = &[M::up(include_str!("migrations/hub/0001_documents.sql"))];

/// Of `happened.db`.
pub(super) const HAPPENED: &[M<'static>] = &[M::up(include_str!("migrations/happened/0001_commands_and_figures.sql"))];
