//! `cuelight key`: keys of programs.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::role::{Role, word as role_word};
use crate::ctl::call::{Call, Method, escaped, put};
use crate::ctl::client::Asking;
use crate::ctl::words::word;
use crate::print;

const MORE: &str = "\
Examples:
  cuelight key new desk --role operator
  cuelight key new grafana --role metrics --days 365
  cuelight key new left --role node --universes 1..4,7
  cuelight key list
  cuelight key revoke 3fT9aKq2

A key is shown once, when it is made. The hub keeps only what it can be compared with.";

/// `cuelight key`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Key {
    #[command(flatten)]
    asking: Asking,
    #[command(subcommand)]
    what: What,
}

/// What to do about keys.
#[derive(Debug, Subcommand)]
enum What {
    /// List the keys, without what is secret of them
    List,
    /// Make a key and print it: the only time it is shown
    New {
        /// What it is for: letters, digits, dots, hyphens, underscores, @.
        name: String,
        /// What it may do.
        #[arg(long, value_enum)]
        role: Role,
        /// How long it is good, days [default: for ever].
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: Option<i64>,
        /// Of the role node: the universes that whoever has it may drive, like 1..4,7 [default: all].
        #[arg(long, value_name = "UNIVERSES", value_delimiter = ',')]
        universes: Vec<String>,
    },
    /// End a key
    Revoke {
        /// Its id, as the list has it.
        id: String,
    },
}

impl What {
    fn call(&self) -> Call {
        match self {
            Self::List => Call::get("/api/v1/keys"),
            Self::New { name, role, days, universes } => {
                let mut body =
                    Map::from_iter([("name".to_owned(), json!(name)), ("role".to_owned(), json!(role_word(*role)))]);
                put(&mut body, "expires_in_s", days.map(|days| days * 86_400));
                put(&mut body, "universes", (!universes.is_empty()).then(|| universes.clone()));
                Call::post("/api/v1/keys", body)
            }
            Self::Revoke { id } => {
                Call { method: Method::Delete, path: format!("/api/v1/keys/{}", escaped(id)), body: None }
            }
        }
    }

    fn words(&self, answer: &Value) -> String {
        match self {
            Self::List => {
                let row =
                    |key: &Value| ["id", "name", "role", "expires_at", "last_used_at"].map(|field| word(&key[field]));
                let rows: Vec<_> = answer.as_array().into_iter().flatten().map(row).collect();
                if rows.is_empty() {
                    return "no keys; make one with `cuelight key new NAME --role ROLE`".to_owned();
                }
                print::table(["id", "name", "role", "expires", "last used"], &rows)
            }
            // Alone, so that it can be sent into a file.
            Self::New { .. } => answer["key"].as_str().unwrap_or_default().to_owned(),
            Self::Revoke { id } => format!("key {id} is no more"),
        }
    }
}

impl Key {
    /// Asks the hub and prints its answer.
    pub(crate) fn run(self) -> Result<()> {
        let answer = self.asking.client().ask(&self.what.call())?;
        if self.asking.json { print::json(&answer) } else { print::text(&self.what.words(&answer)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_with_its_role_and_end_and_printed_alone() {
        let new = What::New { name: "desk".into(), role: Role::Operator, days: Some(2), universes: Vec::new() };
        let call = new.call();
        assert_eq!((call.method, call.path.as_str()), (Method::Post, "/api/v1/keys"));
        assert_eq!(call.body, Some(json!({"name": "desk", "role": "operator", "expires_in_s": 172_800})));
        assert_eq!(new.words(&json!({"id": "a", "key": "cue_a_b"})), "cue_a_b");
        let universes = vec!["1..4".to_owned(), "7".to_owned()];
        let left = What::New { name: "left".into(), role: Role::Node, days: None, universes };
        assert_eq!(left.call().body, Some(json!({"name": "left", "role": "node", "universes": ["1..4", "7"]})));
    }

    #[test]
    fn keys_are_listed() {
        let key =
            json!({"id": "3fT9aKq2", "name": "desk", "role": "operator", "expires_at": null, "last_used_at": null});
        let list = What::List.words(&json!([key]));
        assert_eq!(list.lines().last(), Some("3fT9aKq2  desk  operator  -        -"));
        assert!(What::List.words(&json!([])).contains("key new"));
    }
}
