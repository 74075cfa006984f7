//! A UDP socket that knows when each datagram came and went, from the kernel where it tells.
//!
//! Decides nothing about content. Promises: `recv`, `send_to` and `poll_sent` never block; every received datagram has
//! a receive instant (the kernel's, or the clock read right after the call); transmit instants come only from the kernel
//! and later, by [`StampedSocket::poll_sent`], or never. What the system grants is reported by
//! [`StampedSocket::stamping`], from what actually came (SYNC-22, SYNC-23).
//!
//! Stamps of `SO_TIMESTAMPING`, software, with `OPT_ID` (the kernel numbers the socket's datagrams) and `OPT_TSONLY` (a
//! stamp without a copy of the datagram): Linux, Documentation/networking/timestamping.rst.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, TimestampingFlag, Timestamps, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::{TimeSpec, TimeValLike};

use crate::clock::mono_now_ns;
use crate::stamps::StampConverter;
use crate::wake::Wakeup;

/// After this many datagrams of a direction without a single kernel stamp none is expected any more.
const PATIENCE: u64 = 16;
/// But received ones are waited for this long: the kernel switches its receive stamps on in the background, on a busy
/// machine dozens of datagrams after the first socket asked for them.
const SWITCHING_ON_NS: i64 = 1_000_000_000;
/// `ee_info` of a stamp taken when the datagram was given to the device (linux/errqueue.h; libc has no name for it).
const SCM_TSTAMP_SND: u32 = 0;

/// What the platform stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamping {
    /// The kernel stamps both directions.
    Kernel,
    /// The kernel stamps what is received; its device driver does not stamp what is sent.
    KernelReceive,
    /// Only the process's own readings of the clock.
    User,
}

/// A datagram that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its length in the caller's buffer, bytes.
    pub len: usize,
    /// Who sent it.
    pub from: SocketAddr,
    /// When it came, CLOCK_MONOTONIC nanoseconds.
    pub rx_mono_ns: i64,
    /// Whether the kernel took that instant; otherwise it was read after the datagram.
    pub kernel: bool,
}

/// Numbers the datagrams of one socket, in the order they were sent, wrapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TxId(pub u32);

/// The kernel's note of when a datagram left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The datagram.
    pub id: TxId,
    /// When it was given to the device, CLOCK_MONOTONIC nanoseconds.
    pub mono_ns: i64,
}

/// What ended a [`StampedSocket::wait`]; nothing set: the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// A datagram is there.
    pub datagram: bool,
    /// A transmit stamp is there. It has to be fetched: it ends every wait until then.
    pub sent: bool,
    /// Somebody woke the caller.
    pub woken: bool,
}

/// See the module.
#[derive(Debug)]
pub struct StampedSocket {
    socket: UdpSocket,
    converter: StampConverter,
    /// Room for the control messages of one datagram.
    control: Vec<u8>,
    /// What was asked of the kernel, without refusal.
    asked: Stamping,
    /// The number of the next datagram, and the one that the kernel counts as its 0.
    next_id: u32,
    base_id: u32,
    made_mono_ns: i64,
    /// Received ones after the kernel had time to switch on, and how many of all were stamped.
    datagrams: u64,
    datagrams_stamped: u64,
    sends: u64,
    sends_stamped: u64,
    truncated: u64,
}

impl StampedSocket {
    /// Binds to `at` and asks the kernel for stamps. Where it refuses them the socket works with its own readings.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn bind(at: SocketAddr) -> io::Result<Self> {
        Self::from_socket(UdpSocket::bind(at)?)
    }
    /// Takes over a bound socket.
    ///
    /// # Errors
    /// When it cannot be made nonblocking.
    pub fn from_socket(socket: UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let receive = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE;
        let asked = if setsockopt(&socket, sockopt::Timestamping, &(receive | transmit_flags())).is_ok() {
            Stamping::Kernel
        } else if setsockopt(&socket, sockopt::Timestamping, &receive).is_ok() {
            Stamping::KernelReceive
        } else {
            Stamping::User
        };
        Ok(Self {
            socket,
            converter: StampConverter::new(),
            // A stamp and, on the error queue, the note about the datagram with the address it went to.
            control: cmsg_space!(Timestamps, libc::sock_extended_err, libc::sockaddr_in6),
            asked,
            next_id: 0,
            base_id: 0,
            made_mono_ns: mono_now_ns(),
            datagrams: 0,
            datagrams_stamped: 0,
            sends: 0,
            sends_stamped: 0,
            truncated: 0,
        })
    }
    /// The address it is bound to.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
    /// The socket without stamps.
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }
    /// What is stamped by whom, as far as seen. Transmit stamps count when they are fetched.
    pub const fn stamping(&self) -> Stamping {
        match self.asked {
            Stamping::User => Stamping::User,
            _ if self.datagrams >= PATIENCE && self.datagrams_stamped == 0 => Stamping::User,
            Stamping::KernelReceive => Stamping::KernelReceive,
            Stamping::Kernel if self.sends >= PATIENCE && self.sends_stamped == 0 => Stamping::KernelReceive,
            Stamping::Kernel => Stamping::Kernel,
        }
    }
    /// Datagrams dropped because the caller's buffer was too small for them.
    pub const fn truncated(&self) -> u64 {
        self.truncated
    }

    /// The next datagram, or `None` when there is none now. One that does not fit into `buf` is dropped and counted.
    ///
    /// # Errors
    /// When the socket fails; the next call may succeed.
    pub fn recv(&mut self, buf: &mut [u8]) -> io::Result<Option<Received>> {
        loop {
            let mut slices = [IoSliceMut::new(buf)];
            let fd = self.socket.as_raw_fd();
            let flags = MsgFlags::MSG_DONTWAIT;
            let message = match recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut self.control), flags) {
                Ok(message) => message,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            };
            let read_mono_ns = mono_now_ns();
            if message.flags.contains(MsgFlags::MSG_TRUNC) {
                self.truncated += 1;
                continue;
            }
            let Some(from) = message.address.as_ref().and_then(socket_addr) else { continue };
            let len = message.bytes;
            let stamp = message.cmsgs().ok().and_then(|mut all| all.find_map(|cmsg| software_stamp(&cmsg)));
            let kernel_mono_ns = stamp.and_then(|real_ns| self.converter.to_mono(real_ns).ok());
            self.datagrams += u64::from(read_mono_ns - self.made_mono_ns > SWITCHING_ON_NS);
            self.datagrams_stamped += u64::from(stamp.is_some());
            let rx_mono_ns = kernel_mono_ns.map_or(read_mono_ns, |stamped| stamped.min(read_mono_ns));
            return Ok(Some(Received { len, from, rx_mono_ns, kernel: kernel_mono_ns.is_some() }));
        }
    }

    /// Sends one datagram. Its transmit stamp, if any, comes from [`Self::poll_sent`] under the number returned.
    ///
    /// # Errors
    /// `WouldBlock` when the device takes no more now, and whatever else keeps the datagram from leaving.
    pub fn send_to(&mut self, datagram: &[u8], to: SocketAddr) -> io::Result<TxId> {
        match self.socket.send_to(datagram, to) {
            Ok(_) => {
                let id = TxId(self.next_id);
                self.next_id = self.next_id.wrapping_add(1);
                self.sends += 1;
                Ok(id)
            }
            Err(error) => {
                self.restart_numbering();
                Err(error)
            }
        }
    }

    /// The next transmit stamp, or `None` when there is none now.
    pub fn poll_sent(&mut self) -> Option<Sent> {
        if self.asked != Stamping::Kernel {
            return None;
        }
        loop {
            let fd = self.socket.as_raw_fd();
            let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
            let message = match recvmsg::<()>(fd, &mut [], Some(&mut self.control), flags) {
                Ok(message) => message,
                Err(Errno::EINTR) => continue,
                Err(_) => return None,
            };
            let (mut stamp, mut number) = (None, None);
            for cmsg in message.cmsgs().ok().into_iter().flatten() {
                stamp = stamp.or_else(|| software_stamp(&cmsg));
                number = number.or_else(|| transmit_number(&cmsg));
            }
            let (Some(real_ns), Some(number)) = (stamp, number) else { continue };
            self.sends_stamped += 1;
            if let Ok(mono_ns) = self.converter.to_mono(real_ns) {
                return Some(Sent { id: TxId(self.base_id.wrapping_add(number)), mono_ns });
            }
        }
    }

    /// Waits for a datagram, a transmit stamp, the waker, or until CLOCK_MONOTONIC is `deadline_mono_ns`.
    ///
    /// # Errors
    /// When the kernel refuses the wait, which it does only out of memory.
    pub fn wait(&self, deadline_mono_ns: Option<i64>, wakeup: Option<&Wakeup>) -> io::Result<Ready> {
        let socket = PollFd::new(self.socket.as_fd(), PollFlags::POLLIN);
        // Without a waker the socket stands in for it; its second entry is not looked at.
        let waker = PollFd::new(wakeup.map_or_else(|| self.socket.as_fd(), AsFd::as_fd), PollFlags::POLLIN);
        let mut fds = [socket, waker];
        let used = if wakeup.is_some() { 2 } else { 1 };
        loop {
            let left = deadline_mono_ns.map(|at| TimeSpec::nanoseconds(at.saturating_sub(mono_now_ns()).max(0)));
            match ppoll(&mut fds[..used], left, None) {
                Ok(_) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        let events = fds[0].revents().unwrap_or(PollFlags::empty());
        Ok(Ready {
            datagram: events.contains(PollFlags::POLLIN),
            sent: events.contains(PollFlags::POLLERR),
            woken: wakeup.is_some_and(Wakeup::take),
        })
    }

    /// After a failed send nobody knows whether the kernel counted it (kernels differ), so its count is started again.
    /// Stamps that are on their way are given up.
    fn restart_numbering(&mut self) {
        if self.asked != Stamping::Kernel {
            return;
        }
        while self.poll_sent().is_some() {}
        let receive = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE;
        // The count starts at 0 whenever OPT_ID goes from off to on.
        let restarted = setsockopt(&self.socket, sockopt::Timestamping, &receive)
            .and_then(|()| setsockopt(&self.socket, sockopt::Timestamping, &(receive | transmit_flags())));
        self.base_id = self.next_id;
        if restarted.is_err() {
            self.asked = Stamping::KernelReceive;
        }
    }
}

fn transmit_flags() -> TimestampingFlag {
    TimestampingFlag::SOF_TIMESTAMPING_TX_SOFTWARE
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_ID
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_TSONLY
}

/// The software stamp of a control message, CLOCK_REALTIME nanoseconds.
fn software_stamp(cmsg: &ControlMessageOwned) -> Option<i64> {
    match cmsg {
        ControlMessageOwned::ScmTimestampsns(stamps) => Some(stamps.system.num_nanoseconds()).filter(|ns| *ns != 0),
        _ => None,
    }
}

/// The kernel's number of the datagram that a note on the error queue is about, when it tells of a transmission.
fn transmit_number(cmsg: &ControlMessageOwned) -> Option<u32> {
    let note = match cmsg {
        ControlMessageOwned::Ipv4RecvErr(note, _) | ControlMessageOwned::Ipv6RecvErr(note, _) => note,
        _ => return None,
    };
    let is_stamp = note.ee_origin == libc::SO_EE_ORIGIN_TIMESTAMPING && note.ee_info == SCM_TSTAMP_SND;
    is_stamp.then_some(note.ee_data)
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|a| SocketAddr::V4(SocketAddrV4::from(*a)));
    v4.or_else(|| address.as_sockaddr_in6().map(|a| SocketAddr::V6(SocketAddrV6::from(*a))))
}

impl AsFd for StampedSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
impl AsRawFd for StampedSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wake::wake_pair;

    /// Far enough away that a test which waits for it has failed.
    const AN_HOUR_NS: i64 = 3_600_000_000_000;
    /// Half of the widest comparison of clocks that a converted stamp may rest on.
    const SLACK_NS: i64 = 10_000;

    fn loopback() -> StampedSocket {
        StampedSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
    }

    /// Waits for the next datagram.
    fn received(socket: &mut StampedSocket, buf: &mut [u8]) -> Received {
        let deadline = mono_now_ns() + AN_HOUR_NS;
        loop {
            if let Some(received) = socket.recv(buf).unwrap() {
                return received;
            }
            assert_ne!(socket.wait(Some(deadline), None).unwrap(), Ready::default());
        }
    }

    /// Waits for the next transmit stamp.
    fn sent(socket: &mut StampedSocket) -> Sent {
        let deadline = mono_now_ns() + AN_HOUR_NS;
        loop {
            if let Some(sent) = socket.poll_sent() {
                return sent;
            }
            assert_ne!(socket.wait(Some(deadline), None).unwrap(), Ready::default());
        }
    }

    /// SYNC-22
    #[test]
    fn a_datagram_is_stamped_after_its_sending_and_before_its_reading() {
        let (mut a, mut b) = (loopback(), loopback());
        let to = b.local_addr().unwrap();
        let mut last = 0;
        let mut stamped = 0;
        // Until the kernel has switched its stamps on, which takes a while, and some rounds more.
        for round in 0_u32.. {
            let mut buf = [0; 8];
            let before = mono_now_ns();
            a.send_to(&round.to_le_bytes(), to).unwrap();
            let got = received(&mut b, &mut buf);
            let after = mono_now_ns();
            assert_eq!((got.len, got.from, &buf[..4]), (4, a.local_addr().unwrap(), &round.to_le_bytes()[..]));
            assert!(before - SLACK_NS <= got.rx_mono_ns && got.rx_mono_ns <= after, "round {round}");
            assert!(got.rx_mono_ns >= last - SLACK_NS, "round {round}");
            last = got.rx_mono_ns;
            stamped += u32::from(got.kernel);
            if stamped == 50 {
                break;
            }
            assert_ne!(b.stamping(), Stamping::User, "no kernel stamp within a second");
        }
    }

    /// SYNC-23
    #[test]
    fn loopback_tells_when_each_datagram_left() {
        let (mut a, mut b) = (loopback(), loopback());
        let to = b.local_addr().unwrap();
        for round in 0..50_u32 {
            let before = mono_now_ns();
            assert_eq!(a.send_to(&[7], to).unwrap(), TxId(round));
            let got = received(&mut b, &mut [0; 8]);
            let left = sent(&mut a);
            assert_eq!(left.id, TxId(round));
            assert!(before - SLACK_NS <= left.mono_ns && left.mono_ns <= got.rx_mono_ns + SLACK_NS, "round {round}");
        }
        assert_eq!(a.stamping(), Stamping::Kernel);
        assert_eq!(a.poll_sent(), None);
    }

    #[test]
    fn several_stamps_keep_the_order_and_numbers_of_their_datagrams() {
        let (mut a, b) = (loopback(), loopback());
        let to = b.local_addr().unwrap();
        let ids: Vec<TxId> = (0..10).map(|_| a.send_to(&[0; 64], to).unwrap()).collect();
        let stamps: Vec<Sent> = ids.iter().map(|_| sent(&mut a)).collect();
        assert_eq!(stamps.iter().map(|s| s.id).collect::<Vec<_>>(), ids);
        assert!(stamps.is_sorted_by_key(|s| s.mono_ns));
    }

    /// SYNC-23
    #[test]
    fn a_failed_send_does_not_shift_the_numbers_of_later_ones() {
        let (mut a, b) = (loopback(), loopback());
        let to = b.local_addr().unwrap();
        assert_eq!(a.send_to(&[1], to).unwrap(), TxId(0));
        // Longer than any UDP datagram.
        assert!(a.send_to(&[0; 65_536], to).is_err());
        assert!(a.send_to(&[0], SocketAddr::from(([127, 0, 0, 1], 0))).is_err());
        assert_eq!(a.send_to(&[2], to).unwrap(), TxId(1));
        let left = sent(&mut a);
        assert_eq!(left.id, TxId(1));
    }

    #[test]
    fn a_datagram_longer_than_the_buffer_is_dropped_and_counted() {
        let (mut a, mut b) = (loopback(), loopback());
        let to = b.local_addr().unwrap();
        a.send_to(&[1; 9], to).unwrap();
        a.send_to(&[2; 8], to).unwrap();
        let mut buf = [0; 8];
        assert_eq!((received(&mut b, &mut buf).len, buf), (8, [2; 8]));
        assert_eq!(b.truncated(), 1);
    }

    #[test]
    fn a_waker_or_the_deadline_ends_a_wait() {
        let socket = loopback();
        let (waker, wakeup) = wake_pair().unwrap();
        waker.wake();
        let ready = socket.wait(Some(mono_now_ns() + AN_HOUR_NS), Some(&wakeup)).unwrap();
        assert_eq!(ready, Ready { woken: true, ..Ready::default() });
        assert_eq!(socket.wait(Some(mono_now_ns()), Some(&wakeup)).unwrap(), Ready::default());
        assert_eq!(socket.wait(Some(mono_now_ns() + 100_000), None).unwrap(), Ready::default());
    }

    #[test]
    fn ipv6_is_stamped_as_well_where_the_machine_has_it() {
        let at = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0));
        let (Ok(mut a), Ok(mut b)) = (StampedSocket::bind(at), StampedSocket::bind(at)) else { return };
        let to = b.local_addr().unwrap();
        a.send_to(&[6], to).unwrap();
        assert_eq!(received(&mut b, &mut [0; 8]).from, a.local_addr().unwrap());
        assert_eq!(sent(&mut a).id, TxId(0));
    }

    #[test]
    fn datagrams_can_be_marked_as_urgent() {
        let socket = loopback();
        crate::udp::expedite(socket.socket()).unwrap();
        assert_eq!(nix::sys::socket::getsockopt(&socket, sockopt::Ipv4Tos), Ok(0xb8));
    }
}
