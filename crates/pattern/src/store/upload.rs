//! A pattern whose bytes are on their way to the disk.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use cuelight_wire::tlv::Name;
use sha2::Digest;

use super::Store;
use super::entry::{self, Entry, Sha256};
use super::error::StoreError;
use super::files::Step;

/// A pattern whose bytes are on their way to the disk. Dropping it removes every trace of it.
#[derive(Debug)]
pub struct Upload {
    store: Store,
    name: Name,
    file: File,
    part: PathBuf,
    size: u32,
    hash: sha2::Sha256,
    head: [u8; 4],
}

impl Upload {
    pub(super) fn begin(store: Store, name: &Name, number: u64) -> Result<Self, StoreError> {
        let (file, part) = store.inner.files.create(name, number).map_err(StoreError::Disk)?;
        Ok(Self { store, name: name.clone(), file, part, size: 0, hash: sha2::Sha256::new(), head: [0; 4] })
    }

    /// What it is to be called.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there are more than a pattern may have; [`StoreError::Disk`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let size = u32::try_from(bytes.len()).ok().and_then(|len| self.size.checked_add(len));
        let size = size.filter(|size| *size <= self.store.inner.limits.file_max).ok_or(StoreError::Full)?;
        self.store.inner.files.step(Step::Write).map_err(StoreError::Disk)?;
        self.file.write_all(bytes).map_err(StoreError::Disk)?;
        self.hash.update(bytes);
        for (to, byte) in self.head.iter_mut().skip(self.size as usize).zip(bytes) {
            *to = *byte;
        }
        self.size = size;
        Ok(())
    }

    /// Makes it the pattern of its name, safely (PATTERN-17).
    ///
    /// # Errors
    /// [`StoreError`]; what had the name is then still there.
    pub fn commit(self) -> Result<Entry, StoreError> {
        if self.size == 0 {
            return Err(StoreError::Empty);
        }
        let sha256 = Sha256(self.hash.clone().finalize().into());
        let is_pattern = entry::is_pattern(&self.head);
        let entry = Entry { name: self.name.clone(), size: self.size, sha256, is_pattern };
        self.store.inner.files.step(Step::Sync).map_err(StoreError::Disk)?;
        self.file.sync_all().map_err(StoreError::Disk)?;
        self.store.commit(entry, &self.part)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // After a commit there is nothing under this name; after a failure, the next start removes what cannot be removed
        // now.
        if self.part.exists() && self.store.inner.files.step(Step::Discard).is_ok() {
            let _ = fs::remove_file(&self.part);
        }
    }
}
