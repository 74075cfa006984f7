//! `cuelight show`: which show is armed. While one is, no node is updated unless that is ordered by the show's name.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::ctl::call::{Call, Method};
use crate::ctl::client::Asking;
use crate::print;

const EXAMPLES: &str = "\
Examples:
  cuelight show arm \"Friday night\"
  cuelight show armed
  cuelight show disarm";

/// `cuelight show`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Show {
    #[command(subcommand)]
    word: Word,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Arm a show: nodes are not updated until it is disarmed
    Arm {
        /// Its name, at most 64 bytes
        name: String,
    },
    /// Disarm it
    Disarm,
    /// Show which one is armed
    Armed,
}

impl Show {
    /// Does what the word says.
    pub(crate) fn run(self) -> Result<()> {
        let path = || "/api/v1/show/armed".to_owned();
        let call = match &self.word {
            Word::Arm { name } => Call { method: Method::Put, path: path(), body: Some(json!({ "name": name })) },
            Word::Disarm => Call { method: Method::Delete, path: path(), body: None },
            Word::Armed => Call::get(path()),
        };
        let answer = self.asking.client().ask(&call)?;
        if self.asking.json { print::json(&answer) } else { print::text(&self.words(&answer)) }
    }
    fn words(&self, answer: &Value) -> String {
        let armed = match &self.word {
            Word::Arm { name } => Some(name.as_str()),
            Word::Disarm => None,
            Word::Armed => answer["name"].as_str(),
        };
        armed.map_or_else(
            || "no show is armed".to_owned(),
            |name| format!("{name:?} is armed: nodes are not updated, unless --in-spite-of {name:?} says so"),
        )
    }
}
