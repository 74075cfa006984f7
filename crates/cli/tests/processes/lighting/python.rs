//! The Python package `sacn` as a source.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::seclusion::{HERE, Seclusion, Talking};
use crate::support::until;

const LIMIT: Duration = Duration::from_secs(60);

/// Two sources, started and ended by words on its standard input.
pub(super) struct Sources(Talking);

impl Sources {
    pub(super) fn start(network: &Seclusion) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/sacn_sources.py");
        let python = env::var_os("CUELIGHT_PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = network.command(python);
        command.arg(script).arg(HERE).stdin(Stdio::piped());
        Self(Talking::start(command))
    }
    pub(super) fn say(&mut self, word: &str) {
        let stdin = self.0.child().stdin.as_mut().unwrap();
        writeln!(stdin, "{word}").expect("python with the package sacn runs: cargo xtask test installs it");
    }
}

/// The first universe of the newest status that is as wanted.
fn status(monitor: &Talking, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    until(what, LIMIT, || {
        let newest = monitor.said().into_iter().rev().find(|line| line["event"] == "status")?;
        Some(newest["universes"][0].clone()).filter(&is_wanted)
    })
}

fn source<'v>(universe: &'v Value, name: &str) -> Option<&'v Value> {
    universe["sources"].as_array()?.iter().find(|source| source["name"] == name)
}

/// DMX-11, DMX-14, DMX-15, DMX-25
#[test]
fn sources_of_pythons_sacn_are_kept_alive_ranked_and_ended() {
    let network = Seclusion::new();
    let monitor = Talking::start(network.dmx(&["monitor", "--universe", "1", "--sacn", "--json", "--slot", "2"]));
    status(&monitor, "the monitor listens", |_| true);
    let mut sources = Sources::start(&network);

    sources.say("begin low 100 10 20 30");
    let low = status(&monitor, "the first source counts", |universe| {
        source(universe, "low").is_some_and(|low| low["counts"] == true) && universe["levels"][0] == 10
    });
    let levels: Vec<u64> = low["levels"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert_eq!((levels.len(), &levels[..4]), (512, &[10, 20, 30, 0][..]));
    assert_eq!(source(&low, "low").unwrap()["address"], HERE);
    assert_eq!((&low["slots"][0]["level"], &low["slots"][0]["priority"]), (&json!(20), &json!(100)));

    // Nothing changes, and packets go on.
    let packets = |universe: &Value| source(universe, "low").and_then(|low| low["packets"].as_u64()).unwrap_or(0);
    let before = packets(&low);
    status(&monitor, "keep-alives come", |universe| packets(universe) >= before + 3 && universe["levels"][0] == 10);

    sources.say("begin high 150 1 2 3");
    let high =
        status(&monitor, "the second source, of higher priority, is obeyed", |universe| universe["levels"][0] == 1);
    assert_eq!((&high["slots"][0]["level"], &high["slots"][0]["priority"]), (&json!(2), &json!(150)));
    assert_eq!(high["slots"][0]["source"], source(&high, "high").unwrap()["source"]);
    assert!(source(&high, "low").is_some(), "the first one is still there");

    let cid = source(&high, "high").unwrap()["source"].clone();
    sources.say("end high");
    status(&monitor, "the first source is obeyed again", |universe| universe["levels"][0] == 10);
    let lost: Vec<_> = monitor.said().into_iter().filter(|line| line["event"] == "lost").collect();
    assert!(lost.iter().any(|event| event["source"] == cid && event["why"] == "terminated"), "{lost:?}");
}
