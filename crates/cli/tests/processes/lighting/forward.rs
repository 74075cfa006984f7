//! Our own programs on both ends: two sources are merged, sent on by the other protocol, and seen there.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use super::seclusion::{HERE, Killed, Seclusion, Talking};
use crate::support::until;

const LIMIT: Duration = Duration::from_secs(60);

/// DMX-11, DMX-27
#[test]
fn two_sources_are_merged_and_sent_on_by_the_other_protocol() {
    let network = Seclusion::new();
    let quiet = |args: &[&str]| Killed(network.dmx(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let monitor = Talking::start(network.dmx(&["monitor", "--universe", "51", "--artnet", "--json"]));
    let sees = |what: &str, levels: [u8; 4]| {
        until(what, LIMIT, || {
            let newest = monitor.said().into_iter().rev().find(|line| line["event"] == "status")?;
            (newest["universes"][0]["levels"] == json!(levels)).then_some(())
        });
    };
    // What says that it counts 200 counts as 100 here, as the other does.
    let _forward = quiet(&["forward", "--take", "sacn:1?max=100", "--universe", "51", "--artnet", "--to", HERE]);
    let _low = quiet(&["send", "--universe", "1", "--slots", "1=10,2=200,3=30,4=1"]);
    sees("the first source alone", [10, 200, 30, 1]);
    let _high = quiet(&["send", "--universe", "1", "--priority", "200", "--slots", "1=20,2=100,3=30"]);
    sees("the highest of both", [20, 200, 30, 1]);

    let circle = network.dmx(&["forward", "--take", "sacn:1..4", "--universe", "3"]).output().unwrap();
    let said = String::from_utf8_lossy(&circle.stderr).into_owned();
    assert!(circle.status.code() == Some(1) && said.contains("would come back"), "{said}");
}
