//! Many datagrams in with few system calls: one port, by unicast, broadcast and any number of multicast groups.
//!
//! Linux lets one socket join 20 groups (`net.ipv4.igmp_max_memberships`), so there are as many sockets as the groups need.
//! Promises: taking never blocks and never allocates; who sends more than is fetched fills the kernel's buffers, which
//! drop what does not fit; a call takes no more than [`PER_CALL`] batches of one socket, so a flood on one keeps nobody else
//! waiting.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, getsockopt, setsockopt, socket, sockopt};
use nix::sys::time::{TimeSpec, TimeValLike};

use super::sys::{BATCH, Came, receive_many, take_groups_only, take_own_groups_only};
use crate::addresses::broadcasts;
use crate::clock::mono_now_ns;
use crate::wake::Wakeup;

/// Groups of one socket: what `net.ipv4.igmp_max_memberships` is where nobody has changed it.
const GROUPS_PER_SOCKET: usize = 20;
/// Batches that are taken of one socket in one call.
const PER_CALL: usize = 4;
/// The longest datagram that is taken: what an Ethernet frame holds.
pub const MAX_RECEIVED: usize = 1472;

/// Which datagrams come in.
#[derive(Clone, Copy, Debug)]
pub struct InletSettings<'g> {
    /// The port; others on this machine may have it too.
    pub port: u16,
    /// The address of this machine that datagrams are taken at, and whose network the groups are joined on; `None`: all
    /// addresses, and the network of the default route.
    pub at: Option<Ipv4Addr>,
    /// The groups.
    pub groups: &'g [Ipv4Addr],
    /// What comes in of what is sent to no group.
    pub direct: Direct,
    /// Bytes that the kernel keeps for each socket until they are fetched; it may grant less (`net.core.rmem_max`).
    pub buffer: usize,
}

/// Datagrams that are sent to no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direct {
    /// To this machine; and to everybody too, where all its addresses are meant.
    Unicast,
    /// To this machine and to everybody.
    All,
    /// To everybody alone: another program on this machine keeps what is sent to it.
    Broadcast,
}

/// The sockets of one port.
#[derive(Debug)]
pub struct Inlet {
    port: u16,
    at: Option<Ipv4Addr>,
    buffer: usize,
    granted: usize,
    /// What is sent to this machine, or to everybody; at least one.
    direct: Vec<UdpSocket>,
    /// What is sent to groups, with how many each has joined.
    grouped: Vec<(UdpSocket, usize)>,
}

impl Inlet {
    /// Opens the sockets and joins the groups.
    ///
    /// # Errors
    /// When the port cannot be had, or a group cannot be joined.
    pub fn open(settings: &InletSettings<'_>) -> io::Result<Self> {
        let InletSettings { port, at, groups, direct: wanted, buffer } = *settings;
        let (direct, grouped) = (Vec::new(), Vec::new());
        let mut inlet = Self { port, at, buffer, granted: usize::MAX, direct, grouped };
        if wanted != Direct::Broadcast {
            let unicast = inlet.socket(at.unwrap_or(Ipv4Addr::UNSPECIFIED))?;
            inlet.direct.push(unicast);
        }
        if wanted == Direct::Broadcast || wanted == Direct::All && at.is_some() {
            for broadcast in broadcasts(at).into_iter().chain([Ipv4Addr::BROADCAST]) {
                let socket = inlet.socket(broadcast)?;
                inlet.direct.push(socket);
            }
        }
        groups.iter().try_for_each(|group| inlet.join(*group))?;
        Ok(inlet)
    }
    /// Joins one more group.
    ///
    /// # Errors
    /// When it is joined already, or is none, or the system has no socket or membership left.
    pub fn join(&mut self, group: Ipv4Addr) -> io::Result<()> {
        if self.grouped.last().is_none_or(|(_, joined)| *joined >= GROUPS_PER_SOCKET) {
            let socket = self.socket(Ipv4Addr::UNSPECIFIED)?;
            if self.at.is_some() {
                // What is sent to another address of this machine is not for it.
                take_groups_only(socket.as_fd())?;
            }
            self.grouped.push((socket, 0));
        }
        if let Some((socket, joined)) = self.grouped.last_mut() {
            socket.join_multicast_v4(&group, &self.at.unwrap_or(Ipv4Addr::UNSPECIFIED))?;
            *joined += 1;
        }
        Ok(())
    }
    /// The socket to answer from.
    pub fn sender(&self) -> &UdpSocket {
        self.direct.first().expect("open makes the first one")
    }
    /// How many sockets there are.
    pub const fn sockets(&self) -> usize {
        self.direct.len() + self.grouped.len()
    }
    /// Bytes that the kernel keeps for each socket, as granted.
    pub const fn granted(&self) -> usize {
        self.granted
    }
    /// Hands over what has come, oldest first for each socket, and returns how much.
    pub fn receive(&self, batch: &mut Batch, mut take: impl FnMut(&[u8], SocketAddrV4)) -> usize {
        self.all().map(|socket| receive_from(socket, batch, &mut take)).sum()
    }

    fn all(&self) -> impl Iterator<Item = &UdpSocket> {
        self.direct.iter().chain(self.grouped.iter().map(|(socket, _)| socket))
    }
    fn socket(&mut self, at: Ipv4Addr) -> io::Result<UdpSocket> {
        let socket = shared_socket(SocketAddrV4::new(at, self.port))?;
        // Without the right to more than `net.core.rmem_max` there is that much.
        if setsockopt(&socket, sockopt::RcvBufForce, &self.buffer).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &self.buffer)?;
        }
        self.granted = self.granted.min(getsockopt(&socket, sockopt::RcvBuf)?);
        Ok(socket)
    }
}

fn receive_from(socket: &UdpSocket, batch: &mut Batch, take: &mut impl FnMut(&[u8], SocketAddrV4)) -> usize {
    let mut received = 0;
    for _ in 0..PER_CALL {
        let count = match receive_many(socket.as_fd(), &mut batch.buffers, &mut batch.came) {
            Ok(count) => count,
            Err(Errno::EINTR) => continue,
            // Nothing is there; or an error of something that was sent, which is told once.
            Err(_) => break,
        };
        for (came, bytes) in batch.came.iter().zip(&batch.buffers).take(count) {
            if came.is_cut {
                batch.cut = batch.cut.saturating_add(1);
            } else {
                take(bytes.get(..came.len).unwrap_or_default(), came.from);
            }
        }
        received += count;
        if count < BATCH {
            break;
        }
    }
    received
}

/// A socket on an address that others may have too.
fn shared_socket(at: SocketAddrV4) -> io::Result<UdpSocket> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket: OwnedFd = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    take_own_groups_only(socket.as_fd())?;
    bind(socket.as_raw_fd(), &SockaddrIn::from(at))?;
    let socket = UdpSocket::from(socket);
    socket.set_broadcast(true)?;
    Ok(socket)
}

/// Room for one batch, for all inlets of a thread.
#[derive(Debug)]
pub struct Batch {
    buffers: Box<[[u8; MAX_RECEIVED]]>,
    came: Box<[Came]>,
    cut: u64,
}

impl Batch {
    /// Room for 64 datagrams.
    pub fn new() -> Self {
        let came = vec![Came::NOTHING; BATCH].into_boxed_slice();
        Self { buffers: vec![[0; MAX_RECEIVED]; BATCH].into_boxed_slice(), came, cut: 0 }
    }
    /// Datagrams that were longer than [`MAX_RECEIVED`]; they were dropped.
    pub const fn cut(&self) -> u64 {
        self.cut
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits until a datagram is at one of `inlets`, somebody wakes, or CLOCK_MONOTONIC is `deadline_mono_ns`; a signal ends the
/// wait too.
///
/// # Errors
/// When the kernel refuses the wait, which it does only out of memory.
pub fn wait_for_any<'i>(
    inlets: impl Iterator<Item = &'i Inlet>,
    wakeup: Option<&Wakeup>,
    deadline_mono_ns: i64,
) -> io::Result<()> {
    let sockets = inlets.flat_map(|inlet| inlet.all().map(AsFd::as_fd));
    let all = sockets.chain(wakeup.map(AsFd::as_fd));
    let mut fds: Vec<_> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    let left = TimeSpec::nanoseconds(deadline_mono_ns.saturating_sub(mono_now_ns()).max(0));
    match ppoll(&mut fds, Some(left), None) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    if let Some(wakeup) = wakeup {
        wakeup.take();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address of this machine that nothing else here uses.
    const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 71, 1);

    fn inlet(at: Option<Ipv4Addr>, groups: &[Ipv4Addr]) -> (Inlet, u16) {
        let free = UdpSocket::bind((HERE, 0)).unwrap().local_addr().unwrap().port();
        let settings = InletSettings { port: free, at, groups, direct: Direct::Unicast, buffer: 100_000 };
        (Inlet::open(&settings).unwrap(), free)
    }
    /// Everything that has come. On loopback what was sent has arrived.
    fn received(inlet: &Inlet, batch: &mut Batch) -> Vec<(Vec<u8>, SocketAddrV4)> {
        let mut all = Vec::new();
        while inlet.receive(batch, |bytes, from| all.push((bytes.to_vec(), from))) > 0 {}
        all
    }
    fn groups(count: u8) -> Vec<Ipv4Addr> {
        (1..=count).map(|i| Ipv4Addr::new(239, 255, 71, i)).collect()
    }

    #[test]
    fn more_datagrams_than_a_batch_holds_come_whole_in_their_order_and_with_their_sender() {
        let (inlet, port) = inlet(Some(HERE), &[]);
        let sender = UdpSocket::bind((HERE, 0)).unwrap();
        let lengths = [0, 1, MAX_RECEIVED, 2].into_iter().cycle().take(2 * BATCH + 3);
        let sent: Vec<Vec<u8>> = lengths.enumerate().map(|(i, len)| vec![i as u8; len]).collect();
        let mut batch = Batch::new();
        for half in sent.chunks(40) {
            for bytes in half {
                sender.send_to(bytes, (HERE, port)).unwrap();
            }
            let (came, from): (Vec<_>, Vec<_>) = received(&inlet, &mut batch).into_iter().unzip();
            assert_eq!(came, half);
            assert!(from.iter().all(|from| *from == sender_v4(&sender)));
        }
        sender.send_to(&[0; MAX_RECEIVED + 1], (HERE, port)).unwrap();
        assert_eq!((received(&inlet, &mut batch), batch.cut()), (Vec::new(), 1));
    }

    fn sender_v4(sender: &UdpSocket) -> SocketAddrV4 {
        match sender.local_addr().unwrap() {
            std::net::SocketAddr::V4(at) => at,
            std::net::SocketAddr::V6(_) => panic!("bound to IPv4"),
        }
    }

    /// DMX-45
    #[test]
    fn many_more_groups_than_a_socket_may_join_each_come_once() {
        let all = groups(5 * GROUPS_PER_SOCKET as u8 + 1);
        let (inlet, port) = inlet(Some(HERE), &all[..all.len() - 1]);
        assert_eq!(inlet.sockets(), 5 + 1);
        let sender = UdpSocket::bind((HERE, 0)).unwrap();
        // The last group was not joined.
        for (i, group) in all.iter().enumerate() {
            sender.send_to(&[i as u8], (*group, port)).unwrap();
        }
        let mut came: Vec<u8> = received(&inlet, &mut Batch::new()).iter().map(|(bytes, _)| bytes[0]).collect();
        came.sort_unstable();
        assert_eq!(came, (0..5 * GROUPS_PER_SOCKET as u8).collect::<Vec<_>>());
    }

    /// DMX-45
    #[test]
    fn an_inlet_at_one_address_takes_nothing_that_is_sent_to_another_and_one_at_all_takes_both() {
        let elsewhere = Ipv4Addr::new(127, 0, 71, 2);
        let (here, port) = inlet(Some(HERE), &groups(1));
        let sender = UdpSocket::bind((HERE, 0)).unwrap();
        let send = |to, port| assert_eq!(sender.send_to(b"x", (to, port)).unwrap(), 1);
        send(HERE, port);
        send(elsewhere, port);
        assert_eq!(received(&here, &mut Batch::new()).len(), 1);
        let (everywhere, port) = inlet(None, &groups(1));
        send(HERE, port);
        send(elsewhere, port);
        assert_eq!(received(&everywhere, &mut Batch::new()).len(), 2);
    }

    /// DMX-41
    #[test]
    fn an_inlet_for_broadcasts_leaves_what_is_sent_to_this_machine_to_others() {
        let (whole, port) = inlet(None, &[]);
        // The newest of several on all addresses would get what is sent to one of them.
        let settings = InletSettings { port, at: None, groups: &[], direct: Direct::Broadcast, buffer: 100_000 };
        let broadcasts = Inlet::open(&settings).unwrap();
        let sender = UdpSocket::bind((HERE, 0)).unwrap();
        sender.set_broadcast(true).unwrap();
        sender.send_to(b"to one", (HERE, port)).unwrap();
        sender.send_to(b"to all", (Ipv4Addr::new(127, 255, 255, 255), port)).unwrap();
        let came =
            |inlet: &Inlet| received(inlet, &mut Batch::new()).into_iter().map(|(bytes, _)| bytes).collect::<Vec<_>>();
        assert_eq!(came(&broadcasts), [b"to all"]);
        assert_eq!(came(&whole), [b"to one", b"to all"]);
    }

    #[test]
    fn a_wait_ends_with_a_datagram_or_a_waker_long_before_its_deadline() {
        let (inlet, port) = inlet(Some(HERE), &[]);
        let (waker, wakeup) = crate::wake::wake_pair().unwrap();
        let an_hour = mono_now_ns() + 3_600_000_000_000;
        waker.wake();
        wait_for_any([&inlet].into_iter(), Some(&wakeup), an_hour).unwrap();
        UdpSocket::bind((HERE, 0)).unwrap().send_to(b"x", (HERE, port)).unwrap();
        wait_for_any([&inlet].into_iter(), Some(&wakeup), an_hour).unwrap();
        assert!(mono_now_ns() < an_hour);
    }
}
