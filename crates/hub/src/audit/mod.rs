//! The audit log: who did what, from where, and what came of it (AUD-1 to AUD-4).
//!
//! | module | idea |
//! |---|---|
//! | `chain` | entries, each bound to the one before by its hash; whether a chain is whole |
//! | `files` | the files of a data folder, in order |
//! | `log` | the thread that writes |
//! | `read` | the newest entries first |
//!
//! It is readable text, one entry a line, beside the database and not in it: it is to be believed when the database is not.

mod chain;
mod files;
mod log;
mod read;

pub use chain::{Broken, Checker, Entry, Last};
pub use files::files;
pub(crate) use log::{Audit, Note};
pub(crate) use read::newest;
