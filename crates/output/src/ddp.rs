//! Frames to a DDP receiver: WLED, a pixel controller, another program. Implements OUT-1.
//!
//! Each frame is cut into datagrams of at most 480 pixels and sent at its deadline from the frame thread, on a socket
//! that never blocks: when the system's send buffer is full the rest of the frame is dropped and counted, because a late
//! frame is worth less than the next one in time. Several receivers are several outputs.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cuelight_dmx::ddp::{DataType, Datagrams, Destination, MAX_DATAGRAM, PORT, Sequence};
use cuelight_wire::scene::Rgb;

use crate::frame::{Frame, Output};

/// Why frames cannot be sent to a receiver.
#[derive(Debug, thiserror::Error)]
pub enum DdpError {
    /// The receiver's name or address cannot be resolved.
    #[error("DDP receiver '{target}' cannot be resolved ({source}): give an address like 192.168.1.50 or name:4048")]
    Unresolved {
        /// As configured.
        target: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no way to the receiver.
    #[error("no socket to DDP receiver {address} ({source}): is the network up?")]
    Unreachable {
        /// Its address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// What became of the datagrams of one DDP output.
#[derive(Clone, Debug, Default)]
pub struct DdpCounters(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    blocked: AtomicU64,
    refused: AtomicU64,
}

impl DdpCounters {
    /// Datagrams handed to the system.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }
    /// Frames cut short because the system's send buffer was full.
    pub fn blocked(&self) -> u64 {
        self.0.blocked.load(Ordering::Relaxed)
    }
    /// Datagrams the system refused: nobody listens there, no route.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

/// Sends every frame to one receiver.
#[derive(Debug)]
pub struct Ddp {
    socket: UdpSocket,
    name: String,
    sequence: Sequence,
    /// The pixels' bytes; room for all of them from the start.
    bytes: Vec<u8>,
    datagram: Box<[u8; MAX_DATAGRAM]>,
    counters: DdpCounters,
}

impl Ddp {
    /// An output to `target`, `HOST` or `HOST:PORT` (4048 when left out), for frames of `pixels` pixels; broadcast
    /// addresses are fine. Resolving a name may take a while: not for the frame thread.
    ///
    /// # Errors
    /// [`DdpError`]; a receiver that is merely off is none, it is counted.
    pub fn new(target: &str, pixels: usize) -> Result<Self, DdpError> {
        let unresolved = |source| DdpError::Unresolved { target: target.to_owned(), source };
        let address = resolve(target).map_err(unresolved)?;
        let socket = connect(address).map_err(|source| DdpError::Unreachable { address, source })?;
        Ok(Self {
            socket,
            name: format!("ddp:{address}"),
            sequence: Sequence::FIRST,
            bytes: Vec::with_capacity(3 * pixels),
            datagram: Box::new([0; MAX_DATAGRAM]),
            counters: DdpCounters::default(),
        })
    }
    /// Counters to look at while the output is at work.
    pub fn counters(&self) -> DdpCounters {
        self.counters.clone()
    }
}

impl Output for Ddp {
    fn emit(&mut self, frame: &Frame<'_>) {
        self.bytes.clear();
        // Never more than at the start: `extend` does not allocate.
        let fitting = self.bytes.capacity() / 3;
        self.bytes.extend(frame.pixels.iter().take(fitting).flat_map(|&Rgb { r, g, b }| [r, g, b]));
        let mut datagrams = Datagrams::new(&self.bytes, DataType::Rgb8, Destination::DISPLAY, self.sequence);
        while let Some(datagram) = datagrams.next_into(&mut self.datagram) {
            let Counts { sent, blocked, refused } = &*self.counters.0;
            match self.socket.send(datagram) {
                Ok(_) => sent.fetch_add(1, Ordering::Relaxed),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    blocked.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                // A refusal is the echo of an earlier datagram; this one may be the first that is heard again.
                Err(_) => refused.fetch_add(1, Ordering::Relaxed),
            };
        }
        self.sequence = datagrams.sequence();
    }
    fn name(&self) -> &str {
        &self.name
    }
}

fn resolve(target: &str) -> io::Result<SocketAddr> {
    if let Ok(ip) = target.parse::<IpAddr>() {
        return Ok((ip, PORT).into());
    }
    let has_port = target.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let mut addresses = if has_port { target.to_socket_addrs()? } else { (target, PORT).to_socket_addrs()? };
    addresses.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
}

fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr =
        if address.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.set_broadcast(true)?;
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cuelight_dmx::ddp::{Flags, Packet};
    use cuelight_wire::ids::Revision;
    use cuelight_wire::time::{FrameIndex, Span};

    use super::*;

    fn frame(pixels: &[Rgb]) -> Frame<'_> {
        let index = FrameIndex(1);
        Frame {
            render: Span::ZERO,
            index,
            show_at: index.show_at(),
            mono_ns: 0,
            late: Span::ZERO,
            is_synced: true,
            scene_rev: Revision(1),
            hash: 0,
            pixels,
        }
    }

    /// OUT-1
    #[test]
    fn a_receiver_gets_every_pixel_of_every_frame_with_one_push_each() {
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        // Only so that a failure ends.
        receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let pixels: Vec<Rgb> = (0..1000).map(|i| Rgb::new(i as u8, (i / 4) as u8, 7)).collect();
        let mut output = Ddp::new(&receiver.local_addr().unwrap().to_string(), pixels.len()).unwrap();
        let mut sequences = Vec::new();
        for _ in 0..2 {
            output.emit(&frame(&pixels));
            let (mut display, mut pushed, mut buf) = (vec![0; 3000], false, [0; 2000]);
            while !pushed {
                let len = receiver.recv(&mut buf).unwrap();
                let Packet { header, data } = Packet::decode(&buf[..len]).unwrap();
                display[header.offset as usize..][..data.len()].copy_from_slice(data);
                sequences.push(header.sequence.number());
                pushed = header.flags.has(Flags::PUSH);
            }
            let sent: Vec<u8> = pixels.iter().flat_map(|p| [p.r, p.g, p.b]).collect();
            assert_eq!(display, sent);
        }
        assert_eq!(sequences, [1, 2, 3, 4, 5, 6]);
        assert_eq!((output.counters().sent(), output.counters().blocked(), output.counters().refused()), (6, 0, 0));
    }

    #[test]
    fn a_receiver_that_is_not_there_is_counted_and_nothing_else() {
        let gone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut output = Ddp::new(&gone.to_string(), 1).unwrap();
        for _ in 0..10 {
            output.emit(&frame(&[Rgb::BLACK]));
        }
        let counters = output.counters();
        assert_eq!(counters.sent() + counters.refused(), 10);
    }

    #[test]
    fn a_target_without_a_port_means_the_ddp_port() {
        assert_eq!(resolve("127.0.0.1").unwrap(), (Ipv4Addr::LOCALHOST, 4048).into());
        assert_eq!(resolve("127.0.0.1:99").unwrap(), (Ipv4Addr::LOCALHOST, 99).into());
        assert_eq!(resolve("::1").unwrap(), (Ipv6Addr::LOCALHOST, 4048).into());
        assert_eq!(resolve("[::1]:99").unwrap(), (Ipv6Addr::LOCALHOST, 99).into());
        let message = Ddp::new("", 1).unwrap_err().to_string();
        assert!(message.contains("cannot be resolved"), "{message}");
    }
}
