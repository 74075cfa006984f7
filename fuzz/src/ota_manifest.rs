//! What a node reads before it takes an image: the manifest of all releases, in both shapes, and an image's own.

use cuelight_update::manifest::{Device, MAX_IMAGE, Manifest};
use cuelight_update::plain;

/// What is understood survives being written, and says nothing that cannot be; what is not has a reason.
pub fn run(data: &[u8]) {
    for platform in ["k1", "cuelight-node-x86_64-linux"] {
        match plain::release(data, platform, "stable") {
            Ok(release) => {
                let all = [(platform.to_owned(), [("stable".to_owned(), release.clone())].into())].into();
                assert_eq!(plain::release(plain::manifest(&all).as_bytes(), platform, "stable"), Ok(release));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let manifest = match Manifest::read(text) {
        Ok(manifest) => manifest,
        Err(refusal) => return assert!(!refusal.to_string().is_empty()),
    };
    assert!((1..=MAX_IMAGE).contains(&manifest.size) && !manifest.product.contains('/'));
    assert_eq!(Manifest::read(&manifest.to_json()).as_ref(), Ok(&manifest));
    let device = Device {
        product: manifest.product.clone(),
        hardware: manifest.hardware.clone(),
        version: manifest.version.clone(),
        counter: manifest.counter,
        now_s: manifest.expires_s.saturating_sub(1),
    };
    let suits = manifest.suits(&device).is_ok();
    let may_be_itself = manifest.min_from.as_ref().is_none_or(|from| *from <= manifest.version);
    assert_eq!(suits, may_be_itself && manifest.expires_s > i64::MIN, "an image suits the node that is it");
    assert!(
        manifest.suits(&Device { now_s: manifest.expires_s, ..device.clone() }).is_err(),
        "an expired one suits nobody"
    );
    assert!(manifest.suits(&Device { now_s: i64::MAX, ..device.clone() }).is_err());
    if let Some(counter) = manifest.counter.checked_add(1) {
        assert!(manifest.suits(&Device { counter, ..device }).is_err(), "nobody goes back");
    }
}
