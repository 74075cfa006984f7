//! This machine's addresses, and whether one lies in the network that a hub as access point makes.

use std::net::{IpAddr, Ipv4Addr};

use cuelight_wire::limits::{HUB_IP, HUB_NETWORK_BITS};
use nix::ifaddrs::getifaddrs;

/// Everybody on this machine.
const LOOPBACK_BROADCAST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// The machine's IPv4 addresses with the names of their interfaces; none when the system does not tell.
pub fn ipv4() -> Vec<(String, Ipv4Addr)> {
    let entries = getifaddrs().into_iter().flatten();
    let ipv4 = entries.filter_map(|entry| Some((entry.interface_name, entry.address?.as_sockaddr_in()?.ip())));
    ipv4.collect()
}

/// All addresses of the machine, but those of IPv6 that mean something on one link only.
pub fn all() -> Vec<IpAddr> {
    let entries = getifaddrs().into_iter().flatten();
    let addresses = entries.filter_map(|entry| {
        let address = entry.address?;
        let v4 = address.as_sockaddr_in().map(|at| IpAddr::V4(at.ip()));
        let v6 = address.as_sockaddr_in6().map(|at| at.ip()).filter(|ip| !ip.is_unicast_link_local());
        v4.or(v6.map(IpAddr::V6))
    });
    addresses.collect()
}

/// Whether `HOST:PORT` is on this machine: what goes there crosses no network.
pub fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Under which addresses everybody is reached on the network of this machine's address `at`, or on all its networks.
pub fn broadcasts(at: Option<Ipv4Addr>) -> Vec<Ipv4Addr> {
    let entries = getifaddrs().into_iter().flatten();
    let of_interface = entries.filter_map(|entry| {
        let address = entry.address?.as_sockaddr_in()?.ip();
        if at.is_some_and(|at| at != address) {
            return None;
        }
        // What is said to all of this machine is said here; interfaces without broadcast tell none, or their own address.
        let loopback = address.is_loopback().then_some(LOOPBACK_BROADCAST);
        let told = entry.broadcast.and_then(|broadcast| Some(broadcast.as_sockaddr_in()?.ip()));
        loopback.or(told).filter(|all| *all != address)
    });
    let mut all: Vec<_> = of_interface.chain(at.filter(Ipv4Addr::is_loopback).map(|_| LOOPBACK_BROADCAST)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether an address lies in the network of a hub that is the access point; the hub's own does.
pub fn is_on_hub_network(address: Ipv4Addr) -> bool {
    let network = |address: Ipv4Addr| address.to_bits() >> (u32::BITS - u32::from(HUB_NETWORK_BITS));
    network(address) == network(HUB_IP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_loopback() {
        assert!(ipv4().iter().any(|(_, address)| address.is_loopback()));
    }

    #[test]
    fn an_address_on_this_machine_is_known_by_its_text() {
        for here in
            ["localhost:8080", "LOCALHOST:1", "127.0.0.1:80", "127.0.71.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"]
        {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in
            ["hub.local:8080", "192.168.4.1:80", "[fe80::1]:80", "localhost.example:80", "127.0.0.1.example:80"]
        {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
        assert!(all().contains(&IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn everybody_on_this_machine_is_reached_from_any_of_its_own_addresses() {
        assert!(broadcasts(None).contains(&LOOPBACK_BROADCAST));
        assert_eq!(broadcasts(Some(Ipv4Addr::new(127, 0, 71, 1))), [LOOPBACK_BROADCAST]);
        assert!(broadcasts(Some(Ipv4Addr::new(192, 0, 2, 1))).is_empty(), "no address of this machine");
    }

    /// AP-7
    #[test]
    fn the_hubs_network_is_known_by_its_first_24_bits() {
        assert!(is_on_hub_network(Ipv4Addr::new(192, 168, 4, 50)) && is_on_hub_network(HUB_IP));
        assert!(!is_on_hub_network(Ipv4Addr::new(192, 168, 5, 1)) && !is_on_hub_network(Ipv4Addr::LOCALHOST));
    }
}
