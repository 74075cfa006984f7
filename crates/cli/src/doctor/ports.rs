//! The ports a hub and a node want.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use cuelight_wire::limits::{CTRL_HTTP_PORT_UNPRIVILEGED, TS_UDP_PORT, UDP_PORT};

use super::Finding;

pub(super) fn check() -> Vec<Finding> {
    let tcp = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).map(drop);
    let udp = |port| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).map(drop);
    vec![
        finding("hub port", CTRL_HTTP_PORT_UNPRIVILEGED, "TCP", tcp, "cuelight hub --port"),
        finding("time exchange port", TS_UDP_PORT, "UDP", udp, "cuelight hub --ts-port"),
        finding("stream port", UDP_PORT, "UDP", udp, "cuelight node --udp-port"),
    ]
}

fn finding(name: &'static str, port: u16, kind: &str, bind: impl FnOnce(u16) -> io::Result<()>, flag: &str) -> Finding {
    match bind(port) {
        Ok(()) => Finding::ok(name, format!("{kind} {port} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Finding::warn(
            name,
            format!("{kind} {port} is taken"),
            format!("fine if it is Cuelight itself; else stop what has it (ss -lnp | grep {port}) or use {flag}"),
        ),
        Err(error) => Finding::fail(name, format!("{kind} {port}: {error}"), format!("use another with {flag}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_a_warning_with_the_flag_to_use() {
        let taken = |_| Err(io::Error::from(ErrorKind::AddrInUse));
        let finding = finding("hub port", 8080, "TCP", taken, "cuelight hub --port");
        assert_eq!(finding.state, super::super::State::Warn);
        assert!(finding.advice.unwrap().contains("--port"));
    }
}
