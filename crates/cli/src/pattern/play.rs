//! `cuelight pattern play` and `cuelight pattern stop`.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Map, Value, json};

use super::store::{Place, Store, session};
use crate::ctl::call::{Call, done, escaped, put};
use crate::ctl::words::duration;
use crate::print;

/// `cuelight pattern play`.
#[derive(Args, Debug)]
pub(super) struct Play {
    /// The pattern
    name: String,
    /// Once, and its last frame stays [default: over and over]
    #[arg(long)]
    once: bool,
    /// Start so long from now, 10ms to 2s [default: the hub's lead]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lead: Option<Duration>,
    #[command(flatten)]
    place: Scope,
    #[command(flatten)]
    store: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `cuelight pattern stop`.
#[derive(Args, Debug)]
pub(super) struct Stop {
    #[command(flatten)]
    place: Scope,
    #[command(flatten)]
    store: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// On which nodes, and how fast.
#[derive(Args, Clone, Debug, Default)]
struct Scope {
    /// On one node, by its number, MAC address or name [default: the whole show]
    #[arg(long, conflicts_with = "group")]
    node: Option<String>,
    /// On the nodes of a group
    #[arg(long)]
    group: Option<String>,
    /// Time of the cross-fade, like 500ms or 2s [default: at once]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    fade: Option<Duration>,
}

impl Scope {
    fn is_given(&self) -> bool {
        self.node.is_some() || self.group.is_some() || self.fade.is_some()
    }
    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let node = self.node.as_ref().map(|node| format!("node:{node}"));
        put(&mut body, "scope", node.or_else(|| self.group.as_ref().map(|group| format!("group:{group}"))));
        put(&mut body, "fade_ms", self.fade.map(ms));
        body
    }
}

/// Milliseconds; times on the command line are at most an hour.
fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What only a hub can do.
const FOR_A_HUB: &str =
    "--node, --group, --fade, --lead and --once are for a hub: a device plays at once, over and over";

impl Play {
    /// Plays it.
    pub(super) fn run(self) -> Result<()> {
        match self.store.store() {
            Store::Hub(hub) => told(&hub.ask(&self.call())?, self.json),
            store @ Store::Device(_) => {
                ensure!(!self.place.is_given() && !self.once && self.lead.is_none(), FOR_A_HUB);
                let target = store.open()?.target;
                session(&target, async |client| client.play(&self.name).await)
                    .with_context(|| format!("\"{}\" is not played", self.name))?;
                told_of_device(&format!("{} plays {}", target.address, self.name), self.json)
            }
        }
    }
    fn call(&self) -> Call {
        let mut body = self.place.body();
        put(&mut body, "loop", self.once.then_some(false));
        put(&mut body, "lead_ms", self.lead.map(ms));
        Call::post(format!("/api/v1/patterns/{}/play", escaped(&self.name)), body)
    }
}

impl Stop {
    /// Stops whatever pattern plays.
    pub(super) fn run(self) -> Result<()> {
        match self.store.store() {
            Store::Hub(hub) => told(&hub.ask(&Call::post("/api/v1/patterns/stop", self.place.body()))?, self.json),
            store @ Store::Device(_) => {
                ensure!(!self.place.is_given(), FOR_A_HUB);
                let target = store.open()?.target;
                session(&target, async |client| client.stop().await)?;
                told_of_device(&format!("{} plays no pattern", target.address), self.json)
            }
        }
    }
}

fn told(answer: &Value, json: bool) -> Result<()> {
    if json { print::json(answer) } else { print::text(&done(answer)) }
}

fn told_of_device(words: &str, json: bool) -> Result<()> {
    if json { print::json(&json!({"accepted": true})) } else { print::text(words) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        play: Play,
    }

    fn call(words: &[&str]) -> Call {
        Line::try_parse_from([&["play"], words].concat()).unwrap().play.call()
    }

    #[test]
    fn what_is_given_is_asked_for_and_nothing_else() {
        let plain = call(&["Ocean Waves"]);
        assert_eq!((plain.path.as_str(), plain.body), ("/api/v1/patterns/Ocean%20Waves/play", Some(json!({}))));
        let all = call(&["a", "--node", "left", "--fade", "1.5s", "--lead", "300ms", "--once"]);
        assert_eq!(all.body, Some(json!({"scope": "node:left", "fade_ms": 1500, "lead_ms": 300, "loop": false})));
        assert_eq!(call(&["a", "--group", "front"]).body, Some(json!({"scope": "group:front"})));
        assert!(Line::try_parse_from(["play", "a", "--node", "1", "--group", "b"]).is_err());
    }
}
