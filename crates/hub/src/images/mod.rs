//! The images a hub has for its nodes, and the manifests they were signed with (OTA-11).
//!
//! ```text
//! images/incoming/SHA256.part       an upload, so far
//! images/PLATFORM/VERSION.bin       an image
//! images/PLATFORM/VERSION.json      what it is; written last, so an image without it was never published
//! ```
//!
//! Files are whole or not there: written beside, synced, renamed. What is damaged all the same is set aside under another name
//! and said. The hub checks lengths and digests, which nodes do again; it does not check signatures, because it is not the one
//! to be convinced.

mod entry;
mod refused;
mod uploads;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuelight_fetch::Digest;
use cuelight_update::manifest::MAX_IMAGE;
use cuelight_update::plain::Release;
use tracing::{info, warn};

pub(crate) use entry::{Entry, Plain, is_version};
use entry::{Record, is_word};
use refused::disk;
pub(crate) use refused::{OpenError, Refused};

/// Images of all platforms, at most.
pub(crate) const MAX_IMAGES: usize = 64;
/// Bytes of all of them: sixteen of the largest, 4 GiB.
const MAX_BYTES: u64 = 16 * MAX_IMAGE;

const INCOMING: &str = "incoming";

/// Platform and version.
type Key = (String, String);

/// The images. Cheap to clone; all but the lists reads and writes files, so not for a runtime thread.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    folder: PathBuf,
    entries: Arc<Mutex<BTreeMap<Key, Entry>>>,
    /// Held by whoever writes files.
    writing: Arc<Mutex<()>>,
}

impl Images {
    /// Opens `folder`, making it if needed.
    pub(crate) fn open(folder: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError { folder: folder.to_owned(), source };
        fs::create_dir_all(folder.join(INCOMING)).map_err(unusable)?;
        let images = Self { folder: folder.to_owned(), entries: Arc::default(), writing: Arc::default() };
        for platform in fs::read_dir(folder).map_err(unusable)?.flatten() {
            let name = platform.file_name().to_string_lossy().into_owned();
            if platform.path().is_dir() && name != INCOMING && is_word(&name) {
                images.scan(&name).map_err(unusable)?;
            }
        }
        Ok(images)
    }

    /// Takes what is whole; sets aside what is damaged; removes what was never published.
    fn scan(&self, platform: &str) -> io::Result<()> {
        let folder = self.folder.join(platform);
        let mut names: Vec<String> =
            fs::read_dir(&folder)?.flatten().map(|file| file.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        for version in names.iter().filter_map(|name| name.strip_suffix(".json")) {
            match self.look(platform, version) {
                Ok(_) if self.entries().len() >= MAX_IMAGES => {
                    warn!("image {platform} {version} is passed over: there are {MAX_IMAGES} already");
                }
                Ok(entry) => {
                    self.entries().insert((platform.to_owned(), version.to_owned()), entry);
                }
                Err(why) => self.set_aside(platform, version, &why),
            }
        }
        for name in &names {
            let is_known = |version: &str| names.iter().any(|other| other.strip_suffix(".json") == Some(version));
            let is_left_over = name.ends_with(".new") || name.strip_suffix(".bin").is_some_and(|v| !is_known(v));
            if is_left_over {
                info!("{platform}/{name} is removed: it was being published when the hub ended");
                fs::remove_file(folder.join(name))?;
            }
        }
        Ok(())
    }
    fn look(&self, platform: &str, version: &str) -> Result<Entry, String> {
        let record = fs::read(self.record_path(platform, version)).map_err(|error| error.to_string())?;
        let entry = Entry::read(&record, platform, version)?;
        let image = fs::metadata(self.image_path(platform, version)).map_err(|error| format!("the image: {error}"))?;
        if image.len() == entry.size {
            Ok(entry)
        } else {
            Err(format!("the image has {} bytes instead of {}", image.len(), entry.size))
        }
    }
    fn set_aside(&self, platform: &str, version: &str, why: &str) {
        warn!("image {platform} {version} is damaged and set aside as *.damaged: {why}");
        for path in [self.record_path(platform, version), self.image_path(platform, version)] {
            let mut aside = path.clone().into_os_string();
            aside.push(".damaged");
            match fs::rename(&path, aside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    warn!("{} cannot be set aside: {error}", path.display());
                }
                _ => {}
            }
        }
    }

    /// All of them, by platform and version.
    pub(crate) fn list(&self) -> Vec<Entry> {
        self.entries().values().cloned().collect()
    }
    /// The one of a platform and version.
    pub(crate) fn get(&self, platform: &str, version: &str) -> Option<Entry> {
        self.entries().get(&(platform.to_owned(), version.to_owned())).cloned()
    }
    /// What each platform and channel is to run: `rolled_out` where that has an image for it, else the image with the largest
    /// counter, and of images without counters the newest version.
    pub(crate) fn releases(&self, rolled_out: Option<&str>) -> BTreeMap<String, BTreeMap<String, Release>> {
        let mut best: BTreeMap<(&str, &str), &Entry> = BTreeMap::new();
        let entries = self.entries();
        for entry in entries.values() {
            let place = best.entry((&entry.platform, &entry.channel)).or_insert(entry);
            if entry.rank(rolled_out) > place.rank(rolled_out) {
                *place = entry;
            }
        }
        let mut releases: BTreeMap<String, BTreeMap<String, Release>> = BTreeMap::new();
        for ((platform, channel), entry) in best {
            releases.entry(platform.to_owned()).or_default().insert(channel.to_owned(), entry.release());
        }
        releases
    }
    /// The images of a version, each read in full and found to be what it should be. What is not is set aside, and then there
    /// is an error.
    pub(crate) fn checked(&self, version: &str) -> Result<Vec<Entry>, Refused> {
        let found: Vec<Entry> = self.list().into_iter().filter(|entry| entry.version == version).collect();
        for entry in found.iter().filter(|entry| !entry.is_checked) {
            let path = self.image_path(&entry.platform, version);
            let digest = File::open(&path).and_then(Digest::of_reader).map_err(disk(&path))?;
            let key = (entry.platform.clone(), version.to_owned());
            if digest == (entry.sha256, entry.size) {
                if let Some(entry) = self.entries().get_mut(&key) {
                    entry.is_checked = true;
                }
            } else {
                self.entries().remove(&key);
                self.set_aside(&entry.platform, version, &format!("its SHA-256 is {}", digest.0));
                return Err(Refused::Damaged { platform: key.0, version: key.1 });
            }
        }
        Ok(found)
    }
    /// Opens an image.
    pub(crate) fn file(&self, entry: &Entry) -> io::Result<File> {
        File::open(self.image_path(&entry.platform, &entry.version))
    }

    /// Publishes what `manifest` describes; its bytes were uploaded before, or are published already.
    pub(crate) fn publish(&self, new: Entry) -> Result<Entry, Refused> {
        let _writing = self.writing();
        let key = (new.platform.clone(), new.version.clone());
        if let Some(old) = self.get(&key.0, &key.1) {
            return self.publish_again(&old, new);
        }
        let (count, bytes) = self.entries().values().fold((0, 0), |(n, sum), entry| (n + 1, sum + entry.size));
        if count >= MAX_IMAGES || bytes + new.size > MAX_BYTES {
            return Err(Refused::Full { count, bytes });
        }
        let upload = self.whole_upload(&new)?;
        let (folder, image) = (self.folder.join(&new.platform), self.image_path(&new.platform, &new.version));
        let moved = || {
            File::open(&upload)?.sync_all()?;
            fs::create_dir_all(&folder)?;
            fs::rename(&upload, &image)?;
            File::open(&folder)?.sync_all()?;
            File::open(&self.folder)?.sync_all()
        };
        moved().map_err(disk(&image))?;
        self.write_record(&new)?;
        self.entries().insert(key, new.clone());
        info!(platform = %new.platform, version = %new.version, sha256 = %new.sha256, "image published");
        Ok(new)
    }
    /// The same bytes may be signed anew; other bytes need another version.
    fn publish_again(&self, old: &Entry, new: Entry) -> Result<Entry, Refused> {
        if old.sha256 != new.sha256 {
            return Err(Refused::OtherBytes { platform: new.platform, version: new.version });
        }
        if new.counter() < old.counter() {
            return Err(Refused::OlderCounter { new: new.counter(), old: old.counter() });
        }
        self.write_record(&new)?;
        let new = Entry { is_checked: old.is_checked, ..new };
        self.entries().insert((new.platform.clone(), new.version.clone()), new.clone());
        Ok(new)
    }
    fn write_record(&self, entry: &Entry) -> Result<(), Refused> {
        let path = self.record_path(&entry.platform, &entry.version);
        cuelight_disk::replace(&path, Record::of(entry).to_json().as_bytes(), 0o644, true).map_err(disk(&path))
    }

    /// Deletes an image; `false` when there is none.
    pub(crate) fn delete(&self, platform: &str, version: &str) -> Result<bool, Refused> {
        let _writing = self.writing();
        if self.entries().remove(&(platform.to_owned(), version.to_owned())).is_none() {
            return Ok(false);
        }
        // What it is goes first: an image without that was never published.
        for path in [self.record_path(platform, version), self.image_path(platform, version)] {
            fs::remove_file(&path).map_err(disk(&path))?;
        }
        Ok(true)
    }

    fn image_path(&self, platform: &str, version: &str) -> PathBuf {
        self.folder.join(platform).join(format!("{version}.bin"))
    }
    fn record_path(&self, platform: &str, version: &str) -> PathBuf {
        self.folder.join(platform).join(format!("{version}.json"))
    }
    // Nothing that panics is done under the locks.
    fn entries(&self) -> MutexGuard<'_, BTreeMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
