//! `cuelight cue` and the hub that plays: from a file to levels, and over a hub that is killed in the middle of a fade.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Finished, Hub, SOON, run, until_true};

/// The fade that is under way when the hub is killed.
const FADE_S: f64 = 600.0;

const SHOW: &str = r#"show-file = 1
label = "One long fade"
[[list]]
number = 1
[[list.cue]]
number = 1
fade = "600s"
[[list.cue.set]]
slots = ["1.12"]
level = 100
[[list.cue]]
number = 2
[[list.cue.set]]
slots = ["1.13"]
level = 50
"#;

fn cue(folder: &TempDir, hub: &Hub, words: &[&str]) -> Finished {
    let at = hub.at.to_string();
    run(folder.path(), SOON, [&["cue", "--hub", &at], words].concat())
}

fn cue_json(folder: &TempDir, hub: &Hub, words: &[&str]) -> Value {
    let finished = cue(folder, hub, &[&["--json"], words].concat());
    assert_eq!(finished.code, Some(0), "{words:?}: {finished:?}");
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {finished:?}"))
}

/// The level of the slot lies where the fade is between two looks at show time.
fn is_on_the_line(hub: &Hub, since_us: i64) {
    let show_us = || hub.get("/api/v1/cues")["show_us"].as_i64().unwrap();
    let from = show_us();
    let percent = hub.get("/api/v1/cues/why?universe=1&slot=12")["percent"].as_f64().unwrap();
    let to = show_us();
    let line = |us: i64| ((us - since_us) as f64 / 1e6 / FADE_S * 100.0).clamp(0.0, 100.0);
    // Levels have 16 bits: a step is 0.0015 %.
    assert!((line(from) - 0.01..=line(to) + 0.01).contains(&percent), "{percent} % between {from} and {to}");
}

/// CUE-8
#[test]
fn a_fade_goes_on_along_its_line_over_a_hub_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.toml");
    fs::write(&file, SHOW).unwrap();
    let mut hub = Hub::start(folder.path(), &[]);
    cue_json(&folder, &hub, &["load", file.to_str().unwrap()]);
    let go = cue_json(&folder, &hub, &["go"]);
    let since_us = go["apply_at_us"].as_i64().unwrap();
    assert_eq!(go["cue"], "1");
    until_true("the fade is under way", SOON, || {
        hub.get("/api/v1/cues/why?universe=1&slot=12")["percent"].as_f64().unwrap() > 0.1
    });
    for _ in 0..5 {
        is_on_the_line(&hub, since_us);
    }
    until_true("the state is saved", SOON, || {
        let state: Value =
            fs::read(hub.state_file()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        state["cues"]["number"] == 2
    });
    let before = hub.get("/cues");
    hub.process.kill();
    hub.start_again("-731.5,-14");
    hub.wait_until_it_listens();
    assert_eq!(hub.get("/cues"), before);
    let list = hub.get("/api/v1/cues")["lists"][0].clone();
    assert_eq!((&list["current"]["cue"], &list["since_us"]), (&"1".into(), &go["apply_at_us"]));
    for _ in 0..5 {
        is_on_the_line(&hub, since_us);
    }
    let why = cue(&folder, &hub, &["why", "1.12"]);
    assert!(why.stdout.contains("list 1 cue 1") && why.stdout.contains("changing"), "{why:?}");
    assert_eq!(cue_json(&folder, &hub, &["go"])["cue"], "2");
}

#[test]
fn the_words_of_cue_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.toml");
    fs::write(&file, SHOW.replace("600s", "0s")).unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let done = |words: &[&str]| {
        let finished = cue(&folder, &hub, words);
        assert_eq!(finished.code, Some(0), "{words:?}: {finished:?}");
        finished.stdout
    };
    assert!(done(&["list"]).contains("no show is loaded"));
    done(&["load", file.to_str().unwrap()]);
    assert!(done(&["go"]).starts_with("cue 1: change"));
    done(&["set", "1", "1.12=20", "--label", "Low"]);
    assert!(done(&["why", "1.12"]).contains("20.0 %"));
    done(&["insert", "1.5", "1.14..1.15=full", "--fade", "2s/3s", "--hang", "-1s"]);
    let cues = done(&["list", "1"]);
    assert!(cues.contains("Low") && cues.contains("2/3") && cues.contains("hang -1"), "{cues}");
    done(&["renumber", "1.5", "1.75"]);
    assert!(done(&["goto", "1.75", "--fade", "10m"]).starts_with("cue 1.75"));
    done(&["pause"]);
    assert!(done(&["list"]).contains("paused"));
    done(&["resume"]);
    assert!(done(&["back"]).starts_with("cue 1:"));
    done(&["release", "--fade", "1s"]);
    done(&["delete", "1.75"]);
    let saved = folder.path().join("saved.toml");
    done(&["save", saved.to_str().unwrap()]);
    let text = fs::read_to_string(&saved).unwrap();
    assert!(text.contains("Low") && !text.contains("1.75"), "{text}");
    done(&["load", saved.to_str().unwrap(), "--keep"]);
    done(&["unload"]);
    // What is refused says what to do, and ends with 1; a wrong file with its places, and 2.
    let refused = cue(&folder, &hub, &["go"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("load a show file"), "{refused:?}");
    fs::write(&file, SHOW.replace("level = 50", "level = 500")).unwrap();
    let wrong = cue(&folder, &hub, &["load", file.to_str().unwrap()]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("show.toml:15:"), "{wrong:?}");
}
