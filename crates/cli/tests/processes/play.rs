//! A pattern on real nodes: every frame is the file's own, on all of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cuelight_pattern::store::{Limits, Store};
use cuelight_wire::prism::Prism;
use serde_json::json;

use crate::support::record::FrameLine;
use crate::support::{GEOMETRY_PIXELS, Record, SOON, Show, fnv1a_64, run, until};

/// Light as it is computed: the bytes of a frame are the colours of the file.
pub(crate) const PLAIN: [&str; 4] = ["--gamma", "1", "--dither", "off"];
pub(crate) const FPS: i128 = 50;

/// `cuelight pattern make`: an effect in a file.
pub(crate) fn made(folder: &Path) -> Vec<u8> {
    let leds = GEOMETRY_PIXELS.to_string();
    let out = folder.join("waves.prism").display().to_string();
    let words = ["--effect", "rainbow", "--seconds", "2", "--fps", "50", "--leds", &leds, "--json", &out];
    let finished = run(folder, SOON, [&["pattern", "make"], words.as_slice()].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let told: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((&told["leds"], &told["frames"], &told["fps"]), (&json!(GEOMETRY_PIXELS), &json!(100), &json!(50.0)));
    fs::read(out).unwrap()
}

fn put(data: &Path, file: &[u8]) {
    let store = Store::open(&data.join("patterns"), Limits::default()).unwrap();
    store.put(&"waves".parse().unwrap(), file).unwrap();
}

/// The pixel hash of each of its frames.
pub(crate) fn hashes(file: &[u8]) -> Vec<String> {
    let prism = Prism::read(file).unwrap();
    let mut indices = [0; GEOMETRY_PIXELS];
    let hash = |frame: cuelight_wire::prism::Frame<'_>| {
        frame.decode(&mut indices, prism.facts().colors).unwrap();
        let colors = indices.iter().map(|index| prism.color(*index));
        fnv1a_64(&colors.flat_map(|color| [color.r, color.g, color.b]).collect::<Vec<_>>())
    };
    prism.frames().map(hash).collect()
}

/// Frames of a record on the show's timeline with change `rev` or a newer one in force.
pub(crate) fn playing(record: &Record, rev: u64) -> Vec<&FrameLine> {
    record.frames.iter().filter(|line| line.is_synced && line.scene_rev >= rev).collect()
}

/// PLAY-1
#[test]
fn four_nodes_show_the_same_frame_of_a_pattern_at_every_frame_index_and_one_of_them_joins_late() {
    let mut file = Vec::new();
    let mut show = Show::prepared(3, &PLAIN, |folder| {
        file = made(folder);
        put(&folder.join("hub"), &file);
        (1..=4).for_each(|number| put(&folder.join(format!("node-{number}")), &file));
    });
    let hashes = hashes(&file);
    assert!(hashes.iter().collect::<BTreeSet<_>>().len() > 90, "frames that can be told from one another");
    let listed = show.hub.get("/api/v1/patterns");
    assert_eq!(
        (&listed[0]["name"], &listed[0]["frames"], &listed[0]["leds"]),
        (&json!("waves"), &json!(100), &json!(60))
    );
    show.hub.post("/api/v1/scene", &json!({"effect": "fire", "brightness": 255}));
    let answer = show.hub.post("/api/v1/patterns/waves/play", &json!({"lead_ms": 500}));
    let rev = answer["rev"].as_u64().unwrap();
    show.records_with(rev);
    // A node that joins while it plays.
    let at = show.hub.at;
    show.add_node(at, &PLAIN);

    let apply_at_us = i128::from(answer["apply_at_us"].as_i64().unwrap());
    let frame_of = |k: i64| (i128::from(k) * 1_000_000 - apply_at_us * 120) * FPS / 120_000_000;
    let records = until("two seconds of the pattern are recorded on all nodes", SOON, || {
        let records = show.records();
        let is_long = |record: &Record| playing(record, rev).len() > 240;
        records.iter().all(is_long).then_some(records)
    });
    for (index, record) in records.iter().enumerate() {
        for line in playing(record, rev) {
            let n = usize::try_from(frame_of(line.frame)).unwrap() % hashes.len();
            assert_eq!(line.hash, hashes[n], "node {index}: frame {} of the show, {n} of the file", line.frame);
        }
    }
    let answer = show.hub.post("/api/v1/patterns/stop", &json!({}));
    let records = show.records_with(answer["rev"].as_u64().unwrap());
    assert!(records.iter().all(|record| !hashes.contains(&record.frames.last().unwrap().hash)), "it has stopped");
}
