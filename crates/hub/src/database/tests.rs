//! A database on a disk that has its moods.

use std::fs;
use std::path::Path;

use cuelight_net::clock::LocalClock;
use rusqlite::Connection;
use rusqlite_migration::Migrations;
use tempfile::TempDir;

use super::*;
use crate::events::{Events, Next};
use crate::keeper::SharedShowClock;
use crate::store::DataFolder;

fn events() -> Events {
    Events::new(1, LocalClock::UNCHANGED, SharedShowClock::default())
}

fn start(folder: &TempDir, shelf: &'static shelf::Shelf) -> (Database, LibrarianThread, Events) {
    let (opened, events) = (Opened::open(folder.path(), shelf).unwrap(), events());
    let (database, thread) = Database::start(opened, DataFolder::open(folder.path()).unwrap(), events.clone()).unwrap();
    (database, thread, events)
}

fn add(name: &str) -> impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static {
    let name = name.to_owned();
    move |connection| {
        let sql = "INSERT INTO receivers (name, capabilities, universes, registered_ns) VALUES (?1, '[]', '[]', 0)";
        connection.execute(sql, [name]).map(drop)
    }
}

fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut all = connection.prepare("SELECT name FROM receivers ORDER BY name")?;
    all.query_map([], |row| row.get(0))?.collect()
}

/// A folder with a file that holds `before`, whose snapshot holds it too.
async fn kept() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (database, thread, _) = start(&folder, &HUB);
    database.write(add("before")).await.unwrap();
    thread.stop();
    folder
}

fn state_of(events: &Events) -> String {
    let Next::Event(event) = events.after(events.newest() - 1) else { panic!("something was told") };
    assert_eq!(event.kind, "hub.storage");
    serde_json::from_str::<serde_json::Value>(&event.text).unwrap()["data"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn every_step_of_every_schema_is_sound() {
    for shelf in [&HUB, &HAPPENED] {
        Migrations::from_slice(shelf.migrations).validate().unwrap();
    }
}

/// STORE-1
#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_what_failed_took_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (database, thread, _) = start(&folder, &HUB);
    // All asked before the first is looked at: they share transactions.
    let (first, twice, half, second) = tokio::join!(
        database.write(add("first")),
        database.write(add("first")),
        database.write(|connection| {
            add("half")(connection)?;
            connection.execute("INSERT INTO nowhere VALUES (1)", []).map(drop)
        }),
        database.write(add("second")),
    );
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert!(matches!(twice, Err(DatabaseError::Refused(why)) if why.contains("UNIQUE")));
    assert!(matches!(half, Err(DatabaseError::Refused(why)) if why.contains("nowhere")));
    database.note(add("noted"));
    assert_eq!(database.read(names).await.unwrap(), ["first", "noted", "second"]);
    assert_eq!(*database.condition(), Condition::Good);
    thread.stop();
    assert_eq!(database.read(names).await, Err(DatabaseError::Gone));
    let (database, thread, _) = start(&folder, &HUB);
    assert_eq!(database.read(names).await.unwrap(), ["first", "noted", "second"]);
    thread.stop();
}

#[tokio::test]
async fn only_its_owner_reads_a_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = kept().await;
    for file in ["hub.db", "hub-snapshot.db"] {
        assert_eq!(fs::metadata(folder.path().join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
}

/// What is done to a file.
type Damage = fn(&Path);

/// Ways in which a file is damaged.
fn damages() -> [(&'static str, Damage); 4] {
    [
        ("cut in the middle", |file| {
            let bytes = fs::read(file).unwrap();
            fs::write(file, &bytes[..bytes.len() / 2 + 100]).unwrap();
        }),
        ("its pages written over", |file| {
            let mut bytes = fs::read(file).unwrap();
            bytes[4_096..].fill(0xa5);
            fs::write(file, bytes).unwrap();
        }),
        ("its head written over", |file| {
            let mut bytes = fs::read(file).unwrap();
            bytes[..100].fill(0);
            fs::write(file, bytes).unwrap();
        }),
        ("empty", |file| fs::write(file, b"").unwrap()),
    ]
}

/// STORE-2, STORE-3
#[tokio::test]
async fn a_damaged_file_is_left_alone_and_the_last_good_copy_read() {
    for (how, damage) in damages() {
        let folder = kept().await;
        let file = folder.path().join(HUB.file);
        damage(&file);
        let damaged = fs::read(&file).unwrap();
        let copy = fs::read(folder.path().join("hub-snapshot.db")).unwrap();

        let (database, thread, events) = start(&folder, &HUB);
        assert_eq!(database.read(names).await.unwrap(), ["before"], "{how}");
        let refused = database.write(add("after")).await.unwrap_err();
        assert!(
            matches!(&refused, DatabaseError::ReadOnly(why) if why.contains("cuelight restore")),
            "{how}: {refused}"
        );
        assert!(database.condition().why().is_some_and(|why| why.contains("hub.db")), "{how}");
        assert_eq!(state_of(&events), "read-only", "{how}");
        thread.stop();
        assert_eq!(fs::read(&file).unwrap(), damaged, "{how}: the file is left as it is");
        assert_eq!(fs::read(folder.path().join("hub-snapshot.db")).unwrap(), copy, "{how}: and so is the copy");
    }
}

/// STORE-3
#[tokio::test]
async fn without_any_good_copy_the_hub_starts_with_nothing_and_changes_nothing() {
    for (how, damage) in damages() {
        let folder = kept().await;
        ["hub.db", "hub-snapshot.db"].iter().for_each(|file| damage(&folder.path().join(file)));
        let (database, thread, events) = start(&folder, &HUB);
        assert_eq!(database.read(names).await.unwrap(), Vec::<String>::new(), "{how}");
        assert!(matches!(database.write(add("after")).await, Err(DatabaseError::ReadOnly(_))), "{how}");
        assert_eq!(state_of(&events), "read-only", "{how}");
        thread.stop();
    }
}

/// STORE-3
#[tokio::test]
async fn a_damaged_file_of_what_has_happened_is_set_aside_and_a_new_one_begun() {
    for (how, damage) in damages().into_iter().filter(|(how, _)| *how != "empty") {
        let folder = tempfile::tempdir().unwrap();
        start(&folder, &HAPPENED).1.stop();
        let file = folder.path().join(HAPPENED.file);
        damage(&file);
        let damaged = fs::read(&file).unwrap();
        let (database, thread, _) = start(&folder, &HAPPENED);
        assert_eq!(*database.condition(), Condition::Good, "{how}");
        let count =
            |connection: &Connection| connection.query_row("SELECT count(*) FROM commands", [], |row| row.get(0));
        assert_eq!(database.read::<i64>(count).await, Ok(0), "{how}");
        thread.stop();
        assert_eq!(fs::read(folder.path().join("happened.db.damaged")).unwrap(), damaged, "{how}");
    }
}

/// STORE-4
#[tokio::test]
async fn a_file_of_a_newer_version_or_of_another_program_is_refused_and_not_touched() {
    for (pragma, says) in [("user_version = 99", "newer version"), ("application_id = 7", "another program")] {
        let folder = kept().await;
        let file = folder.path().join(HUB.file);
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(&format!("PRAGMA {pragma}")).unwrap();
        drop(connection);
        let bytes = fs::read(&file).unwrap();
        let refusal = Opened::open(folder.path(), &HUB).unwrap_err().to_string();
        assert!(refusal.contains(says) && refusal.contains("hub.db"), "{refusal}");
        assert_eq!(fs::read(&file).unwrap(), bytes, "{pragma}");
    }
}

/// STORE-5: a disk of so many pages stands for one that is full.
#[tokio::test]
async fn a_full_disk_is_told_once_and_writing_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let (database, thread, events) = start(&folder, &HUB);
    let pages = |connection: &Connection| connection.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0));
    let used = database.read(pages).await.unwrap();
    let limit = move |pages: i64| {
        move |connection: &Connection| connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
    };
    database.read(limit(used + 1)).await.unwrap();
    let large = "x".repeat(64 * 1024);
    let told = events.newest();
    for _ in 0..2 {
        let refused = database.write(add(&large)).await.unwrap_err();
        assert!(matches!(&refused, DatabaseError::Refused(why) if why.contains("full")), "{refused}");
    }
    assert_eq!((events.newest(), state_of(&events)), (told + 1, "failing".into()));
    assert!(database.condition().why().is_some_and(|why| why.contains("make room")));
    assert_eq!(database.read(names).await.unwrap(), Vec::<String>::new(), "it is still read");
    database.read(limit(1_000_000)).await.unwrap();
    database.write(add(&large)).await.unwrap();
    assert_eq!((*database.condition()).clone(), Condition::Good);
    assert_eq!(state_of(&events), "good");
    thread.stop();
}

/// STORE-2: damage that shows while the hub runs does not reach the copy.
#[tokio::test]
async fn a_file_that_goes_bad_while_the_hub_runs_is_not_written_any_more() {
    let folder = kept().await;
    let (database, thread, events) = start(&folder, &HUB);
    let bad = |_: &Connection| -> rusqlite::Result<()> {
        Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), None))
    };
    assert!(database.read(bad).await.is_err());
    assert_eq!(state_of(&events), "damaged");
    assert!(matches!(database.write(add("after")).await, Err(DatabaseError::ReadOnly(_))));
    assert_eq!(database.read(names).await.unwrap(), ["before"]);
    thread.stop();
}
