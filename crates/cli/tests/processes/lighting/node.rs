//! A node with a show of its own between desks and receivers that nobody here wrote.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::panicking;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::ola::Ola;
use super::python::Sources;
use super::seclusion::{HERE, Killed, Seclusion, Talking};
use crate::support::until;

const LIMIT: Duration = Duration::from_secs(60);
/// The node's MAC address.
pub(super) const MAC: &str = "02:C0:E1:7E:57:01";
/// A second address of the one interface.
const BESIDE: &str = "10.77.0.2";

/// Two slots of universe 1, without a fade and without end.
const SHOW: &str = r#"
show-file = 1
label = "Two slots"
[[list]]
number = 1
[[list.cue]]
number = 1
fade = "0s"
[[list.cue.set]]
slots = ["1.1"]
level = 100
[[list.cue.set]]
slots = ["1.2"]
level = "128/255"
"#;

/// A node in `network` that plays the show by itself; its log goes to `node.log` in `folder`.
pub(super) fn node(network: &Seclusion, folder: &Path, at: &str, options: &[&str]) -> Node {
    let show = folder.join("show.toml");
    fs::write(&show, SHOW).unwrap();
    let mut command = network.command(env!("CARGO_BIN_EXE_cuelight"));
    // Nobody is there at that port: the node is alone, and goes on with its show.
    command.args(["node", "--hub", "127.0.0.1:9", "--bind", at, "--udp-port", "0", "--mac", MAC]);
    command.args(["--pattern-uploads", "off", "--mdns", "off", "--name", "stage left"]);
    command.arg("--data-dir").arg(folder.join("node")).arg("--show").arg(&show).args(options);
    let log = File::create(folder.join("node.log")).unwrap();
    Node { process: Killed(command.stdout(Stdio::null()).stderr(log).spawn().unwrap()), folder: folder.to_owned() }
}

/// A running node. It ends when it is dropped, and shows its log when the test has failed.
pub(super) struct Node {
    process: Killed,
    folder: PathBuf,
}

impl Drop for Node {
    fn drop(&mut self) {
        if panicking() {
            eprintln!("--- log of the node:\n{}---", log(&self.folder));
        }
    }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("node.log")).unwrap_or_default()
}

/// Waits until the log has all these words in one line.
fn until_told(folder: &Path, words: &[&str]) {
    until(&format!("the log says {words:?}"), LIMIT, || {
        log(folder).lines().any(|line| words.iter().all(|word| line.contains(word))).then_some(())
    });
}

/// DMX-11, DMX-15, DMX-16, DMX-25, DMX-56
#[test]
fn a_nodes_show_gives_way_to_a_desk_of_higher_priority_and_takes_over_when_that_ends() {
    let folder = tempdir().unwrap();
    let network = Seclusion::new();
    let monitor = Talking::start(network.dmx(&["monitor", "--universe", "51", "--artnet", "--json"]));
    let options = ["--input", &format!("sacn:1?at={HERE}"), "--lights", &format!("artnet:1@{HERE}?first=51")];
    let _node = node(&network, folder.path(), HERE, &options);
    let sees = |what: &str, levels: [u8; 4]| {
        until(what, LIMIT, || {
            let newest = monitor.said().into_iter().rev().find(|line| line["event"] == "status")?;
            let all = newest["universes"][0]["levels"].as_array()?;
            (all.get(..4)? == json!(levels).as_array()?).then_some(())
        });
    };
    sees("the show alone", [255, 128, 0, 0]);
    let mut sources = Sources::start(&network);
    sources.say("begin low 90 10 20 30");
    sees("what the show does not drive is the desk's of lower priority", [255, 128, 30, 0]);
    sources.say("begin high 150 1 200 3");
    sees("the desk of higher priority is obeyed", [1, 200, 3, 0]);
    until_told(folder.path(), &["universe 1 obeys", "\"high\"", "at priority 150"]);
    sources.say("end high");
    sees("the show is obeyed again when that desk says its end", [255, 128, 30, 0]);
    until_told(folder.path(), &["universe 1 has lost the source", "\"high\"", "it said its end"]);
    until_told(folder.path(), &["universe 1 obeys", "the show at priority 100", "\"low\"", "at priority 90"]);
    // A desk that is gone without a word has 2.5 s.
    drop(sources);
    sees("the show alone, when the other desk fell silent", [255, 128, 0, 0]);
    until_told(folder.path(), &["\"low\"", "it fell silent"]);
}

/// DMX-41, DMX-43, DMX-44
#[test]
fn levels_go_to_the_receiver_that_says_in_its_reply_that_it_takes_them() {
    let folder = tempdir().unwrap();
    let network = Seclusion::new();
    let added = network
        .command("ip")
        .args(["addr", "add", &format!("{BESIDE}/24"), "broadcast", "+", "dev", "d0"])
        .status()
        .unwrap();
    assert!(added.success());
    let daemon = Ola::start(&network, &folder.path().join("ola"));
    // Its universe 5 is universe 5 of Art-Net; nobody is named to whom that goes.
    let _node = node(&network, folder.path(), BESIDE, &["--lights", "artnet:1?first=5"]);
    until("olad has the show", LIMIT, || {
        let levels: Vec<Value> = daemon.levels(&network, 5)?.into_iter().map(Value::from).collect();
        (levels.get(..3)? == [255, 128, 0]).then_some(())
    });
    until_told(folder.path(), &["takes Art-Net", "takes=[", HERE]);
    drop(daemon);
    until_told(folder.path(), &["a receiver of Art-Net answers no more", HERE]);
}

/// DMX-59
#[test]
fn a_node_does_not_take_what_it_sends_to_everybody() {
    let folder = tempdir().unwrap();
    let network = Seclusion::new();
    let mut refused = node(&network, folder.path(), HERE, &["--input", "sacn:1..4", "--lights", "sacn:2"]);
    let status = until("the node ends", LIMIT, || refused.process.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(1), "{}", log(folder.path()));
    let said = log(folder.path());
    assert!(said.contains("universe 2 is sent to 'sacn:2' and taken by 'sacn:1..4'"), "{said}");
}
