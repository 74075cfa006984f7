//! Why the folder of images cannot be used, or an image not be taken: what is wrong, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use cuelight_fetch::Digest;
use thiserror::Error;

/// The folder cannot be used.
#[derive(Debug, Error)]
#[error(
    "the folder of images {folder} cannot be used: {source}; change its owner, or choose another place with --data-dir"
)]
pub struct OpenError {
    /// Which.
    pub(super) folder: PathBuf,
    /// Why.
    pub(super) source: io::Error,
}

/// Why an image is not taken, or not given.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error("the manifest is of no use: {0}")]
    Manifest(String),
    #[error("the image is not uploaded: {have} of {size} bytes are here")]
    NotUploaded { have: u64, size: u64 },
    #[error("the upload has SHA-256 {found} instead of {wanted} and was thrown away: upload it again")]
    WrongUpload { found: Digest, wanted: Digest },
    #[error("{have} bytes of the upload are here: go on from there")]
    OtherPlace { have: u64 },
    #[error("{platform} {version} is published with other bytes: give the new image another version")]
    OtherBytes { platform: String, version: String },
    #[error("the manifest's counter is {new}, below {old} of the one that is published")]
    OlderCounter { new: u64, old: u64 },
    #[error("{count} images of {bytes} bytes are here, which is as much as there may be: delete some")]
    Full { count: usize, bytes: u64 },
    #[error("the image {platform} {version} is damaged and was set aside: publish it again")]
    Damaged { platform: String, version: String },
    #[error("{path} cannot be written: {source}")]
    Disk { path: PathBuf, source: io::Error },
}

/// What the disk said about a file.
pub(super) fn disk(path: &Path) -> impl Fn(io::Error) -> Refused {
    let path = path.to_owned();
    move |source| Refused::Disk { path: path.clone(), source }
}
