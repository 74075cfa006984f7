//! A rollout in words and bars.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::ctl::words::word;

/// Cells of a bar.
const CELLS: usize = 24;
/// Nodes drawn; of more those that have nothing to tell are counted.
const MAX_ROWS: usize = 24;

/// The whole rollout.
pub(super) fn of(shown: &Value) -> String {
    let rollout = &shown["rollout"];
    if rollout.is_null() {
        return "nothing has been rolled out yet; `cuelight ota rollout VERSION` does".to_owned();
    }
    let nodes: Vec<&Value> = rollout["nodes"].as_array().into_iter().flatten().collect();
    let done = nodes.iter().filter(|node| node["state"] == "done").count();
    let mut text = format!(
        "rollout {} of version {}: {}, {done} of {} nodes done\n",
        rollout["number"],
        word(&rollout["version"]),
        word(&rollout["state"]),
        nodes.len()
    );
    if let Some(detail) = rollout["detail"].as_str() {
        let _ = writeln!(text, "{detail}");
    }
    let width = nodes.iter().map(|node| name(node).chars().count()).max().unwrap_or(0);
    let is_busy = |node: &&Value| !matches!(node["state"].as_str(), Some("waiting" | "done"));
    let (mut room, mut counts) =
        (MAX_ROWS.saturating_sub(nodes.iter().copied().filter(|n| is_busy(n)).count()), BTreeMap::new());
    for node in &nodes {
        if !is_busy(node) && nodes.len() > MAX_ROWS {
            if room == 0 {
                *counts.entry(word(&node["state"])).or_insert(0) += 1;
                continue;
            }
            room -= 1;
        }
        let _ = writeln!(text, "{}", row(node, width));
        for line in node["log"].as_str().into_iter().flat_map(str::lines) {
            let _ = writeln!(text, "  | {line}");
        }
    }
    for (state, count) in counts {
        let _ = writeln!(text, "and {count} more {state}");
    }
    for left in rollout["left_out"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "left out: {} {}", name(left), word(&left["reason"]));
    }
    text
}

fn name(node: &Value) -> String {
    node["name"].as_str().map_or_else(|| word(&node["mac"]), str::to_owned)
}

fn row(node: &Value, width: usize) -> String {
    let name = name(node);
    let gap = " ".repeat(width - name.chars().count().min(width));
    let state = word(&node["state"]);
    let filled = CELLS * usize::from(way(&state, node["pct"].as_u64())) / 100;
    let bar = format!("{}{}", "=".repeat(filled), " ".repeat(CELLS - filled));
    let mut told = state.clone();
    if let (Some(pct), "downloading") = (node["pct"].as_u64(), state.as_str()) {
        let _ = write!(told, " {pct} %");
    }
    if let Some(reason) = node["reason"].as_str() {
        let _ = write!(told, ": {reason}");
    }
    let spent = node["spent_ms"].as_f64().map_or_else(String::new, |ms| format!("  {:.0} s", ms / 1e3));
    format!("{name}{gap}  [{bar}] {told}{spent}")
}

/// How far a node is on its way as a whole, per cent: most of the time goes into fetching and into proving itself.
fn way(state: &str, pct: Option<u64>) -> u8 {
    match state {
        "downloading" => 5 + u8::try_from(pct.unwrap_or(0).min(100) * 55 / 100).unwrap_or(0),
        "verifying" => 62,
        "applying" => 65,
        "rebooting" => 70,
        "proving" => 85,
        "done" => 100,
        _ => 0,
    }
}

/// What was said already, so that a log has each change once.
#[derive(Debug, Default)]
pub(super) struct Told {
    states: BTreeMap<String, String>,
    detail: Option<String>,
    complaint: Option<String>,
}

impl Told {
    /// What is new, a line each.
    pub(super) fn changes(&mut self, shown: &Value) -> Vec<String> {
        self.complaint = None;
        let rollout = &shown["rollout"];
        let mut lines = Vec::new();
        for node in rollout["nodes"].as_array().into_iter().flatten() {
            let state = word(&node["state"]);
            let before = self.states.insert(word(&node["mac"]), state.clone());
            if before.as_ref() == Some(&state) || (before.is_none() && state == "waiting") {
                continue;
            }
            let reason = node["reason"].as_str().map_or_else(String::new, |reason| format!(": {reason}"));
            lines.push(format!("{} {state}{reason}", name(node)));
            lines.extend(node["log"].as_str().into_iter().flat_map(str::lines).map(|line| format!("  | {line}")));
        }
        let detail = rollout["detail"].as_str().map(str::to_owned);
        if detail != self.detail {
            lines.extend(detail.clone());
            self.detail = detail;
        }
        lines
    }
    /// Complains, unless that was the last complaint too.
    pub(super) fn say_once(&mut self, complaint: &str) {
        if self.complaint.as_deref() != Some(complaint) {
            eprintln!("{complaint}; waiting for it");
            self.complaint = Some(complaint.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rollout(nodes: Value) -> Value {
        json!({"rollout": {"number": 3, "version": "0.2.0", "state": "running", "detail": null, "nodes": nodes,
            "left_out": [{"mac": "02:00:00:00:00:09", "name": "hat", "reason": "is not connected"}]}})
    }

    #[test]
    fn each_node_has_its_bar_and_what_it_says() {
        let shown = rollout(json!([
            {"mac": "02:00:00:00:00:01", "name": "left", "state": "done", "pct": null, "reason": null, "spent_ms": 17_200},
            {"mac": "02:00:00:00:00:02", "name": null, "state": "downloading", "pct": 40, "reason": null, "spent_ms": 3_000},
            {"mac": "02:00:00:00:00:03", "name": "right", "state": "failed", "pct": null, "reason": "it says: no space",
                "log": "one\ntwo"},
        ]));
        let text = of(&shown);
        for part in [
            "rollout 3 of version 0.2.0: running, 1 of 3 nodes done\n",
            "left               [========================] done  17 s\n",
            "02:00:00:00:00:02  [======                  ] downloading 40 %  3 s\n",
            "] failed: it says: no space\n  | one\n  | two\n",
            "left out: hat is not connected\n",
        ] {
            assert!(text.contains(part), "{part:?} in\n{text}");
        }
        assert!(of(&json!({"rollout": null})).contains("ota rollout"));
    }

    #[test]
    fn of_many_nodes_those_with_nothing_to_tell_are_counted() {
        let state = |n: usize| {
            if n < 60 {
                "done"
            } else if n == 60 {
                "proving"
            } else {
                "waiting"
            }
        };
        let node = |n: usize| json!({"mac": format!("{n:03}"), "state": state(n)});
        let text = of(&rollout((0..100).map(node).collect()));
        assert!(text.lines().count() < 30, "{text}");
        assert!(
            text.contains("proving") && text.contains("and 37 more done") && text.contains("and 39 more waiting"),
            "{text}"
        );
    }

    #[test]
    fn a_log_has_each_change_once() {
        let mut told = Told::default();
        let node = |state: &str, pct: u8| {
            rollout(json!([{"mac": "a", "state": state, "pct": pct}, {"mac": "b", "state": "waiting"}]))
        };
        assert_eq!(told.changes(&node("offered", 0)), ["a offered"]);
        assert_eq!(told.changes(&node("downloading", 1)), ["a downloading"]);
        assert_eq!(told.changes(&node("downloading", 60)), Vec::<String>::new());
        assert_eq!(told.changes(&node("done", 0)), ["a done"]);
    }
}
