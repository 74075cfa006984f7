//! The yardstick: `sendmmsg` over datagrams that are there already, as many in one call as the kernel takes.

use std::io::IoSlice;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};

use crate::show::Datagram;

/// What the kernel takes in one call (UIO_MAXIOV).
const AT_ONCE: usize = 1024;

pub(crate) struct Bare {
    socket: UdpSocket,
    headers: MultiHeaders<SockaddrIn>,
}

/// Datagrams in the form the call wants.
pub(crate) struct Ready<'a> {
    addresses: Vec<Option<SockaddrIn>>,
    slices: Vec<[IoSlice<'a>; 1]>,
}

impl<'a> Ready<'a> {
    pub(crate) fn new(datagrams: &'a [Datagram]) -> Self {
        let address = |datagram: &Datagram| match datagram.to {
            SocketAddr::V4(to) => Some(SockaddrIn::from(to)),
            SocketAddr::V6(_) => None,
        };
        let addresses = datagrams.iter().map(address).collect();
        Self { addresses, slices: datagrams.iter().map(|datagram| [IoSlice::new(&datagram.bytes)]).collect() }
    }
}

impl Bare {
    pub(crate) fn new(socket: UdpSocket) -> Self {
        Self { socket, headers: MultiHeaders::preallocate(AT_ONCE, None) }
    }
    /// Sends them all and returns how many went.
    pub(crate) fn send(&mut self, ready: &Ready<'_>) -> u64 {
        let mut sent = 0;
        let parts = ready.addresses.chunks(AT_ONCE).zip(ready.slices.chunks(AT_ONCE));
        for (addresses, slices) in parts {
            let fd = self.socket.as_raw_fd();
            match sendmmsg(fd, &mut self.headers, slices, addresses, [], MsgFlags::MSG_DONTWAIT) {
                Ok(results) => sent += results.count() as u64,
                Err(error) => panic!("the bare loop cannot send: {error}"),
            }
        }
        sent
    }
}
