//! Whatever happens to the files, what is listed is whole.

use cuelight_update::key::SecretKey;
use cuelight_update::manifest::Manifest;
use cuelight_update::signed::{Purpose, Signed};
use semver::Version;
use tempfile::TempDir;

use super::*;

const PLATFORM: &str = "cuelight-node-x86_64-linux";

fn manifest(version: &str, counter: u64, bytes: &[u8]) -> Manifest {
    Manifest {
        format: 1,
        product: "cuelight-node".into(),
        hardware: "x86_64-linux".into(),
        channel: "stable".into(),
        version: Version::parse(version).unwrap(),
        counter,
        min_from: None,
        size: bytes.len() as u64,
        sha256: Digest::of(bytes),
        expires_s: 4_000_000_000,
        notes: String::new(),
        deltas: Vec::new(),
    }
}
fn signed(manifest: &Manifest) -> Entry {
    let mut document = Signed::new(manifest.to_json());
    document.sign(Purpose::Image, &SecretKey::from_seed([1; 32]));
    Entry::signed(document).unwrap()
}
fn upload(images: &Images, bytes: &[u8]) {
    let sha256 = Digest::of(bytes);
    for (index, part) in bytes.chunks(1000).enumerate() {
        images.upload(&sha256, bytes.len() as u64, 1000 * index as u64, part).unwrap();
    }
}
fn published(images: &Images, version: &str, counter: u64, bytes: &[u8]) -> Entry {
    upload(images, bytes);
    images.publish(signed(&manifest(version, counter, bytes))).unwrap()
}
fn open(folder: &TempDir) -> Images {
    Images::open(&folder.path().join("images")).unwrap()
}
fn versions(images: &Images) -> Vec<String> {
    images.list().into_iter().map(|entry| entry.version).collect()
}

/// OTA-11
#[test]
fn what_is_published_is_there_after_a_restart_and_what_was_being_published_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let images = open(&folder);
    let bytes = vec![7; 12_345];
    published(&images, "1.0.0", 1, &bytes);
    // Power fails after the image was moved in, and while what it is was being written.
    let at = folder.path().join("images").join(PLATFORM);
    fs::write(at.join("1.1.0.bin"), b"new").unwrap();
    fs::write(at.join("1.2.0.json.new"), b"{\"sig").unwrap();
    fs::write(at.join("1.2.0.bin"), b"newer").unwrap();
    let again = open(&folder);
    assert_eq!(versions(&again), ["1.0.0"]);
    assert_eq!(fs::read(at.join("1.0.0.bin")).unwrap(), bytes);
    let mut left: Vec<_> = fs::read_dir(&at).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["1.0.0.bin", "1.0.0.json"]);
    assert_eq!(again.checked("1.0.0").unwrap().len(), 1);
}

/// OTA-11
#[test]
fn damaged_files_are_set_aside_and_never_offered() {
    let folder = tempfile::tempdir().unwrap();
    let images = open(&folder);
    for (version, counter) in [("1.0.0", 1), ("1.1.0", 2), ("1.2.0", 3), ("1.3.0", 4)] {
        published(&images, version, counter, version.as_bytes());
    }
    let at = folder.path().join("images").join(PLATFORM);
    fs::write(at.join("1.0.0.json"), b"{").unwrap();
    fs::write(at.join("1.1.0.bin"), b"another length").unwrap();
    fs::copy(at.join("1.3.0.json"), at.join("1.2.0.json")).unwrap();
    // The same length, other bytes: found when it is to be rolled out.
    fs::write(at.join("1.3.0.bin"), b"1.3.1").unwrap();
    let again = open(&folder);
    assert_eq!(versions(&again), ["1.3.0"]);
    let refused = again.checked("1.3.0").unwrap_err().to_string();
    assert!(refused.contains("1.3.0 is damaged") && refused.contains("publish it again"), "{refused}");
    assert_eq!(versions(&again), Vec::<String>::new());
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0"] {
        assert!(at.join(format!("{version}.bin.damaged")).exists() && !at.join(format!("{version}.bin")).exists());
    }
    published(&again, "1.3.0", 4, b"1.3.0");
}

/// OTA-11
#[test]
fn an_upload_goes_on_where_it_was_and_is_believed_by_its_digest_only() {
    let folder = tempfile::tempdir().unwrap();
    let images = open(&folder);
    let bytes = b"an image of some length".as_slice();
    let (sha256, size) = (Digest::of(bytes), bytes.len() as u64);
    let entry = signed(&manifest("1.0.0", 1, bytes));
    images.upload(&sha256, size, 0, &bytes[..5]).unwrap();
    assert!(matches!(images.upload(&sha256, size, 9, &bytes[9..]), Err(Refused::OtherPlace { have: 5 })));
    assert!(matches!(images.publish(entry.clone()), Err(Refused::NotUploaded { have: 5, size: 23 })));
    let images = open(&folder);
    assert_eq!(images.uploaded(&sha256), 5);
    assert!(images.upload(&sha256, size, 5, &[0; 19]).is_err(), "more than was announced");
    images.upload(&sha256, size, 5, &[0; 18]).unwrap();
    assert!(matches!(images.publish(entry.clone()), Err(Refused::WrongUpload { .. })));
    assert_eq!(images.uploaded(&sha256), 0);
    upload(&images, bytes);
    images.publish(entry).unwrap();
    assert_eq!(images.uploaded(&sha256), 0);
}

#[test]
fn uploads_that_nobody_publishes_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let images = open(&folder);
    for n in 0..9_u8 {
        images.upload(&Digest([n; 32]), 10, 0, &[n]).unwrap();
    }
    let incoming = fs::read_dir(folder.path().join("images").join(INCOMING)).unwrap();
    assert_eq!(incoming.count(), 4);
    assert_eq!(images.uploaded(&Digest([8; 32])), 1);
}

#[test]
fn the_same_bytes_may_be_signed_anew_and_other_bytes_need_another_version() {
    let folder = tempfile::tempdir().unwrap();
    let images = open(&folder);
    published(&images, "1.0.0", 5, b"one");
    assert_eq!(images.publish(signed(&manifest("1.0.0", 9, b"one"))).unwrap().counter(), 9);
    assert!(matches!(
        images.publish(signed(&manifest("1.0.0", 8, b"one"))),
        Err(Refused::OlderCounter { new: 8, old: 9 })
    ));
    upload(&images, b"two");
    assert!(matches!(images.publish(signed(&manifest("1.0.0", 10, b"two"))), Err(Refused::OtherBytes { .. })));
    assert_eq!(open(&folder).get(PLATFORM, "1.0.0").unwrap().counter(), 9);
}

#[test]
fn no_manifest_names_a_place_elsewhere_on_the_disk() {
    let plain = |platform: &str, version: &str| Plain {
        platform: platform.into(),
        channel: "stable".into(),
        version: version.into(),
        size: 1,
        sha256: Digest([0; 32]),
        notes: String::new(),
    };
    for (platform, version) in
        [("..", "1"), ("k1/..", "1"), ("", "1"), ("k1", "../1"), ("k1", ""), ("k1", ".1"), ("k1", &"1".repeat(33))]
    {
        assert!(matches!(Entry::plain(plain(platform, version)), Err(Refused::Manifest(_))), "{platform} {version}");
    }
    let unsigned = Entry::plain(plain(PLATFORM, "1.0.0")).unwrap_err().to_string();
    assert!(unsigned.contains("signed"), "{unsigned}");
    let nobody = Entry::signed(Signed::new(manifest("1.0.0", 1, b"x").to_json())).unwrap_err().to_string();
    assert!(nobody.contains("nobody has signed it"), "{nobody}");
}

/// OTA-12
#[test]
fn the_largest_counter_is_the_release_unless_another_version_is_rolled_out() {
    let folder = tempfile::tempdir().unwrap();
    let images = open(&folder);
    published(&images, "1.0.0", 1, b"one");
    published(&images, "1.1.0", 2, b"two");
    upload(&images, b"k");
    let plain = Plain {
        platform: "k1".into(),
        channel: "stable".into(),
        version: "2.8.0".into(),
        size: 1,
        sha256: Digest::of(b"k"),
        notes: "for the stage".into(),
    };
    images.publish(Entry::plain(plain).unwrap()).unwrap();
    let release = |rolled_out, platform: &str| images.releases(rolled_out)[platform]["stable"].clone();
    assert_eq!(release(None, PLATFORM).version, "1.1.0");
    assert_eq!(release(Some("1.0.0"), PLATFORM).version, "1.0.0");
    assert_eq!(release(Some("2.8.0"), PLATFORM).version, "1.1.0");
    let deployed = release(Some("1.0.0"), "k1");
    assert_eq!((deployed.url.as_str(), deployed.signed, deployed.size), ("/ota/k1/s3/2.8.0.bin", None, Some(1)));
    assert!(images.delete(PLATFORM, "1.1.0").unwrap() && !images.delete(PLATFORM, "1.1.0").unwrap());
    assert_eq!(release(None, PLATFORM).version, "1.0.0");
    assert_eq!(open(&folder).list().len(), 2);
}
