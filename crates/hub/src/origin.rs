//! The hub's own address as the other side of a connection reaches it: images are offered with absolute addresses.

use std::fmt;
use std::net::SocketAddr;

use axum::http::{HeaderMap, header};
use cuelight_conductor::rollout::Image;
use cuelight_wire::control::{HubMessage, OtaUpdate, Text};

use crate::front::Carrier;

/// Bytes of an `ota_update`'s address.
const MAX_URL: usize = 256;
/// The longest scheme.
const SCHEME: &str = "https://";

/// Where the other side found the hub.
#[derive(Clone, Debug)]
pub(crate) struct Origin(String);

impl Origin {
    /// What the request calls the hub (`Host`), which works through forwarded ports too, or else the address it came to.
    pub(crate) fn of(headers: &HeaderMap, local: Option<SocketAddr>, carrier: Carrier) -> Self {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host));
        let local = || local.map(|at| SocketAddr::new(at.ip().to_canonical(), at.port()).to_string());
        let scheme = match carrier {
            Carrier::Tls => SCHEME,
            Carrier::Plain => "http://",
        };
        Self(format!("{scheme}{}", host.map(str::to_owned).or_else(local).unwrap_or_else(|| "localhost".into())))
    }

    /// The message with this origin before the path it has from the conductor.
    pub(crate) fn addressed(&self, message: HubMessage) -> HubMessage {
        let HubMessage::OtaUpdate(update) = message else { return message };
        let mut url = Text::new();
        // An origin and a path that are too long together were refused before.
        let _ = url.push_str(&self.0).and_then(|()| url.push_str(&update.url));
        HubMessage::OtaUpdate(OtaUpdate { url, ..update })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name or address with or without a port, no longer than leaves room for a path.
fn is_host(host: &str) -> bool {
    (1..=MAX_URL - Image::MAX_PATH - SCHEME.len()).contains(&host.len())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(host: &str, local: Option<&str>) -> String {
        origin_in(host, local, Carrier::Plain)
    }
    fn origin_in(host: &str, local: Option<&str>, carrier: Carrier) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        Origin::of(&headers, local.map(|local| local.parse().unwrap()), carrier).0
    }

    /// OTA-12
    #[test]
    fn a_node_is_told_the_address_it_knows_the_hub_by() {
        let local = Some("[::ffff:10.0.0.7]:8080");
        assert_eq!(origin("hub.lan:8080", local), "http://hub.lan:8080");
        assert_eq!(origin_in("hub.lan:8080", local, Carrier::Tls), "https://hub.lan:8080");
        assert_eq!(origin("192.168.4.1", local), "http://192.168.4.1");
        assert_eq!(origin("[fe80::1]:80", local), "http://[fe80::1]:80");
        for strange in ["", "hub/../x", "a b", "hub@evil", &"x".repeat(90)] {
            assert_eq!(origin(strange, local), "http://10.0.0.7:8080", "{strange}");
        }
    }
}
