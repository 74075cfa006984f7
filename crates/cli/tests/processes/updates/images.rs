//! Images and what is said of them.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::OnceLock;

use cuelight_fetch::Digest;
use cuelight_update::key::SecretKey;
use cuelight_update::manifest::{Device, Manifest};
use cuelight_update::plain::{self, Release};
use cuelight_update::signed::{Purpose, Signed};
use semver::Version;

/// The version that nodes of a test begin with.
pub(super) const OLD: &str = "0.1.0";
/// The version they are to become.
pub(super) const NEW: &str = "0.2.0";

/// The program under test without its debugging symbols, as it is shipped.
pub(super) fn program() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let whole = env!("CARGO_BIN_EXE_cuelight");
        let folder = tempfile::tempdir().unwrap();
        let stripped = folder.path().join("stripped");
        let strip = Command::new("strip").arg("-o").args([stripped.as_os_str(), whole.as_ref()]).status();
        // Without binutils it is longer, and nothing else.
        let is_stripped = strip.is_ok_and(|status| status.success());
        fs::read(if is_stripped { stripped } else { whole.into() }).unwrap()
    })
}

/// The image of a version.
pub(super) fn image(version: &str) -> Vec<u8> {
    [program(), format!("\ncuelight image {version}\n").as_bytes()].concat()
}

pub(super) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// The manifest that suits an image of [`NEW`].
pub(super) fn manifest(image: &[u8]) -> Manifest {
    Manifest {
        format: 1,
        product: "cuelight-node".into(),
        hardware: Device::this_hardware(),
        channel: "stable".into(),
        version: Version::parse(NEW).unwrap(),
        counter: 5,
        min_from: None,
        size: image.len() as u64,
        sha256: Digest::of(image),
        expires_s: i64::MAX,
        notes: String::new(),
        deltas: Vec::new(),
    }
}

/// A manifest with a signature.
pub(super) fn signed(manifest: &Manifest, key: &SecretKey) -> Signed {
    let mut signed = Signed::new(manifest.to_json());
    signed.sign(Purpose::Image, key);
    signed
}

/// What `/ota/manifest.json` says when there is this one release.
pub(super) fn manifests(manifest: &Manifest, signed: Signed) -> String {
    let release = Release {
        version: manifest.version.to_string(),
        url: "/ota/image.bin".into(),
        sha256: manifest.sha256,
        size: Some(manifest.size),
        notes: None,
        signed: Some(signed),
    };
    // Where a node of this machine looks, whatever the manifest says it is for.
    let platform = format!("cuelight-node-{}", Device::this_hardware());
    plain::manifest(&BTreeMap::from([(platform, BTreeMap::from([("stable".to_owned(), release)]))]))
}
