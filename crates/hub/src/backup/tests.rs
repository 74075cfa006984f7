//! A data folder in one file and back, and files that are none.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;
use crate::database::HAPPENED;

/// A data folder as a hub leaves it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::open(folder.path(), &HUB).unwrap();
    let sql = "INSERT INTO receivers (name, capabilities, universes, registered_ns) VALUES ('node-01', '[]', '[1]', 0)";
    opened.connection.execute(sql, []).unwrap();
    drop(opened);
    drop(Opened::open(folder.path(), &HAPPENED).unwrap());
    for (name, text) in [
        ("state.json", "{}"),
        ("hub-id.json", "7"),
        ("operator.key", "secret"),
        ("ca-key.pem", "authority"),
        ("ca.pem", "certificate"),
        ("pairings.json", "{}"),
        ("hub-snapshot.db", "stale"),
        ("state.json.new", "half"),
        ("patterns/a.prism", "pattern"),
        ("images/large", "image"),
        ("shows/images/deep.toml", "deep"),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn archive(folder: &TempDir, into: &TempDir) -> PathBuf {
    let path = into.path().join("backup.zip");
    back_up(folder.path(), &mut File::create(&path).unwrap()).unwrap();
    path
}

fn text(folder: &Path, name: &str) -> Option<String> {
    fs::read_to_string(folder.join(name)).ok()
}

fn receivers(folder: &Path) -> Vec<String> {
    let opened = Opened::open(folder, &HUB).unwrap();
    assert_eq!(opened.condition, crate::database::Condition::Good);
    let mut all = opened.connection.prepare("SELECT name FROM receivers").unwrap();
    all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// STORE-10
#[test]
fn a_backup_holds_what_would_be_missed_and_gives_it_back() {
    let (from, out, to) = (folder(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = archive(&from, &out);
    let contents = verify(&path).unwrap();
    let names: Vec<_> = contents.files.iter().map(|file| file.path.as_str()).collect();
    let expected = [
        "ca-key.pem",
        "ca.pem",
        "hub-id.json",
        "hub.db",
        "operator.key",
        "pairings.json",
        "patterns/a.prism",
        "shows/images/deep.toml",
        "state.json",
    ];
    assert_eq!(names, expected);
    assert!(!from.path().join(COPY).exists());

    // There is another hub's folder: what it held is kept, and what no backup holds stays.
    fs::write(to.path().join("state.json"), "other").unwrap();
    fs::write(to.path().join("hub-snapshot.db"), "other").unwrap();
    fs::create_dir(to.path().join("images")).unwrap();
    let restored = restore(to.path(), &path).unwrap();
    assert_eq!(restored.contents, contents);
    assert_eq!(text(to.path(), "operator.key").as_deref(), Some("secret"));
    assert_eq!(text(to.path(), "shows/images/deep.toml").as_deref(), Some("deep"));
    assert_eq!(receivers(to.path()), ["node-01"]);
    assert!(to.path().join("images").is_dir() && !to.path().join("hub-snapshot.db").exists());
    let before = restored.before.unwrap();
    assert_eq!(
        (text(&before, "state.json"), text(&before, "hub-snapshot.db")),
        (Some("other".into()), Some("other".into()))
    );
    assert!(!to.path().join("restore.new").exists());
    // Once more, onto itself.
    assert_ne!(restore(to.path(), &path).unwrap().before, Some(before));
    assert_eq!(receivers(to.path()), ["node-01"]);
}

/// STORE-10
#[test]
fn a_hub_that_runs_is_neither_copied_behind_its_back_nor_replaced() {
    let (from, out) = (folder(), tempfile::tempdir().unwrap());
    let path = archive(&from, &out);
    let _running = DataFolder::open(from.path()).unwrap();
    let in_use = |error| matches!(error, BackupError::Folder(FolderError::InUse { .. }));
    assert!(in_use(back_up(from.path(), &mut Vec::new()).unwrap_err()));
    assert!(in_use(restore(from.path(), &path).unwrap_err()));
    assert!(in_use(restore_last_good_copy(from.path()).unwrap_err()));
    assert!(in_use(export(from.path()).unwrap_err()));
    let nothing = back_up(out.path(), &mut Vec::new()).unwrap_err();
    assert!(matches!(nothing, BackupError::NoFolder(_)), "{nothing}");
}

/// A copy of an archive in which something is otherwise.
fn changed(path: &Path, out: &TempDir, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> PathBuf {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let copy = out.path().join("changed.zip");
    let mut into = ZipWriter::new(File::create(&copy).unwrap());
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        io::copy(&mut file, &mut bytes).unwrap();
        if let Some(bytes) = change(&name, bytes) {
            into.start_file(name, SimpleFileOptions::default()).unwrap();
            into.write_all(&bytes).unwrap();
        }
    }
    into.finish().unwrap();
    copy
}

fn replaced(bytes: &[u8], what: &str, with: &str) -> Vec<u8> {
    String::from_utf8(bytes.to_vec()).unwrap().replace(what, with).into_bytes()
}

/// STORE-10
#[test]
fn what_is_not_whole_is_refused_and_the_folder_left_as_it_was() {
    let (from, out, to) = (folder(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = archive(&from, &out);
    fs::write(to.path().join("state.json"), "other").unwrap();
    let refused = |path: &Path, says: &str| {
        let refusal = restore(to.path(), path).unwrap_err().to_string();
        assert!(refusal.contains(says), "{says}: {refusal}");
        assert_eq!(text(to.path(), "state.json").as_deref(), Some("other"), "{says}");
        assert!(!to.path().join("hub.db").exists() && !to.path().join("restore.new").exists(), "{says}");
    };
    let bytes = fs::read(&path).unwrap();
    let cut = out.path().join("cut.zip");
    for len in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&cut, &bytes[..len]).unwrap();
        refused(&cut, "no whole backup");
    }
    let other =
        changed(&path, &out, |name, bytes| Some(if name == "operator.key" { b"guess!".to_vec() } else { bytes }));
    refused(&other, "operator.key are not those");
    refused(&changed(&path, &out, |name, bytes| (name != "operator.key").then_some(bytes)), "lists 9");
    let list = |what: &'static str, with: &'static str| {
        changed(&path, &out, move |name, bytes| {
            Some(if name == "backup.json" { replaced(&bytes, what, with) } else { bytes })
        })
    };
    refused(&list("\"form\": 1", "\"form\": 9"), "form 9");
    for outside in ["../operator.key", "/operator.key", "./../x", "lock", ""] {
        let to = format!("\"path\": \"{outside}\"").leak();
        refused(&list("\"path\": \"operator.key\"", to), "no name in a data folder");
    }
    refused(&out.path().join("nowhere.zip"), "nowhere.zip");
}

/// STORE-4, STORE-10
#[test]
fn a_backup_of_a_newer_version_is_refused() {
    let (from, out, to) = (folder(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let opened = Opened::open(from.path(), &HUB).unwrap();
    let path = archive_with_version_99(&from, &out, opened);
    let refusal = restore(to.path(), &path).unwrap_err();
    assert!(matches!(refusal, BackupError::Database(OpenError::Newer { found: 99, .. })), "{refusal}");
    assert!(!to.path().join("hub.db").exists());
}

/// What a newer version would have made.
fn archive_with_version_99(from: &TempDir, out: &TempDir, opened: Opened) -> PathBuf {
    take_snapshot(&opened.connection, &from.path().join(COPY)).unwrap();
    let copy = rusqlite::Connection::open(from.path().join(COPY)).unwrap();
    copy.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(copy);
    let path = out.path().join("newer.zip");
    write(from.path(), &mut File::create(&path).unwrap()).unwrap();
    path
}

/// STORE-3, STORE-10
#[test]
fn the_last_good_copy_takes_the_place_of_a_damaged_file_which_is_kept() {
    let folder = folder();
    let no_copy = restore_last_good_copy(folder.path()).unwrap_err();
    assert!(matches!(no_copy, BackupError::NoCopy(_)), "{no_copy}");
    let opened = Opened::open(folder.path(), &HUB).unwrap();
    take_snapshot(&opened.connection, &folder.path().join("hub-snapshot.db")).unwrap();
    drop(opened);
    fs::write(folder.path().join("hub.db"), "damaged").unwrap();
    let aside = restore_last_good_copy(folder.path()).unwrap();
    assert_eq!(fs::read_to_string(aside).unwrap(), "damaged");
    assert_eq!(receivers(folder.path()), ["node-01"]);
}

/// STORE-11
#[test]
fn an_export_says_what_people_made_and_no_secret() {
    let folder = folder();
    let state = r#"{"version":1,"groups":[{"name":"front","members":["02:00:00:00:00:01"],"lead_us":250000,"track":0}],
        "nodes":[{"mac":"02:00:00:00:00:01","id":3,"name":"bike","track":0}],"armed":"Premiere"}"#;
    fs::write(folder.path().join("state.json"), state).unwrap();
    let export = export(folder.path()).unwrap();
    assert_eq!((export.nodes[0].number, export.nodes[0].name.as_deref()), (3, Some("bike")));
    assert_eq!((export.groups[0].name.as_str(), export.groups[0].lead_ms), ("front", Some(250)));
    assert_eq!((export.receivers[0].name.as_str(), export.receivers[0].universes.as_slice()), ("node-01", &[1][..]));
    assert_eq!((export.armed.as_deref(), export.patterns.as_slice()), (Some("Premiere"), &["a.prism".to_owned()][..]));
    let text = serde_json::to_string(&export).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let toml: Export = toml::from_str(&toml::to_string(&export).unwrap()).unwrap();
    assert_eq!(toml, export);
}
