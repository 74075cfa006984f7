//! A hub's data folder kept in one file: `cuelight backup`, `cuelight restore`, `cuelight export`.

mod backup;
mod export;
mod restore;

pub(crate) use backup::Backup;
pub(crate) use export::Export;
pub(crate) use restore::Restore;
