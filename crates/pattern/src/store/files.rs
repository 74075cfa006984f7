//! The files of a store, and every step that changes them, in an order that is safe against a power cut at any point.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cuelight_wire::tlv::Name;
use nix::fcntl::{Flock, FlockArg};
use tracing::warn;

use super::entry::{Entry, Sha256};
use super::error::{Damage, OpenError};

/// Damaged files that are kept; the oldest beyond that are deleted.
pub(super) const MAX_SET_ASIDE: usize = 16;

/// Where damaged files go.
const ASIDE: &str = "damaged";
/// Keeps other processes out.
const LOCK: &str = "lock";
/// How uploads under way end.
const PART: &str = ".part";
/// How patterns end.
const PRISM: &str = ".prism";

/// One step that changes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The file of an upload is made.
    Create,
    /// Bytes are written into it.
    Write,
    /// It is synced.
    Sync,
    /// It gets the name under which it is the pattern.
    Rename,
    /// The folder is synced: the new name is on the disk.
    SyncRename,
    /// What had the pattern's name before is removed.
    RemoveOld,
    /// The folder is synced: the old one is gone from the disk.
    SyncRemove,
    /// The file of an upload that is given up is removed.
    Discard,
    /// A damaged file is moved.
    SetAside,
}

/// Hears of every step before it is done.
pub trait Steps: Send + Sync {
    /// `step` comes next.
    ///
    /// # Errors
    /// The step is not done, and fails with this.
    fn before(&self, step: Step) -> io::Result<()>;
}

impl Steps for () {
    fn before(&self, _: Step) -> io::Result<()> {
        Ok(())
    }
}

/// The folder. The lock is released when it is dropped, or when the process dies.
pub(super) struct Files {
    folder: PathBuf,
    /// For syncing what the folder lists.
    handle: File,
    steps: Arc<dyn Steps>,
    _lock: Flock<File>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.folder).finish()
    }
}

/// What a file's name says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A pattern with these bytes.
    Pattern(Name, Sha256),
    /// A pattern that somebody put there by hand.
    ByHand(Name),
    /// An upload that never came to its end.
    Part,
    /// The store's own.
    Own,
    /// Nothing of a store's.
    Foreign,
}

impl Files {
    pub(super) fn open(folder: &Path, steps: Arc<dyn Steps>) -> Result<Self, OpenError> {
        let unwritable = |source| OpenError::unwritable(folder, source);
        fs::create_dir_all(folder).map_err(unwritable)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK));
        let lock = match Flock::lock(lock.map_err(unwritable)?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => return Err(OpenError::InUse { folder: folder.to_owned() }),
            Err((_, errno)) => return Err(unwritable(errno.into())),
        };
        let handle = File::open(folder).map_err(unwritable)?;
        Ok(Self { folder: folder.to_owned(), handle, steps, _lock: lock })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn step(&self, step: Step) -> io::Result<()> {
        self.steps.before(step)
    }

    /// Makes the file of upload `number`.
    pub(super) fn create(&self, name: &Name, number: u64) -> io::Result<(File, PathBuf)> {
        self.step(Step::Create)?;
        let path = self.folder.join(format!("{name}.{number}{PART}"));
        Ok((OpenOptions::new().create_new(true).write(true).open(&path)?, path))
    }

    /// Gives a synced file the name of a pattern, then removes what had the name before (PATTERN-17).
    ///
    /// The folder is synced in between, so that one of the two is always there, and after, so that a power cut does not
    /// bring the old one back beside the new one.
    pub(super) fn install(&self, part: &Path, entry: &Entry, before: Option<&Entry>) -> io::Result<()> {
        self.step(Step::Rename)?;
        fs::rename(part, self.path(entry))?;
        if let Err(error) = self.sync(Step::SyncRename) {
            // Whoever asked is told that it failed, so it must not be there after the next start.
            let _ = fs::remove_file(self.path(entry));
            return Err(error);
        }
        if let Some(before) = before
            && let Err(error) = self.remove(before)
        {
            // The new one holds; the next start removes the old one.
            warn!("{} cannot be removed: {error}", self.path(before).display());
        }
        Ok(())
    }

    /// Removes a pattern.
    pub(super) fn remove(&self, entry: &Entry) -> io::Result<()> {
        self.step(Step::RemoveOld)?;
        fs::remove_file(self.path(entry))?;
        self.sync(Step::SyncRemove)
    }

    /// Reads a pattern, which must be what its entry says.
    pub(super) fn read(&self, entry: &Entry) -> Result<Vec<u8>, Damage> {
        let file = File::open(self.path(entry)).map_err(Damage::Unreadable)?;
        let found = file.metadata().map_err(Damage::Unreadable)?.len();
        let wrong_size = |found| Damage::Size { expected: entry.size, found };
        if found != u64::from(entry.size) {
            return Err(wrong_size(found));
        }
        let mut bytes = Vec::with_capacity(entry.size as usize);
        // A file that grows while it is read is not read without end.
        file.take(u64::from(entry.size) + 1).read_to_end(&mut bytes).map_err(Damage::Unreadable)?;
        if bytes.len() != entry.size as usize {
            return Err(wrong_size(bytes.len() as u64));
        }
        if Sha256::of(&bytes) == entry.sha256 { Ok(bytes) } else { Err(Damage::Bytes) }
    }

    /// Moves a damaged pattern out of the way; returns where to.
    pub(super) fn set_aside(&self, entry: &Entry) -> io::Result<PathBuf> {
        self.step(Step::SetAside)?;
        let aside = self.folder.join(ASIDE);
        fs::create_dir_all(&aside)?;
        make_room(&aside)?;
        let to = aside.join(file_name(entry));
        fs::rename(self.path(entry), &to)?;
        self.handle.sync_all()?;
        Ok(to)
    }

    pub(super) fn sync(&self, step: Step) -> io::Result<()> {
        self.step(step)?;
        self.handle.sync_all()
    }

    pub(super) fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(file_name(entry))
    }
}

/// The name of a pattern's file.
fn file_name(entry: &Entry) -> String {
    format!("{}.{}{PRISM}", entry.name, entry.sha256)
}

/// What a file of this name is.
pub(super) fn kind(file_name: &str) -> Kind {
    if file_name == LOCK || file_name == ASIDE {
        return Kind::Own;
    }
    if file_name.ends_with(PART) {
        return Kind::Part;
    }
    let Some(stem) = file_name.strip_suffix(PRISM) else { return Kind::Foreign };
    let hashed = stem.split_once('.').and_then(|(name, hash)| Some((name, hash.parse().ok()?)));
    match hashed {
        Some((name, sha256)) => match Name::normalised(name.as_bytes()) {
            Ok(normal) if normal.as_str() == name => Kind::Pattern(normal, sha256),
            _ => Kind::Foreign,
        },
        None => Name::normalised(stem.as_bytes()).map_or(Kind::Foreign, Kind::ByHand),
    }
}

/// Deletes the oldest damaged files until there is room for one more.
fn make_room(aside: &Path) -> io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(aside)? {
        let entry = entry?;
        kept.push((entry.metadata()?.modified()?, entry.path()));
    }
    kept.sort();
    let excess = (kept.len() + 1).saturating_sub(MAX_SET_ASIDE);
    kept.iter().take(excess).try_for_each(|(_, path)| fs::remove_file(path))
}
