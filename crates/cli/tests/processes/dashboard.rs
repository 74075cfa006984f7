//! The page in a real browser: Debian's Chromium, driven by the scripts in `dashboard/tests/browser`, before a real hub and
//! four real nodes. A script tells in lines what is to be done to the show, which is done here.

use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{HERE, Hub, Node, Show, Socket, run, until};
use crate::tls;

/// Where the sources of the page are.
const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dashboard");

/// As the scripts have it.
const LIMIT: Duration = Duration::from_secs(30);

/// The script's process; dropping it kills it.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn play(name: &str) {
    play_before(name, Show::start(4));
}

fn play_before(name: &str, mut show: Show) {
    let (hub, folder) = (show.hub.at.to_string(), show.folder().to_owned());
    let status = script(name, &hub, &folder, |order| {
        obey(&mut show, order);
        String::new()
    });
    assert!(status, "{name}.mjs failed");
}

/// Runs a script before the hub at `hub`; whether it ended well. What is done for it may have an answer.
fn script(name: &str, hub: &str, folder: &Path, mut obey: impl FnMut(&str) -> String) -> bool {
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("dashboard");
    let mut script = Command::new("node")
        .current_dir(DASHBOARD)
        .arg(format!("tests/browser/{name}.mjs"))
        .env("CUELIGHT_PAGE", format!("http://{hub}/"))
        .env("CUELIGHT_SHOTS", pictures)
        .env("CUELIGHT_FOLDER", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map(Script)
        .expect("the page's tests need Node");
    let orders = BufReader::new(script.0.stdout.take().unwrap());
    let mut answers = script.0.stdin.take().unwrap();
    for line in orders.lines() {
        let line = line.unwrap();
        match line.strip_prefix("do ") {
            Some(order) => {
                let answer = obey(order);
                writeln!(answers, "{}", format!("done {answer}").trim_end()).unwrap();
            }
            None => println!("{line}"),
        }
    }
    script.0.wait().unwrap().success()
}

fn obey(show: &mut Show, order: &str) {
    let words: Vec<&str> = order.split(' ').collect();
    match words[..] {
        ["kill", "hub"] => show.hub.process.kill(),
        ["start", "hub"] => {
            show.hub.start_again("-731.5,-14");
            show.hub.wait_until_it_listens();
        }
        [word, "node", number] => {
            let node = &mut show.nodes[number.parse::<usize>().unwrap() - 1];
            if word == "kill" { node.process.kill() } else { node.start_again() }
        }
        ["make", "pattern"] => {
            let file = show.folder().join("aurora.prism").display().to_string();
            let made = run(show.folder(), LIMIT, ["pattern", "make", "--effect", "aurora", "--seconds", "2", &file]);
            assert_eq!(made.code, Some(0), "{made:?}");
        }
        ["load", "show"] => {
            let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/two-minutes/show.toml");
            let hub = show.hub.at.to_string();
            let loaded = run(show.folder(), LIMIT, ["cue", "load", example, "--hub", &hub]);
            assert_eq!(loaded.code, Some(0), "{loaded:?}");
        }
        _ => panic!("a script orders {order:?}"),
    }
}

#[test]
fn a_show_is_run_from_the_page_and_edits_are_taken_back() {
    play("show");
}

#[test]
fn the_page_tells_of_a_dead_node_and_a_dead_hub_and_goes_on_without_being_loaded_again() {
    play("trouble");
}

#[test]
fn every_page_is_for_everyone_by_keyboard_on_a_phone_and_in_the_dark() {
    play("everyone");
}

/// CTRL-12
#[test]
fn universes_are_given_to_nodes_on_the_page_and_their_own_pages_show_them() {
    // Levels go no farther than this machine.
    let options = ["--page", "127.0.0.1:0", "--lights", "sacn@127.0.0.1"];
    play_before("universes", Show::prepared(4, &options, |_| {}));
}

/// CTRL-13
#[test]
fn leds_are_laid_out_on_the_page_and_shown_so_without_a_restart() {
    let show = Show::start(2);
    let compare = |order: &str| {
        assert_eq!(order, "compare");
        let [one, other] = &show.records()[..] else { panic!("there are two nodes") };
        let both = one.frames.iter().rev().find_map(|line| Some((line, other.frame(line.frame)?)));
        let (one, other) = both.expect("a frame of both nodes");
        if one.hash == other.hash { "equal" } else { "different" }.to_owned()
    };
    assert!(script("layout", &show.hub.at.to_string(), show.folder(), compare), "layout.mjs failed");
}

/// ACC-4, ACC-5
#[test]
fn people_sign_in_see_what_their_role_lets_them_do_and_go_on_where_their_session_ended() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &["--trust-this-machine", "off"]);
    let nodes: Vec<Node> = (1..=4).map(|number| Node::start(number, folder.path(), hub.at, &[])).collect();
    let is_done = script("access", &hub.at.to_string(), folder.path(), |order| match order {
        "tell code" => hub.setup_code(),
        _ => panic!("the script orders {order:?}"),
    });
    drop(nodes);
    assert!(is_done, "access.mjs failed");
}

/// TRUST-6, TRUST-7
#[test]
fn a_node_is_admitted_on_the_page_by_the_code_it_shows_refused_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let node = tls::node(1, folder.path(), hub.at, &[]);
    let code = until("the node tells its code", LIMIT, || tls::told_code(&node));
    let is_done = script("pairing", &hub.at.to_string(), folder.path(), |order| match order {
        "tell code" => code.clone(),
        _ => panic!("the script orders {order:?}"),
    });
    assert!(is_done, "pairing.mjs failed");
}

/// Nodes that only hold their sessions: what they would show, nobody sees.
struct Crowd {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Takes the stream of all of them; nobody reads it.
    _stream: UdpSocket,
}

impl Crowd {
    fn join(hub: &Hub, count: u32) -> Self {
        let stream = UdpSocket::bind((HERE, 0)).unwrap();
        let port = stream.local_addr().unwrap().port();
        let join = |number: u32| {
            let [_, _, high, low] = number.to_be_bytes();
            let hello = json!({
                "t": "hello", "proto": 1, "mac": format!("02:00:00:00:{high:02x}:{low:02x}"), "fw": "cuelight-0.1.0",
                "caps": {"udp": true, "ota": false, "clock": true}, "topo": {"leds": 160, "channels": 1},
                "udpPort": port, "name": format!("bike {number:04}"), "ext": ["full-state"],
            });
            Socket::welcomed(hub.at, &hello)
        };
        let mut members: Vec<(Socket, Value)> = (1..=count).map(join).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = spawn(move || {
            for uptime_s in 0_u64.. {
                for (place, (socket, welcome)) in (0_u64..).zip(&mut members) {
                    let varied = (place * 37 + uptime_s * 11) % 400;
                    socket.send(&json!({
                        "t": "ka", "nodeId": welcome["nodeId"], "token": welcome["token"], "rssi": -60, "loss_pct": 0.0,
                        "drift_us": 0, "uptime_s": uptime_s, "render_fps": 120.0, "heap_free": 0,
                        "sync": {"locked": true, "sigma_ns": 200 + varied, "bound_ns": 4000 + varied, "late": 0,
                                 "output_late_ns": 20_000 + 10 * varied, "frames_missed": 0},
                    }));
                }
                if stopping.load(Ordering::Relaxed) {
                    return;
                }
                sleep(Duration::from_secs(1));
            }
        });
        Self { stop, thread: Some(thread), _stream: stream }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// A measurement (`docs/validation/dashboard.md`): what comes out depends on the machine.
#[test]
#[ignore = "measures: run it alone"]
fn how_long_the_page_of_a_thousand_nodes_takes() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let count = std::env::var("CUELIGHT_CROWD").map_or(1000, |count| count.parse().unwrap());
    let _crowd = Crowd::join(&hub, count);
    assert!(script("crowd", &hub.at.to_string(), folder.path(), |order| panic!("the script orders {order:?}")));
    println!("ticks that were late or left out: {}", hub.late_ticks());
}
