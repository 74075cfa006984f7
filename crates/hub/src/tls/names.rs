//! By which names and addresses a machine is called: what its certificate is for.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cuelight_net::addresses;
use rcgen::SanType;

use super::Machine;

/// Names in a certificate, at most; a machine with hundreds of addresses is called by few of them.
const MOST: usize = 64;

impl Machine {
    /// Its names and addresses, sorted: what is the same needs no new certificate.
    pub(crate) fn names(&self) -> Vec<SanType> {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        names(host.trim(), self, addresses::all())
    }
}

fn names(host: &str, machine: &Machine, addresses: Vec<IpAddr>) -> Vec<SanType> {
    let short = host.split('.').next().unwrap_or_default();
    let own = [host.to_owned(), format!("{short}.local"), format!("{}.local", machine.label)];
    let mut called: Vec<String> = own.into_iter().filter(|name| is_name(name)).collect();
    called.sort();
    called.dedup();
    let fixed = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let bound = (!machine.bind.is_unspecified()).then_some(machine.bind);
    let mut at: Vec<IpAddr> = addresses.into_iter().chain(machine.more.iter().copied()).chain(bound).collect();
    at.retain(|ip| !fixed.contains(ip));
    at.sort();
    at.dedup();
    let called = std::iter::once("localhost".to_owned()).chain(called);
    let names = called.filter_map(|name| Some(SanType::DnsName(name.try_into().ok()?)));
    names.chain(fixed.into_iter().chain(at).map(SanType::IpAddress)).take(MOST).collect()
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name != "localhost" && name != "localhost.local" && name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_called_by_its_names_and_all_its_addresses() {
        let machine =
            Machine { label: "cuelight-0a1b".into(), bind: [0, 0, 0, 0].into(), more: vec![[192, 168, 4, 1].into()] };
        let shown: Vec<String> = names("stage.example", &machine, vec![[10, 0, 0, 7].into(), [127, 0, 0, 1].into()])
            .iter()
            .map(|name| match name {
                SanType::DnsName(name) => name.as_str().to_owned(),
                SanType::IpAddress(ip) => ip.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            "localhost",
            "cuelight-0a1b.local",
            "stage.example",
            "stage.local",
            "127.0.0.1",
            "::1",
            "10.0.0.7",
            "192.168.4.1",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_host_name_that_is_none_and_too_many_addresses_are_left_out() {
        let machine = Machine { label: "cuelight-1".into(), bind: [10, 0, 0, 1].into(), more: Vec::new() };
        let many = (0..200).map(|n| IpAddr::from([10, 1, 0, n])).collect();
        assert_eq!(names("not a name!", &machine, many).len(), MOST);
        assert!(!is_name("") && !is_name("a..b") && !is_name(&"x".repeat(64)) && is_name("k1-left"));
    }
}
