//! `cuelight hub`.

use anyhow::Result;
use clap::Args;

use crate::config::{self, ConfigFile, HubOptions};
use crate::{logging, shutdown};

const MORE: &str = "\
Each setting can also be given as a key of the table [hub] in the configuration file (`--lead-ms 250` is lead_ms = 250)
or as a variable (CUELIGHT_HUB_LEAD_MS=250). Variables go over the file, flags over both.

Examples:
  cuelight hub
  cuelight hub --lead-ms 250                for nodes on Wi-Fi, which delivers in bursts
  cuelight hub --bind 192.168.4.1 --port 80 as an appliance; the port needs cap_net_bind_service
  cuelight hub --config show.toml

The first start writes a key to operator.key in the data folder. Control calls from other machines need it.
Ctrl-C stops: the show is saved, nodes are told.";

/// `cuelight hub`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Hub {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    flags: HubOptions,
}

impl Hub {
    /// Runs a hub until it is asked to stop.
    pub(crate) fn run(self) -> Result<()> {
        let file = self.config.options()?.hub.unwrap_or_default();
        let environment: HubOptions = config::read_environment(config::HUB_VARIABLES, std::env::vars_os())?;
        let options = self.flags.over(environment).over(file);
        logging::start(options.log.unwrap_or_default(), false);
        Ok(cuelight_hub::run(options.settings(), shutdown::requested())?)
    }
}
