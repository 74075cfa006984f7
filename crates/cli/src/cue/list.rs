//! What is played: the lists, the cues of one, and what happens to them.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::ctl::call::Call;
use crate::ctl::client::Client;
use crate::ctl::words::{duration, word};
use crate::print;
use crate::shutdown;

/// `cuelight cue list`.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Show the cues of this list
    #[arg(value_name = "LIST")]
    list: Option<u16>,
}

impl List {
    pub(super) fn run(&self, client: &Client, json: bool) -> Result<()> {
        let path = self.list.map_or_else(|| "/api/v1/cues".to_owned(), |list| format!("/api/v1/cues/{list}"));
        let answer = client.ask(&Call::get(path))?;
        if json {
            return print::json(&answer);
        }
        print::text(&if self.list.is_some() { cues(&answer) } else { lists(&answer) })
    }
}

/// `cuelight cue watch`.
#[derive(Args, Debug)]
pub(super) struct Watch {
    /// How often to look
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = duration)]
    every: Duration,
}

impl Watch {
    pub(super) fn run(&self, client: &Client, json: bool) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no event loop")?;
        runtime.block_on(async {
            let mut stop = std::pin::pin!(shutdown::requested());
            let mut seen = BTreeMap::new();
            loop {
                // Blocks for a moment; a signal is taken right after.
                let answer = client.ask(&Call::get("/api/v1/cues"))?;
                for list in changed(&mut seen, &answer) {
                    let line = if json { list.to_string() } else { line(&list) };
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "{line}")?;
                    out.flush()?;
                }
                tokio::select! {
                    () = &mut stop => return Ok(()),
                    () = tokio::time::sleep(self.every) => {}
                }
            }
        })
    }
}

/// The lists that are in another cue than before, or paused otherwise.
fn changed(seen: &mut BTreeMap<u64, (Value, Value, Value)>, answer: &Value) -> Vec<Value> {
    let lists = answer["lists"].as_array().cloned().unwrap_or_default();
    let numbers: Vec<u64> = lists.iter().filter_map(|list| list["list"].as_u64()).collect();
    seen.retain(|number, _| numbers.contains(number));
    lists
        .into_iter()
        .filter(|list| {
            let state = (list["current"]["cue"].clone(), list["since_us"].clone(), list["paused"].clone());
            let number = list["list"].as_u64().unwrap_or(0);
            seen.insert(number, state.clone()) != Some(state)
        })
        .collect()
}

fn line(list: &Value) -> String {
    let at = list["since_us"].as_i64().map_or_else(String::new, |us| format!(" at {:.3} s", us as f64 / 1e6));
    let paused = if list["paused"] == true { ", paused" } else { "" };
    let cue = match list["current"]["cue"].as_str() {
        Some(cue) => format!("cue {cue}{}{at}", quoted(&list["current"]["label"])),
        None => "no cue".to_owned(),
    };
    format!("list {}: {cue}{paused}", list["list"])
}

fn quoted(label: &Value) -> String {
    label.as_str().filter(|label| !label.is_empty()).map_or_else(String::new, |label| format!(" {label:?}"))
}

fn lists(answer: &Value) -> String {
    let show = &answer["show"];
    if show.is_null() {
        return "no show is loaded: cuelight cue load FILE".to_owned();
    }
    let mut text = format!(
        "show{}: {} fixtures, {} universes, {} bytes, {}\n\n",
        quoted(&show["label"]),
        show["fixtures"],
        show["universes"],
        show["size"],
        show["sha256"].as_str().map_or("", |digest| digest.get(..16).unwrap_or(digest)),
    );
    let row = |list: &Value| {
        let percent = list["progress"].as_f64().unwrap_or(0.0) * 100.0;
        let is_running = !list["current"].is_null();
        let state = match (is_running, list["paused"] == true, list["remaining_ms"].as_i64()) {
            (_, true, _) => format!("paused at {percent:.0} %"),
            (_, _, Some(ms)) if ms > 0 => format!("{percent:.0} %, {:.1} s left", ms as f64 / 1e3),
            (true, ..) => "complete".to_owned(),
            _ => "-".to_owned(),
        };
        let named = |cue: &Value| match cue["cue"].as_str() {
            Some(number) => format!("{number}{}", quoted(&cue["label"])),
            None => "-".to_owned(),
        };
        [
            word(&list["list"]),
            word(&list["label"]),
            word(&list["cues"]),
            named(&list["current"]),
            state,
            named(&list["next"]),
        ]
    };
    let rows: Vec<_> = answer["lists"].as_array().into_iter().flatten().map(row).collect();
    text.push_str(&print::table([">list", "name", ">cues", "current", "fade", "next"], &rows));
    let behind = answer["nodes"].as_array().into_iter().flatten().filter(|node| node["number"] != answer["number"]);
    for node in behind {
        let why = if node["failed"] == true { "cannot play the cues" } else { "is not as far as the hub yet" };
        text.push_str(&format!("\nnode {}{}: {why}", node["node"], quoted(&node["name"])));
    }
    text
}

fn cues(answer: &Value) -> String {
    let time = |ms: &Value| match ms.as_f64() {
        Some(ms) => format!("{}", ms / 1e3),
        None => "-".to_owned(),
    };
    let both = |up: &Value, down: &Value| {
        if up == down { time(up) } else { format!("{}/{}", time(up), time(down)) }
    };
    let row = |cue: &Value| {
        let next = match (cue["follow_ms"].as_i64(), cue["hang_ms"].as_i64()) {
            (Some(_), _) => format!("follow {}", time(&cue["follow_ms"])),
            (None, Some(_)) => format!("hang {}", time(&cue["hang_ms"])),
            (None, None) => "-".to_owned(),
        };
        [
            word(&cue["cue"]),
            word(&cue["label"]),
            both(&cue["fade_up_ms"], &cue["fade_down_ms"]),
            both(&cue["delay_up_ms"], &cue["delay_down_ms"]),
            next,
            word(&cue["levels"]),
        ]
    };
    let rows: Vec<_> = answer.as_array().into_iter().flatten().map(row).collect();
    print::table([">cue", "name", ">fade s", ">delay s", "then", ">levels"], &rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_changed_is_told() {
        let state = |cue: Value, paused: bool| json!({"lists": [{"list": 1, "current": {"cue": cue, "label": "On"}, "since_us": 1_500_000, "paused": paused}]});
        let mut seen = BTreeMap::new();
        assert_eq!(changed(&mut seen, &state(json!("1"), false)).len(), 1);
        assert_eq!(changed(&mut seen, &state(json!("1"), false)).len(), 0);
        let paused = changed(&mut seen, &state(json!("1"), true));
        assert_eq!(line(&paused[0]), r#"list 1: cue 1 "On" at 1.500 s, paused"#);
        assert_eq!(changed(&mut seen, &json!({"lists": []})).len(), 0);
        assert_eq!(changed(&mut seen, &state(json!("1"), true)).len(), 1, "a list that is there again");
    }

    #[test]
    fn lists_are_told_with_where_they_are_and_nodes_that_are_behind() {
        let answer = json!({
            "show": {"label": "Two", "sha256": "0123456789abcdef0123", "size": 9, "fixtures": 3, "universes": 1},
            "number": 4,
            "lists": [
                {"list": 1, "label": "Main", "cues": 3, "current": {"cue": "1.5", "label": ""}, "progress": 0.25,
                 "remaining_ms": 3_000, "paused": false, "next": {"cue": "2", "label": "Red"}},
                {"list": 2, "label": "", "cues": 0, "current": null, "progress": 1.0, "remaining_ms": 0, "paused": false,
                 "next": null},
            ],
            "nodes": [{"node": 1, "name": "left", "number": 3, "failed": true}, {"node": 2, "name": "", "number": 4}],
        });
        let text = lists(&answer);
        for part in ["\"Two\": 3 fixtures", "1.5", "25 %, 3.0 s left", "2 \"Red\"", "node 1 \"left\": cannot play"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("node 2"), "{text}");
        assert!(lists(&json!({"show": null})).contains("cue load"));
    }

    #[test]
    fn cues_are_told_with_their_times() {
        let cue = json!({"cue": "1.5", "label": "On", "fade_up_ms": 3_000, "fade_down_ms": 500, "delay_up_ms": 0,
            "delay_down_ms": 0, "follow_ms": null, "hang_ms": -1_000, "levels": 12});
        let text = cues(&json!([cue]));
        assert!(text.contains("3/0.5") && text.contains("hang -1") && text.contains("12"), "{text}");
    }
}
