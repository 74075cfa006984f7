//! This machine's IPv4 addresses, and whether one lies in the network that a hub as access point makes.

use std::net::Ipv4Addr;

use cuelight_wire::limits::{HUB_IP, HUB_NETWORK_BITS};
use nix::ifaddrs::getifaddrs;

/// The machine's IPv4 addresses with the names of their interfaces; none when the system does not tell.
pub fn ipv4() -> Vec<(String, Ipv4Addr)> {
    let entries = getifaddrs().into_iter().flatten();
    let ipv4 = entries.filter_map(|entry| Some((entry.interface_name, entry.address?.as_sockaddr_in()?.ip())));
    ipv4.collect()
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

    /// AP-7
    #[test]
    fn the_hubs_network_is_known_by_its_first_24_bits() {
        assert!(is_on_hub_network(Ipv4Addr::new(192, 168, 4, 50)) && is_on_hub_network(HUB_IP));
        assert!(!is_on_hub_network(Ipv4Addr::new(192, 168, 5, 1)) && !is_on_hub_network(Ipv4Addr::LOCALHOST));
    }
}
