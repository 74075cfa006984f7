//! One image: what is known of it, and how that is kept.

use cuelight_fetch::Digest;
use cuelight_update::manifest::{MAX_IMAGE, Manifest};
use cuelight_update::plain::Release;
use cuelight_update::signed::Signed;
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refused;

/// Bytes of a version, at most: as many as an offer has room for.
const MAX_VERSION: usize = 32;
/// Bytes of an unsigned image's notes.
const MAX_NOTES: usize = 4_000;

/// The platform of deployed nodes, and where they look for its images.
const DEPLOYED: (&str, &str) = ("k1", "k1/s3");

/// An image without a signature, for deployed nodes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plain {
    pub(crate) platform: String,
    #[serde(default = "stable")]
    pub(crate) channel: String,
    pub(crate) version: String,
    pub(crate) size: u64,
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    pub(crate) sha256: Digest,
    #[serde(default)]
    pub(crate) notes: String,
}

fn stable() -> String {
    "stable".into()
}

/// One image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What it is for: PRODUCT-HARDWARE of its manifest, or a deployed platform.
    pub(crate) platform: String,
    pub(crate) channel: String,
    pub(crate) version: String,
    pub(crate) size: u64,
    pub(crate) sha256: Digest,
    pub(crate) notes: String,
    /// Its signed manifest, and what that says.
    pub(crate) signed: Option<(Signed, Box<Manifest>)>,
    /// Whether its bytes were read and found right since the hub started.
    pub(crate) is_checked: bool,
}

impl Entry {
    /// What a signed manifest describes.
    pub(crate) fn signed(document: Signed) -> Result<Self, Refused> {
        let document =
            Signed::parse(document.to_json().as_bytes()).map_err(|error| Refused::Manifest(error.to_string()))?;
        let manifest = Manifest::read(document.unverified()).map_err(|error| Refused::Manifest(error.to_string()))?;
        if document.signers().next().is_none() {
            return Err(Refused::Manifest("nobody has signed it; sign it with `cuelight ota sign`".into()));
        }
        let entry = Self {
            platform: format!("{}-{}", manifest.product, manifest.hardware),
            channel: manifest.channel.clone(),
            version: manifest.version.to_string(),
            size: manifest.size,
            sha256: manifest.sha256,
            notes: manifest.notes.clone(),
            signed: Some((document, Box::new(manifest))),
            is_checked: true,
        };
        entry.check()
    }
    /// An image for deployed nodes. Whoever checks signatures gets none from it.
    pub(crate) fn plain(plain: Plain) -> Result<Self, Refused> {
        let Plain { platform, channel, version, size, sha256, notes } = plain;
        if platform.starts_with("cuelight-") {
            return Err(Refused::Manifest(format!(
                "images for {platform} are signed: publish it with its signed manifest"
            )));
        }
        Self { platform, channel, version, size, sha256, notes, signed: None, is_checked: true }.check()
    }
    fn check(self) -> Result<Self, Refused> {
        let bad = |what: String| Err(Refused::Manifest(what));
        if !is_word(&self.platform) || !is_word(&self.channel) {
            let Self { platform, channel, .. } = self;
            return bad(format!("platform {platform:?} and channel {channel:?} have 1 to 64 of a-z, 0-9, - and _"));
        }
        if !is_version(&self.version) {
            return bad(format!("version {:?} has 1 to {MAX_VERSION} of letters, digits, . - + and _", self.version));
        }
        if !(1..=MAX_IMAGE).contains(&self.size) {
            return bad(format!("the image has {} bytes; 1 byte to 256 MiB are taken", self.size));
        }
        if self.notes.len() > MAX_NOTES {
            return bad(format!("the notes have {} bytes; at most {MAX_NOTES} are kept", self.notes.len()));
        }
        Ok(self)
    }
    /// What was kept as `record`, in the place of `platform` and `version`.
    pub(super) fn read(record: &[u8], platform: &str, version: &str) -> Result<Self, String> {
        let record: Record = serde_json::from_slice(record).map_err(|error| error.to_string())?;
        let entry = match record {
            Record::Signed(document) => Self::signed(document),
            Record::Plain { platform, channel, version, size, sha256, notes } => {
                Self::plain(Plain { platform, channel, version, size, sha256, notes })
            }
        };
        let entry = entry.map_err(|error| error.to_string())?;
        if (entry.platform.as_str(), entry.version.as_str()) != (platform, version) {
            return Err(format!("it is {} {}", entry.platform, entry.version));
        }
        Ok(Self { is_checked: false, ..entry })
    }

    /// Its counter; 0 where there is none.
    pub(crate) fn counter(&self) -> u64 {
        self.signed.as_ref().map_or(0, |(_, manifest)| manifest.counter)
    }
    /// Larger for images that stand before others: the version that is rolled out, then by counter, then by version.
    pub(super) fn rank(&self, rolled_out: Option<&str>) -> (bool, u64, Option<Version>, &str) {
        let is_rolled_out = rolled_out == Some(self.version.as_str());
        (is_rolled_out, self.counter(), Version::parse(&self.version).ok(), &self.version)
    }
    /// Where nodes get it.
    pub(crate) fn path(&self) -> String {
        let (deployed, folder) = DEPLOYED;
        let folder = if self.platform == deployed { folder } else { &self.platform };
        format!("/ota/{folder}/{}.bin", self.version)
    }
    /// Its entry in the manifest of all releases.
    pub(super) fn release(&self) -> Release {
        Release {
            version: self.version.clone(),
            url: self.path(),
            sha256: self.sha256,
            size: Some(self.size),
            notes: (!self.notes.is_empty()).then(|| self.notes.clone()),
            signed: self.signed.as_ref().map(|(document, _)| document.clone()),
        }
    }
}

/// What is kept of an image.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Record {
    Signed(Signed),
    Plain { platform: String, channel: String, version: String, size: u64, sha256: Digest, notes: String },
}

impl Record {
    pub(super) fn of(entry: &Entry) -> Self {
        match &entry.signed {
            Some((document, _)) => Self::Signed(document.clone()),
            None => Self::Plain {
                platform: entry.platform.clone(),
                channel: entry.channel.clone(),
                version: entry.version.clone(),
                size: entry.size,
                sha256: entry.sha256,
                notes: entry.notes.clone(),
            },
        }
    }
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers and strings are always JSON")
    }
}

/// Whether a text can be a folder's name and nothing else.
pub(super) fn is_word(text: &str) -> bool {
    (1..=129).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// Whether a text can be a version and nothing else.
pub(crate) fn is_version(text: &str) -> bool {
    (1..=MAX_VERSION).contains(&text.len())
        && !text.starts_with('.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_'))
}
