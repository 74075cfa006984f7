//! Power cuts and orderly ends.

use std::fs;
use std::time::Duration;

use cuelight_net::clock::mono_now_ns;
use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::record::gaps;
use crate::support::{Record, SOON, Show, until, until_true};

/// How long an orderly end may take.
const END: Duration = Duration::from_secs(5);

/// By how much show time, as the restarted hub has it, is off the line of the hub before, nanoseconds.
fn show_step_ns(hub: &Record, killed_ns: i64) -> Option<i64> {
    let split = hub.clocks.partition_point(|line| line.mono_ns < killed_ns);
    let (before, after) = hub.clocks.split_at(split);
    let (first, last, next) = (before.first()?, before.last()?, after.first()?);
    let rate = (last.show_ns - first.show_ns) as f64 / (last.mono_ns - first.mono_ns) as f64;
    let passed = (next.mono_ns - last.mono_ns) as f64 * rate;
    Some(next.show_ns - last.show_ns - passed as i64)
}

/// SHOW-7, SHOW-8, CTRL-32, HUB-4
#[test]
fn after_a_power_cut_of_the_hub_the_show_goes_on_where_it_was() {
    let mut show = Show::start(2);
    show.ctl_json(&["scene", "comet", "--palette", "ocean"]);
    show.ctl_json(&["node", "rename", "node-2", "right wing"]);
    show.ctl_json(&["group", "set", "wings", "right wing", "node-1", "--lead-ms", "40"]);
    let known = |show: &Show| {
        let scene = show.hub.get("/api/v1/scene");
        let node = |i: usize| show.hub.node(&show.nodes[i].mac).map(|node| (node["id"].clone(), node["name"].clone()));
        (scene["effect"].clone(), scene["palette"].clone(), node(0), node(1), show.hub.get("/api/v1/groups"))
    };
    let before = known(&show);
    let rev = show.hub.get("/api/v1/show")["rev"].as_u64().unwrap();
    until_true("the state is saved", SOON, || {
        let state = fs::read_to_string(show.hub.state_file()).unwrap_or_default();
        state.contains("wings") && state.contains("right wing")
    });
    // A session that lived for two seconds is a good one: its node comes back eagerly.
    until_true("the sessions are two seconds old", SOON, || {
        let nodes = show.hub.get("/api/v1/nodes");
        nodes.as_array().unwrap().iter().all(|node| node["uptime_s"].as_u64() >= Some(3))
    });

    let killed_ns = mono_now_ns();
    show.hub.process.kill();
    until_true("the nodes notice", SOON, || {
        show.nodes.iter().all(|node| node.process.log().contains("control connection"))
    });
    show.hub.start_again("-731.5,-14");
    show.hub.wait_until_it_listens();
    until_true("both nodes are READY again", SOON, || (0..2).all(|node| show.is_in_state(node, "ready")));

    let step_ns =
        until("the hub records its clock again", SOON, || show_step_ns(&Record::read(&show.hub.record()), killed_ns));
    assert!(step_ns.abs() < 5_000_000, "show time stepped by {step_ns} ns");
    assert_eq!(known(&show), before);
    for (index, record) in show.records().iter().enumerate() {
        let frames = record.since(killed_ns);
        assert_eq!(gaps(frames), [], "node {index}");
        assert!(frames.iter().all(|line| line.scene_rev >= rev), "node {index} forgot the scene");
    }
    let answer = show.hub.post("/api/v1/scene", &json!({"effect": "fire"}));
    assert!(answer["rev"].as_u64().unwrap() > rev, "{answer}");
    show.records_with(answer["rev"].as_u64().unwrap());
}

/// CTRL-46, HUB-4, HUB-8
#[test]
fn hub_and_nodes_asked_to_end_do_so_in_order_while_connected() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut show = Show::start(2);
        // Not yet saved when the signal comes: saved by the end itself.
        show.hub.post("/api/v1/scene", &json!({"effect": "plasma", "palette": "lava"}));
        let status = show.hub.process.ask_to_end(signal, END);
        assert_eq!(status.code(), Some(0), "the hub on {signal}");
        until_true("the nodes are told why", SOON, || {
            show.nodes.iter().all(|node| node.process.log().contains("stopping"))
        });

        show.hub.start_again("3.25,-9");
        show.hub.wait_until_it_listens();
        let scene = show.hub.get("/api/v1/scene");
        assert_eq!((&scene["effect"], &scene["palette"]), (&json!("plasma"), &json!("lava")));

        // One node has no hub when it is asked to end, the other has.
        show.wait_until_ready();
        let status = show.nodes[0].process.ask_to_end(signal, END);
        assert_eq!(status.code(), Some(0), "a connected node on {signal}");
        // Sooner than it would by silence, which takes 3.5 s.
        until_true("the hub notices at once", Duration::from_secs(3), || show.is_in_state(0, "lost"));
        show.hub.process.kill();
        let status = show.nodes[1].process.ask_to_end(signal, END);
        assert_eq!(status.code(), Some(0), "a node without hub on {signal}");
        for (index, node) in show.nodes.iter().enumerate() {
            assert_eq!(node.record().ends, 1, "the record of node {index} has no end");
        }
    }
}

/// ROSTER-2
#[test]
fn after_a_power_cut_a_node_is_back_and_the_other_noticed_nothing() {
    let mut show = Show::start(2);
    let number = show.hub.node(&show.nodes[1].mac).unwrap()["id"].clone();
    let rev = show.ctl_json(&["scene", "fire"])["rev"].as_u64().unwrap();
    show.records_with(rev);
    let quiet = show.quiet();
    show.nodes[1].process.kill();
    until_true("the hub notices", SOON, || show.is_in_state(1, "lost"));

    let killed_ns = mono_now_ns();
    show.nodes[1].start_again();
    until_true("the node is READY again", SOON, || show.is_in_state(1, "ready"));
    assert_eq!(show.hub.node(&show.nodes[1].mac).unwrap()["id"], number);

    let records = show.records();
    // The newest frame that both had put out when their records were read.
    let both = records[1].since(killed_ns).iter().rev().find_map(|line| Some((line, records[0].frame(line.frame)?)));
    let (restarted, other) = both.expect("both nodes are in the show");
    assert_eq!(restarted.hash, other.hash, "frame {}", other.frame);

    let other = show.nodes.pop().unwrap();
    show.assert_undisturbed(&quiet);
    drop(other);
}
