//! The show files of a hub: each a file of its own, named by its SHA-256, and made ready to be played off the tick thread.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use cuelight_conductor::Program;
use cuelight_disk::replace;
use cuelight_fetch::Digest;
use cuelight_show::{Score, Show};
use cuelight_showfile::Fault;
use cuelight_wire::cues::{ShowDigest, ShowId};
use tokio::sync::Mutex;

/// Show files kept: the one that is played and those before it, for nodes that are still fetching one and for a hub that was
/// killed before it saved which one it plays.
const KEPT: usize = 8;

/// The show files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Shows {
    folder: Arc<PathBuf>,
    /// Whoever changes which show is played, from reading it to its command: so no edit is lost to another.
    pub(crate) changing: Arc<Mutex<()>>,
}

/// Why a show file cannot be played.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadShow {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is another one by now.
    #[error("the file is damaged: its bytes are not those that were stored")]
    Damaged,
    /// This version does not understand it.
    #[error("the file has {} faults; the first: {}", .0.len(), .0.first().map_or_else(String::new, ToString::to_string))]
    Faults(Vec<Fault>),
}

/// A show that was read, ready to be played.
pub(crate) fn program_of(text: &str) -> Result<Program, Vec<Fault>> {
    let show = cuelight_showfile::read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    Ok(resolved(text, show))
}

/// A show whose file is `text`, made ready to be played.
pub(crate) fn resolved(text: &str, show: Show) -> Program {
    let Digest(sha256) = Digest::of(text.as_bytes());
    let size = u32::try_from(text.len()).expect("show files have at most 64 MiB");
    let score = Arc::new(Score::new(&show));
    Program { id: ShowId { sha256: ShowDigest(sha256), size }, show: Arc::new(show), score }
}

impl Shows {
    /// The files in `folder`, which is made if needed.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder: Arc::new(folder), changing: Arc::default() })
    }
    fn path(&self, sha256: &ShowDigest) -> PathBuf {
        self.folder.join(format!("{sha256}.toml"))
    }
    /// The bytes of a file, if it is here and whole. Reads the disk, so not for a runtime thread.
    pub(crate) fn read(&self, sha256: &ShowDigest) -> Result<Vec<u8>, BadShow> {
        let bytes = fs::read(self.path(sha256))?;
        let Digest(found) = Digest::of(&bytes);
        if found == sha256.0 { Ok(bytes) } else { Err(BadShow::Damaged) }
    }
    /// A show, made ready to be played. May take seconds.
    pub(crate) fn program(&self, id: &ShowId) -> Result<Program, BadShow> {
        let bytes = self.read(&id.sha256)?;
        let text = String::from_utf8(bytes).map_err(|_| BadShow::Damaged)?;
        program_of(&text).map_err(BadShow::Faults)
    }
    /// Keeps a file: written, synced, renamed; of more than [`KEPT`] the oldest go.
    pub(crate) fn keep(&self, id: &ShowId, text: &str) -> io::Result<()> {
        replace(&self.path(&id.sha256), text.as_bytes(), 0o644, true)?;
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&*self.folder)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(KEPT);
        for (_, path) in files.into_iter().take(surplus).filter(|(_, path)| *path != self.path(&id.sha256)) {
            // One that stays costs room and nothing else.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}
