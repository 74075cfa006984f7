//! Why a hub cannot be the access point: what is wrong, where, and what to do.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use thiserror::Error;

use super::settings::{Channel, Interface};

/// Why a hub cannot be the access point. Nothing has been changed on the machine then.
#[derive(Debug, Error)]
pub enum AccessPointError {
    /// A program is not there.
    #[error("an access point needs the program {program}, which is not installed: sudo apt-get install {package}")]
    NoProgram {
        /// Which.
        program: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// The process may not change the network.
    #[error(
        "an access point needs root, or {missing} as ambient capabilities (AmbientCapabilities= in a systemd unit): \
         addresses, the radio and DHCP are the system's"
    )]
    NoPrivilege {
        /// The capabilities that are missing.
        missing: String,
    },
    /// There is no such interface.
    #[error("there is no interface {wanted}; this machine has {}", list(.there))]
    NoInterface {
        /// Which was asked for.
        wanted: Interface,
        /// Those there are.
        there: Vec<String>,
    },
    /// The interface has no radio.
    #[error("{0} is no Wi-Fi interface: choose one, or use --radio off for DHCP on a wired network")]
    NoRadio(Interface),
    /// The radio is switched off.
    #[error("the radio of {interface} is switched off {how}")]
    Blocked {
        /// Whose.
        interface: Interface,
        /// By what, and what to do.
        how: &'static str,
    },
    /// The interface has an address already: it belongs to another network, which must not get a second DHCP server.
    #[error(
        "{interface} has the address {address}, so it belongs to another network, and a DHCP server there would \
         disturb it: choose an interface that nothing else uses, or take the address away (ip address flush dev \
         {interface})"
    )]
    InUse {
        /// Which.
        interface: Interface,
        /// Its address.
        address: Ipv4Addr,
    },
    /// Another interface is in the network 192.168.4.0/24.
    #[error(
        "{other} has the address {address}, which lies in the network that the access point makes (192.168.4.0/24): \
         disconnect {other}, or give it another network"
    )]
    Overlap {
        /// Which.
        other: String,
        /// Its address.
        address: Ipv4Addr,
    },
    /// Another program looks after the interface.
    #[error("{who} looks after {interface}: {advice}")]
    Managed {
        /// Whose.
        interface: Interface,
        /// Which program.
        who: &'static str,
        /// How to make it leave the interface alone.
        advice: String,
    },
    /// The channel is not allowed everywhere.
    #[error("channel {0} is not allowed everywhere: set the country, as in --country DE")]
    NeedsCountry(Channel),
    /// A file cannot be written.
    #[error("{path} cannot be written: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program that was to change the network failed.
    #[error("`{command}` failed: {reason}")]
    Failed {
        /// The command line.
        command: String,
        /// What it said.
        reason: String,
    },
    /// Something the system should always give.
    #[error("the system refuses {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AP-4
    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let error = AccessPointError::NoProgram { program: "dnsmasq", package: "dnsmasq-base" };
        assert!(error.to_string().ends_with("sudo apt-get install dnsmasq-base"));
    }
}
