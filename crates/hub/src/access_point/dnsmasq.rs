//! dnsmasq: its configuration, and the leases it keeps.

use std::net::Ipv4Addr;

use cuelight_wire::limits::{DHCP_FIRST, DHCP_LAST};
use serde::Serialize;
use utoipa::ToSchema;

use super::settings::Interface;

/// Addresses there are.
pub(super) const POOL: usize = (DHCP_LAST.octets()[3] - DHCP_FIRST.octets()[3]) as usize + 1;
/// How long an address is a device's own, in dnsmasq's words: longer than any show with its set-up, so that nobody asks
/// for anything while the lights are on.
const LEASE: &str = "12h";
/// Lines read of the lease file: a line a lease, and some to spare.
const MAX_LINES: usize = 4 * POOL;

/// The configuration file's text.
///
/// Addresses only (AP-5): no name server, because this network knows no names, and no router, so that a phone or laptop
/// keeps its other way to the internet and does not send it here. `no-ping`: devices that are switched on together would
/// wait for their addresses one after the other. Addresses follow from MAC addresses, so they stay the same as long as
/// there is room, even without the lease file.
pub(super) fn config(interface: &Interface) -> String {
    format!(
        "# Written by the Cuelight hub at every start.\n\
         port=0\n\
         interface={interface}\n\
         bind-dynamic\n\
         no-resolv\n\
         no-hosts\n\
         no-ping\n\
         pid-file=\n\
         dhcp-authoritative\n\
         dhcp-range={DHCP_FIRST},{DHCP_LAST},255.255.255.0,{LEASE}\n\
         dhcp-lease-max={POOL}\n\
         dhcp-option=option:router\n\
         dhcp-option=option:dns-server\n"
    )
}

/// An address that is a device's own for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Lease {
    #[schema(value_type = String)]
    pub(crate) ip: Ipv4Addr,
    pub(crate) mac: String,
    /// The name the device gave.
    pub(crate) name: Option<String>,
    /// Until then, seconds on the wall clock since 1970.
    pub(crate) until_s: u64,
}

/// The leases of a lease file that hold at `wall_s`, in the order of their addresses. Lines that are none are passed over.
pub(super) fn leases(text: &str, wall_s: u64) -> Vec<Lease> {
    let mut leases: Vec<Lease> = text.lines().take(MAX_LINES).filter_map(lease).collect();
    leases.retain(|lease| lease.until_s > wall_s);
    leases.sort_by_key(|lease| lease.ip);
    leases
}

/// Reads a line like `1795298692 22:4c:64:f0:63:0b 192.168.4.36 bike 01:22:4c:64:f0:63:0b`; `*` stands for no name.
fn lease(line: &str) -> Option<Lease> {
    let mut words = line.split_whitespace();
    let (until_s, mac, ip, name) = (words.next()?.parse().ok()?, words.next()?, words.next()?, words.next()?);
    let name = (name != "*").then(|| name.to_owned());
    Some(Lease { ip: ip.parse().ok()?, mac: mac.to_ascii_uppercase(), name, until_s })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AP-5
    #[test]
    fn addresses_are_given_on_one_interface_and_nothing_else_is() {
        let text = config(&"wlan0".parse().unwrap());
        let lines: Vec<_> = text.lines().collect();
        for line in [
            "port=0",
            "interface=wlan0",
            "dhcp-range=192.168.4.2,192.168.4.50,255.255.255.0,12h",
            "dhcp-lease-max=49",
            "dhcp-option=option:router",
            "dhcp-option=option:dns-server",
        ] {
            assert!(lines.contains(&line), "{line} is missing:\n{text}");
        }
    }

    #[test]
    fn leases_are_read_as_dnsmasq_writes_them() {
        let text = "1795298692 22:4c:64:f0:63:0b 192.168.4.36 * 01:22:4c:64:f0:63:0b\n\
                    1795298600 02:00:00:00:00:01 192.168.4.9 bike ff:01\n\
                    1795290000 02:00:00:00:00:02 192.168.4.8 old *\n\
                    duid 00:01:00:01\n\nhalf a line";
        let found = leases(text, 1_795_298_000);
        let shown: Vec<_> = found.iter().map(|l| (l.ip.to_string(), l.mac.as_str(), l.name.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("192.168.4.9".to_owned(), "02:00:00:00:00:01", Some("bike")),
                ("192.168.4.36".to_owned(), "22:4C:64:F0:63:0B", None)
            ]
        );
    }

    #[test]
    fn an_endless_lease_file_is_not_read_to_its_end() {
        let text = "9999999999 02:00:00:00:00:01 192.168.4.9 * *\n".repeat(10_000);
        assert_eq!(leases(&text, 0).len(), MAX_LINES);
    }
}
