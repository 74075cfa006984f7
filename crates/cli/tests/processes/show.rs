//! A hub, two nodes and `cuelight ctl`: what is commanded is what is shown, at the same instant everywhere.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{GEOMETRY_PIXELS, Record, SOON, Show, fnv1a_64, until, until_true};

/// The first frame at or after an applyAt: frame k stands for floor(k * 25,000,000 / 3) ns.
fn first_frame_at(apply_at: &Value) -> i64 {
    let apply_ns = i128::from(apply_at.as_i64().unwrap()) * 1000;
    let near = apply_ns * 3 / 25_000_000;
    let first = (near - 1..=near + 1).find(|k| (k * 25_000_000).div_euclid(3) >= apply_ns);
    i64::try_from(first.unwrap()).unwrap()
}

fn black() -> String {
    fnv1a_64(&[0; 3 * GEOMETRY_PIXELS])
}

/// Frames that both nodes put out, from `first` on: their hashes.
fn both(records: &[Record], first: i64) -> Vec<(String, String)> {
    let pairs = records[0].frames.iter().filter(|line| line.frame >= first).filter_map(|line| {
        let other = records[1].frame(line.frame)?;
        Some((line.hash.clone(), other.hash.clone()))
    });
    pairs.collect()
}

/// The newest frame that both nodes have put out shows this on both.
fn until_both_show(show: &Show, what: &str, is_right: impl Fn(&str) -> bool) {
    until_true(what, SOON, || {
        let records = show.records();
        both(&records, i64::MIN).last().is_some_and(|(a, b)| is_right(a) && is_right(b))
    });
}

/// WIRE-12, RENDER-1
#[test]
fn a_scene_by_ctl_is_first_shown_in_the_frame_of_its_apply_at_and_equal_everywhere() {
    let show = Show::start(2);
    let mut common = None;
    for words in [["scene", "fire", "--palette", "lava"], ["scene", "comet", "--palette", "ocean"]] {
        let answer = show.ctl_json(&words);
        let first = first_frame_at(&answer["apply_at_us"]);
        let rev = answer["rev"].as_u64().unwrap();
        let records = show.records_with(rev);
        let shown: Vec<_> = records.iter().map(|record| record.first_with(rev)).collect();
        assert_eq!(shown, [Some(first), Some(first)], "{answer}");
        let (before, after) = (records[0].frame(first - 1).unwrap(), records[0].frame(first).unwrap());
        assert_ne!(before.hash, after.hash, "the picture did not change");
        common.get_or_insert(first);
    }
    let scene = show.ctl_json(&["scene"]);
    assert_eq!((&scene["effect"], &scene["palette"]), (&json!("comet"), &json!("ocean")));
    let frames = until("half a second of both scenes is recorded", SOON, || {
        Some(both(&show.records(), common.unwrap())).filter(|frames| frames.len() > 60)
    });
    assert!(frames.iter().all(|(a, b)| a == b), "equal nodes showed different pictures");
}

#[test]
fn every_word_of_ctl_is_answered_with_json_and_with_words() {
    let show = Show::start(1);
    let commands: [&[&str]; 20] = [
        &["status"],
        &["scene"],
        &["scene", "fire", "--palette", "lava", "--fade", "20ms"],
        &["scene", "--preset", "Ocean"],
        &["scene", "solid", "--color", "#ff0000", "--scope", "node:node-1"],
        &["set", "brightness=120", "speed=200"],
        &["zones"],
        &["zones", "0-127:fire", "128-255:plasma,palette=ocean"],
        &["zones", "off"],
        &["blackout", "on"],
        &["blackout", "off"],
        &["master"],
        &["master", "200"],
        &["tempo"],
        &["tempo", "128.5", "--beats-per-bar", "3"],
        &["tap"],
        &["nodes"],
        &["node", "rename", "node-1", "left"],
        &["group", "set", "all", "left"],
        &["groups"],
    ];
    for words in commands {
        let answer = show.ctl_json(words);
        assert!(answer.is_object() || answer.is_array(), "{words:?}: {answer}");
        let for_people = show.ctl(words);
        let is_second_rename = words.contains(&"rename");
        assert_eq!(for_people.code, Some(i32::from(is_second_rename)), "{words:?}: {for_people:?}");
        assert_eq!(for_people.stdout.trim().is_empty(), is_second_rename, "{words:?}: {for_people:?}");
    }
    let status = show.ctl_json(&["status"]);
    assert_eq!(status["master"], json!({"level": 200, "blackout": false}));
    assert_eq!(status["nodes"][0]["name"], "left");
    let refused = show.ctl(&["scene", "no-such-effect"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("no-such-effect"), "{refused:?}");
}

/// HUB-3
#[test]
fn the_key_of_another_hub_in_the_usual_folder_does_not_lock_this_machine_out() {
    let show = Show::start(1);
    let usual = show.folder().join("cuelight/hub");
    std::fs::create_dir_all(&usual).unwrap();
    std::fs::write(usual.join("operator.key"), "another-hubs-key-".repeat(3)).unwrap();
    let status = show.ctl_json(&["status"]);
    assert_eq!(status["nodes"].as_array().unwrap().len(), 1);
}

#[test]
fn blackout_and_master_are_above_the_scene_and_switch_all_nodes_in_one_frame() {
    let show = Show::start(2);
    show.ctl_json(&["scene", "rainbow"]);
    for (dark, light) in [(["blackout", "on"], ["blackout", "off"]), (["master", "0"], ["master", "255"])] {
        for (words, is_dark) in [(dark, true), (light, false)] {
            let answer = show.ctl_json(&words);
            let first = first_frame_at(&answer["apply_at_us"]);
            until_both_show(&show, "the levels hold", |hash| (hash == black()) == is_dark);
            for (index, record) in show.records().iter().enumerate() {
                let at = |frame| record.frame(frame).unwrap().hash == black();
                assert_eq!((at(first - 1), at(first)), (!is_dark, is_dark), "{words:?} on node {index}");
            }
        }
    }
    assert_eq!(show.hub.get("/api/v1/scene")["effect"], "rainbow");
}

#[test]
fn tempo_is_set_and_tapped() {
    let show = Show::start(1);
    show.ctl_json(&["tempo", "120.5", "--beats-per-bar", "3"]);
    let tempo = || show.hub.get("/api/v1/show")["tempo"].clone();
    until_true("the tempo is in force", SOON, || tempo()["bpm"] == json!(120.5));
    assert_eq!(tempo()["beats_per_bar"], 3);
    let beat = tempo()["beat"].as_f64().unwrap();
    until_true("the beat goes on", SOON, || tempo()["beat"].as_f64().unwrap() > beat + 0.5);

    // Each is felt by the hub between these two instants.
    let mut taps: Vec<(Instant, Instant)> = Vec::new();
    while taps.len() < 4 {
        let next = taps.last().map(|(last, _)| *last + Duration::from_millis(400));
        until_true("the next beat", SOON, || next.is_none_or(|next| Instant::now() >= next));
        let before = Instant::now();
        show.hub.post("/api/v1/tempo", &json!({"tap": true}));
        taps.push((before, Instant::now()));
    }
    let bpm = |span: Duration| 60.0 * 3.0 / span.as_secs_f64();
    let slowest = bpm(taps[3].1 - taps[0].0);
    let fastest = bpm(taps[3].0 - taps[0].1);
    let is_near = |tempo: &Value| (0.97 * slowest..1.03 * fastest).contains(&tempo["bpm"].as_f64().unwrap());
    until_true("the tapped tempo is in force", SOON, || is_near(&tempo()));
}

/// RENDER-5
#[test]
fn zones_cover_their_parts_of_the_picture_and_go_off_again() {
    let show = Show::start(2);
    show.ctl_json(&["scene", "rainbow"]);
    until_both_show(&show, "the scene is light", |hash| hash != black());
    let answer = show.ctl_json(&["zones", "0-127:fire,palette=lava,brightness=0", "128-255:solid,brightness=0"]);
    until_both_show(&show, "both zones are dark", |hash| hash == black());
    let first = first_frame_at(&answer["apply_at_us"]);
    for record in show.records() {
        let is_dark = |frame| record.frame(frame).unwrap().hash == black();
        assert_eq!((is_dark(first - 1), is_dark(first)), (false, true));
    }
    let zones = show.ctl_json(&["zones"])["zones"].clone();
    let shown: Vec<_> = zones.as_array().unwrap().iter().map(|z| (&z["effect"], &z["from"], &z["to"])).collect();
    assert_eq!(shown, [(&json!("fire"), &json!(0), &json!(127)), (&json!("solid"), &json!(128), &json!(255))]);

    show.ctl_json(&["zones", "0-127:solid,brightness=0"]);
    until_both_show(&show, "half of the picture is light", |hash| hash != black());
    show.ctl_json(&["zones", "off"]);
    assert_eq!(show.ctl_json(&["zones"])["zones"], json!([]));
}

#[test]
fn a_group_a_name_and_a_number_each_reach_the_nodes_they_mean() {
    let show = Show::start(2);
    show.ctl_json(&["scene", "rainbow"]);
    show.ctl_json(&["node", "rename", "node-1", "bike 1"]);
    assert_eq!(show.hub.node(&show.nodes[0].mac).unwrap()["name"], "bike 1");
    show.ctl_json(&["group", "set", "bikes", "bike 1"]);
    assert_eq!(show.ctl_json(&["groups"]), json!([{"name": "bikes", "members": [show.nodes[0].mac], "lead_ms": null}]));
    let second = show.hub.node(&show.nodes[1].mac).unwrap()["id"].to_string();
    let is_dark = |node: usize, dark: bool| {
        until_true("the node is dark or light", SOON, || {
            (show.records()[node].frames.last().unwrap().hash == black()) == dark
        });
    };
    for (scope, reached, other) in [("group:bikes", 0, 1), (&*format!("node:{second}"), 1, 0), ("node:bike 1", 0, 1)] {
        show.ctl_json(&["set", "brightness=0", "--scope", scope]);
        is_dark(reached, true);
        is_dark(other, false);
        show.ctl_json(&["set", "brightness=255", "--scope", scope]);
        is_dark(reached, false);
    }
    show.ctl_json(&["set", "brightness=0"]);
    is_dark(0, true);
    is_dark(1, true);
    show.ctl_json(&["group", "delete", "bikes"]);
    assert_eq!(show.ctl_json(&["groups"]), json!([]));
}

/// SHOW-5, HUB-10
#[test]
fn a_repeated_idempotency_key_gets_the_first_answer_and_changes_nothing() {
    let show = Show::start(1);
    let body = json!({"effect": "fire"});
    let (status, first) = show.hub.call("POST", "/api/v1/scene", Some(&body), Some("key-1"));
    assert_eq!((status, &first["repeated"]), (200, &json!(false)));
    let rev = show.hub.post("/api/v1/scene", &json!({"effect": "plasma"}))["rev"].clone();
    let (status, again) = show.hub.call("POST", "/api/v1/scene", Some(&body), Some("key-1"));
    assert_eq!((status, &again["repeated"]), (200, &json!(true)));
    assert_eq!((&again["rev"], &again["apply_at_us"]), (&first["rev"], &first["apply_at_us"]));
    let shown = show.hub.get("/api/v1/show");
    assert_eq!((&shown["rev"], &shown["scene"]["effect"]), (&rev, &json!("plasma")));
    let (status, problem) = show.hub.call("POST", "/api/v1/blackout", Some(&json!({"on": true})), Some("key-1"));
    assert_eq!(status, 409, "{problem}");
}
