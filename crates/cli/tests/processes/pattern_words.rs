//! `cuelight pattern put`, `list`, `show`, `play`, `stop` and `delete` against a real show, and against a device.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::play::{FPS, PLAIN, hashes, made, playing};
use crate::support::{Finished, Hub, Process, SOON, Show, free_tcp_port, run, until, until_true};

/// `cuelight pattern WORDS --hub HUB` in a folder.
fn pattern(folder: &Path, hub: impl ToString, words: &[&str]) -> Finished {
    run(folder, SOON, [&["pattern"], words, &["--hub", &hub.to_string()]].concat())
}

/// The same with `--json`: it must succeed.
fn told(show: &Show, words: &[&str]) -> Value {
    let finished = pattern(show.folder(), show.hub.at, &[words, &["--json"]].concat());
    assert_eq!(finished.code, Some(0), "{words:?}: {finished:?}");
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {finished:?}"))
}

#[track_caller]
fn assert_refused(finished: &Finished, parts: &[&str]) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let last = finished.stderr.lines().last().unwrap_or_default();
    for part in parts {
        assert!(last.contains(part), "no {part:?} in {finished:?}");
    }
}

/// PLAY-1, DIST-1
#[test]
fn a_pattern_is_put_listed_played_in_the_same_frames_of_four_nodes_stopped_and_deleted_by_commands() {
    let show = Show::prepared(4, &PLAIN, |_| {});
    let file = made(show.folder());
    let path = show.folder().join("waves.prism").display().to_string();
    let hashes = hashes(&file);

    let put = told(&show, &["put", &path]);
    assert_eq!(
        (&put[0]["name"], &put[0]["size"], &put[0]["sent"]),
        (&json!("waves"), &json!(file.len()), &json!(true))
    );
    assert_eq!(told(&show, &["put", &path])[0]["sent"], json!(false), "it is there already");
    assert_eq!(told(&show, &["put", &path, "--name", "Other One"])[0]["name"], json!("other-one"));
    until_true("the list says that all nodes have both", SOON, || {
        let list = told(&show, &["list"]);
        assert_eq!(list["patterns"].as_array().map(Vec::len), Some(2), "{list}");
        let nodes = list["nodes"].as_array().unwrap();
        nodes.len() == 4 && nodes.iter().all(|node| (&node["have"], &node["missing"]) == (&json!(2), &json!(0)))
    });
    let shown = told(&show, &["show", "waves"]);
    assert_eq!((&shown["frames"], &shown["leds"], &shown["sha256"]), (&json!(100), &json!(60), &put[0]["sha256"]));

    show.hub.post("/api/v1/scene", &json!({"effect": "fire", "brightness": 255}));
    let answer = told(&show, &["play", "waves", "--lead", "500ms"]);
    let (rev, apply_at_us) = (answer["rev"].as_u64().unwrap(), answer["apply_at_us"].as_i64().unwrap());
    let records = until("two seconds of it are recorded on all nodes", SOON, || {
        let records = show.records();
        records.iter().all(|record| playing(record, rev).len() > 240).then_some(records)
    });
    let of_file = |k: i64| {
        let frame = (i128::from(k) * 1_000_000 - i128::from(apply_at_us) * 120) * FPS / 120_000_000;
        &hashes[usize::try_from(frame).unwrap() % hashes.len()]
    };
    let mut compared = 0;
    for line in playing(&records[0], rev) {
        let others = records.iter().filter_map(|record| record.frame(line.frame));
        for other in others {
            assert_eq!(&other.hash, of_file(line.frame), "frame {}", line.frame);
            compared += 1;
        }
    }
    assert!(compared >= 4 * 230, "{compared} frames of four nodes");

    // One node alone has something else meanwhile, and the others go on.
    let scope = format!("scope=node:{}", show.nodes[1].mac);
    told(&show, &["stop", "--node", &show.nodes[1].mac]);
    assert!(show.hub.get(&format!("/api/v1/scene?{scope}"))["pattern"].is_null());
    assert!(show.hub.get("/api/v1/scene")["pattern"].is_object());
    let answer = told(&show, &["stop"]);
    let records = show.records_with(answer["rev"].as_u64().unwrap());
    assert!(records.iter().all(|record| !hashes.contains(&record.frames.last().unwrap().hash)), "it has stopped");

    assert_eq!(told(&show, &["delete", "waves", "Other One.prism"])["deleted"].as_array().map(Vec::len), Some(2));
    assert_eq!(told(&show, &["list"])["patterns"], json!([]));
}

#[test]
fn what_cannot_be_done_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &["--pattern-max-bytes", "2000"]);
    let path = |name: &str| folder.path().join(name).display().to_string();
    made(folder.path());
    fs::write(path("notes.txt"), "no pattern").unwrap();
    let pattern = |words: &[&str]| pattern(folder.path(), hub.at, words);
    assert_refused(&pattern(&["put", &path("notes.txt")]), &["notes.txt", "pattern make", "--unchecked"]);
    assert_refused(&pattern(&["put", &path("waves.prism")]), &["waves.prism", "2000", "--pattern-max-bytes"]);
    assert_refused(&pattern(&["put", &path("missing.prism")]), &["missing.prism", "cannot be read"]);
    let stored = pattern(&["put", &path("notes.txt"), "--unchecked"]);
    assert!(stored.code == Some(0) && stored.stdout.starts_with("notes"), "{stored:?}");
    let listed = pattern(&["list"]);
    let name = listed.stdout.lines().nth(1).and_then(|line| line.split_whitespace().next()).unwrap().to_owned();
    assert!(listed.stdout.contains("magic at byte 0"), "{listed:?}");
    assert_refused(&pattern(&["play", &name]), &[&name, "cannot be played"]);
    assert_refused(&pattern(&["show", &name]), &[&name, "cannot be played"]);
    assert_refused(&pattern(&["play", "nobody"]), &["nobody"]);
    assert_refused(&pattern(&["show", "nobody"]), &["nobody", "pattern list"]);
    assert_refused(&pattern(&["delete", "nobody"]), &["nobody", "pattern list"]);
    let nowhere = free_tcp_port().to_string();
    let unreachable = run(folder.path(), SOON, ["pattern", "list", "--hub", &nowhere]);
    assert_refused(&unreachable, &[&nowhere, "cuelight hub", "--hub"]);
    let words = ["pattern", "put", &path("waves.prism"), "--device", &nowhere, "--retry", "0s"];
    assert_refused(&run(folder.path(), SOON, words), &["waves.prism", &nowhere, "8081"]);
}

/// PATTERN-23
#[test]
fn an_upload_waits_for_a_hub_that_is_not_there_yet() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let at = free_tcp_port();
    let file = folder.path().join("waves.prism").display().to_string();
    let mut put = Process::start("put", folder.path(), ["pattern", "put", &file, "--hub", &at.to_string()]);
    until_true("it says that it tries again", SOON, || put.log().contains("; again in "));
    let hub = Hub::start_at(at, folder.path(), &[]);
    until_true("the upload is through", SOON, || !put.is_running());
    assert_eq!(hub.get("/api/v1/patterns")[0]["name"], json!("waves"));
}

/// PATTERN-26
#[test]
fn a_node_without_a_hub_is_put_played_and_stopped_as_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let lonely = crate::patterns::Lonely::start(1, folder.path());
    made(folder.path());
    let file = folder.path().join("waves.prism").display().to_string();
    let at = lonely.at.to_string();
    let device = |words: &[&str]| run(folder.path(), SOON, [&["pattern"], words, &["--device", &at]].concat());
    for words in [&["put", file.as_str()][..], &["play", "waves"], &["list"]] {
        let finished = device(words);
        assert!(finished.code == Some(0) && finished.stdout.contains("waves"), "{words:?}: {finished:?}");
    }
    // Its frames change as long as it plays.
    let are_alike = |count: usize| {
        let frames = lonely.node.record().frames;
        frames.len() > count && frames[frames.len() - count..].windows(2).all(|pair| pair[0].hash == pair[1].hash)
    };
    until_true("it plays", SOON, || !are_alike(20));
    assert_refused(&device(&["play", "waves", "--fade", "1s"]), &["--fade", "for a hub"]);
    assert_refused(&device(&["play", "nobody"]), &["nobody", "pattern list"]);
    for words in [&["stop"][..], &["delete", "waves"]] {
        assert_eq!(device(words).code, Some(0), "{words:?}");
    }
    let listed = device(&["list", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&listed.stdout).unwrap(), json!({"patterns": []}));
}
