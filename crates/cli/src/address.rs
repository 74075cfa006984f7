//! Addresses of hubs and of devices, as people give them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use cuelight_net::addresses::is_loopback;
use cuelight_wire::limits;

/// `HOST:PORT`, the port filled in where it was left out, and whether it is spoken to in TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HubAddress {
    host: String,
    /// None: nothing was said.
    scheme: Option<Scheme>,
}

/// What a connection travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }
}

/// `HOST:PORT` of a node's or a device's own store, the port filled in where it was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceAddress(String);

/// The text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadAddress;

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected HOST or HOST:PORT like 192.168.1.10 or hub.local:8080")
    }
}

impl std::error::Error for BadAddress {}

/// As it was given, so that it can be given on.
impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scheme.map_or("", Scheme::prefix), self.host)
    }
}

impl HubAddress {
    /// The hub at an IP address, on the usual port unless there is one.
    pub(crate) fn of(ip: IpAddr, port: Option<u16>) -> Self {
        let host = SocketAddr::new(ip, port.unwrap_or(limits::CTRL_HTTP_PORT_UNPRIVILEGED)).to_string();
        Self { host, scheme: None }
    }
    /// `HOST:PORT`
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
    /// Whether it is spoken to in TLS: unless plain text is asked for, or the hub is on this machine (TRUST-11).
    pub(crate) fn is_tls(&self) -> bool {
        self.scheme.map_or_else(|| !is_loopback(&self.host), |scheme| scheme == Scheme::Https)
    }
    /// `https://HOST:PORT`
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.is_tls() { Scheme::Https } else { Scheme::Http };
        format!("{}{}", scheme.prefix(), self.host)
    }
}

impl FromStr for HubAddress {
    type Err = BadAddress;

    /// Reads a name or IP address, with or without port, with or without `http://` or `https://`.
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let mut schemes = [Scheme::Http, Scheme::Https].into_iter();
        let given = schemes.find_map(|scheme| Some((Some(scheme), text.strip_prefix(scheme.prefix())?)));
        let (scheme, host) = given.unwrap_or((None, text));
        let host = with_port(host.trim_end_matches('/'), limits::CTRL_HTTP_PORT_UNPRIVILEGED)?;
        Ok(Self { host, scheme })
    }
}

impl fmt::Display for DeviceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DeviceAddress {
    type Err = BadAddress;

    /// Reads a name or IP address, with or without port, or the URL that a node's log tells.
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let host = text.strip_prefix("ws://").unwrap_or(text);
        let host = host.strip_suffix(limits::WS_PATH).unwrap_or(host).trim_end_matches('/');
        with_port(host, limits::PATTERN_PORT).map(Self)
    }
}

fn with_port(host: &str, default: u16) -> Result<String, BadAddress> {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return Ok(address.to_string());
    }
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, default).to_string());
    }
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    match host.split_once(':') {
        None if is_name(host) => Ok(format!("{host}:{default}")),
        Some((name, port)) if is_name(name) && port.parse::<u16>().is_ok() => Ok(host.to_owned()),
        _ => Err(BadAddress),
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
            ("http://192.168.1.10:8081/", "http://192.168.1.10:8081"),
            ("https://hub.local", "https://hub.local:8080"),
            ("::1", "[::1]:8080"),
            ("[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(given.parse::<HubAddress>().unwrap().to_string(), meant);
        }
        for bad in ["", "a b", "host:port", "host:99999", "ftp://host", "host/path", "host:80:80"] {
            assert_eq!(bad.parse::<HubAddress>(), Err(BadAddress), "{bad}");
        }
    }

    /// TRUST-11
    #[test]
    fn a_hub_is_spoken_to_in_tls_but_on_this_machine_or_where_plain_text_is_asked_for() {
        for (given, origin) in [
            ("hub.local", "https://hub.local:8080"),
            ("http://hub.local", "http://hub.local:8080"),
            ("localhost", "http://localhost:8080"),
            ("127.0.0.1:9", "http://127.0.0.1:9"),
            ("https://localhost:9", "https://localhost:9"),
        ] {
            assert_eq!(given.parse::<HubAddress>().unwrap().origin(), origin);
        }
    }

    #[test]
    fn a_device_is_named_by_its_host_or_by_the_url_it_tells() {
        for (given, meant) in [
            ("192.168.4.30", "192.168.4.30:8081"),
            ("k1.local:80", "k1.local:80"),
            ("ws://cuelight-02c0e17e5701.local:8081/ws", "cuelight-02c0e17e5701.local:8081"),
        ] {
            assert_eq!(given.parse::<DeviceAddress>().unwrap().to_string(), meant);
        }
        for bad in ["", "http://k1.local", "k1.local/other"] {
            assert_eq!(bad.parse::<DeviceAddress>(), Err(BadAddress), "{bad}");
        }
    }
}
