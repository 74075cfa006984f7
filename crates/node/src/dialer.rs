//! Finding the hub and opening the control connection to it.

use std::time::Duration;

use cuelight_net::mdns;
use cuelight_net::ws::{Channel, ConnectError, Timeouts, connect};
use cuelight_wire::limits::{CTRL_HTTP_PORT_UNPRIVILEGED, WS_PATH};
use thiserror::Error;

use crate::settings::with_port;

/// How long one look around for a hub takes; the session's backoff decides when the next one begins.
const LOOK_AROUND: Duration = Duration::from_secs(3);

/// Why there is no control connection.
#[derive(Debug, Error)]
pub(crate) enum DialError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("looking for a hub by mDNS failed: {0}; give its address with --hub HOST:PORT")]
    Browse(#[from] mdns::MdnsError),
    #[error("no hub announces itself on this network; start one, or give its address with --hub HOST:PORT")]
    NoHub,
}

/// Opens a control connection to `hub`, or to the first hub that announces itself.
pub(crate) async fn dial(hub: Option<String>) -> Result<Channel, DialError> {
    let address = match hub {
        Some(hub) => with_port(&hub, CTRL_HTTP_PORT_UNPRIVILEGED),
        None => find().await?,
    };
    Ok(connect(&address, WS_PATH, Timeouts::default()).await?)
}

/// The address of the first hub that announces itself.
async fn find() -> Result<String, DialError> {
    let found = tokio::task::spawn_blocking(|| mdns::browse(LOOK_AROUND, |_| true)).await;
    let hubs = found.map_err(|_| DialError::NoHub)??;
    let address = hubs.first().and_then(|hub| hub.addresses.first());
    address.map(ToString::to_string).ok_or(DialError::NoHub)
}
