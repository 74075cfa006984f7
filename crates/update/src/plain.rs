//! The manifest of deployed nodes: no signature, one entry for a platform and a channel.
//!
//! Two shapes are deployed and both are read: `{"k1": {"stable": {..}}}`, which is also the one that is written, and
//! `{"platforms": {"k1": {"releases": {"stable": {..}}}}}`. Unknown fields are passed over, so a Cuelight entry can carry
//! its signed manifest beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::signed::Signed;
use cuelight_fetch::Digest;

/// One image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// Where it is, relative to the hub or absolute.
    pub url: String,
    /// Its digest.
    pub sha256: Digest,
    /// Its length, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The signed manifest, which Cuelight nodes want.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// Why a manifest tells nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoRelease {
    /// Neither shape.
    #[error("the manifest cannot be read: {0}")]
    Malformed(String),
    /// It has nothing for the platform and channel.
    #[error("the manifest has no {channel} release for {platform}")]
    Absent {
        /// The platform.
        platform: String,
        /// The channel.
        channel: String,
    },
}

/// The release of a platform and channel, in either shape.
///
/// # Errors
/// When there is none, or when it cannot be read.
pub fn release(text: &[u8], platform: &str, channel: &str) -> Result<Release, NoRelease> {
    let manifest: Value = serde_json::from_slice(text).map_err(|error| NoRelease::Malformed(error.to_string()))?;
    let nested = &manifest["platforms"][platform]["releases"][channel];
    let entry = if nested.is_object() { nested } else { &manifest[platform][channel] };
    if !entry.is_object() {
        return Err(NoRelease::Absent { platform: platform.into(), channel: channel.into() });
    }
    Release::deserialize(entry)
        .map_err(|error| NoRelease::Malformed(format!("the {channel} release of {platform}: {error}")))
}

/// The manifest of all releases, by platform and channel, as JSON.
pub fn manifest(releases: &BTreeMap<String, BTreeMap<String, Release>>) -> String {
    serde_json::to_string_pretty(releases).expect("strings are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn both_deployed_shapes_are_read() {
        let entry = format!(r#"{{"version":"2.8.0","url":"/ota/k1/s3/2.8.0.bin","sha256":"{SHA}","more":1}}"#);
        let flat = format!(r#"{{"k1":{{"stable":{entry}}}}}"#);
        let nested = format!(r#"{{"schema":2,"platforms":{{"k1":{{"releases":{{"stable":{entry}}}}}}}}}"#);
        let read = release(flat.as_bytes(), "k1", "stable").unwrap();
        assert_eq!((read.version.as_str(), read.url.as_str(), read.size), ("2.8.0", "/ota/k1/s3/2.8.0.bin", None));
        assert_eq!(release(nested.as_bytes(), "k1", "stable").unwrap(), read);
        let written = manifest(&[("k1".to_owned(), [("stable".to_owned(), read.clone())].into())].into());
        assert_eq!(release(written.as_bytes(), "k1", "stable").unwrap(), read);
    }

    #[test]
    fn what_is_not_there_or_not_right_is_said() {
        let told = |text: &str| release(text.as_bytes(), "k1", "beta").unwrap_err().to_string();
        assert_eq!(told(r#"{"k1":{"stable":{}}}"#), "the manifest has no beta release for k1");
        assert_eq!(told("[]"), "the manifest has no beta release for k1");
        assert!(told(r#"{"k1":{"beta":{"version":"1","url":"/x","sha256":"no"}}}"#).contains("64 hex digits"));
        assert!(told("{").starts_with("the manifest cannot be read"));
    }
}
