//! `cuelight hub`.

use anyhow::Result;
use clap::Args;

use crate::config::{self, AccessPointOptions, ConfigFile, HubOptions};
use crate::{logging, shutdown};

const MORE: &str = "\
Each setting can also be given as a key of the table [hub] in the configuration file (`--lead-ms 250` is lead_ms = 250)
or as a variable (CUELIGHT_HUB_LEAD_MS=250). Variables go over the file, flags over both.

The access point has a table [access-point] and variables CUELIGHT_ACCESS_POINT_* of its own: interface, radio, ssid,
password or password_file, channel, country. It needs root, hostapd and dnsmasq.

Examples:
  cuelight hub
  cuelight hub --lead-ms 250                for nodes on Wi-Fi, which delivers in bursts
  cuelight hub --bind 192.168.4.1 --port 80 as an appliance; the port needs cap_net_bind_service
  cuelight hub --config show.toml
  cuelight hub --access-point wlan0 --password-file FILE   as the show's own Wi-Fi network
  cuelight hub --access-point eth1 --radio off             gives addresses on a wired network

The first start writes a key to operator.key in the data folder, with which the other subcommands on this machine command the
hub, and prints a setup code, with which the first browser makes an account. Programs get keys with `cuelight key new`.
Ctrl-C stops: the show is saved, nodes are told.";

/// `cuelight hub`.
#[derive(Args, Debug)]
#[command(after_long_help = MORE)]
pub(crate) struct Hub {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) flags: HubOptions,
    #[command(flatten)]
    pub(crate) access_point: AccessPointOptions,
}

impl Hub {
    /// Runs a hub until it is asked to stop.
    pub(crate) fn run(self) -> Result<()> {
        let file = self.config.options_of_hub()?;
        let environment: HubOptions = config::read_environment(config::HUB_VARIABLES, std::env::vars_os())?;
        let options = self.flags.over(environment).over(file.hub.clone().unwrap_or_default());
        let environment: AccessPointOptions =
            config::read_environment(config::ACCESS_POINT_VARIABLES, std::env::vars_os())?;
        let access_point =
            self.access_point.over(environment).over(file.access_point.clone().unwrap_or_default()).settings()?;
        logging::start(options.log.unwrap_or_default(), false);
        if let Some(role) = &file.role {
            role.tell();
        }
        Ok(cuelight_hub::run(options.settings_with(access_point), shutdown::requested())?)
    }
}
