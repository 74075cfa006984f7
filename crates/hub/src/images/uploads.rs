//! Uploads: a file grows by parts until it is as long as was announced. What is on the disk is the state, so an upload goes
//! on where it was after a cut or a restart.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use cuelight_fetch::Digest;
use cuelight_update::manifest::MAX_IMAGE;

use super::refused::disk;
use super::{Entry, INCOMING, Images, Refused};

/// Uploads that are not published yet; one more takes the place of the one untouched longest.
const MAX_UPLOADS: usize = 4;

impl Images {
    /// How many bytes of an upload are here.
    pub(crate) fn uploaded(&self, sha256: &Digest) -> u64 {
        fs::metadata(self.upload_path(sha256)).map_or(0, |file| file.len())
    }

    /// Writes the next part of an upload of `size` bytes, which begins at byte `from`. Returns how many are here then.
    pub(crate) fn upload(&self, sha256: &Digest, size: u64, from: u64, part: &[u8]) -> Result<u64, Refused> {
        let _writing = self.writing();
        if !(1..=MAX_IMAGE).contains(&size) || from.saturating_add(part.len() as u64) > size {
            return Err(Refused::Manifest(format!(
                "an image has 1 byte to 256 MiB and ends where was announced; announced are {size} bytes, the part ends at {}",
                from.saturating_add(part.len() as u64)
            )));
        }
        let path = self.upload_path(sha256);
        let have = self.uploaded(sha256);
        if from != have {
            return Err(Refused::OtherPlace { have });
        }
        if have == 0 {
            self.make_room().map_err(disk(&path))?;
        }
        let written = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            // A part that cannot be written whole, because the disk is full, is not there at all.
            file.write_all(part).inspect_err(|_| {
                let _ = file.set_len(have);
            })
        };
        written().map_err(disk(&path))?;
        Ok(have + part.len() as u64)
    }

    /// The file of a whole upload. One that is not what it should be is thrown away.
    pub(super) fn whole_upload(&self, entry: &Entry) -> Result<PathBuf, Refused> {
        let path = self.upload_path(&entry.sha256);
        let have = self.uploaded(&entry.sha256);
        if have != entry.size {
            return Err(Refused::NotUploaded { have, size: entry.size });
        }
        let (found, _) = File::open(&path).and_then(Digest::of_reader).map_err(disk(&path))?;
        if found != entry.sha256 {
            fs::remove_file(&path).map_err(disk(&path))?;
            return Err(Refused::WrongUpload { found, wanted: entry.sha256 });
        }
        Ok(path)
    }

    fn make_room(&self) -> std::io::Result<()> {
        let mut uploads: Vec<_> = fs::read_dir(self.folder.join(INCOMING))?
            .flatten()
            .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
            .collect();
        uploads.sort_unstable();
        let surplus = (uploads.len() + 1).saturating_sub(MAX_UPLOADS);
        for (_, path) in uploads.into_iter().take(surplus) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn upload_path(&self, sha256: &Digest) -> PathBuf {
        self.folder.join(INCOMING).join(format!("{sha256}.part"))
    }
}
