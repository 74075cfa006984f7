//! `cuelight pattern list`.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::store::{Place, Store, session};
use crate::ctl::call::Call;
use crate::ctl::words::word;
use crate::print;

/// `cuelight pattern list`.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    place: Place,
    /// Print JSON: {"patterns": [..], "nodes": [..]}
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists what is stored.
    pub(super) fn run(self) -> Result<()> {
        let store = self.place.store();
        let opened = store.open()?;
        let answer = match &store {
            Store::Hub(hub) => {
                json!({"patterns": opened.patterns, "nodes": hub.ask(&Call::get("/api/v1/patterns/nodes"))?})
            }
            Store::Device(_) => {
                let listed = session(&opened.target, async |client| client.list().await)?;
                let patterns: Vec<_> = listed.iter().map(|it| json!({"name": it.name, "size": it.size})).collect();
                json!({ "patterns": patterns })
            }
        };
        if self.json { print::json(&answer) } else { print::text(&described(&answer)) }
    }
}

/// Patterns, and how far the nodes are with them, for people.
fn described(answer: &Value) -> String {
    let rows = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let (patterns, nodes) = (rows("patterns"), rows("nodes"));
    if patterns.is_empty() {
        return "no patterns; `cuelight pattern put FILE` stores one".to_owned();
    }
    let mut text = if patterns.iter().any(|pattern| !pattern["sha256"].is_null()) {
        let headings = ["pattern", ">leds", ">frames", ">fps", ">seconds", ">bytes", ""];
        print::table(headings, &patterns.iter().map(pattern_row).collect::<Vec<_>>())
    } else {
        let row = |pattern: &Value| [word(&pattern["name"]), word(&pattern["size"])];
        print::table(["pattern", ">bytes"], &patterns.iter().map(row).collect::<Vec<_>>())
    };
    if !nodes.is_empty() {
        text.push('\n');
        text.push_str(&print::table(["node", ">has", ">missing", ""], &nodes.iter().map(node_row).collect::<Vec<_>>()));
    }
    text
}

fn pattern_row(pattern: &Value) -> [String; 7] {
    let seconds = pattern["duration_ms"].as_f64().map_or_else(|| "-".to_owned(), |ms| format!("{:.2}", ms / 1000.0));
    let odd = ["problem", "warning"].into_iter().find_map(|key| pattern[key].as_str());
    [
        word(&pattern["name"]),
        word(&pattern["leds"]),
        word(&pattern["frames"]),
        word(&pattern["fps"]),
        seconds,
        word(&pattern["size"]),
        odd.unwrap_or_default().to_owned(),
    ]
}

fn node_row(node: &Value) -> [String; 4] {
    let name = if node["name"].is_null() { &node["mac"] } else { &node["name"] };
    let problem = match (node["problem"].as_str(), node["have"].is_null()) {
        (Some(problem), _) => problem,
        (None, true) => "fetches none",
        (None, false) => "",
    };
    [word(name), word(&node["have"]), word(&node["missing"]), problem.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_nodes_are_listed_with_what_is_odd() {
        let answer = json!({
            "patterns": [
                {"name": "waves", "size": 1234, "sha256": "0", "leds": 160, "frames": 48, "fps": 24.0, "duration_ms": 2000},
                {"name": "notes", "size": 9, "sha256": "1", "problem": "it does not begin with PRSM"},
            ],
            "nodes": [
                {"mac": "02:00:00:00:00:01", "name": "left", "have": 1, "missing": 1, "problem": null},
                {"mac": "02:00:00:00:00:02", "name": null, "have": null, "missing": null, "problem": null},
            ],
        });
        let text = described(&answer);
        let lines: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let expected = [
            "pattern leds frames fps seconds bytes",
            "waves 160 48 24.0 2.00 1234",
            "notes - - - - 9 it does not begin with PRSM",
            "",
            "node has missing",
            "left 1 1",
            "02:00:00:00:00:02 - - fetches none",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_device_tells_names_and_sizes() {
        assert_eq!(described(&json!({"patterns": [{"name": "a", "size": 7}]})), "pattern  bytes\na            7\n");
        assert!(described(&json!({"patterns": []})).contains("pattern put"));
    }
}
