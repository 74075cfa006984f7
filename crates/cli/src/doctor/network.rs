//! UDP on loopback, kernel timestamps, multicast.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use cuelight_net::clock::mono_now_ns;
use cuelight_net::mdns;
use cuelight_net::udp::{StampedSocket, Stamping};

use super::Finding;

/// Datagrams sent to see what is stamped; the first few may lack a stamp.
const DATAGRAMS: u32 = 32;
const PATIENCE_NS: i64 = 500_000_000;
/// Hubs answer a question within milliseconds.
const BROWSE: Duration = Duration::from_millis(1200);
/// Group and port of mDNS (RFC 6762, section 3).
const MDNS: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 251), 5353);

pub(super) fn check() -> Vec<Finding> {
    let mut findings = match loopback() {
        Ok((arrived, stamping)) => vec![arrived_finding(arrived), stamping_finding(stamping)],
        Err(error) => {
            vec![Finding::fail("loopback UDP", error.to_string(), "look at the firewall and at `ip link show lo`")]
        }
    };
    findings.push(multicast());
    findings
}

/// Sends datagrams to itself: how many came back, and what the kernel stamped.
fn loopback() -> io::Result<(u32, Stamping)> {
    let mut socket = StampedSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let to = socket.socket().local_addr()?;
    let mut buffer = [0; 64];
    let mut arrived = 0;
    for _ in 0..DATAGRAMS {
        socket.send_to(&[0; 36], to)?;
        let deadline = mono_now_ns() + PATIENCE_NS;
        while mono_now_ns() < deadline {
            let ready = socket.wait(Some(deadline), None)?;
            while ready.sent && socket.poll_sent().is_some() {}
            if ready.datagram && socket.recv(&mut buffer)?.is_some() {
                arrived += 1;
                break;
            }
        }
    }
    while socket.poll_sent().is_some() {}
    Ok((arrived, socket.stamping()))
}

fn arrived_finding(arrived: u32) -> Finding {
    let found = format!("{arrived} of {DATAGRAMS} datagrams came back");
    if arrived == DATAGRAMS {
        Finding::ok("loopback UDP", found)
    } else {
        Finding::fail("loopback UDP", found, "look at the firewall: hub and nodes on one machine need it")
    }
}

fn stamping_finding(stamping: Stamping) -> Finding {
    const NAME: &str = "kernel timestamps";
    match stamping {
        Stamping::Kernel => Finding::ok(NAME, "of what is received and sent"),
        Stamping::KernelReceive => Finding::warn(
            NAME,
            "only of what is received",
            "clock sync is good to some 10 us; a network device whose driver stamps what it sends does better",
        ),
        Stamping::User => Finding::warn(
            NAME,
            "none",
            "clock sync is only as good as this machine is prompt; a container or virtual machine may withhold them",
        ),
    }
}

fn multicast() -> Finding {
    const NAME: &str = "mDNS";
    const ADVICE: &str = "give nodes the hub's address: cuelight node --hub HOST";
    let can_send = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.join_multicast_v4(&MDNS.0, &Ipv4Addr::UNSPECIFIED)?;
        // An empty query: a header that asks nothing.
        socket.send_to(&[0; 12], MDNS).map(drop)
    };
    if let Err(error) = can_send() {
        let error: io::Error = error;
        return Finding::warn(NAME, format!("multicast does not work: {error}"), ADVICE);
    }
    match mdns::browse(BROWSE, |_| false) {
        Ok(hubs) if hubs.is_empty() => Finding::ok(NAME, "multicast works; no hub is announced at the moment"),
        Ok(hubs) => {
            let hubs: Vec<_> = hubs.iter().map(|hub| format!("{} at {}", hub.name, hub.addresses[0])).collect();
            Finding::ok(NAME, format!("hubs found: {}", hubs.join(", ")))
        }
        Err(error) => Finding::warn(NAME, error.to_string(), ADVICE),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn lost_datagrams_on_loopback_fail() {
        assert_eq!(arrived_finding(DATAGRAMS).state, State::Ok);
        assert_eq!(arrived_finding(DATAGRAMS - 1).state, State::Fail);
    }

    #[test]
    fn missing_timestamps_are_a_warning_that_says_what_they_cost() {
        assert_eq!(stamping_finding(Stamping::Kernel).state, State::Ok);
        assert!(stamping_finding(Stamping::KernelReceive).advice.unwrap().contains("10 us"));
        assert_eq!(stamping_finding(Stamping::User).state, State::Warn);
    }
}
