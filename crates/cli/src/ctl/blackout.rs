//! `cuelight ctl blackout`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::Ask;
use super::call::{Call, done};
use crate::config::Switch;

/// `cuelight ctl blackout`.
#[derive(Args, Debug)]
pub(super) struct Blackout {
    /// Whether everything is dark. Scenes go on below and come back where they would be.
    #[arg(value_name = "on|off", default_value = "on")]
    on: Switch,
}

impl Ask for Blackout {
    fn call(&self) -> Call {
        Call::post("/api/v1/blackout", Map::from_iter([("on".to_owned(), json!(self.on.0))]))
    }
    fn words(&self, answer: &Value) -> String {
        done(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_is_sent_as_false() {
        assert_eq!(Blackout { on: Switch(false) }.call().body, Some(json!({"on": false})));
    }
}
