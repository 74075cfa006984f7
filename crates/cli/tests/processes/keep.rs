//! A hub's data folder in one file, and back; and databases that are damaged.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::tempdir;

use crate::support::{Finished, Hub, SOON, run, until_true};

/// How long an orderly end may take.
const END: Duration = Duration::from_secs(20);

fn cuelight(folder: &Path, args: &[&str]) -> Finished {
    run(folder, SOON, args.iter().copied())
}

/// Fails when the program did.
#[track_caller]
fn done(finished: &Finished) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

fn put_group(hub: &Hub, name: &str, members: &[&str]) {
    let (status, answer) =
        hub.call("PUT", &format!("/api/v1/groups/{name}"), Some(&json!({ "members": members })), None);
    assert_eq!(status, 200, "{answer}");
}

/// STORE-8, STORE-10, STORE-11
#[test]
fn a_hub_that_runs_is_kept_in_a_file_and_restored_on_another_folder_with_its_revisions() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let mut hub = Hub::start(folder.path(), &[]);
    put_group(&hub, "front", &["02:00:00:00:00:01"]);
    put_group(&hub, "front", &["02:00:00:00:00:01", "02:00:00:00:00:02"]);
    hub.post("/api/nodes/register", &json!({"node_id": "node-01", "universes": [1, 2]}));
    let (at, data) = (hub.at.to_string(), folder.path().join("hub").display().to_string());
    // The state is saved within half a second of a change; what asks the hub afterwards finds it on the disk in the end.
    until_true("the groups are saved", SOON, || {
        fs::read_to_string(hub.state_file()).is_ok_and(|state| state.contains("00:00:02"))
    });
    let file = folder.path().join("friday.zip").display().to_string();
    done(&cuelight(folder.path(), &["backup", &file, "--hub", &at, "--data-dir", &data]));
    let again = cuelight(folder.path(), &["backup", &file, "--hub", &at, "--data-dir", &data]);
    assert!(again.code == Some(1) && again.stderr.contains("there already"), "{again:?}");
    let export = cuelight(folder.path(), &["export", "--hub", &at, "--data-dir", &data]);
    done(&export);
    assert!(export.stdout.contains("name = \"front\"") && export.stdout.contains("name = \"node-01\""), "{export:?}");

    // Onto the folder of a hub that runs nothing is restored, and nothing is changed by trying.
    let refused = cuelight(folder.path(), &["restore", &file, "--data-dir", &data]);
    assert!(refused.code == Some(1) && refused.stderr.contains("already runs"), "{refused:?}");
    let broken = folder.path().join("broken.zip");
    let refused = cuelight(folder.path(), &["backup", &broken.display().to_string(), "--from", &data]);
    assert!(refused.code == Some(1) && refused.stderr.contains("already runs"), "{refused:?}");
    assert!(!broken.exists() && !folder.path().join("broken.zip.new").exists());
    assert_eq!(hub.process.ask_to_end(Signal::SIGTERM, END).code(), Some(0));

    let there = other.path().join("hub").display().to_string();
    done(&cuelight(other.path(), &["restore", &file, "--data-dir", &there]));
    let restored = Hub::start(other.path(), &[]);
    let members = |hub: &Hub| hub.get("/api/v1/groups")[0]["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members(&restored), 2);
    assert_eq!(restored.get("/api/nodes/node-01/status")["universes"], json!([1, 2]));
    restored.post("/api/v1/documents/groups/undo", &json!({}));
    assert_eq!(members(&restored), 1);
    drop(restored);

    // And of the folder of the hub that has ended.
    let stopped = folder.path().join("stopped.zip").display().to_string();
    done(&cuelight(folder.path(), &["backup", &stopped, "--from", &data]));
    let export = folder.path().join("export.json");
    done(&cuelight(folder.path(), &["export", "--from", &data, "--format", "json", &export.display().to_string()]));
    let export = fs::read_to_string(export).unwrap();
    let key = fs::read_to_string(folder.path().join("hub/operator.key")).unwrap();
    assert!(export.contains("front") && !export.contains(key.trim()), "{export}");
}

/// STORE-2, STORE-3
#[test]
fn a_show_starts_from_the_last_good_copy_of_a_damaged_database_and_goes_on_from_it_once_restored() {
    let folder = tempdir().unwrap();
    let mut hub = Hub::start(folder.path(), &[]);
    hub.post("/api/v1/scene", &json!({"effect": "plasma"}));
    hub.post("/api/nodes/register", &json!({"node_id": "node-01"}));
    assert_eq!(hub.process.ask_to_end(Signal::SIGTERM, END).code(), Some(0));
    let data = folder.path().join("hub");
    let file = data.join("hub.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[4_096..].fill(0xa5);
    fs::write(&file, &bytes).unwrap();

    hub.start_again("3.25,-9");
    hub.wait_until_it_listens();
    assert_eq!(hub.get("/api/v1/scene")["effect"], "plasma");
    hub.post("/api/v1/blackout", &json!({"on": true}));
    assert_eq!(hub.get("/api/nodes/node-01/status")["node_id"], "node-01");
    let risks = hub.get("/health")["risks"].to_string();
    assert!(risks.contains("hub.db") && risks.contains("cuelight restore"), "{risks}");
    assert!(hub.process.log().contains("hub-snapshot.db"), "{}", hub.process.log());
    let (status, answer) = hub.call("POST", "/api/v1/documents/groups/undo", Some(&json!({})), None);
    assert_eq!(status, 503, "{answer}");
    assert_eq!(hub.process.ask_to_end(Signal::SIGTERM, END).code(), Some(0));
    assert_eq!(fs::read(&file).unwrap(), bytes, "the damaged file is left as it is");

    done(&cuelight(folder.path(), &["restore", "--data-dir", &data.display().to_string()]));
    assert_eq!(fs::read(data.join("hub.db.damaged")).unwrap(), bytes);
    hub.start_again("3.25,-9");
    hub.wait_until_it_listens();
    let risks = hub.get("/health")["risks"].to_string();
    assert!(!risks.contains("hub.db"), "{risks}");
    assert_eq!(hub.get("/api/nodes/node-01/status")["node_id"], "node-01");
}

/// RECV-8
#[test]
fn a_command_that_a_killed_hub_had_not_given_out_is_told_and_never_carried_out() {
    let folder = tempdir().unwrap();
    let mut hub = Hub::start(folder.path(), &[]);
    hub.post("/api/nodes/register", &json!({"node_id": "node-01"}));
    let id = hub.post("/api/nodes/node-01/command", &json!({"type": "clear"}))["command_id"].clone();
    // What is asked after it is answered after it: the log is read from the database, so both are in it.
    assert_eq!(hub.get("/api/v1/commands?node=node-01")[0]["state"], "queued");
    hub.get("/api/v1/export");
    hub.process.kill();
    hub.start_again("3.25,-9");
    hub.wait_until_it_listens();
    let entry = hub.get("/api/v1/commands?node=node-01")[0].clone();
    assert_eq!((&entry["command_id"], &entry["state"]), (&id, &json!("failed")));
    assert!(entry["why"].as_str().is_some_and(|why| why.contains("not carried out")), "{entry}");
    let beat = hub.post("/api/master/heartbeat", &json!({"node_id": "node-01", "status": "online"}));
    assert_eq!(beat["commands"], json!([]));
    assert!(hub.get("/api/nodes/node-01/status")["degraded"].is_string());
}
