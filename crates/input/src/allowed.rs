//! Who is listened to: a list of addresses and networks. Implements DMX-46.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// Addresses that datagrams are taken from. An empty list is everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(Vec<Network>);

/// An address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: Ipv4Addr,
    bits: u8,
}

/// The text is no list of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected IPv4 addresses or networks like 10.0.0.5 or 10.0.0.0/24, separated by commas")]
pub struct BadAddress;

impl Allowed {
    /// Whether what comes from `from` is taken.
    pub fn admits(&self, from: Ipv4Addr) -> bool {
        self.0.is_empty() || self.0.iter().any(|network| network.contains(from))
    }
    /// Whether everybody is listened to.
    pub const fn is_everybody(&self) -> bool {
        self.0.is_empty()
    }
}

impl Network {
    fn contains(self, address: Ipv4Addr) -> bool {
        let differing = self.address.to_bits() ^ address.to_bits();
        differing.checked_shr(u32::BITS - u32::from(self.bits)).unwrap_or(0) == 0
    }
}

impl FromStr for Allowed {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Network {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
        let bits = bits.parse().ok().filter(|bits| *bits <= 32).ok_or(BadAddress)?;
        Ok(Self { address: address.parse().map_err(|_| BadAddress)?, bits })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Network { address, bits }) in self.0.iter().enumerate() {
            write!(f, "{}{address}", if i == 0 { "" } else { "," })?;
            if *bits < 32 {
                write!(f, "/{bits}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DMX-46
    #[test]
    fn a_list_admits_its_addresses_and_networks_and_an_empty_one_everybody() {
        let allowed: Allowed = "10.0.0.5,10.1.0.0/16".parse().unwrap();
        let admits = |text: &str| allowed.admits(text.parse().unwrap());
        assert!(admits("10.0.0.5") && admits("10.1.0.0") && admits("10.1.255.255"));
        assert!(!admits("10.0.0.4") && !admits("10.2.0.0") && !admits("138.0.0.5"));
        assert!("0.0.0.0/0".parse::<Allowed>().unwrap().admits(Ipv4Addr::BROADCAST));
        assert!(Allowed::default().admits(Ipv4Addr::LOCALHOST) && Allowed::default().is_everybody());
        assert_eq!(allowed.to_string(), "10.0.0.5,10.1.0.0/16");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["", "10.0.0", "10.0.0.1/33", "10.0.0.1/-1", "desk", "10.0.0.1,", "::1"] {
            assert_eq!(bad.parse::<Allowed>(), Err(BadAddress), "{bad}");
        }
    }
}
