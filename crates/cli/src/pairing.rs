//! `cuelight pairing`: which nodes belong to the show of a hub.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use cuelight_trust::{Authority, Code, NodeSecret, kept};
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
  cuelight pairing admit 7Q2M-0X4K-9T3B-5HWE
  cuelight pairing refuse 7Q2M-0X4K-9T3B-5HWE      its session ends; `admit` takes it back
  cuelight pairing key --hub-ca ca.pem >> keys.csv on a node: what `cuelight hub --admit-keys keys.csv` admits without asking

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
    /// Refuse the node of this code, whether it asks or was admitted
    Refuse {
        /// The code, with or without hyphens.
        code: Code,
    },
    /// Print the hash of the key that this machine's node shows to the hub of --hub-ca, or to the one it knows
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
                return print::text(&key_hash(&folder, self.target.hub_ca())?);
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

/// What the hub of this authority keeps of the node's key; each authority is shown another.
fn key_hash(folder: &Path, given: Option<&Authority>) -> Result<String> {
    let given = given.and_then(|authority| authority.pins().first().copied());
    let known = given.map_or_else(|| kept(&folder.join("hub-ca")), |pin| Ok(Some(pin)))?;
    let authority = known.context("a node has another key for each hub: say which with --hub-ca FILE or sha256:HEX")?;
    Ok(NodeSecret::load_or_create(&folder.join("node-key"))?.key(authority).hash().to_string())
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
    for state in ["admitted", "refused"] {
        let settled = rows(state, |node| [String::new(), word(&node["code"]), word(&node["mac"]), String::new()]);
        all.extend(settled.into_iter().map(|[_, code, mac, name]| [state.to_owned(), code, mac, name]));
    }
    let open = if answer["admit_all"] == true { "every node that asks is admitted (--admit-all)\n" } else { "" };
    if all.is_empty() {
        return format!("{open}no node asks to join, and none was admitted or refused");
    }
    format!("{open}{}", print::table(["", "code", "node", "name"], &all))
}

#[cfg(test)]
mod tests {
    use cuelight_trust::Pin;
    use serde_json::json;

    use super::*;

    #[test]
    fn those_that_wait_come_first_with_the_code_to_compare() {
        let answer = json!({
            "waiting": [{"code": "CVYS-0T3C-HWKW-89P5", "mac": "02:00:00:00:00:01", "name": "left"}],
            "admitted": [{"code": "0000-0000-0000-0001", "mac": "02:00:00:00:00:02", "since_s": 1}],
            "refused": [{"code": "0000-0000-0000-0002", "mac": "02:00:00:00:00:03", "since_s": 1}],
            "admit_all": true,
        });
        let text = listed(&answer);
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        let in_order =
            ["--admit-all", "asks to join", "CVYS-0T3C-HWKW-89P5", "admitted  ", "-0001", "refused", "-0002"];
        assert!(in_order.map(at).is_sorted(), "{text}");
        assert!(listed(&json!({})).contains("no node asks"));
    }

    /// TRUST-14
    #[test]
    fn the_hash_of_a_key_is_that_of_the_given_hub_or_of_the_one_the_node_knows() {
        let folder = tempfile::tempdir().unwrap();
        let hash = |given: Option<Pin>| key_hash(folder.path(), given.map(Authority::from).as_ref());
        assert!(hash(None).unwrap_err().to_string().contains("--hub-ca"));
        cuelight_trust::keep(&folder.path().join("hub-ca"), Pin([1; 32])).unwrap();
        assert_eq!(hash(None).unwrap(), hash(Some(Pin([1; 32]))).unwrap());
        assert_ne!(hash(None).unwrap(), hash(Some(Pin([2; 32]))).unwrap());
    }
}
