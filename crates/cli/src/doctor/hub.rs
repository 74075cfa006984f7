//! A hub the user named.

use super::Finding;
use crate::address::HubAddress;
use crate::ctl::call::Call;
use crate::ctl::client::{Client, Target};

const NAME: &str = "hub";

pub(super) fn check(hub: &HubAddress) -> Finding {
    let health = Client::new(&Target::at(hub.clone())).ask(&Call::get("/health"));
    match health {
        Ok(health) => Finding::ok(
            NAME,
            format!(
                "{hub} answers: {}, version {}, up {} s",
                health["status"].as_str().unwrap_or("no status"),
                health["version"].as_str().unwrap_or("unknown"),
                health["uptime_s"]
            ),
        ),
        Err(error) => Finding::fail(NAME, format!("{error:#}"), "is it running, and does a firewall let TCP through?"),
    }
}
