//! `cuelight ctl nodes` and `cuelight ctl node`: rename, restart, test, forget.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::Ask;
use super::call::{Call, Method, escaped, put};
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
    /// Have a node end and be started again, by cuelight-launch or by what watches over it
    Restart {
        /// Its number, MAC address or name.
        node: String,
        /// The armed show in spite of which it is to happen, by name.
        #[arg(long, value_name = "SHOW")]
        in_spite_of: Option<String>,
    },
    /// Measure how well a node is reached: round trips and losses; takes 2 to 3 seconds
    Test {
        /// Its number, MAC address or name.
        node: String,
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
            Self::Restart { node, in_spite_of } => {
                let mut body = Map::new();
                put(&mut body, "override", in_spite_of.clone());
                Call::post(format!("{}/restart", path(node)), body)
            }
            Self::Test { node } => Call { method: Method::Post, path: format!("{}/test", path(node)), body: None },
            Self::Forget { node } => Call { method: Method::Delete, path: path(node), body: None },
        }
    }
    fn words(&self, answer: &Value) -> String {
        match self {
            Self::Rename { node, name } if name.is_empty() => format!("{node} has no name now"),
            Self::Rename { node, name } => format!("{node} is called {name} now"),
            Self::Restart { node, .. } => format!("{node} restarts; `cuelight ctl nodes` shows when it is ready again"),
            Self::Test { node } => tested(node, answer),
            Self::Forget { node } => format!("{node} is forgotten"),
        }
    }
}

/// A test of a node's connection for people.
fn tested(node: &str, answer: &Value) -> String {
    let trips = |what: &str, trips: &Value, none: &str| match trips["sent"].as_u64() {
        None => format!("{what}  {none}"),
        Some(sent) => {
            let lost = trips["lost"].as_u64().unwrap_or_default();
            let span = |key: &str| match trips[key].as_f64() {
                Some(us) if us < 1e3 => format!("{us:.0} us"),
                Some(us) => format!("{:.1} ms", us / 1e3),
                None => "-".to_owned(),
            };
            let [min, median, max] = ["min_us", "median_us", "max_us"].map(span);
            format!("{what}  {lost} of {sent} lost, round trip {median} (median), {min} to {max}")
        }
    };
    let loss = answer["stream_loss_pct"].as_f64().unwrap_or_default();
    let clock = match (answer["lock"].as_bool(), answer["bound_ns"].as_f64()) {
        (Some(true), Some(ns)) => format!("locked, at most {:.0} us off", ns / 1e3),
        (Some(false), _) => "not locked".to_owned(),
        _ => "not told".to_owned(),
    };
    [
        format!("node           {node}, {}", word(&answer["mac"])),
        trips("control       ", &answer["control"], "not measured"),
        trips("time exchange ", &answer["exchange"], "not told"),
        format!("stream         {loss:.1} % lost, as the node says"),
        format!("clock          {clock}"),
    ]
    .join("\n")
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
        let restart = Node::Restart { node: "bike".into(), in_spite_of: Some("Friday".into()) }.call();
        assert_eq!((restart.method, restart.path.as_str()), (Method::Post, "/api/v1/nodes/bike/restart"));
        assert_eq!(restart.body, Some(json!({"override": "Friday"})));
        let test = Node::Test { node: "3".into() }.call();
        assert_eq!((test.method, test.path.as_str(), test.body), (Method::Post, "/api/v1/nodes/3/test", None));
        let forget = Node::Forget { node: "3".into() }.call();
        assert_eq!((forget.method, forget.path.as_str(), forget.body), (Method::Delete, "/api/v1/nodes/3", None));
    }

    #[test]
    fn a_test_is_told_in_numbers_and_what_is_missing_is_said() {
        let trips = |lost: u16, median: Value| json!({"sent": 20, "lost": lost, "min_us": median, "median_us": median, "max_us": 7_300.0});
        let told = json!({"id": 3, "mac": "02:00:00:00:00:01", "control": trips(0, json!(412.3)),
            "exchange": trips(20, Value::Null), "stream_loss_pct": 0.5, "lock": true, "bound_ns": 61_200, "told_ms": 400});
        let expected = "node           bike, 02:00:00:00:00:01\n\
            control         0 of 20 lost, round trip 412 us (median), 412 us to 7.3 ms\n\
            time exchange   20 of 20 lost, round trip - (median), - to 7.3 ms\n\
            stream         0.5 % lost, as the node says\n\
            clock          locked, at most 61 us off";
        assert_eq!(Node::Test { node: "bike".into() }.words(&told), expected);
        let deployed = json!({"mac": "02:00:00:00:00:01", "control": trips(0, json!(1)), "exchange": null});
        assert!(Node::Test { node: "bike".into() }.words(&deployed).contains("time exchange   not told"));
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
