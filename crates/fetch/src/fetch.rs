//! Fetching a file from a server that may lie, stall, or forget what it was asked (OTA-7).
//!
//! The file comes in parts, each a single `Range` with `If-Range` of its digest, so that a cut costs a part and not the
//! whole. What is on the disk is the state: a fetch goes on where it was, also after a restart. No more bytes are written
//! than the file has, and nothing is believed before the digest of the whole file is right.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::answer::{Answer, BadAnswer, Take};
use crate::digest::Digest;

/// Bytes asked for at once. At 20 kB/s, a poor radio link, a part takes 13 s: below the time-out of a request.
pub const PART: u64 = 256 * 1024;
/// How often a whole image may turn out wrong before the server is given up.
const WRONG_IMAGES: u32 = 2;

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub url: String,
    /// Its digest.
    pub sha256: Digest,
    /// Its length, bytes.
    pub size: u64,
}

/// A server.
pub trait Server {
    /// Asks for the bytes `from..=to` of `url`, provided that it still is the file of that digest (`If-Range`). The body is
    /// read from what is returned; a read that takes too long fails.
    ///
    /// # Errors
    /// When there is no answer in time.
    fn get(&mut self, url: &str, from: u64, to: u64, if_range: &Digest) -> io::Result<(Answer, Box<dyn Read + '_>)>;
    /// The whole of a short file, of at most `max` bytes.
    ///
    /// # Errors
    /// When there is no answer in time, another status than 200, or more bytes.
    fn text(&mut self, url: &str, max: u64) -> io::Result<Vec<u8>>;
}

/// What is to happen after a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes are on the disk; there is more to fetch.
    More(u64),
    /// The file is whole and right.
    Whole,
}

/// Why a part did not come.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The server did not answer as it should; asking again later may help.
    #[error("{url}: {source}")]
    Server {
        /// What was asked for.
        url: String,
        /// What happened.
        source: io::Error,
    },
    /// The server's answer is of no use; asking again later may help.
    #[error("{url}: {source}")]
    Answer {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        source: BadAnswer,
    },
    /// The whole file came, and it is another one.
    #[error("not the image that was announced ({times} times): {url} has SHA-256 {found} instead of {wanted}")]
    WrongImage {
        /// Where it came from.
        url: String,
        /// Its digest.
        found: Digest,
        /// What was announced.
        wanted: Digest,
        /// How often.
        times: u32,
    },
    /// It cannot be kept.
    #[error("{path} cannot be written: {source}")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FetchError {
    /// Whether asking again later may help.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Answer { .. })
    }
}

/// A fetch that is under way. Its file's name is the digest it is to have.
#[derive(Debug)]
pub struct Fetch {
    wanted: Wanted,
    path: PathBuf,
    wrong_images: u32,
}

impl Fetch {
    /// Begins, or goes on with what `folder` holds of the image. Parts of other images are removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, wanted: Wanted) -> Result<Self, FetchError> {
        let path = folder.join(format!("{}.part", wanted.sha256));
        let disk = |source| FetchError::Disk { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(disk)?;
        for entry in fs::read_dir(folder).map_err(disk)?.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "part") && entry.path() != path {
                fs::remove_file(entry.path()).map_err(disk)?;
            }
        }
        Ok(Self { wanted, path, wrong_images: 0 })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// Bytes on the disk.
    pub fn have(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len()).min(self.wanted.size)
    }

    /// Fetches the next part; checks the file when it is complete.
    ///
    /// # Errors
    /// When the part did not come; what is on the disk stays, unless it turned out wrong.
    pub fn step(&mut self, server: &mut dyn Server) -> Result<Progress, FetchError> {
        let have = self.have();
        if have == self.wanted.size {
            return self.check();
        }
        let Wanted { url, sha256, size } = self.wanted.clone();
        let to = (have + PART).min(size) - 1;
        let lost = |source| FetchError::Server { url: url.clone(), source };
        let (answer, mut body) = server.get(&url, have, to, &sha256).map_err(lost)?;
        let (from, length) = match answer.take(have, to, size) {
            Ok(Take::Part { length }) => (have, length),
            Ok(Take::Whole) => (0, size),
            Err(source) => return Err(FetchError::Answer { url, source }),
        };
        let disk = |source| FetchError::Disk { path: self.path.clone(), source };
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path).map_err(disk)?;
        if file.metadata().map_err(disk)?.len() != from {
            file.set_len(from).map_err(disk)?;
        }
        let written = copy(&mut body, &mut file, length);
        // What came before a break is kept, once it is on the disk.
        file.sync_data().map_err(disk)?;
        match written {
            Ok(_) => {}
            Err(Broken::Reading(source)) => return Err(lost(source)),
            Err(Broken::Writing(source)) => return Err(disk(source)),
        }
        if self.have() == size { self.check() } else { Ok(Progress::More(self.have())) }
    }

    /// Whether the file is what was announced. A wrong one is removed and fetched once more: a part may have been damaged on
    /// the way; a second one is not.
    fn check(&mut self) -> Result<Progress, FetchError> {
        let disk = |source| FetchError::Disk { path: self.path.clone(), source };
        let (found, _) = File::open(&self.path).and_then(Digest::of_reader).map_err(disk)?;
        if found == self.wanted.sha256 {
            return Ok(Progress::Whole);
        }
        fs::remove_file(&self.path).map_err(disk)?;
        self.wrong_images += 1;
        if self.wrong_images < WRONG_IMAGES {
            return Ok(Progress::More(0));
        }
        Err(FetchError::WrongImage {
            url: self.wanted.url.clone(),
            found,
            wanted: self.wanted.sha256,
            times: self.wrong_images,
        })
    }
}

enum Broken {
    Reading(io::Error),
    Writing(io::Error),
}

/// Copies exactly `length` bytes; what the server sends beyond them is left unread.
fn copy(body: &mut dyn Read, file: &mut File, length: u64) -> Result<(), Broken> {
    let mut left = length;
    let mut buffer = vec![0; 16 * 1024];
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match body.read(&mut buffer[..room]) {
            Ok(0) => return Err(Broken::Reading(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => {
                file.write_all(&buffer[..read]).map_err(Broken::Writing)?;
                left -= read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Broken::Reading(error)),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
