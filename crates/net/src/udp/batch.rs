//! Many datagrams to many nodes with few system calls: the hub's stream (FANOUT-21).
//!
//! Promises: never blocks and never allocates after `new`; what the device does not take is dropped and counted, because
//! the next tick carries everything again; one unreachable node does not keep the others from being served.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use cuelight_wire::limits::MAX_STREAM_PAYLOAD;
use nix::errno::Errno;
use nix::sys::socket::SockaddrStorage;

use super::sys::{BATCH, send_many};

/// Longest datagram: the stream header and the largest payload.
pub const MAX_DATAGRAM: usize = 28 + MAX_STREAM_PAYLOAD;

/// What became of the datagrams since the last count was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Given to the kernel.
    pub sent: u64,
    /// Their bytes, without UDP and IP headers.
    pub bytes: u64,
    /// Not sent because the device took no more; the rest of that batch was dropped with them.
    pub blocked: u64,
    /// Not sent because the kernel knows no way to their address, or refused them for another reason of their own.
    pub failed: u64,
}

/// See the module. Holds up to 64 datagrams; when full it sends them first.
#[derive(Debug)]
pub struct BatchSender {
    socket: UdpSocket,
    slots: Box<[Slot]>,
    used: usize,
    since: Flushed,
}

#[derive(Clone, Debug)]
struct Slot {
    to: SockaddrStorage,
    len: usize,
    bytes: [u8; MAX_DATAGRAM],
}

impl BatchSender {
    /// Takes a bound socket.
    ///
    /// # Errors
    /// When it cannot be made nonblocking.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let nowhere = SockaddrStorage::from(SocketAddr::from(([0, 0, 0, 0], 0)));
        let slot = Slot { to: nowhere, len: 0, bytes: [0; MAX_DATAGRAM] };
        Ok(Self { socket, slots: vec![slot; BATCH].into_boxed_slice(), used: 0, since: Flushed::default() })
    }
    /// The socket it sends from.
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }
    /// Takes a datagram that `write` writes into the buffer; it tells where to and how long. Where it has none, nothing is
    /// taken, and the answer is `false`.
    pub fn push_with(&mut self, write: impl FnOnce(&mut [u8; MAX_DATAGRAM]) -> Option<(SocketAddr, usize)>) -> bool {
        if self.used == self.slots.len() {
            self.send_held();
        }
        let Some(slot) = self.slots.get_mut(self.used) else { return false };
        let Some((to, len)) = write(&mut slot.bytes) else { return false };
        slot.len = len.min(MAX_DATAGRAM);
        slot.to = SockaddrStorage::from(to);
        self.used += 1;
        true
    }
    /// Takes a copy of `datagram` for `to`. One longer than [`MAX_DATAGRAM`] is counted as failed.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        let is_taken = self.push_with(|buf| {
            buf.get_mut(..datagram.len())?.copy_from_slice(datagram);
            Some((to, datagram.len()))
        });
        self.since.failed += u64::from(!is_taken);
    }
    /// Sends what is held, and tells what became of everything pushed since the last flush.
    pub fn flush(&mut self) -> Flushed {
        self.send_held();
        std::mem::take(&mut self.since)
    }

    fn send_held(&mut self) {
        let mut rest = self.slots.get(..self.used).unwrap_or_default();
        while let Some((_, others)) = rest.split_first() {
            let datagrams = rest.iter().map(|slot| (&slot.to, slot.bytes.get(..slot.len).unwrap_or_default()));
            rest = match send_many(self.socket.as_fd(), datagrams) {
                Ok(sent) => {
                    let (done, others) = rest.split_at(sent.clamp(1, rest.len()));
                    self.since.sent += done.len() as u64;
                    self.since.bytes += done.iter().map(|slot| slot.len as u64).sum::<u64>();
                    others
                }
                Err(Errno::EINTR) => rest,
                Err(Errno::EAGAIN | Errno::ENOBUFS) => {
                    self.since.blocked += rest.len() as u64;
                    break;
                }
                Err(_) => {
                    self.since.failed += 1;
                    others
                }
            };
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> UdpSocket {
        UdpSocket::bind("127.0.0.1:0").unwrap()
    }

    #[test]
    fn more_datagrams_than_one_batch_holds_all_arrive_in_order() {
        let receivers: Vec<UdpSocket> = (0..3).map(|_| loopback()).collect();
        let mut sender = BatchSender::new(loopback()).unwrap();
        let count = 3 * BATCH as u8;
        for n in 0..count {
            let to = receivers[usize::from(n) % 3].local_addr().unwrap();
            sender.push(to, &[n, 0xcc]);
        }
        let count64 = u64::from(count);
        assert_eq!(sender.flush(), Flushed { sent: count64, bytes: 2 * count64, ..Flushed::default() });
        for n in 0..count {
            let mut buf = [0; 4];
            // On loopback what was sent has arrived.
            let (len, from) = receivers[usize::from(n) % 3].recv_from(&mut buf).unwrap();
            assert_eq!((len, &buf[..2]), (2, &[n, 0xcc][..]));
            assert_eq!(from, sender.socket().local_addr().unwrap());
        }
        assert_eq!(sender.flush(), Flushed::default());
    }

    /// FANOUT-21
    #[test]
    fn a_node_that_cannot_be_reached_does_not_keep_the_others_waiting() {
        let receiver = loopback();
        let mut sender = BatchSender::new(loopback()).unwrap();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let to = receiver.local_addr().unwrap();
        for (to, n) in [(nowhere, 1), (to, 2), (nowhere, 3), (nowhere, 4), (to, 5)] {
            sender.push(to, &[n]);
        }
        assert_eq!(sender.flush(), Flushed { sent: 2, bytes: 2, blocked: 0, failed: 3 });
        let mut buf = [0; 4];
        for expected in [2, 5] {
            assert_eq!(receiver.recv(&mut buf).unwrap(), 1);
            assert_eq!(buf[0], expected);
        }
    }

    #[test]
    fn the_longest_datagram_fits_and_a_longer_one_is_counted() {
        let receiver = loopback();
        let to = receiver.local_addr().unwrap();
        let mut sender = BatchSender::new(loopback()).unwrap();
        sender.push(to, &[9; MAX_DATAGRAM + 1]);
        assert!(!sender.push_with(|_| None));
        sender.push(to, &[9; MAX_DATAGRAM]);
        assert_eq!(sender.flush(), Flushed { sent: 1, bytes: MAX_DATAGRAM as u64, blocked: 0, failed: 1 });
        assert_eq!(receiver.recv(&mut [0; 1024]).unwrap(), MAX_DATAGRAM);
    }
}
