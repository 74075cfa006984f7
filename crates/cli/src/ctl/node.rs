//! `cuelight ctl nodes`, `cuelight ctl node rename` and `cuelight ctl node forget`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Ask;
use super::call::{Call, Method, escaped};
use super::words::word;
use crate::print;

/// `cuelight ctl nodes`.
#[derive(Args, Debug)]
pub(super) struct Nodes {}

/// `cuelight ctl node`.
#[derive(Debug, Subcommand)]
pub(super) enum Node {
    /// Give a node a name
    Rename {
        /// Its number, MAC address or name.
        node: String,
        /// The new name, at most 32 bytes; empty takes the name away.
        name: String,
    },
    /// Take a node that is not connected out of the roster
    Forget {
        /// Its number, MAC address or name.
        node: String,
    },
}

impl Ask for Nodes {
    fn call(&self) -> Call {
        Call::get("/api/v1/nodes")
    }
    fn words(&self, answer: &Value) -> String {
        described(answer)
    }
}

impl Ask for Node {
    fn call(&self) -> Call {
        let path = |node: &str| format!("/api/v1/nodes/{}", escaped(node));
        match self {
            Self::Rename { node, name } => {
                Call { method: Method::Patch, path: path(node), body: Some(json!({ "name": name })) }
            }
            Self::Forget { node } => Call { method: Method::Delete, path: path(node), body: None },
        }
    }
    fn words(&self, _: &Value) -> String {
        match self {
            Self::Rename { node, name } if name.is_empty() => format!("{node} has no name now"),
            Self::Rename { node, name } => format!("{node} is called {name} now"),
            Self::Forget { node } => format!("{node} is forgotten"),
        }
    }
}

/// Nodes for people.
pub(super) fn described(nodes: &Value) -> String {
    let rows: Vec<_> = nodes.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return "no nodes; start one with `cuelight node`".to_owned();
    }
    let headings =
        [">id", "name", "state", "address", ">leds", "clock", ">bound", ">loss", ">fps", ">late p99", "groups"];
    print::table(headings, &rows)
}

fn row(node: &Value) -> [String; 11] {
    let figure = |key: &str, scale: f64, unit: &str| match node[key].as_f64() {
        Some(figure) => format!("{:.1}{unit}", figure / scale),
        None => "-".to_owned(),
    };
    let clock = match (node["legacy"] == true, node["lock"] == true) {
        (true, _) => "deployed",
        (false, true) => "locked",
        (false, false) => "unlocked",
    };
    let groups: Vec<_> = node["groups"].as_array().into_iter().flatten().map(word).collect();
    [
        word(&node["id"]),
        node["name"].as_str().filter(|name| !name.is_empty()).map_or_else(|| word(&node["mac"]), str::to_owned),
        word(&node["state"]),
        word(&node["ip"]),
        word(&node["leds"]),
        clock.to_owned(),
        figure("bound_ns", 1e3, " us"),
        figure("loss_pct", 1.0, " %"),
        figure("fps", 1.0, ""),
        figure("late_ns_p99", 1e3, " us"),
        groups.join(" "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_in_the_path_and_renamed_in_the_body() {
        let rename = Node::Rename { node: "02:00:00:00:00:01".into(), name: "bike 1".into() };
        let call = rename.call();
        assert_eq!((call.method, call.path.as_str()), (Method::Patch, "/api/v1/nodes/02%3A00%3A00%3A00%3A00%3A01"));
        assert_eq!(call.body, Some(json!({"name": "bike 1"})));
        let forget = Node::Forget { node: "3".into() }.call();
        assert_eq!((forget.method, forget.path.as_str(), forget.body), (Method::Delete, "/api/v1/nodes/3", None));
    }

    #[test]
    fn nodes_are_listed_with_their_figures() {
        let nodes = json!([{"id": 1, "mac": "02:00:00:00:00:01", "name": null, "state": "ready", "ip": "10.0.0.2",
            "leds": 320, "lock": true, "legacy": false, "bound_ns": 12_345, "loss_pct": 0.5, "fps": 120.0,
            "late_ns_p99": 80_000, "groups": ["a", "b"]}]);
        let list = described(&nodes);
        let line: Vec<&str> = list.lines().nth(1).unwrap().split_whitespace().collect();
        let expected = "1 02:00:00:00:00:01 ready 10.0.0.2 320 locked 12.3 us 0.5 % 120.0 80.0 us a b";
        assert_eq!(line.join(" "), expected);
        assert!(described(&json!([])).contains("cuelight node"));
    }
}
