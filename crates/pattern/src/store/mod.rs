//! A folder of patterns.
//!
//! A pattern is one file, `NAME.SHA256.prism`: its name says what its bytes must be, so it needs no index that could
//! disagree with it, and one rename makes it appear whole or not at all (PATTERN-17). What is not what its name says is
//! set aside and never served (PATTERN-18). A store is shared by cloning it; it blocks on the disk, except for what it
//! knows by heart ([`Store::listing`], [`Store::room`]).

mod entry;
mod error;
mod files;
mod listing;
mod scan;
mod upload;

pub use entry::{BadSha256, Entry, Sha256};
pub use error::{Damage, OpenError, StoreError};
pub use files::{Step, Steps};
pub use listing::{Listing, SetAside};
pub use upload::Upload;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuelight_wire::tlv::Name;
use tokio::sync::watch;
use tracing::{info, warn};

use files::Files;

/// How much a store holds (PATTERN-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest pattern, bytes.
    pub file_max: u32,
    /// All patterns together, bytes.
    pub quota: u64,
    /// Number of patterns.
    pub patterns: u16,
}

impl Default for Limits {
    /// 262,144 bytes a pattern, 256 such patterns' bytes, 1024 patterns.
    fn default() -> Self {
        Self { file_max: 262_144, quota: 256 * 262_144, patterns: 1024 }
    }
}

/// A folder of patterns, open.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limits: Limits,
    files: Files,
    /// The folder changes only under this lock.
    index: Mutex<Index>,
    listing: watch::Sender<Arc<Listing>>,
    uploads: AtomicU64,
}

#[derive(Debug, Default)]
struct Index {
    entries: BTreeMap<Name, Entry>,
    /// Those whose bytes nobody has looked at since the store was opened.
    unverified: Vec<Name>,
    set_aside: Vec<SetAside>,
}

impl Store {
    /// Opens the folder at `path`, making it if needed. Half uploads are removed, and other processes kept out.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        Self::open_with(path, limits, Arc::new(()))
    }

    /// As [`Self::open`]; `steps` hears of every step before it is done on the disk, and can make it fail.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_with(path: &Path, limits: Limits, steps: Arc<dyn Steps>) -> Result<Self, OpenError> {
        let files = Files::open(path, steps)?;
        let index = scan::scan(&files, &limits).map_err(|source| OpenError::unwritable(path, source))?;
        let listing = watch::Sender::new(Arc::new(Listing::of(&index)));
        let inner = Inner { limits, files, index: Mutex::new(index), listing, uploads: AtomicU64::new(0) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What there is, now.
    pub fn listing(&self) -> Arc<Listing> {
        self.inner.listing.borrow().clone()
    }
    /// What there is, and a notice of every change of it.
    pub fn watch(&self) -> watch::Receiver<Arc<Listing>> {
        self.inner.listing.subscribe()
    }
    /// How much the store holds.
    pub fn limits(&self) -> Limits {
        self.inner.limits
    }

    /// How large a pattern of this name could be now, bytes.
    pub fn room(&self, name: &Name) -> u32 {
        room(&self.inner.limits, &self.inner.listing.borrow(), name)
    }

    /// The bytes of a pattern, which are what its entry says (PATTERN-18).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of that name, or it has other bytes by now; [`StoreError::Damaged`]
    /// when its bytes are not what they were: it is set aside.
    pub fn read(&self, entry: &Entry) -> Result<Vec<u8>, StoreError> {
        let index = self.index();
        if index.entries.get(&entry.name) != Some(entry) {
            return Err(StoreError::NotFound(entry.name.clone()));
        }
        // Not under the lock: reading takes long, and a file that is replaced meanwhile is still whole.
        drop(index);
        match self.inner.files.read(entry) {
            Ok(bytes) => Ok(bytes),
            Err(damage) => Err(self.set_aside(entry, damage)),
        }
    }

    /// The pattern of this name with its bytes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_named(&self, name: &Name) -> Result<(Entry, Vec<u8>), StoreError> {
        let entry = self.listing().named(name).cloned().ok_or_else(|| StoreError::NotFound(name.clone()))?;
        let bytes = self.read(&entry)?;
        Ok((entry, bytes))
    }

    /// Stores a pattern in place of what has its name.
    ///
    /// # Errors
    /// [`StoreError`]; what had the name is then still there.
    pub fn put(&self, name: &Name, bytes: &[u8]) -> Result<Entry, StoreError> {
        let mut upload = self.begin(name)?;
        upload.append(bytes)?;
        upload.commit()
    }

    /// Begins storing a pattern whose bytes come one after the other.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin(&self, name: &Name) -> Result<Upload, StoreError> {
        let number = self.inner.uploads.fetch_add(1, Ordering::Relaxed);
        Upload::begin(self.clone(), name, number)
    }

    /// Removes a pattern.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove(&self, name: &Name) -> Result<Entry, StoreError> {
        let mut index = self.index();
        let entry = index.entries.get(name).cloned().ok_or_else(|| StoreError::NotFound(name.clone()))?;
        self.inner.files.remove(&entry).map_err(StoreError::Disk)?;
        index.entries.remove(name);
        self.publish(&index);
        Ok(entry)
    }

    /// Looks at the bytes of one pattern that was there when the store was opened and that nobody has looked at since; a
    /// damaged one is set aside. `false` when there is none left.
    pub fn verify_one(&self) -> bool {
        let mut index = self.index();
        let Some(name) = index.unverified.pop() else { return false };
        let entry = index.entries.get(&name).cloned();
        drop(index);
        if let Some(entry) = entry {
            // A damaged one has been set aside and reported, one that is gone is none to look at.
            let _ = self.read(&entry);
        }
        true
    }

    /// The file is complete and synced under `part`: makes it the pattern of its name.
    fn commit(&self, entry: Entry, part: &Path) -> Result<Entry, StoreError> {
        let mut index = self.index();
        let before = index.entries.get(&entry.name).cloned();
        if before.as_ref() == Some(&entry) {
            return Ok(entry);
        }
        if entry.size > self.room(&entry.name) {
            return Err(StoreError::Full);
        }
        self.inner.files.install(part, &entry, before.as_ref()).map_err(StoreError::Disk)?;
        index.entries.insert(entry.name.clone(), entry.clone());
        self.publish(&index);
        Ok(entry)
    }

    fn set_aside(&self, entry: &Entry, damage: Damage) -> StoreError {
        let mut index = self.index();
        if index.entries.get(&entry.name) != Some(entry) {
            // Replaced or removed while it was read.
            return StoreError::NotFound(entry.name.clone());
        }
        let name = entry.name.clone();
        match self.inner.files.set_aside(entry) {
            Ok(to) => warn!(%name, "pattern is damaged ({damage}); it is kept as {} and not served", to.display()),
            Err(error) => warn!(%name, "pattern is damaged ({damage}); it is not served, and cannot be moved: {error}"),
        }
        index.entries.remove(&name);
        index.note(SetAside { name: name.clone(), damage: damage.to_string() });
        self.publish(&index);
        StoreError::Damaged { name, damage }
    }

    fn publish(&self, index: &Index) {
        self.inner.listing.send_replace(Arc::new(Listing::of(index)));
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // The index changes only after the disk has, so a panic in between leaves it as it was.
        self.inner.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    /// Remembers a damaged pattern; of many the newest are remembered.
    fn note(&mut self, aside: SetAside) {
        if self.set_aside.len() == files::MAX_SET_ASIDE {
            self.set_aside.remove(0);
        }
        self.set_aside.push(aside);
    }
}

fn room(limits: &Limits, listing: &Listing, name: &Name) -> u32 {
    let before = listing.named(name);
    if before.is_none() && listing.patterns.len() >= usize::from(limits.patterns) {
        return 0;
    }
    let replaced = before.map_or(0, |entry| u64::from(entry.size));
    let free = limits.quota.saturating_sub(listing.used - replaced);
    u32::try_from(free).unwrap_or(u32::MAX).min(limits.file_max)
}

/// Says what a store holds, once, for the log.
pub fn log_opened(path: &Path, listing: &Listing) {
    info!(patterns = listing.patterns.len(), bytes = listing.used, "patterns are kept in {}", path.display());
}

#[cfg(test)]
mod tests;
