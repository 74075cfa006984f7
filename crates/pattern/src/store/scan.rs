//! What is in a folder when it is opened: leftovers go, what somebody put there by hand is taken in.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use cuelight_wire::tlv::Name;
use tracing::{info, warn};

use super::entry::{self, Entry, Sha256};
use super::files::{Files, Kind, Step, kind};
use super::{Index, Limits, Listing, room};

/// Reads the folder.
pub(super) fn scan(files: &Files, limits: &Limits) -> io::Result<Index> {
    let mut index = Index::default();
    let mut by_hand = Vec::new();
    for found in fs::read_dir(files.folder())? {
        let (found, path) = found.map(|found| (found.file_name(), found.path()))?;
        match found.to_str().map_or(Kind::Foreign, kind) {
            Kind::Own => {}
            Kind::Part => {
                fs::remove_file(&path)?;
                info!("removed {}, which never came to its end", path.display());
            }
            Kind::Pattern(name, sha256) => pattern(files, limits, &mut index, name, sha256, &path)?,
            Kind::ByHand(name) => by_hand.push((name, path)),
            Kind::Foreign => warn!("{} is no pattern and is passed over", path.display()),
        }
    }
    for (name, path) in by_hand {
        if let Err(error) = take_in(files, limits, &mut index, name, &path) {
            warn!("{} is passed over: {error}", path.display());
        }
    }
    index.unverified = index.entries.keys().cloned().collect();
    Ok(index)
}

/// A pattern of the store's own. Two of one name are there after a power cut between the rename of the new one and the
/// removal of the old one: nobody was told yet which holds, so the newer does, if it is whole.
fn pattern(
    files: &Files,
    limits: &Limits,
    index: &mut Index,
    name: Name,
    sha256: Sha256,
    path: &Path,
) -> io::Result<()> {
    let (size, is_pattern) = match facts(path) {
        Ok(facts) => facts,
        Err(error) => {
            warn!("{} cannot be read and is passed over: {error}", path.display());
            return Ok(());
        }
    };
    let found = Entry { name: name.clone(), size, sha256, is_pattern };
    if !index.entries.contains_key(&name) && index.entries.len() >= usize::from(limits.patterns) {
        warn!("{} is passed over: the store takes {} patterns", path.display(), limits.patterns);
        return Ok(());
    }
    let Some(other) = index.entries.remove(&name) else {
        index.entries.insert(name, found);
        return Ok(());
    };
    let is_newer = modified(path) >= modified(&files.path(&other));
    let (newer, older) = if is_newer { (found, other) } else { (other, found) };
    let (kept, removed) = match files.read(&newer) {
        Ok(_) => (newer, older),
        Err(_) => (older, newer),
    };
    files.step(Step::RemoveOld)?;
    fs::remove_file(files.path(&removed))?;
    files.sync(Step::SyncRemove)?;
    index.entries.insert(name, kept);
    Ok(())
}

/// Gives a file that somebody put there the name that says what it is.
fn take_in(files: &Files, limits: &Limits, index: &mut Index, name: Name, path: &Path) -> io::Result<()> {
    let (size, is_pattern) = facts(path)?;
    if index.entries.contains_key(&name) {
        return Err(io::Error::other(format!("there is a pattern {name} already")));
    }
    let room = room(limits, &Listing::of(index), &name);
    if size > room {
        return Err(io::Error::other(format!("it has {size} bytes, there is room for {room}")));
    }
    let entry = Entry { sha256: Sha256::of(&fs::read(path)?), name: name.clone(), size, is_pattern };
    File::open(path)?.sync_all()?;
    files.install(path, &entry, None)?;
    info!(%name, "took in {}", path.display());
    index.entries.insert(name, entry);
    Ok(())
}

/// Size of a file, and whether it begins as patterns do.
fn facts(path: &Path) -> io::Result<(u32, bool)> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let size = u32::try_from(metadata.len()).map_err(|_| io::Error::other("it is larger than 4 GiB"))?;
    if !metadata.is_file() || size == 0 {
        return Err(io::Error::other("it is no file with bytes in it"));
    }
    let mut head = [0; 4];
    let is_pattern = size >= 4 && file.read_exact(&mut head).is_ok() && entry::is_pattern(&head);
    Ok((size, is_pattern))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
