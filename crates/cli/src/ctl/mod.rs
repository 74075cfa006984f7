//! `cuelight ctl`: commands a running hub over its HTTP API. Names of nodes, groups, effects and palettes are resolved by
//! the hub.

mod belief;
mod blackout;
pub(crate) mod call;
pub(crate) mod client;
mod group;
mod master;
mod node;
mod scene;
mod set;
mod status;
mod tempo;
pub(crate) mod words;
mod zones;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

use self::call::Call;
use self::client::{Client, Target};
use crate::print;

const MORE: &str = "\
Examples:
  cuelight ctl status --watch
  cuelight ctl scene fire --palette lava --fade 2s
  cuelight ctl scene --preset Ocean --scope group:bikes
  cuelight ctl set brightness=120 speed=200
  cuelight ctl tempo 128
  cuelight ctl blackout on
  cuelight ctl --hub 192.168.1.10 nodes --json

A hub asks for a key: --key-file, CUELIGHT_KEY, or the file operator.key that its first start wrote into its data folder,
which is found by itself on the hub's own machine. `cuelight key new` makes further ones.

Exit codes: 0 done, 1 the hub refused or does not answer, 2 wrong usage.";

/// `cuelight ctl`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Ctl {
    #[command(flatten)]
    target: Target,
    /// Makes a repeated call harmless: the hub carries out a command once for each key of 1 to 64 characters.
    #[arg(long, value_name = "KEY", global = true, help_heading = "Which hub")]
    idempotency_key: Option<String>,
    /// Print the hub's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

/// What to ask or command.
#[derive(Debug, Subcommand)]
enum What {
    /// Show the whole show: scene, tempo, nodes
    Status(status::Status),
    /// Show the scene, or change it
    Scene(scene::Scene),
    /// Change parameters of the scene
    Set(set::Set),
    /// Show the zones, replace them, or switch them off
    Zones(zones::Zones),
    /// Everything dark, or not
    Blackout(blackout::Blackout),
    /// Show or set the level above all scenes
    Master(master::Master),
    /// Show or set the tempo
    Tempo(tempo::Tempo),
    /// Tap the tempo: call it on each beat
    Tap(tempo::Tap),
    /// List the nodes
    Nodes(node::Nodes),
    /// Rename, restart, test or forget a node
    #[command(subcommand)]
    Node(node::Node),
    /// List the groups
    Groups(group::Groups),
    /// Make, change or delete a group
    #[command(subcommand)]
    Group(group::Group),
}

/// A request and how to put its answer for people.
trait Ask {
    /// The request.
    fn call(&self) -> Call;
    /// The answer in words.
    fn words(&self, answer: &Value) -> String;
}

impl Ctl {
    /// Asks the hub and prints its answer.
    pub(crate) fn run(self) -> Result<()> {
        let client = Client::new(&self.target).with_idempotency_key(self.idempotency_key);
        let ask: &dyn Ask = match &self.what {
            What::Status(status) => match status.period() {
                Some(period) => return status::watch(&client, status, period, self.json),
                None => status,
            },
            What::Scene(scene) => scene,
            What::Set(set) => set,
            What::Zones(zones) => zones,
            What::Blackout(blackout) => blackout,
            What::Master(master) => master,
            What::Tempo(tempo) => tempo,
            What::Tap(tap) => tap,
            What::Nodes(nodes) => nodes,
            What::Node(node) => node,
            What::Groups(groups) => groups,
            What::Group(group) => group,
        };
        let answer = client.ask(&ask.call())?;
        if self.json { print::json(&answer) } else { print::text(&ask.words(&answer)) }
    }
}
