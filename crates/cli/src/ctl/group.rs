//! `cuelight ctl groups`, `cuelight ctl group set` and `cuelight ctl group delete`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::Ask;
use super::call::{Call, Method, escaped, put};
use super::words::word;
use crate::print;

/// `cuelight ctl groups`.
#[derive(Args, Debug)]
pub(super) struct Groups {}

/// `cuelight ctl group`.
#[derive(Debug, Subcommand)]
pub(super) enum Group {
    /// Make a group, or give one other members
    Set {
        /// The group's name.
        name: String,
        /// All its nodes, by number, MAC address or name.
        #[arg(required = true, value_name = "NODE")]
        members: Vec<String>,
        /// How far ahead its changes are scheduled, milliseconds; 250 suits Wi-Fi [default: the hub's].
        #[arg(long, value_name = "10..2000", value_parser = clap::value_parser!(i64).range(10..=2000))]
        lead_ms: Option<i64>,
    },
    /// Delete a group; its nodes stay
    Delete {
        /// The group's name.
        name: String,
    },
}

impl Ask for Groups {
    fn call(&self) -> Call {
        Call::get("/api/v1/groups")
    }
    fn words(&self, answer: &Value) -> String {
        let row = |group: &Value| {
            let members: Vec<_> = group["members"].as_array().into_iter().flatten().map(word).collect();
            [word(&group["name"]), word(&group["lead_ms"]), members.join(" ")]
        };
        let rows: Vec<_> = answer.as_array().into_iter().flatten().map(row).collect();
        if rows.is_empty() {
            return "no groups; make one with `cuelight ctl group set NAME NODE...`".to_owned();
        }
        print::table(["group", ">lead ms", "nodes"], &rows)
    }
}

impl Ask for Group {
    fn call(&self) -> Call {
        let path = |name: &str| format!("/api/v1/groups/{}", escaped(name));
        match self {
            Self::Set { name, members, lead_ms } => {
                let mut body = Map::from_iter([("members".to_owned(), json!(members))]);
                put(&mut body, "lead_ms", *lead_ms);
                Call { method: Method::Put, path: path(name), body: Some(Value::Object(body)) }
            }
            Self::Delete { name } => Call { method: Method::Delete, path: path(name), body: None },
        }
    }
    fn words(&self, _: &Value) -> String {
        match self {
            Self::Set { name, members, .. } => format!("{name} is {}", members.join(", ")),
            Self::Delete { name } => format!("{name} is deleted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_put_with_all_its_members() {
        let set = Group::Set { name: "a b".into(), members: vec!["1".into(), "left".into()], lead_ms: Some(250) };
        let call = set.call();
        assert_eq!((call.method, call.path.as_str()), (Method::Put, "/api/v1/groups/a%20b"));
        assert_eq!(call.body, Some(json!({"members": ["1", "left"], "lead_ms": 250})));
    }

    #[test]
    fn groups_are_listed() {
        let list = Groups {}.words(&json!([{"name": "a", "members": ["02:00:00:00:00:01"], "lead_ms": null}]));
        assert_eq!(list.lines().last(), Some("a            -  02:00:00:00:00:01"));
        assert!(Groups {}.words(&json!([])).contains("group set"));
    }
}
