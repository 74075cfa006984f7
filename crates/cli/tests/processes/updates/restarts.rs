//! Restarts of real nodes that their hub orders, and tests of real connections.

use cuelight_net::clock::mono_now_ns;
use serde_json::Value;

use super::site::Site;
use crate::support::{Node, SOON, until, until_true};

/// CTRL-10, CTRL-11
#[test]
fn a_node_is_started_again_when_its_hub_says_so_and_the_other_leaves_out_no_frame() {
    let site = Site::start(2);
    let mac = site.machines[0].mac.clone();
    let starts = || site.machines[0].log().matches("started from a slot").count();
    let arm = site.cuelight(&["show", "arm", "Friday"], SOON);
    assert_eq!(arm.code, Some(0), "{arm:?}");
    let refused = site.cuelight(&["ctl", "node", "restart", &mac], SOON);
    assert!(refused.code == Some(1) && refused.stderr.contains("Friday"), "{refused:?}");
    assert_eq!(starts(), 1);

    let from_ns = mono_now_ns();
    let told = site.cuelight(&["ctl", "node", "restart", &mac, "--in-spite-of", "Friday"], SOON);
    assert_eq!(told.code, Some(0), "{told:?}");
    until_true("the launcher has started it again", SOON, || starts() == 2);
    until_true("it is READY again", SOON, || site.is_ready(&site.machines[0]));
    assert!(site.machines[0].boot().failed().is_none(), "a restart is no failure of its image");
    assert!(site.machines[0].log().contains("the node restarts"), "{}", site.machines[0].log());
    site.assert_untouched(1, from_ns);
}

/// CTRL-10
#[test]
fn a_node_that_was_started_by_hand_is_not_restarted_and_one_that_is_supervised_ends_with_the_code_for_it() {
    let site = Site::start(0);
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(9, folder.path(), site.hub.at, &[]);
    let mut supervised = Node::start(10, folder.path(), site.hub.at, &["--supervised", "on"]);
    until_true("both are READY", SOON, || {
        [&node.mac, &supervised.mac].iter().all(|mac| site.hub.node(mac).is_some_and(|node| node["state"] == "ready"))
    });
    let refused = site.cuelight(&["ctl", "node", "restart", &node.mac], SOON);
    assert!(refused.code == Some(1) && refused.stderr.contains("supervised"), "{refused:?}");
    let told = site.cuelight(&["ctl", "node", "restart", &supervised.mac], SOON);
    assert_eq!(told.code, Some(0), "{told:?}");
    let status = until("it ends", SOON, || supervised.process.ended());
    assert_eq!(status.code(), Some(i32::from(cuelight_update::launch::RESTART)));
    assert_eq!(site.hub.node(&node.mac).unwrap()["state"], "ready");
}

/// HUB-16
#[test]
fn a_connection_to_a_real_node_is_tested_in_numbers() {
    let site = Site::start(1);
    let mac = site.machines[0].mac.clone();
    let test = || -> Value {
        let tested = site.cuelight(&["ctl", "node", "test", &mac, "--json"], SOON);
        assert_eq!(tested.code, Some(0), "{tested:?}");
        serde_json::from_str(&tested.stdout).unwrap()
    };
    let tested =
        until("the node tells of its exchange", SOON, || Some(test()).filter(|told| !told["exchange"].is_null()));
    for (trips, sent) in [("control", 20), ("exchange", 1)] {
        let trips = &tested[trips];
        assert!(trips["sent"].as_u64() >= Some(sent) && trips["lost"].as_u64() < trips["sent"].as_u64(), "{tested}");
        assert!(trips["min_us"].as_f64() > Some(0.0), "{tested}");
    }
    let told = site.cuelight(&["ctl", "node", "test", &mac], SOON);
    assert!(told.stdout.contains("of 20 lost, round trip"), "{told:?}");
    eprintln!("{}", told.stdout);
}
