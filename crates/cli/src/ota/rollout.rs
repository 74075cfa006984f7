//! `cuelight ota rollout` and `cuelight ota rollback`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};

use super::follow;
use super::publish::PATIENCE;
use crate::ctl::call::{Call, put};
use crate::ctl::client::{Client, Target};
use crate::ctl::words::duration;
use crate::print;

/// `cuelight ota rollout`.
#[derive(Args, Debug)]
pub(super) struct Rollout {
    /// The version, which has to be published
    #[arg(id = "wanted", value_name = "VERSION")]
    version: String,
    /// Only these nodes, by number, MAC address or name [default: all that are there and can be updated]
    #[arg(long = "node", value_name = "NODE")]
    nodes: Vec<String>,
    /// The node that is first; the others follow by number
    #[arg(long, value_name = "NODE")]
    canary: Option<String>,
    /// Wait for `cuelight ota resume` after the first node
    #[arg(long)]
    confirm_canary: bool,
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    target: Target,
}

/// `cuelight ota rollback`.
#[derive(Args, Debug)]
pub(super) struct Rollback {
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    target: Target,
}

/// How nodes are treated, and what is shown meanwhile.
#[derive(Args, Debug)]
struct Manner {
    /// Update although this show is armed, by its name
    #[arg(long, value_name = "SHOW")]
    in_spite_of: Option<String>,
    /// How long a node may take, from the offer until it has proven itself [default: 3m]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    limit: Option<Duration>,
    /// How long a node has to be healthy on the new version [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    settle: Option<Duration>,
    /// Do not follow it; `cuelight ota status` shows how it stands
    #[arg(long)]
    detach: bool,
    /// Print JSON: the hub's answer with --detach, else how the rollout ended
    #[arg(long)]
    json: bool,
}

impl Rollout {
    /// Begins and follows it.
    pub(super) fn run(self) -> Result<()> {
        let mut body = Map::from_iter([("version".to_owned(), json!(self.version))]);
        put(&mut body, "nodes", (!self.nodes.is_empty()).then_some(self.nodes));
        put(&mut body, "canary", self.canary);
        put(&mut body, "confirm_canary", self.confirm_canary.then_some(true));
        self.manner.begin(&self.target, "/api/v1/ota/rollout", body)
    }
}

impl Rollback {
    /// Begins and follows it.
    pub(super) fn run(self) -> Result<()> {
        self.manner.begin(&self.target, "/api/v1/ota/rollback", Map::new())
    }
}

impl Manner {
    fn begin(self, target: &Target, path: &str, mut body: Map<String, Value>) -> Result<()> {
        put(&mut body, "in_spite_of", self.in_spite_of.as_deref());
        put(&mut body, "limit_s", self.limit.map(|limit| limit.as_secs()));
        put(&mut body, "settle_s", self.settle.map(|settle| settle.as_secs()));
        let client = Client::new(target).with_patience(PATIENCE);
        let answer = client.ask(&Call::post(path, body))?;
        match (self.detach, self.json) {
            (true, true) => print::json(&answer),
            (true, false) => print::text(&format!(
                "{} nodes, one at a time; `cuelight ota status --watch` shows how they do",
                answer["nodes"]
            )),
            (false, json) => follow::to_its_end(&client, json),
        }
    }
}
