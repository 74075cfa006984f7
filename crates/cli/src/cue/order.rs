//! Orders to a cue list.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value};

use crate::ctl::call::{Call, done, put};
use crate::ctl::client::Client;
use crate::ctl::words::duration;
use crate::print;

/// Which list an order is for.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct ToList {
    /// The cue list
    #[arg(long, value_name = "LIST", default_value_t = 1)]
    pub(super) list: u16,
}

impl ToList {
    pub(super) fn call(self, word: &str) -> Call {
        self.call_with(word, Map::new())
    }
    fn call_with(self, word: &str, body: Map<String, Value>) -> Call {
        Call::post(format!("/api/v1/cues/{}/{word}", self.list), body)
    }
}

/// `cuelight cue goto`.
#[derive(Args, Debug)]
pub(super) struct Goto {
    /// The cue
    #[arg(value_name = "CUE")]
    cue: String,
    #[command(flatten)]
    list: ToList,
    /// A fade in place of the cue's own times, like 500ms or 3s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    fade: Option<Duration>,
}

impl Goto {
    pub(super) fn call(&self) -> Call {
        let mut body = Map::new();
        put(&mut body, "cue", Some(self.cue.as_str()));
        put(&mut body, "fade_ms", self.fade.map(millis));
        self.list.call_with("goto", body)
    }
}

/// `cuelight cue release`.
#[derive(Args, Debug)]
pub(super) struct Release {
    #[command(flatten)]
    list: ToList,
    /// How long that takes, like 500ms or 3s [default: at once]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    fade: Option<Duration>,
}

impl Release {
    pub(super) fn call(&self) -> Call {
        let mut body = Map::new();
        put(&mut body, "fade_ms", self.fade.map(millis));
        self.list.call_with("release", body)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Sends an order or an edit and tells what came of it.
pub(super) fn run(client: &Client, call: &Call, json: bool) -> Result<()> {
    let answer = client.ask(call)?;
    if json { print::json(&answer) } else { print::text(&words(&answer)) }
}

/// The answer in words: the cue first, where there is one.
pub(super) fn words(answer: &Value) -> String {
    match answer["cue"].as_str() {
        Some(cue) => format!("cue {cue}: {}", done(answer)),
        None => done(answer),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_names_its_list_and_only_what_was_said() {
        let list = ToList { list: 2 };
        assert_eq!(list.call("go"), Call::post("/api/v1/cues/2/go", Map::new()));
        let goto = Goto { cue: "1.5".into(), list, fade: Some(Duration::from_millis(1_500)) };
        assert_eq!(goto.call().body, Some(json!({"cue": "1.5", "fade_ms": 1_500})));
        assert_eq!(Release { list, fade: None }.call().body, Some(json!({})));
    }

    #[test]
    fn the_answer_begins_with_the_cue() {
        let answer = json!({"apply_at_us": 1_000_000, "rev": 7, "repeated": false, "nodes": 2, "cue": "1.5"});
        assert_eq!(words(&answer), "cue 1.5: change 7 on 2 nodes, in force from show time 1.000 s");
    }
}
