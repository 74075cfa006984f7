//! The data folder: one hub at a time, whole files only.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{Flock, FlockArg};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tracing::warn;

/// Why a data folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It cannot be made or written.
    #[error(
        "the data folder {folder} cannot be written: {source}; choose another with --data-dir, or change its owner"
    )]
    Unwritable {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another hub has it.
    #[error(
        "another hub already runs on the data folder {folder}; stop it, or give this one its own folder with --data-dir"
    )]
    InUse {
        /// Which.
        folder: PathBuf,
    },
}

/// An open data folder. The lock is released when the last clone is dropped, or when the process dies.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: Arc<Flock<File>>,
}

impl DataFolder {
    /// Opens `path`, making it if needed, and keeps other hubs out of it.
    pub(crate) fn open(path: &Path) -> Result<Self, FolderError> {
        let unwritable = |source| FolderError::Unwritable { folder: path.to_owned(), source };
        fs::create_dir_all(path).map_err(unwritable)?;
        let lock_file =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock")).map_err(unwritable)?;
        match Flock::lock(lock_file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Self { path: path.to_owned(), _lock: Arc::new(lock) }),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Err(FolderError::InUse { folder: path.to_owned() }),
            Err((_, errno)) => Err(unwritable(errno.into())),
        }
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file of the folder; `None` when there is none, or when it cannot be understood. In the second case it is
    /// renamed to `NAME.damaged` and the reason logged.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.path.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                warn!("{} cannot be read and is passed over: {error}", path.display());
                return None;
            }
        };
        match serde_json::from_slice(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                let aside = path.with_extension("damaged");
                warn!(
                    "{} is damaged ({error}); it is kept as {} and the hub starts without it",
                    path.display(),
                    aside.display()
                );
                if let Err(error) = fs::rename(&path, &aside) {
                    warn!("{} cannot be set aside: {error}", path.display());
                }
                None
            }
        }
    }

    /// Replaces a file of the folder by `value` as JSON. `durable` waits until it is on the disk.
    pub(crate) fn write<T: Serialize>(&self, name: &str, value: &T, durable: bool) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(value)?;
        self.replace(name, &text, 0o644, durable)
    }

    /// Replaces a file of the folder by `bytes`, with Unix permissions `mode`.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8], mode: u32, durable: bool) -> io::Result<()> {
        cuelight_disk::replace(&self.path.join(name), bytes, mode, durable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_hub_on_the_same_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        let refusal = DataFolder::open(folder.path()).unwrap_err();
        assert!(matches!(refusal, FolderError::InUse { .. }), "{refusal}");
        drop(first);
        DataFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn a_damaged_file_is_set_aside_not_served() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        fs::write(folder.path().join("state.json"), b"{\"half\":").unwrap();
        assert_eq!(data.read::<serde_json::Value>("state.json"), None);
        assert!(folder.path().join("state.damaged").exists());
        data.write("state.json", &7, true).unwrap();
        assert_eq!(data.read::<i32>("state.json"), Some(7));
    }

    #[test]
    fn an_unwritable_folder_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a-file");
        fs::write(&file, b"").unwrap();
        let message = DataFolder::open(&file.join("below")).unwrap_err().to_string();
        assert!(message.contains("a-file") && message.contains("--data-dir"), "{message}");
    }
}
