//! A disk that fills up under a hub that conducts: nodes notice nothing, people are told, and it saves again when there is room.

use std::fs;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::play::made;
use crate::support::{Hub, Node, SOON, run, until_true};

/// Room for a show and some patterns.
const ROOM: usize = 2 << 20;

fn saved(state: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(state).unwrap()).expect("what is saved is whole at every moment")
}

fn is_troubled(hub: &Hub) -> bool {
    let health = hub.get("/health");
    assert_eq!(health["status"], "ok", "{health}");
    health["risks"].as_array().unwrap().iter().any(|risk| risk.as_str().unwrap().contains("cannot be saved"))
}

/// HUB-4
#[test]
fn a_hub_whose_disk_is_full_conducts_on_and_saves_again_when_there_is_room() {
    let folder = tempdir().unwrap();
    let Some((hub, disk)) = Hub::start_on_small_disk(folder.path(), ROOM) else { return };
    let node = Node::start(1, folder.path(), hub.at, &[]);
    until_true("the node is READY", 2 * SOON, || hub.node(&node.mac).is_some_and(|node| node["state"] == "ready"));
    let state = disk.of(&hub.process).join("state.json");
    hub.post("/api/v1/scene", &json!({"effect": "fire"}));
    until_true("the show is saved", 2 * SOON, || state.exists());
    let mut rev = 0;
    until_true("the hub says that it cannot save", 2 * SOON, || {
        disk.fill(&hub.process);
        rev = hub.post("/api/v1/scene", &json!({"effect": "rainbow"}))["rev"].as_u64().unwrap();
        is_troubled(&hub)
    });
    until_true("the node shows the change", 2 * SOON, || {
        node.record().frames.last().is_some_and(|frame| frame.scene_rev >= rev)
    });
    // And one more, with the disk still full.
    let rev = hub.post("/api/v1/scene", &json!({"effect": "ocean"}))["rev"].as_u64().unwrap();
    until_true("the node shows the change", 2 * SOON, || {
        node.record().frames.last().is_some_and(|frame| frame.scene_rev >= rev)
    });
    assert_eq!(hub.node(&node.mac).unwrap()["state"], "ready");
    assert!(saved(&state)["rev"].as_u64().unwrap() < rev, "what was saved is untouched");

    disk.make_room(&hub.process);
    until_true("the hub has saved", 2 * SOON, || !is_troubled(&hub));
    assert_eq!(saved(&state)["rev"], rev);
    assert!(hub.process.log().contains("the show is saved again"));
}

/// PATTERN-17
#[test]
fn an_upload_to_a_full_disk_fails_leaves_nothing_behind_and_works_when_there_is_room() {
    let folder = tempdir().unwrap();
    let Some((hub, disk)) = Hub::start_on_small_disk(folder.path(), ROOM) else { return };
    made(folder.path());
    let path = folder.path().join("waves.prism").display().to_string();
    let put = || run(folder.path(), 3 * SOON, ["pattern", "put", &path, "--hub", &hub.at.to_string()]);
    let patterns = disk.of(&hub.process).join("patterns");
    let files = || {
        let names = fs::read_dir(&patterns).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".part") || name.ends_with(".prism")).collect::<Vec<_>>()
    };
    disk.fill(&hub.process);
    let refused = put();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    until_true("what came is removed", 2 * SOON, || files().is_empty());
    assert!(hub.process.log().contains("No space left"), "{}", hub.process.log());

    disk.make_room(&hub.process);
    let stored = put();
    assert_eq!(stored.code, Some(0), "{stored:?}");
    assert_eq!(files().len(), 1, "{:?}", files());
}
