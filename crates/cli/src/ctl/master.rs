//! `cuelight ctl master`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::Ask;
use super::call::{Call, done};
use super::words::word;

/// `cuelight ctl master`.
#[derive(Args, Debug)]
pub(super) struct Master {
    /// The new level; without it the present one is shown.
    #[arg(value_name = "0..255")]
    level: Option<u8>,
}

impl Ask for Master {
    fn call(&self) -> Call {
        match self.level {
            Some(level) => Call::post("/api/v1/master", Map::from_iter([("level".to_owned(), json!(level))])),
            None => Call::get("/api/v1/show"),
        }
    }
    fn words(&self, answer: &Value) -> String {
        if self.level.is_some() { done(answer) } else { format!("master level {}", described(&answer["master"])) }
    }
}

/// The levels above all scenes, for people.
pub(super) fn described(master: &Value) -> String {
    let dark = if master["blackout"] == true { ", BLACKOUT" } else { "" };
    format!("{} of 255{dark}", word(&master["level"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_sent_and_none_asks() {
        assert_eq!(Master { level: Some(9) }.call().body, Some(json!({"level": 9})));
        assert_eq!(Master { level: None }.call(), Call::get("/api/v1/show"));
        assert_eq!(described(&json!({"level": 9, "blackout": true})), "9 of 255, BLACKOUT");
    }
}
