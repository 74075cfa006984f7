//! `cuelight run`: a hub or a node, as the configuration file says.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::config::{AccessPointOptions, ConfigFile, HubOptions, NodeOptions, Role};
use crate::hub::Hub;
use crate::node::Node;

const MORE: &str = "\
The file says what this machine is, in JSON, TOML or YAML:

  {\"role\": \"master\", \"node_id\": \"master-01\", \"listen_port\": 9000, \"broadcast_enabled\": true, \"managed_nodes\":
    [{\"node_id\": \"node-01\", \"ip\": \"192.168.1.101\", \"universe_map\": [1, 2], \"role\": \"dmx_output\"}]}

  {\"role\": \"receiver\", \"node_id\": \"node-01\", \"master_ip\": \"192.168.1.100\", \"master_port\": 9000,
    \"local_universes\": [1, 2], \"capabilities\": [\"dmx_output\"], \"auto_discover\": true}

`cuelight check FILE` explains it. Variables CUELIGHT_HUB_* and CUELIGHT_NODE_* go over the file.";

/// `cuelight run`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Run {
    #[command(flatten)]
    config: ConfigFile,
}

impl Run {
    /// Runs what the file says until it is asked to stop.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let config = self.config;
        match config.options()?.role {
            Some(Role::Master(_)) => {
                let (flags, access_point) = (HubOptions::default(), AccessPointOptions::default());
                Hub { config, flags, access_point }.run().map(|()| ExitCode::SUCCESS)
            }
            Some(Role::Receiver(_)) => Node { config, flags: NodeOptions::default() }.run(),
            None => Err(config.refusal("expected --config FILE with role = master or receiver").into()),
        }
    }
}
