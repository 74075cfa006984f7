//! Rolling updates of real nodes by a real hub.

use std::fs;
use std::io::{Read, Write};
use std::time::Duration;

use cuelight_net::clock::mono_now_ns;
use cuelight_update::manifest::Device;
use cuelight_update::slots::Slot;

use super::images::{NEW, OLD, image};
use super::site::Site;
use crate::support::record::gaps;
use crate::support::{HERE, SOON, tcp, until_true};

/// How long a node may take, from its offer on.
const NODE: Duration = Duration::from_secs(60);

/// OTA-2, OTA-3, OTA-5, OTA-13
#[test]
fn nodes_become_the_new_version_one_after_the_other_and_can_go_back() {
    let site = Site::start(3);
    site.publish(OLD, 4, super::images::program());
    site.publish(NEW, 5, &image(NEW));
    let arm = site.cuelight(&["show", "arm", "Friday"], SOON);
    assert_eq!(arm.code, Some(0), "{arm:?}");
    let refused = site.cuelight(&["ota", "rollout", NEW], SOON);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("Friday"), "{refused:?}");
    assert!(site.rollout().is_null());

    let from_ns = mono_now_ns();
    let done = site.cuelight(&["ota", "rollout", NEW, "--in-spite-of", "Friday"], 3 * NODE);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(site.rollout()["state"], "finished");
    for machine in 0..3 {
        assert_eq!(site.fw(machine), format!("cuelight-{NEW}"));
        // The node is sure before the hub is, unless this machine keeps it from writing it down.
        until_true("the image has proven itself", SOON, || site.machines[machine].boot().trial().is_none());
        assert_eq!(site.machines[machine].boot().active(), Slot::B);
        // Two runs on show time, one pause between them.
        let mut frames = site.machines[machine].record().since(from_ns).to_vec();
        frames.retain(|line| line.is_synced);
        assert_eq!(gaps(&frames).len(), 1, "node {machine} was away more than once");
    }

    let back = site.cuelight(&["ota", "rollback", "--in-spite-of", "Friday"], 3 * NODE);
    assert_eq!(back.code, Some(0), "{back:?}");
    for machine in 0..3 {
        assert_eq!(site.fw(machine), format!("cuelight-{OLD}"));
        until_true("the image before is back", SOON, || site.machines[machine].boot().trial().is_none());
        assert_eq!(site.machines[machine].boot().active(), Slot::A);
    }
}

/// OTA-6
#[test]
fn a_hub_that_is_killed_in_the_middle_of_a_rollout_goes_on_with_it_and_offers_nothing_twice() {
    let mut site = Site::start(3);
    site.publish(NEW, 5, &image(NEW));
    let begun = site.cuelight(&["ota", "rollout", NEW, "--detach"], SOON);
    assert_eq!(begun.code, Some(0), "{begun:?}");
    // Once while the first node fetches, once while the second one proves itself.
    until_true("the first node fetches", SOON, || site.machines[0].log().contains("update offered"));
    site.hub.process.kill();
    site.hub.start_again("-731.5,-14");
    site.hub.wait_until_it_listens();
    until_true("the second node proves itself", 3 * NODE, || site.machines[1].log().contains("trial=Some"));
    site.hub.process.kill();
    site.hub.start_again("31.5,24");
    site.hub.wait_until_it_listens();
    let rollout = site.wait_for_rollout(&["finished", "stopped"], 3 * NODE);
    assert_eq!(rollout["state"], "finished", "{rollout}");
    for machine in 0..3 {
        assert_eq!(site.fw(machine), format!("cuelight-{NEW}"));
        let starts = site.machines[machine].log().matches("started from a slot").count();
        assert_eq!(starts, 2, "{}", site.machines[machine].log());
    }
}

/// OTA-21
#[test]
fn a_rollout_that_is_ended_while_a_node_fetches_changes_nothing() {
    let site = Site::start(3);
    // Larger than what the system takes for a client that does not read.
    site.publish(NEW, 5, &[image(NEW), vec![0; 16 << 20]].concat());
    // A hub gives eight images at once: as many such clients keep the node waiting.
    let path = format!("/ota/cuelight-node-{}/{NEW}.bin", Device::this_hardware());
    let clients = [(); 8].map(|()| {
        let mut client = tcp(HERE, site.hub.at);
        write!(client, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 15];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        client
    });
    let from_ns = mono_now_ns();
    let begun = site.cuelight(&["ota", "rollout", NEW, "--detach"], SOON);
    assert_eq!(begun.code, Some(0), "{begun:?}");
    until_true("the node is kept waiting", SOON, || site.machines[0].log().contains("the update does not come"));
    let ended = site.cuelight(&["ota", "abort"], SOON);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rollout = site.wait_for_rollout(&["aborted"], SOON);
    let step = &rollout["nodes"][0];
    assert!(step["reason"].as_str().unwrap().contains("left off"), "{rollout}");
    drop(clients);
    let slots = site.machines[0].slots();
    assert_eq!(fs::read_dir(slots.download()).unwrap().count(), 0);
    assert!(!slots.folder().join("offer.json").exists());
    assert_eq!((site.fw(0), site.machines[0].boot().trial()), (format!("cuelight-{OLD}"), None));
    site.assert_untouched(1, from_ns);
}

/// Rolls out an image that is a script, to the first of three nodes as it turns out: it must be taken back by itself, and
/// the others go on as if nothing had happened. Returns why the hub says that it failed, and with what last words.
fn taken_back(script: &str) -> (String, String) {
    let site = Site::start(3);
    let program = site.file("program").display().to_string();
    let image = format!("#!/bin/sh\n{}", script.replace("PROGRAM", &program));
    site.publish(NEW, 5, image.as_bytes());
    let from_ns = mono_now_ns();
    let stopped = site.cuelight(&["ota", "rollout", NEW], 2 * NODE);
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    let rollout = site.rollout();
    assert_eq!(rollout["state"], "stopped", "{rollout}");
    let states: Vec<_> = (0..3).map(|step| rollout["nodes"][step]["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["failed", "waiting", "waiting"], "{rollout}");
    until_true("the first node plays again", SOON, || site.is_ready(&site.machines[0]));
    site.assert_untouched(1, from_ns);
    assert_eq!(site.fw(0), format!("cuelight-{OLD}"));
    let boot = site.machines[0].boot();
    assert_eq!((boot.active(), boot.trial()), (Slot::A, None));
    assert!(boot.failed().unwrap().reported, "the hub was told");
    let word = |key: &str| site.rollout()["nodes"][0][key].as_str().unwrap_or_default().to_owned();
    (word("reason"), word("log"))
}

/// OTA-2, OTA-4
#[test]
fn a_version_that_exits_at_once_is_taken_back_and_stops_the_rollout() {
    let (reason, log) = taken_back("exec PROGRAM \"$@\" --geometry nonsense\n");
    assert!(reason.contains("3 times"), "{reason}");
    assert!(log.contains("expected strip:LEN"), "{log}");
}

/// OTA-2, OTA-4
#[test]
fn a_version_that_hangs_is_taken_back_and_stops_the_rollout() {
    // It does not end when it is asked to either.
    let (reason, log) =
        taken_back("echo loading the world >&2\ntrap '' TERM\nwhile kill -0 $PPID 2>/dev/null; do sleep 0.1; done\n");
    assert!(reason.contains("did not prove itself within"), "{reason}");
    assert_eq!(log, "loading the world");
}

/// OTA-2, OTA-4
#[test]
fn a_version_that_never_reaches_the_hub_is_taken_back_and_stops_the_rollout() {
    let (reason, log) = taken_back("exec PROGRAM \"$@\" --hub 127.0.0.1:9\n");
    assert!(reason.contains("did not reach the hub"), "{reason}");
    assert!(log.contains("127.0.0.1:9"), "{log}");
}

/// OTA-2, OTA-4
#[test]
fn a_version_that_renders_at_half_rate_is_taken_back_and_stops_the_rollout() {
    // The real program, which gets the processor for half of the time.
    let (reason, _) = taken_back(
        "PROGRAM \"$@\" &\nnode=$!\ntrap 'kill -CONT $node; kill $node' TERM\n\
         while kill -0 $node 2>/dev/null && kill -0 $PPID 2>/dev/null; do\n\
         kill -STOP $node; sleep 0.05; kill -CONT $node; sleep 0.05\ndone\n\
         kill $node 2>/dev/null\nwait $node\n",
    );
    assert!(reason.contains("% of its frames"), "{reason}");
}
