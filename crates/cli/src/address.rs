//! The address of a hub, as people give it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use cuelight_wire::limits;

/// `HOST:PORT`, the port filled in where it was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HubAddress(String);

/// The text is no address of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadAddress;

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected HOST or HOST:PORT like 192.168.1.10 or hub.local:8080")
    }
}

impl std::error::Error for BadAddress {}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HubAddress {
    type Err = BadAddress;

    /// Reads a name or IP address, with or without port, with or without `http://`.
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        const PORT: u16 = limits::CTRL_HTTP_PORT_UNPRIVILEGED;
        let host = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        if let Ok(address) = host.parse::<SocketAddr>() {
            return Ok(Self(address.to_string()));
        }
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self(SocketAddr::new(ip, PORT).to_string()));
        }
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        match host.split_once(':') {
            None if is_name(host) => Ok(Self(format!("{host}:{PORT}"))),
            Some((name, port)) if is_name(name) && port.parse::<u16>().is_ok() => Ok(Self(host.to_owned())),
            _ => Err(BadAddress),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_is_named_in_any_usual_form() {
        for (given, meant) in [
            ("localhost", "localhost:8080"),
            ("hub.local:80", "hub.local:80"),
            ("192.168.1.10", "192.168.1.10:8080"),
            ("http://192.168.1.10:8081/", "192.168.1.10:8081"),
            ("::1", "[::1]:8080"),
            ("[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(given.parse::<HubAddress>().unwrap().to_string(), meant);
        }
        for bad in ["", "a b", "host:port", "host:99999", "https://host", "host/path", "host:80:80"] {
            assert_eq!(bad.parse::<HubAddress>(), Err(BadAddress), "{bad}");
        }
    }
}
