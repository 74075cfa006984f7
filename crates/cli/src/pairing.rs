//! `cuelight pairing`: which nodes belong to the show of a hub.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use cuelight_trust::{Code, NodeKey};
use serde_json::{Map, Value};

use crate::ctl::call::{Call, Method};
use crate::ctl::client::{Client, Target};
use crate::ctl::words::word;
use crate::{folders, print};

const MORE: &str = "\
A node that no hub has admitted asks to join and shows a code in its log. The hub shows the same code, unless somebody is in
between; so compare them, or type what the node shows.

Examples:
  cuelight pairing list
  cuelight pairing admit 7Q2M-0X4K-9T3B
  cuelight pairing refuse 7Q2M-0X4K-9T3B     a second time: it may ask again
  cuelight pairing key >> keys.csv           on a node: what `cuelight hub --admit-keys keys.csv` admits without asking

Exit codes: 0 done, 1 the hub refused or does not answer, 2 wrong usage.";

/// `cuelight pairing`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Pairing {
    #[command(flatten)]
    target: Target,
    /// Print the hub's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the nodes that ask to join and those that belong to the show
    List,
    /// Admit the node that shows this code
    Admit {
        /// The code, with or without hyphens.
        code: Code,
    },
    /// Refuse the node of this code; one that was admitted has to ask again
    Refuse {
        /// The code, with or without hyphens.
        code: Code,
    },
    /// Print the hash of this machine's own node key
    Key {
        /// The node's data folder [default: ~/.local/state/cuelight/node].
        #[arg(long, value_name = "DIR")]
        node_data_dir: Option<PathBuf>,
    },
}

impl Pairing {
    /// Asks the hub and prints its answer.
    pub(crate) fn run(self) -> Result<()> {
        let call = match &self.what {
            What::List => Call::get("/api/v1/pairings"),
            What::Admit { code } => Call::post(path(code), Map::new()),
            What::Refuse { code } => Call { method: Method::Delete, path: path(code), body: None },
            What::Key { node_data_dir } => {
                let folder = node_data_dir.clone().unwrap_or_else(|| folders::state("node"));
                return print::text(&NodeKey::load_or_create(&folder.join("node-key"))?.hash().to_string());
            }
        };
        let answer = Client::new(&self.target).ask(&call)?;
        match self.what {
            _ if self.json => print::json(&answer),
            What::List => print::text(&listed(&answer)),
            What::Admit { .. } => print::text(&format!("admitted: {}", nodes(&answer))),
            What::Refuse { .. } | What::Key { .. } => print::text(&format!("refused: {}", nodes(&answer))),
        }
    }
}

fn path(code: &Code) -> String {
    format!("/api/v1/pairings/{}", code.plain())
}

fn nodes(answer: &Value) -> String {
    let nodes: Vec<_> = answer["nodes"].as_array().into_iter().flatten().map(word).collect();
    nodes.join(" ")
}

fn listed(answer: &Value) -> String {
    let rows = |key: &str, row: fn(&Value) -> [String; 4]| -> Vec<_> {
        answer[key].as_array().into_iter().flatten().map(row).collect()
    };
    let mut all =
        rows("waiting", |node| ["asks to join".into(), word(&node["code"]), word(&node["mac"]), word(&node["name"])]);
    all.extend(rows("admitted", |node| {
        let code = node["id"]
            .as_str()
            .and_then(|id| id.parse::<Code>().ok())
            .map_or_else(String::new, |code| code.to_string());
        ["admitted".into(), code, word(&node["mac"]), String::new()]
    }));
    let open = if answer["admit_all"] == true { "every node that asks is admitted (--admit-all)\n" } else { "" };
    if all.is_empty() {
        return format!("{open}no node asks to join and none was admitted");
    }
    format!("{open}{}", print::table(["", "code", "node", "name"], &all))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn those_that_wait_come_first_with_the_code_to_compare() {
        let answer = json!({
            "waiting": [{"id": "CVYS0T3CHWKW", "code": "CVYS-0T3C-HWKW", "mac": "02:00:00:00:00:01", "name": "left"}],
            "admitted": [{"id": "000000000001", "mac": "02:00:00:00:00:02", "since_s": 1}],
            "admit_all": true,
        });
        let text = listed(&answer);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        assert!(at("--admit-all") < at("CVYS-0T3C-HWKW") && at("CVYS-0T3C-HWKW") < at("0000-0000-0001"));
        assert!(listed(&json!({})).contains("no node asks"));
    }
}
