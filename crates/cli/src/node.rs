//! `cuelight node`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use cuelight_node::{Ended, OutputSetting};
use cuelight_update::launch::RESTART;

use crate::config::{self, ConfigFile, NodeOptions};
use crate::{logging, shutdown};

const MORE: &str = "\
Each setting can also be given as a key of the table [node] in the configuration file (`--udp-port 0` is udp_port = 0) or
as a variable (CUELIGHT_NODE_UDP_PORT=0). Variables go over the file, flags over both. `--output` is the list outputs in a
file, and comma-separated in CUELIGHT_NODE_OUTPUTS.

Examples:
  cuelight node --output terminal                          finds the hub by mDNS, shows the pixels here
  cuelight node --hub 192.168.1.10 --geometry matrix:16x16:serpentine --output ddp:wled.local
  cuelight node --output ddp:10.0.0.7 --output ddp:10.0.0.8 --power-limit-ma 4000
  cuelight node --universes 1..4 --lights sacn             puts universes of a show out, 44 times a second
  cuelight node --lights 'sacn:1..4?sync=1000' --lights artnet:5..8@10.0.0.5
  cuelight node --fallback idle:Aurora                     what to show while the hub is missing
  cuelight node --config show.toml

Started by cuelight-launch, and with --update-key twice or more, it takes signed images from its hub.
A second node on one machine needs --mac and --udp-port 0 of its own. Ctrl-C stops.";

/// `cuelight node`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Node {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) flags: NodeOptions,
}

impl Node {
    /// Runs a node until it is asked to stop, or until it is to be started again.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let file = self.config.options_of_node()?;
        let environment: NodeOptions = config::read_environment(config::NODE_VARIABLES, std::env::vars_os())?;
        let options = self.flags.over(environment).over(file.node.unwrap_or_default());
        let settings = options.settings_with_show()?;
        let draws = settings.outputs.contains(&OutputSetting::Terminal);
        logging::start(options.log.unwrap_or_default(), draws);
        if let Some(role) = &file.role {
            role.tell();
        }
        Ok(match cuelight_node::run(settings, shutdown::requested())? {
            Ended::Asked => ExitCode::SUCCESS,
            Ended::Restart => ExitCode::from(RESTART),
        })
    }
}
