//! What an Ethernet frame on the way to a node carries, as far as the lab looks.

use std::net::Ipv4Addr;

use cuelight_wire::limits::{TS_UDP_PORT, UDP_PORT};

/// Of interest on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// A packet of the stream, with its hubNow_us.
    Stream {
        /// hubNow_us of its header.
        hub_now_us: i64,
    },
    /// An answer of the time exchange.
    Pong,
}

/// Reads a frame from `hub`; `None` when it is of no interest. No options in the IPv4 header: a Linux sender sets none.
pub(crate) fn look(frame: &[u8], hub: Ipv4Addr) -> Option<Carries> {
    let two = |at: usize| Some(u16::from_be_bytes(frame.get(at..at + 2)?.try_into().ok()?));
    let is_ipv4_udp = two(12)? == 0x0800 && *frame.get(14)? == 0x45 && *frame.get(23)? == 17;
    if !is_ipv4_udp || frame.get(26..30)? != hub.octets() {
        return None;
    }
    let (from_port, to_port) = (two(34)?, two(36)?);
    if from_port == TS_UDP_PORT {
        Some(Carries::Pong)
    } else if to_port == UDP_PORT {
        // 14 bytes Ethernet, 20 IPv4, 8 UDP; hubNow_us is at 12 of the header (WIRE-1).
        let hub_now_us = i64::from_be_bytes(frame.get(54..62)?.try_into().ok()?);
        Some(Carries::Stream { hub_now_us })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

    fn udp(from: Ipv4Addr, from_port: u16, to_port: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0]);
        frame.extend(from.octets());
        frame.extend([192, 168, 4, 11]);
        frame.extend(from_port.to_be_bytes());
        frame.extend(to_port.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(payload);
        frame
    }

    #[test]
    fn the_hubs_stream_and_pongs_are_seen_and_nothing_else() {
        let mut packet = [0; 28];
        packet[12..20].copy_from_slice(&77_i64.to_be_bytes());
        assert_eq!(look(&udp(HUB, 5000, 49152, &packet), HUB), Some(Carries::Stream { hub_now_us: 77 }));
        assert_eq!(look(&udp(HUB, 49154, 6000, &[0; 36]), HUB), Some(Carries::Pong));
        assert_eq!(look(&udp(Ipv4Addr::new(192, 168, 4, 200), 5000, 49152, &packet), HUB), None, "a stranger's");
        assert_eq!(look(&udp(HUB, 8080, 6000, &packet), HUB), None);
        assert_eq!(look(&udp(HUB, 5000, 49152, &packet[..19]), HUB), None, "cut short");
        assert_eq!(look(&[], HUB), None);
    }
}
