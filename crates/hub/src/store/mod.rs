//! What survives a restart: the show's state, the map from wall clock to show time, the operator key.
//!
//! One folder holds `state.json`, `clock.json`, `operator.key`, `hub-id.json` and `lock`. Files are replaced whole:
//! written beside the old one, synced, renamed, so that a crash leaves the old or the new one and never half. A state
//! file that cannot be read is set aside with its reason and the hub starts without it (HUB-4).

mod clock;
mod folder;
mod key;

pub(crate) use clock::ShowMap;
pub(crate) use folder::DataFolder;
pub use folder::FolderError;
pub(crate) use key::OperatorKey;
