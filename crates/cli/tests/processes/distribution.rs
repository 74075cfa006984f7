//! Patterns of the hub reach its nodes, and play in the same frames everywhere.

use std::collections::BTreeSet;

use cuelight_pattern::store::{Limits, Store};
use cuelight_wire::prism::{Header, Motion, PrismWriter, Rate, max_len};
use cuelight_wire::scene::Rgb;
use serde_json::json;

use crate::support::{GEOMETRY_PIXELS, SOON, Show, until, until_true};

/// A dot that runs along the nodes' strip, 60 frames a second for 2 s.
fn running_dot() -> Vec<u8> {
    let leds = u16::try_from(GEOMETRY_PIXELS).unwrap();
    let rate = Rate::from_field(60).unwrap();
    let header = Header { leds, frames: 120, rate, color_format: 1, compression: 0, motion: Motion::NONE };
    let mut file = vec![0; max_len(&header, 2)];
    let mut writer = PrismWriter::new(header, &[Rgb::BLACK, Rgb::new(255, 200, 90)], &mut file).unwrap();
    let mut before = None;
    for frame in 0..120 {
        let mut indices = vec![0; GEOMETRY_PIXELS];
        indices[frame % GEOMETRY_PIXELS] = 1;
        writer.frame(&indices, before.as_deref()).unwrap();
        before = Some(indices);
    }
    let len = writer.finish().unwrap();
    file.truncate(len);
    file
}

/// DIST-2, DIST-3, PLAY-1
#[test]
fn a_pattern_of_the_hub_reaches_every_node_and_plays_in_the_same_frames() {
    let mut show = Show::prepared(4, &[], |folder| {
        let store = Store::open(&folder.join("hub").join("patterns"), Limits::default()).unwrap();
        store.put(&"dot".parse().unwrap(), &running_dot()).unwrap();
    });
    until_true("every node has the pattern", SOON, || {
        let nodes = show.hub.get("/api/v1/patterns/nodes");
        let has_all = |node: &serde_json::Value| (&node["have"], &node["missing"]) == (&json!(1), &json!(0));
        nodes.as_array().unwrap().len() == 4 && nodes.as_array().unwrap().iter().all(has_all)
    });

    let rev = show.hub.post("/api/v1/patterns/dot/play", &json!({}))["rev"].as_u64().unwrap();
    let first = show.records_with(rev)[0].first_with(rev).unwrap();
    let hashes = until("a second of it is recorded everywhere", SOON, || {
        let records = show.records();
        let in_all = |frame: i64| records.iter().map(|record| Some(record.frame(frame)?.hash.clone())).collect();
        let frames: Vec<Vec<String>> = (first..first + 120).filter_map(in_all).collect();
        Some(frames).filter(|frames| frames.len() >= 118)
    });
    assert!(hashes.iter().all(|frame| frame.iter().all(|hash| *hash == frame[0])), "nodes showed different pictures");
    let pictures: BTreeSet<_> = hashes.iter().map(|frame| frame[0].clone()).collect();
    assert!(pictures.len() >= 58, "a dot on 60 places has 60 pictures, seen were {}", pictures.len());

    // A node that lost its power plays the same frames again, from its own store.
    show.nodes[1].process.kill();
    show.nodes[1].start_again();
    show.wait_until_ready();
    until_true("the restarted node shows what the others show", SOON, || {
        let records = show.records();
        let newest = records[0]
            .frames
            .iter()
            .rev()
            .find_map(|line| Some((records[1].frame(line.frame)?.hash.clone(), line.hash.clone())));
        newest.is_some_and(|(restarted, other)| restarted == other)
    });
}
