//! A store in a folder of the test's own.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), Limits::default()).unwrap()
}

/// Names of the files in a folder, without the lock.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "lock");
    names.sort();
    names
}

fn listed(store: &Store) -> Vec<(String, u32)> {
    store.listing().patterns.iter().map(|entry| (entry.name.to_string(), entry.size)).collect()
}

/// Notes the steps, and refuses one of them.
#[derive(Default)]
struct Noted {
    steps: Mutex<Vec<Step>>,
    refused: Mutex<Option<Step>>,
}

impl Steps for Noted {
    fn before(&self, step: Step) -> io::Result<()> {
        self.steps.lock().unwrap().push(step);
        if *self.refused.lock().unwrap() == Some(step) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

#[test]
fn what_is_stored_is_listed_read_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let mut watch = store.watch();
    let entry = store.put(&name("ocean"), b"PRSM and more").unwrap();
    assert_eq!((entry.size, entry.is_pattern, entry.sha256), (13, true, Sha256::of(b"PRSM and more")));
    assert!(!store.put(&name("a"), b"x").unwrap().is_pattern);
    assert_eq!(listed(&store), [("a".into(), 1), ("ocean".into(), 13)]);
    assert_eq!(store.listing().used, 14);
    assert_eq!(store.listing().with_hash(&entry.sha256), Some(&entry));
    assert_eq!(store.listing().with_id(&entry.sha256.id()), Some(&entry));
    assert_eq!(store.read_named(&name("ocean")).unwrap(), (entry.clone(), b"PRSM and more".to_vec()));
    assert!(watch.has_changed().unwrap());
    assert_eq!(watch.borrow_and_update().patterns.len(), 2);

    let replaced = store.put(&name("ocean"), b"other").unwrap();
    assert!(matches!(store.read(&entry), Err(StoreError::NotFound(_))), "the old bytes are gone");
    assert_eq!(store.read(&replaced).unwrap(), b"other");
    assert_eq!(files(folder.path()).len(), 2);
    // The same again changes nothing.
    watch.mark_unchanged();
    assert_eq!(store.put(&name("ocean"), b"other").unwrap(), replaced);
    assert!(!watch.has_changed().unwrap());

    store.remove(&name("ocean")).unwrap();
    assert!(matches!(store.remove(&name("ocean")), Err(StoreError::NotFound(_))));
    assert_eq!(listed(&store), [("a".into(), 1)]);
    drop((store, watch));
    assert_eq!(listed(&open(&folder)), [("a".into(), 1)], "after a restart");
}

/// PATTERN-17
#[test]
fn every_name_is_on_the_disk_before_anything_relies_on_it() {
    use Step::*;
    let folder = tempfile::tempdir().unwrap();
    let noted = Arc::new(Noted::default());
    let store = Store::open_with(folder.path(), Limits::default(), noted.clone()).unwrap();
    let steps = || std::mem::take(&mut *noted.steps.lock().unwrap());
    store.put(&name("a"), b"1").unwrap();
    assert_eq!(steps(), [Create, Write, Sync, Rename, SyncRename]);
    store.put(&name("a"), b"2").unwrap();
    assert_eq!(steps(), [Create, Write, Sync, Rename, SyncRename, RemoveOld, SyncRemove]);
    store.remove(&name("a")).unwrap();
    assert_eq!(steps(), [RemoveOld, SyncRemove]);
    drop(store.begin(&name("b")).unwrap());
    assert_eq!(steps(), [Create, Discard]);
}

/// PATTERN-17
#[test]
fn whatever_step_the_disk_refuses_one_whole_pattern_is_there() {
    use Step::*;
    for refused in [Create, Write, Sync, Rename, SyncRename, RemoveOld, SyncRemove] {
        let folder = tempfile::tempdir().unwrap();
        let noted = Arc::new(Noted::default());
        let store = Store::open_with(folder.path(), Limits::default(), noted.clone()).unwrap();
        store.put(&name("a"), b"old").unwrap();
        *noted.refused.lock().unwrap() = Some(refused);
        let outcome = store.put(&name("a"), b"new");
        let expected: &[u8] = match refused {
            // The new one is safe already.
            RemoveOld | SyncRemove => {
                assert!(outcome.is_ok(), "{refused:?}: {outcome:?}");
                b"new"
            }
            _ => {
                assert!(outcome.as_ref().is_err_and(StoreError::is_full), "{refused:?}: {outcome:?}");
                b"old"
            }
        };
        assert_eq!(store.read_named(&name("a")).unwrap().1, expected, "{refused:?}");
        drop(store);
        let store = open(&folder);
        assert_eq!(store.read_named(&name("a")).unwrap().1, expected, "{refused:?}, after a restart");
        assert_eq!(files(folder.path()).len(), 1, "{refused:?}: {:?}", files(folder.path()));
    }
}

/// PATTERN-18
#[test]
fn what_is_not_what_its_name_says_is_set_aside_and_never_served() {
    let spoil: [fn(&Path); 4] = [
        |path| fs::write(path, b"PRSM but others").unwrap(),
        |path| fs::write(path, b"PRSM").unwrap(),
        |path| {
            fs::OpenOptions::new().append(true).open(path).and_then(|mut f| io::Write::write_all(&mut f, b"+")).unwrap()
        },
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        let good = store.put(&name("good"), b"PRSM good").unwrap();
        let entry = store.put(&name("bad"), b"PRSM the bytes ").unwrap();
        spoil(&folder.path().join(format!("bad.{}.prism", entry.sha256)));
        let error = store.read(&entry).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{number}: {error}");
        assert_eq!(listed(&store), [("good".into(), 9)], "{number}");
        assert_eq!(store.listing().set_aside[0].name, name("bad"));
        assert_eq!(files(&folder.path().join("damaged")).len(), 1, "{number}");
        assert_eq!(store.read(&good).unwrap(), b"PRSM good");
        assert!(matches!(store.read(&entry), Err(StoreError::NotFound(_))), "{number}");
    }
}

/// PATTERN-18
#[test]
fn damage_done_while_nothing_ran_is_found_without_being_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let entry = open(&folder).put(&name("bad"), b"PRSM bytes").unwrap();
    open(&folder).put(&name("good"), b"PRSM bytes").unwrap();
    fs::write(folder.path().join(format!("bad.{}.prism", entry.sha256)), b"PRSM BYTES").unwrap();
    let store = open(&folder);
    while store.verify_one() {}
    assert_eq!(listed(&store), [("good".into(), 10)]);
    assert_eq!(store.listing().set_aside.len(), 1);
}

#[test]
fn of_many_damaged_files_the_newest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    for number in 0..20 {
        let entry = store.put(&name(&format!("n{number}")), format!("{number}").as_bytes()).unwrap();
        fs::write(folder.path().join(format!("{}.{}.prism", entry.name, entry.sha256)), b"??").unwrap();
        assert!(store.read(&entry).is_err());
    }
    assert_eq!(files(&folder.path().join("damaged")).len(), 16);
    assert_eq!(store.listing().set_aside.len(), 16);
    assert_eq!(store.listing().set_aside[15].name, name("n19"));
}

/// PATTERN-17
#[test]
fn half_uploads_go_at_the_start_and_when_they_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let mut upload = store.begin(&name("a")).unwrap();
    upload.append(b"half").unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    drop(upload);
    assert_eq!(files(folder.path()).len(), 0);
    drop(store);
    fs::write(folder.path().join("a.7.part"), b"half").unwrap();
    let store = open(&folder);
    assert_eq!((listed(&store), files(folder.path()).len()), (vec![], 0));
}

/// PATTERN-19
#[test]
fn a_store_holds_no_more_than_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { file_max: 10, quota: 25, patterns: 3 };
    let store = Store::open(folder.path(), limits).unwrap();
    assert!(store.put(&name("a"), &[0; 11]).unwrap_err().is_full(), "larger than a pattern may be");
    store.put(&name("a"), &[0; 10]).unwrap();
    store.put(&name("b"), &[0; 10]).unwrap();
    assert_eq!((store.room(&name("c")), store.room(&name("b"))), (5, 10));
    assert!(store.put(&name("c"), &[0; 6]).unwrap_err().is_full());
    store.put(&name("b"), &[1; 10]).unwrap();
    store.put(&name("c"), &[0; 5]).unwrap();
    assert_eq!((store.room(&name("d")), store.room(&name("c"))), (0, 5));
    assert!(store.put(&name("d"), &[0]).unwrap_err().is_full(), "a fourth one");
    assert!(matches!(store.put(&name("a"), &[]), Err(StoreError::Empty)));
    store.remove(&name("a")).unwrap();
    store.put(&name("d"), &[0; 10]).unwrap();
    assert_eq!(files(folder.path()).len(), 3);
}

#[test]
fn files_put_there_by_hand_are_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    for (file, bytes) in
        [("My Ocean.prism", &b"PRSM x"[..]), ("note.txt", b"?"), ("empty.prism", b""), ("a.prism", b"1")]
    {
        fs::write(folder.path().join(file), bytes).unwrap();
    }
    let store = open(&folder);
    assert_eq!(listed(&store), [("a".into(), 1), ("my-ocean".into(), 6)]);
    assert_eq!(store.read_named(&name("my-ocean")).unwrap().1, b"PRSM x");
    drop(store);
    assert_eq!(listed(&open(&folder)).len(), 2);
    assert!(folder.path().join("note.txt").exists());
}

#[test]
fn of_two_of_one_name_the_newer_whole_one_is_kept() {
    let old_hash = Sha256::of(b"old");
    let new_hash = Sha256::of(b"new");
    for (new_bytes, kept) in [(&b"new"[..], &b"new"[..]), (b"ne", b"old")] {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (format!("a.{old_hash}.prism"), format!("a.{new_hash}.prism"));
        fs::write(folder.path().join(&old), b"old").unwrap();
        fs::write(folder.path().join(&new), new_bytes).unwrap();
        let earlier = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(folder.path().join(&old)).unwrap().set_modified(earlier).unwrap();
        let store = open(&folder);
        assert_eq!(store.read_named(&name("a")).unwrap().1, kept);
        assert_eq!(files(folder.path()).len(), 1);
    }
}

#[test]
fn a_folder_has_one_store_at_a_time_and_one_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder);
    let refusal = Store::open(folder.path(), Limits::default()).unwrap_err();
    assert!(matches!(refusal, OpenError::InUse { .. }), "{refusal}");
    drop(first);
    drop(open(&folder));
    fs::write(folder.path().join("file"), b"").unwrap();
    let refusal = Store::open(&folder.path().join("file/below"), Limits::default()).unwrap_err().to_string();
    assert!(refusal.contains("file/below"), "{refusal}");
}
