//! The words of `cuelight dmx` that nobody else here uses: finding devices and sources, and patterns for cables.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::node::{MAC, node};
use super::seclusion::{HERE, Killed, Seclusion, Talking};
use crate::support::until;

const LIMIT: Duration = Duration::from_secs(60);

/// DMX-35, DMX-37, DMX-40, DMX-41, DMX-43
#[test]
fn a_node_is_found_by_its_answers_to_polls_and_by_the_lists_of_its_sources() {
    let folder = tempdir().unwrap();
    let network = Seclusion::new();
    let targets = ["--lights", "sacn:1", "--lights", "sacn:1?first=300", "--lights", "artnet:1@10.77.0.9?first=9"];
    let _node = node(&network, folder.path(), HERE, &targets);
    // A list is said every 10 s, and one round of looking may fall between two of a machine that stands still.
    let found: Value = until("both protocols tell of the node", 2 * LIMIT, || {
        let output = network.dmx(&["discover", "--json"]).stderr(Stdio::null()).output().unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).ok()?;
        let are_there = found["artnet"].as_array()?.len() == 1 && found["sacn"].as_array()?.len() == 2;
        are_there.then_some(found)
    });
    let part = &found["artnet"][0];
    assert_eq!((&part["name"], &part["sends"], &part["takes"]), (&json!("stage left"), &json!([9]), &json!([])));
    let mut sources: Vec<_> = found["sacn"].as_array().unwrap().iter().map(|desk| &desk["universes"]).collect();
    sources.sort_by_key(|universes| universes[0].as_u64());
    assert_eq!(sources, [&json!([1]), &json!([300])], "each target is a source of its own");
    let own: String = MAC.chars().filter(|digit| *digit != ':').collect();
    for desk in found["sacn"].as_array().unwrap() {
        assert!(desk["cid"].as_str().unwrap().to_uppercase().ends_with(&own), "the same after each restart: {desk}");
        assert_eq!((&desk["name"], &desk["ip"]), (&json!("stage left"), &json!(HERE)));
    }
}

#[test]
fn a_pattern_for_cables_lights_what_it_says() {
    let network = Seclusion::new();
    let monitor = Talking::start(network.dmx(&["monitor", "--universe", "61", "--artnet", "--json"]));
    let pattern = ["test", "all", "--level", "64", "--slots", "4", "--universe", "61", "--artnet", "--to", HERE];
    let _test = Killed(network.dmx(&pattern).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    until("four slots are lit", LIMIT, || {
        let newest = monitor.said().into_iter().rev().find(|line| line["event"] == "status")?;
        (newest["universes"][0]["levels"] == json!([64, 64, 64, 64])).then_some(())
    });
}
