//! Shows on universes, by real processes: what a receiver gets.

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use cuelight_dmx::{artnet, sacn};
use serde_json::json;
use tempfile::tempdir;

use crate::support::{HERE, Hub, Node, Show, run, until_true};

/// A machine may stand still for a while.
const PATIENCE: Duration = Duration::from_secs(20);

/// Cue 1 brings slots of three universes up within 200 ms; cue 2 follows it after a second.
const SHOW: &str = r#"
show-file = 1
label = "Three universes"
[[list]]
number = 4
[[list.cue]]
number = 1
label = "Bright"
fade = "200ms"
follow = "1s"
[[list.cue.set]]
slots = ["1.1", "2.512", "3.7"]
level = 100
[[list.cue]]
number = 2
fade = "0s"
[[list.cue.set]]
slots = ["1.2"]
level = "128/255"
"#;

fn show(folder: &Path) -> PathBuf {
    let file = folder.join("show.toml");
    fs::write(&file, SHOW).unwrap();
    file
}

fn receiver() -> (UdpSocket, String) {
    let socket = UdpSocket::bind((HERE, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

/// The next levels of an sACN universe.
fn next_levels(socket: &UdpSocket) -> (u16, Vec<u8>) {
    let mut buf = [0; 2_000];
    loop {
        let len = socket.recv(&mut buf).expect("levels go on");
        if let Ok(sacn::Packet::Data(data)) = sacn::Packet::decode(&buf[..len]) {
            return (data.universe.number(), data.slots.to_vec());
        }
    }
}

/// DMX-32, DMX-50, DMX-54
#[test]
fn a_show_file_is_played_on_this_machine_without_a_hub() {
    let folder = tempdir().unwrap();
    let (socket, to) = receiver();
    let received = thread::spawn(move || {
        let (mut ends, mut sacn_looks, mut artnet_looks) = (0, [Vec::new(), Vec::new()], Vec::new());
        let mut buf = [0; 2_000];
        while ends < 6 {
            let len = socket.recv(&mut buf).expect("universes are sent until their ends");
            match (sacn::Packet::decode(&buf[..len]), artnet::Packet::decode(&buf[..len])) {
                (Ok(sacn::Packet::Data(data)), _) if data.options.is_terminated => ends += 1,
                (Ok(sacn::Packet::Data(data)), _) => {
                    sacn_looks[usize::from(data.universe.number()) - 1].push(data.slots.to_vec());
                }
                (_, Ok(artnet::Packet::Dmx(dmx))) => {
                    assert_eq!(dmx.port_address.number(), 0, "the first of its target");
                    artnet_looks.push(dmx.slots.to_vec());
                }
                _ => {}
            }
        }
        (sacn_looks, artnet_looks)
    });
    let file = show(folder.path()).display().to_string();
    let lights = [format!("sacn:1..2@{to}"), format!("artnet:3@{to}?first=0&hz=30")];
    let words = ["play", &file, "--lights", &lights[0], "--lights", &lights[1], "--for", "5s"];
    let finished = run(folder.path(), PATIENCE + Duration::from_secs(5), words);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("list 4: cue 1 Bright\n"), "{finished:?}");
    assert!(finished.stdout.contains("list 4: cue 2\n"), "{finished:?}");
    let ([one, two], three) = received.join().unwrap();
    let last = |looks: &[Vec<u8>]| looks.last().unwrap().clone();
    let look = |slots: &[(usize, u8)]| {
        let mut look = vec![0; 512];
        slots.iter().for_each(|(slot, level)| look[slot - 1] = *level);
        look
    };
    assert!(last(&one) == look(&[(1, 255), (2, 128)]), "cue 1 tracks, cue 2 followed");
    assert!(last(&two) == look(&[(512, 255)]) && last(&three) == look(&[(7, 255)]));
    // The universes faded together: no look of one is brighter than the fade allows, and none goes back.
    assert!(two.windows(2).all(|pair| pair[0][511] <= pair[1][511]));
}

#[test]
fn what_cannot_be_played_is_refused_with_what_there_is() {
    let folder = tempdir().unwrap();
    let file = show(folder.path()).display().to_string();
    for (words, message) in [
        (vec!["play", &file, "--list", "9"], "there is no cue list 9; there are 4"),
        (vec!["play", &file, "--cue", "7"], "there is no cue 7 in list 4"),
        (vec!["play", &file, "--universes", "8..9"], "none of these universes"),
        (vec!["play", &file, "--lights", "sacn:1..2@127.0.0.1?first=63999"], "universe 2 of"),
    ] {
        let finished = run(folder.path(), PATIENCE, words.clone());
        assert_ne!(finished.code, Some(0), "{words:?}");
        assert!(finished.stderr.contains(message), "{words:?}: {finished:?}");
    }
}

/// DMX-55, OUT-5
#[test]
fn universes_go_dark_while_the_hub_is_missing_where_that_is_configured() {
    let folder = tempdir().unwrap();
    let (dark, dark_to) = receiver();
    let (held, held_to) = receiver();
    let file = show(folder.path()).display().to_string();
    let mut hub = Hub::start(folder.path(), &[]);
    let options = |to: &str, fallback: &'static str| {
        ["--show", &file, "--lights", &format!("sacn:1@{to}"), "--fallback", fallback].map(str::to_owned)
    };
    let nodes = [options(&dark_to, "blackout"), options(&held_to, "hold")];
    let nodes = [1, 2].map(|number: u8| {
        let options: Vec<&str> = nodes[usize::from(number) - 1].iter().map(String::as_str).collect();
        Node::start(number, folder.path(), hub.at, &options)
    });
    let until = |socket: &UdpSocket, level: u8| {
        // Every universe says something every 800 ms: 200 are more than anybody waits for.
        let found = (0..200).find(|_| next_levels(socket).1[0] == level);
        assert!(found.is_some(), "no packet with level {level}");
    };
    // The show began at show time 0, so its cues are long over.
    until(&dark, 255);
    until(&held, 255);
    until_true("both nodes follow the hub", PATIENCE, || {
        nodes.iter().all(|node| hub.node(&node.mac).is_some_and(|node| node["state"] == "ready"))
    });
    hub.process.kill();
    until(&dark, 0);
    let levels = next_levels(&held);
    assert_eq!((levels.0, levels.1[0]), (1, 255), "the show goes on");
    hub.start_again("512.25,11");
    until(&dark, 255);
}

/// CTRL-12
#[test]
fn a_node_that_cannot_play_what_it_is_given_tells_its_hub_and_plays_what_it_can() {
    let show = Show::prepared(1, &["--lights", "artnet@127.0.0.1"], |_| {});
    let give = |universe: &str| {
        let body = json!({ "universes": [universe] });
        let (status, answer) = show.hub.call("PUT", "/api/v1/nodes/1/universes", Some(&body), None);
        assert_eq!(status, 200, "{answer}");
    };
    // Art-Net ends at 32767.
    give("40000");
    until_true("the hub tells that it cannot", PATIENCE, || show.is_in_state(0, "degraded"));
    let node = show.hub.node(&show.nodes[0].mac).unwrap();
    assert_eq!(node["degraded"], "cannot play the cues");
    assert!(show.nodes[0].process.log().contains("universes 40000 cannot be played"));
    give("7");
    until_true("it plays another", PATIENCE, || show.is_in_state(0, "ready"));
}
