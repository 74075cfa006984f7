//! The folder of the two slots: whole files only, each synced before anything relies on it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::boot::BadTransition;
use super::{Boot, Image, Point, Slot};
use crate::trust::Trust;
use cuelight_fetch::Digest;

const BOOT: &str = "boot.json";
const TRUST: &str = "trust.json";
const IMAGE: &str = "image";
const IMAGE_FACTS: &str = "image.json";

/// Why the slots cannot be used.
#[derive(Debug, Error)]
pub enum SlotsError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to start.
    #[error("{0} holds no image; give one with --program FILE")]
    NoImage(PathBuf),
    /// `boot.json` is damaged and no image has proven itself.
    #[error("{0} is damaged and neither slot holds an image that has proven itself; give one with --program FILE")]
    Lost(PathBuf),
    /// What was fetched is not what was to be installed.
    #[error("the image has SHA-256 {found} and {size} bytes instead of {wanted} and {wanted_size}")]
    WrongImage {
        /// Its digest.
        found: Digest,
        /// Its length.
        size: u64,
        /// What it should be.
        wanted: Digest,
        /// What it should be.
        wanted_size: u64,
    },
    /// The state does not permit it.
    #[error(transparent)]
    BadTransition(#[from] BadTransition),
}

/// Which slot this very process was started from, as the launcher says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningIn {
    /// The folder of the slots.
    pub folder: PathBuf,
    /// The slot.
    pub slot: Slot,
    /// How long the image has to prove itself, when it still has to.
    pub trial: Option<Duration>,
}

impl RunningIn {
    /// Variables by which the launcher tells an image where it is.
    pub const FOLDER: &str = "CUELIGHT_SLOTS";
    /// `a` or `b`; `b trial 90` while it has to prove itself, within so many seconds.
    pub const SLOT: &str = "CUELIGHT_SLOT";

    /// What the launcher puts into [`Self::SLOT`].
    pub(crate) fn written(slot: Slot, trial: Option<Duration>) -> String {
        match trial {
            None => slot.name().to_owned(),
            Some(deadline) => format!("{} trial {}", slot.name(), deadline.as_secs()),
        }
    }

    /// What the launcher said; `None` in a process that was not started by one.
    pub fn from_environment() -> Option<Self> {
        Self::parse(std::env::var_os(Self::FOLDER)?.into(), &std::env::var(Self::SLOT).ok()?)
    }
    pub(crate) fn parse(folder: PathBuf, text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let name = words.next()?;
        let trial = match (words.next(), words.next()) {
            (None, _) => None,
            (Some("trial"), Some(seconds)) => Some(Duration::from_secs(seconds.parse().ok()?)),
            _ => return None,
        };
        let slot = [Slot::A, Slot::B].into_iter().find(|slot| slot.name() == name)?;
        Some(Self { folder, slot, trial })
    }
}

/// The folder of the two slots.
#[derive(Clone, Debug)]
pub struct Slots {
    folder: PathBuf,
    /// Where the machine is to lose power, in a test.
    fails_at: Option<Point>,
}

impl Slots {
    /// The slots in `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), fails_at: None }
    }
    /// The same, on a machine that loses power at `point`: the process panics there, which a binary turns into its end.
    #[must_use]
    pub fn failing_at(self, point: Point) -> Self {
        Self { fails_at: Some(point), ..self }
    }
    /// An update has come to `point`.
    pub(crate) fn reached(&self, point: Point) {
        assert!(self.fails_at != Some(point), "the power fails at {point}, as was asked for");
    }
    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
    /// The program in a slot.
    pub fn program(&self, slot: Slot) -> PathBuf {
        self.folder.join(slot.name()).join(IMAGE)
    }
    /// Where an image is fetched to: on the same file system, so that it can be moved into its slot.
    pub fn download(&self) -> PathBuf {
        self.folder.join("download")
    }

    /// Bytes that are free where images are fetched to.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn free(&self) -> Result<u64, SlotsError> {
        let stat = statvfs(&self.folder)
            .map_err(|errno| SlotsError::File { path: self.folder.clone(), source: errno.into() })?;
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
    /// Removes what was fetched of images that will not be installed.
    pub(crate) fn clear_download(&self) {
        // What stays is removed by the next fetch.
        for entry in fs::read_dir(self.download()).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }

    /// The state. A damaged `boot.json` is set aside and made anew from what the slots say of themselves.
    ///
    /// # Errors
    /// When there is no image that could be started.
    pub fn boot(&self) -> Result<Boot, SlotsError> {
        let path = self.folder.join(BOOT);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(SlotsError::NoImage(self.folder.clone()));
            }
            Err(source) => return Err(SlotsError::File { path, source }),
        };
        match Boot::read(&text) {
            Some(boot) => Ok(boot),
            None => {
                fs::rename(&path, path.with_extension("damaged"))
                    .map_err(|source| SlotsError::File { path: path.clone(), source })?;
                let boot = self.recovered().ok_or(SlotsError::Lost(path))?;
                self.save(&boot)?;
                Ok(boot)
            }
        }
    }

    /// The newest image that has proven itself and is whole becomes the active one.
    fn recovered(&self) -> Option<Boot> {
        let [a, b] = [Slot::A, Slot::B].map(|slot| {
            let image: Image = read_json(&self.folder.join(slot.name()).join(IMAGE_FACTS))?;
            (image.proven && self.is_whole(slot, &image)).then_some(image)
        });
        let active = match (&a, &b) {
            (None, None) => return None,
            (Some(a), Some(b)) if b.version > a.version => Slot::B,
            (Some(_), _) => Slot::A,
            (None, Some(_)) => Slot::B,
        };
        Some(Boot::recovered(active, a, b))
    }

    /// Whether the program in a slot is the image that `image` describes.
    pub fn is_whole(&self, slot: Slot, image: &Image) -> bool {
        let digest = File::open(self.program(slot)).and_then(Digest::of_reader);
        digest.is_ok_and(|found| found == (image.sha256, image.size))
    }

    /// Replaces the state.
    ///
    /// # Errors
    /// When it cannot be written; the old state stays.
    pub fn save(&self, boot: &Boot) -> Result<(), SlotsError> {
        for slot in [Slot::A, Slot::B] {
            // The slots say of themselves what the state says of them, for the day the state is lost.
            let facts = self.folder.join(slot.name()).join(IMAGE_FACTS);
            if let Some(image) = boot.image(slot)
                && read_json::<Image>(&facts).as_ref() != Some(image)
            {
                self.write_json(&facts, image)?;
            }
        }
        self.write_json(&self.folder.join(BOOT), boot)
    }

    /// Sets up a new folder with a copy of `program` in slot A.
    ///
    /// # Errors
    /// When the program cannot be read or the folder not be written.
    pub fn set_up(&self, program: &Path, version: semver::Version) -> Result<Boot, SlotsError> {
        let file = |source| SlotsError::File { path: program.to_owned(), source };
        let (sha256, size) = File::open(program).and_then(Digest::of_reader).map_err(file)?;
        let copy = self.download().join("first");
        fs::create_dir_all(self.download()).map_err(|source| SlotsError::File { path: self.download(), source })?;
        fs::copy(program, &copy).map_err(|source| SlotsError::File { path: copy.clone(), source })?;
        let image = Image { version, size, sha256, proven: true };
        self.move_in(&copy, Slot::A, &image)?;
        let boot = Boot::first(image);
        self.save(&boot)?;
        Ok(boot)
    }

    /// Moves the file `fetched`, verified in full before, into the other slot and notes its counter. The active slot is
    /// not touched; a crash at any point leaves the old state or the new one.
    ///
    /// # Errors
    /// When it is not the image it should be, while another is on trial, or when files cannot be written.
    pub fn stage(&self, boot: &mut Boot, fetched: &Path, image: Image, counter: u64) -> Result<Slot, SlotsError> {
        let file = |source| SlotsError::File { path: fetched.to_owned(), source };
        let (found, size) = File::open(fetched).and_then(Digest::of_reader).map_err(file)?;
        if (found, size) != (image.sha256, image.size) {
            return Err(SlotsError::WrongImage { found, size, wanted: image.sha256, wanted_size: image.size });
        }
        // First the state forgets what is in the slot, then the slot changes, then the state learns what is in it now.
        let slot = boot.clear_other()?;
        self.save(boot)?;
        self.reached(Point::SlotCleared);
        self.move_in(fetched, slot, &image)?;
        self.reached(Point::ImageMoved);
        boot.stage(image, counter)?;
        self.save(boot)?;
        self.reached(Point::ImageStaged);
        Ok(slot)
    }

    fn move_in(&self, fetched: &Path, slot: Slot, image: &Image) -> Result<(), SlotsError> {
        let folder = self.folder.join(slot.name());
        let program = self.program(slot);
        let moved = || {
            fs::create_dir_all(&folder)?;
            fs::set_permissions(fetched, Permissions::from_mode(0o755))?;
            File::open(fetched)?.sync_all()?;
            fs::rename(fetched, &program)?;
            File::open(&folder)?.sync_all()?;
            File::open(&self.folder)?.sync_all()
        };
        moved().map_err(|source| SlotsError::File { path: program.clone(), source })?;
        self.write_json(&folder.join(IMAGE_FACTS), image)
    }

    /// The list of trusted keys in force: the one that replaced `pinned`, when there is a newer one.
    pub fn trust(&self, pinned: &Trust) -> Trust {
        let replaced: Option<Trust> = read_json(&self.folder.join(TRUST));
        replaced.filter(|replaced| replaced.number() > pinned.number()).unwrap_or_else(|| pinned.clone())
    }
    /// Keeps a list of trusted keys that [`Trust::replaced_by`] gave.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_trust(&self, trust: &Trust) -> Result<(), SlotsError> {
        self.write_json(&self.folder.join(TRUST), trust)
    }

    pub(crate) fn write_json(&self, path: &Path, value: &impl Serialize) -> Result<(), SlotsError> {
        let text = serde_json::to_vec_pretty(value).expect("these structures are always JSON");
        cuelight_disk::replace(path, &text, 0o644, true)
            .map_err(|source| SlotsError::File { path: path.to_owned(), source })
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::super::Start;
    use super::*;

    struct Machine {
        _folder: tempfile::TempDir,
        slots: Slots,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let slots = Slots::new(folder.path().join("slots"));
            let program = folder.path().join("program");
            fs::write(&program, b"first").unwrap();
            slots.set_up(&program, Version::new(1, 0, 0)).unwrap();
            Self { _folder: folder, slots }
        }
        fn fetched(&self, bytes: &[u8]) -> (PathBuf, Image) {
            fs::create_dir_all(self.slots.download()).unwrap();
            let path = self.slots.download().join("part");
            fs::write(&path, bytes).unwrap();
            let image = Image {
                version: Version::new(1, 1, 0),
                size: bytes.len() as u64,
                sha256: Digest::of(bytes),
                proven: false,
            };
            (path, image)
        }
    }

    #[test]
    fn a_staged_image_is_a_program_in_the_other_slot_and_the_active_one_is_untouched() {
        let machine = Machine::new();
        let mut boot = machine.slots.boot().unwrap();
        let (path, image) = machine.fetched(b"second");
        assert_eq!(machine.slots.stage(&mut boot, &path, image.clone(), 3).unwrap(), Slot::B);
        let again = machine.slots.boot().unwrap();
        assert_eq!((again.image(Slot::B), again.counter()), (Some(&image), 3));
        assert_eq!(fs::read(machine.slots.program(Slot::A)).unwrap(), b"first");
        let mode = fs::metadata(machine.slots.program(Slot::B)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert!(machine.slots.is_whole(Slot::B, &image) && !path.exists());
    }

    #[test]
    fn what_is_not_the_image_is_not_staged() {
        let machine = Machine::new();
        let mut boot = machine.slots.boot().unwrap();
        let (path, image) = machine.fetched(b"second");
        fs::write(&path, b"secon").unwrap();
        let error = machine.slots.stage(&mut boot, &path, image, 3).unwrap_err();
        assert!(matches!(error, SlotsError::WrongImage { size: 5, wanted_size: 6, .. }), "{error}");
        assert_eq!(machine.slots.boot().unwrap().counter(), 0, "the counter rises with a verified image only");
    }

    #[test]
    fn a_damaged_state_is_made_anew_from_proven_images() {
        let machine = Machine::new();
        let mut boot = machine.slots.boot().unwrap();
        let (path, image) = machine.fetched(b"second");
        machine.slots.stage(&mut boot, &path, image, 3).unwrap();
        boot.begin_trial(true).unwrap();
        machine.slots.save(&boot).unwrap();
        fs::write(machine.slots.folder().join(BOOT), b"{\"format\":1").unwrap();
        let mut boot = machine.slots.boot().unwrap();
        assert_eq!(boot.next_start(), Start { slot: Slot::A, is_trial: false }, "slot B has not proven itself");
        assert!(machine.slots.folder().join("boot.damaged").exists());

        fs::write(machine.slots.program(Slot::A), b"bit rot").unwrap();
        fs::write(machine.slots.folder().join(BOOT), b"").unwrap();
        assert!(matches!(machine.slots.boot(), Err(SlotsError::Lost(_))));
    }

    #[test]
    fn an_empty_folder_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = Slots::new(folder.path()).boot().unwrap_err().to_string();
        assert!(error.contains("--program FILE"), "{error}");
    }

    #[test]
    fn the_launcher_tells_an_image_where_it_is() {
        for (slot, trial) in [(Slot::A, None), (Slot::B, Some(Duration::from_secs(90)))] {
            let running = RunningIn::parse("/slots".into(), &RunningIn::written(slot, trial)).unwrap();
            assert_eq!((running.slot, running.trial), (slot, trial));
        }
        for text in ["c", "", "b trial", "b trial soon", "b on"] {
            assert_eq!(RunningIn::parse("/slots".into(), text), None, "{text}");
        }
    }
}
