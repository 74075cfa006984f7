//! What a hub offers, kept on the disk until it is done.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::slots::{Slots, SlotsError};
use cuelight_fetch::Digest;

/// An `ota_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The version to become, for people: what counts is the digest.
    pub version: String,
    /// Where the image is.
    pub url: String,
    /// Where the manifest of all releases is.
    pub manifest_url: String,
    /// The image's digest.
    pub sha256: Digest,
    /// The armed show in spite of which it may happen, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_spite_of: Option<String>,
}

impl Offer {
    fn path(slots: &Slots) -> PathBuf {
        slots.folder().join("offer.json")
    }
    pub(super) fn keep(&self, slots: &Slots) -> Result<(), SlotsError> {
        slots.write_json(&Self::path(slots), self)
    }
    /// The kept offer; one that cannot be read is none, and the hub makes it again.
    pub(super) fn kept(slots: &Slots) -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::path(slots)).ok()?).ok()
    }
    pub(super) fn forget(slots: &Slots) -> Result<(), SlotsError> {
        let path = Self::path(slots);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SlotsError::File { path, source }),
            _ => Ok(()),
        }
    }
}
