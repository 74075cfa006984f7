//! The file of a backup: a ZIP archive, which everything opens, with `backup.json` in it: what is in the archive, with sizes and SHA-256.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path};

use cuelight_fetch::Digest;
use cuelight_net::clock::wall_now;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{BackupError, contents};
use crate::events::rfc3339;

/// The list of what is in an archive.
const LIST: &str = "backup.json";
/// Bytes of the list, at most: a hundred thousand files.
const MAX_LIST: u64 = 32 * 1024 * 1024;
/// The form that is written.
const FORM: u32 = 1;

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The form of the archive.
    pub form: u32,
    /// The version of Cuelight that made it.
    pub cuelight: String,
    /// When, wall clock (RFC 3339).
    pub made_at: String,
    /// The files, in the order of their names.
    pub files: Vec<Stored>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its name in the data folder.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: String,
}

/// Writes the files of a data folder into an archive. The copy of the database is there already.
pub(crate) fn write(folder: &Path, into: &mut dyn Write) -> Result<Contents, BackupError> {
    let bad = |error: zip::result::ZipError| BackupError::System { path: folder.to_owned(), source: error.into() };
    let mut archive = ZipWriter::new_stream(into);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o600);
    let mut files = Vec::new();
    for (path, source) in contents::of(folder).map_err(BackupError::system(folder))? {
        let file = match File::open(&source) {
            Ok(file) => file,
            // A pattern that was deleted since the folder was looked through.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(BackupError::system(&source)(error)),
        };
        archive.start_file(&*path, options.large_file(true)).map_err(bad)?;
        let tee = Tee { source: file, sink: &mut archive };
        let (digest, size) = Digest::of_reader(tee).map_err(BackupError::system(&source))?;
        files.push(Stored { path, size, sha256: digest.to_string() });
    }
    let made_at = rfc3339(wall_now());
    let contents = Contents { form: FORM, cuelight: env!("CARGO_PKG_VERSION").into(), made_at, files };
    archive.start_file(LIST, options).map_err(bad)?;
    let list = serde_json::to_vec_pretty(&contents).map_err(|error| BackupError::system(folder)(error.into()))?;
    archive.write_all(&list).map_err(BackupError::system(folder))?;
    archive.finish().map_err(bad)?;
    Ok(contents)
}

/// Looks whether a backup is whole, to the last byte.
///
/// # Errors
/// [`BackupError`], which says what is wrong with it.
pub fn verify(archive: &Path) -> Result<Contents, BackupError> {
    read(archive, |_, _| Ok(io::sink()))
}

/// Reads a backup to its end: each file goes into what `sink` gives for it.
pub(super) fn read<S: Write>(
    path: &Path,
    mut sink: impl FnMut(&Path, &Stored) -> Result<S, BackupError>,
) -> Result<Contents, BackupError> {
    let not_whole = |why: String| BackupError::NotWhole { path: path.to_owned(), why };
    let file = File::open(path).map_err(BackupError::system(path))?;
    let mut archive = ZipArchive::new(file).map_err(|error| not_whole(error.to_string()))?;
    let contents = list(&mut archive).map_err(not_whole)?;
    if contents.form > FORM {
        return Err(BackupError::Newer { path: path.to_owned(), found: contents.form, known: FORM });
    }
    if archive.len() != contents.files.len() + 1 || contents.files.len() > contents::MOST_FILES {
        return Err(not_whole(format!("it has {} files and lists {}", archive.len() - 1, contents.files.len())));
    }
    for stored in &contents.files {
        let Stored { path: name, size, sha256 } = stored;
        let inside = Path::new(name);
        let is_inside = inside.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || name.is_empty() || name == "lock" {
            return Err(not_whole(format!("it lists \"{name}\", which is no name in a data folder")));
        }
        let packed = archive.by_name(name).map_err(|error| not_whole(format!("{name}: {error}")))?;
        // Not more than is listed, whatever the archive unpacks to.
        let tee = Tee { source: packed.take(size + 1), sink: sink(inside, stored)? };
        let (digest, found) = Digest::of_reader(tee).map_err(|error| not_whole(format!("{name}: {error}")))?;
        if found != *size || digest.to_string() != *sha256 {
            return Err(not_whole(format!("the bytes of {name} are not those that were put in")));
        }
    }
    Ok(contents)
}

fn list(archive: &mut ZipArchive<File>) -> Result<Contents, String> {
    let list = archive.by_name(LIST).map_err(|_| format!("it has no {LIST}"))?;
    let mut text = Vec::new();
    list.take(MAX_LIST).read_to_end(&mut text).map_err(|error| format!("{LIST}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("{LIST}: {error}"))
}

/// Gives what it reads, and writes it too.
struct Tee<R, W> {
    source: R,
    sink: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.sink.write_all(&buffer[..read])?;
        if read == 0 {
            self.sink.flush()?;
        }
        Ok(read)
    }
}

/// Makes a file of a folder that is being restored, with the folders above it; only its owner reads it.
pub(super) fn make(folder: &Path, inside: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = folder.join(inside);
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)
}
