//! Finding the hub and opening the control connection to it.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use cuelight_net::addresses::{ipv4, is_on_hub_network};
use cuelight_net::mdns;
use cuelight_net::ws::{Channel, ConnectError, Timeouts, connect};
use cuelight_wire::limits::{CTRL_HTTP_PORT, CTRL_HTTP_PORT_UNPRIVILEGED, HUB_IP, WS_PATH};
use thiserror::Error;
use tracing::debug;

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

/// Opens a control connection to `hub`, or, where it `looks_around` and that one does not answer, to the first that announces
/// itself. Without one: to the hub whose network this is, if it is one (AP-7), else to the first hub that announces itself.
pub(crate) async fn dial(hub: Option<String>, looks_around: bool) -> Result<Channel, DialError> {
    let address = match hub {
        Some(hub) => {
            let given = with_port(&hub, CTRL_HTTP_PORT_UNPRIVILEGED);
            match connect(&given, WS_PATH, Timeouts::default()).await {
                // That nobody announces itself is no news where a hub was named.
                Err(error) if looks_around => find().await.map_err(|_| error)?,
                answer => return Ok(answer?),
            }
        }
        None => {
            if let Some(access_point) = access_point(&ipv4()) {
                match connect(&access_point.to_string(), WS_PATH, Timeouts::default()).await {
                    Ok(channel) => return Ok(channel),
                    Err(error) => debug!("this looks like a hub's own network, but {error}"),
                }
            }
            find().await?
        }
    };
    Ok(connect(&address, WS_PATH, Timeouts::default()).await?)
}

/// Where the hub is when one of these addresses was given by it. A machine that has the hub's own address is the hub.
fn access_point(addresses: &[(String, Ipv4Addr)]) -> Option<SocketAddrV4> {
    let is_hub = addresses.iter().any(|(_, address)| *address == HUB_IP);
    let is_there = addresses.iter().any(|(_, address)| is_on_hub_network(*address));
    (is_there && !is_hub).then(|| SocketAddrV4::new(HUB_IP, CTRL_HTTP_PORT))
}

/// The address of the first hub that announces itself.
async fn find() -> Result<String, DialError> {
    let found = tokio::task::spawn_blocking(|| mdns::browse(LOOK_AROUND, |_| true)).await;
    let hubs = found.map_err(|_| DialError::NoHub)??;
    let address = hubs.first().and_then(|hub| hub.addresses.first());
    address.map(ToString::to_string).ok_or(DialError::NoHub)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AP-7
    #[test]
    fn on_a_hubs_own_network_its_address_is_known() {
        let of = |address: &str| access_point(&[("wlan0".to_owned(), address.parse().unwrap())]);
        assert_eq!(of("192.168.4.17"), Some("192.168.4.1:80".parse().unwrap()));
        assert_eq!(of("192.168.1.17"), None);
        assert_eq!(of("192.168.4.1"), None, "the hub's machine finds its hub by mDNS, whatever its port is");
    }
}
