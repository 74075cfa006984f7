//! Many datagrams to many receivers with few system calls: the hub's stream (FANOUT-21), the universes of a node (DMX-53).
//!
//! Promises: never blocks and never allocates after `new`; one unreachable receiver does not keep the others from being
//! served. What the device does not take is dropped and counted by [`BatchSender::flush`], because the next tick of a stream
//! carries everything again; [`BatchSender::send_some`] keeps it, for levels that are not said again so soon.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use cuelight_wire::limits::MAX_STREAM_PAYLOAD;
use nix::errno::Errno;
use nix::sys::socket::SockaddrStorage;

use super::sys::{BATCH, send_many};

/// Longest datagram of the stream: its header and the largest payload.
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

/// See the module. Holds datagrams of at most `LEN` bytes, 64 of them or as many as it is made for; when full it sends them
/// first.
#[derive(Debug)]
pub struct BatchSender<const LEN: usize = MAX_DATAGRAM> {
    socket: UdpSocket,
    slots: Box<[Slot<LEN>]>,
    /// Of the `used` first slots those from here on are still to be sent.
    first: usize,
    used: usize,
    since: Flushed,
}

#[derive(Clone, Debug)]
struct Slot<const LEN: usize> {
    to: SockaddrStorage,
    len: usize,
    bytes: [u8; LEN],
}

impl BatchSender {
    /// Takes a bound socket, for the stream: 64 datagrams of at most [`MAX_DATAGRAM`] bytes.
    ///
    /// # Errors
    /// When it cannot be made nonblocking.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        Self::holding(socket, BATCH)
    }
}

impl<const LEN: usize> BatchSender<LEN> {
    /// Takes a bound socket, and holds so many datagrams (at least one).
    ///
    /// # Errors
    /// When it cannot be made nonblocking.
    pub fn holding(socket: UdpSocket, datagrams: usize) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let nowhere = SockaddrStorage::from(SocketAddr::from(([0, 0, 0, 0], 0)));
        let slot = Slot { to: nowhere, len: 0, bytes: [0; LEN] };
        let slots = vec![slot; datagrams.max(1)].into_boxed_slice();
        Ok(Self { socket, slots, first: 0, used: 0, since: Flushed::default() })
    }
    /// The socket it sends from.
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }
    /// Takes a datagram that `write` writes into the buffer; it tells where to and how long. Where it has none, nothing is
    /// taken, and the answer is `false`.
    pub fn push_with(&mut self, write: impl FnOnce(&mut [u8; LEN]) -> Option<(SocketAddr, usize)>) -> bool {
        if self.used == self.slots.len() {
            self.send_held();
        }
        let Some(slot) = self.slots.get_mut(self.used) else { return false };
        let Some((to, len)) = write(&mut slot.bytes) else { return false };
        slot.len = len.min(LEN);
        slot.to = SockaddrStorage::from(to);
        self.used += 1;
        true
    }
    /// Takes a copy of `datagram` for `to`. One longer than `LEN` is counted as failed.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        let is_taken = self.push_with(|buf| {
            buf.get_mut(..datagram.len())?.copy_from_slice(datagram);
            Some((to, datagram.len()))
        });
        self.since.failed += u64::from(!is_taken);
    }
    /// Sends what is held, and tells what became of everything pushed since the last flush. What the device does not take
    /// is dropped.
    pub fn flush(&mut self) -> Flushed {
        self.send_held();
        std::mem::take(&mut self.since)
    }
    /// Sends what the device takes of what is held. Returns whether nothing is left; if not, call again when the device had
    /// time, or [`Self::flush`].
    pub fn send_some(&mut self) -> bool {
        while self.first < self.used {
            let rest = self.slots.get(self.first..self.used).unwrap_or_default();
            let datagrams = rest.iter().map(|slot| (&slot.to, slot.bytes.get(..slot.len).unwrap_or_default()));
            match send_many(self.socket.as_fd(), datagrams) {
                Ok(sent) => {
                    let done = &rest[..sent.clamp(1, rest.len())];
                    self.since.sent += done.len() as u64;
                    self.since.bytes += done.iter().map(|slot| slot.len as u64).sum::<u64>();
                    self.first += done.len();
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS) => return false,
                Err(_) => {
                    self.since.failed += 1;
                    self.first += 1;
                }
            }
        }
        (self.first, self.used) = (0, 0);
        true
    }

    fn send_held(&mut self) {
        if !self.send_some() {
            self.since.blocked += (self.used - self.first) as u64;
            (self.first, self.used) = (0, 0);
        }
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
    fn a_sender_holds_as_many_datagrams_of_the_length_it_is_made_for() {
        let receiver = loopback();
        let to = receiver.local_addr().unwrap();
        let mut sender = BatchSender::<600>::holding(loopback(), 80).unwrap();
        for n in 0..80 {
            sender.push(to, &[n; 600]);
        }
        receiver.set_nonblocking(true).unwrap();
        assert!(receiver.recv(&mut [0; 600]).is_err(), "what fits is held");
        assert!(sender.send_some());
        let mut buf = [0; 600];
        for n in 0..80 {
            assert_eq!((receiver.recv(&mut buf).unwrap(), buf[599]), (600, n));
        }
        assert_eq!(sender.flush(), Flushed { sent: 80, bytes: 48_000, ..Flushed::default() });
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
