//! The calls about sockets that need `unsafe`.
//!
//! `sendmmsg` and `recvmmsg` over plain slices: nix's wrappers keep raw pointers between calls and so cannot move to another
//! thread. Two options that nix has no name for. Registering a socket with tokio: the caller promises to keep it open.
#![allow(
    unsafe_code,
    reason = "sendmmsg and recvmmsg take pointers to arrays of pointers, options too; AsyncFd trusts its descriptor"
)]

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{SockaddrLike, SockaddrStorage};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::StampedSocket;

/// Datagrams of one call.
pub(super) const BATCH: usize = 64;

/// Sends up to [`BATCH`] datagrams without blocking and returns how many went; at least one, or an error about the first.
pub(super) fn send_many<'a>(
    socket: BorrowedFd<'_>,
    datagrams: impl Iterator<Item = (&'a SockaddrStorage, &'a [u8])>,
) -> Result<usize, Errno> {
    // SAFETY: both are plain C structures for which all zeroes is a valid value (null pointers, zero lengths).
    let (mut headers, mut slices): ([libc::mmsghdr; BATCH], [libc::iovec; BATCH]) = unsafe { mem::zeroed() };
    let mut count = 0;
    for ((header, slice), (to, bytes)) in headers.iter_mut().zip(&mut slices).zip(datagrams) {
        *slice = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        header.msg_hdr.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = to.len();
        header.msg_hdr.msg_iov = ptr::from_mut(slice);
        header.msg_hdr.msg_iovlen = 1;
        count += 1;
    }
    // SAFETY: the first `count` headers point at addresses and bytes that the caller lends for longer than this call, and
    // at `slices`, which lives as long; the kernel reads through all of them and writes only the headers' `msg_len`.
    let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT) };
    Errno::result(sent).map(|sent| usize::try_from(sent).unwrap_or(0))
}

/// What is known of a datagram that came, besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came {
    /// Its length, as far as it fitted into its buffer.
    pub(super) len: usize,
    /// Who sent it.
    pub(super) from: SocketAddrV4,
    /// It was longer than its buffer.
    pub(super) is_cut: bool,
}

impl Came {
    pub(super) const NOTHING: Self = Self { len: 0, from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0), is_cut: false };
}

/// Receives up to [`BATCH`] datagrams of an IPv4 socket without blocking, one into each buffer, and returns how many came; at
/// least one, or an error (`EAGAIN`: none is there).
pub(super) fn receive_many<const N: usize>(
    socket: BorrowedFd<'_>,
    buffers: &mut [[u8; N]],
    came: &mut [Came],
) -> Result<usize, Errno> {
    type Arrays = ([libc::mmsghdr; BATCH], [libc::iovec; BATCH], [libc::sockaddr_in; BATCH]);
    // SAFETY: all are plain C structures for which all zeroes is a valid value (null pointers, zero lengths, no address).
    let (mut headers, mut slices, mut names): Arrays = unsafe { mem::zeroed() };
    let mut count = 0;
    for (((header, slice), name), buffer) in headers.iter_mut().zip(&mut slices).zip(&mut names).zip(buffers) {
        *slice = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: N };
        header.msg_hdr.msg_name = ptr::from_mut(name).cast();
        header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        header.msg_hdr.msg_iov = ptr::from_mut(slice);
        header.msg_hdr.msg_iovlen = 1;
        count += 1;
    }
    let (fd, none) = (socket.as_raw_fd(), ptr::null_mut());
    // SAFETY: the first `count` headers point at an address, at `slices` and through them at a buffer each, all of which are
    // lent mutably to nobody else until this call returns; the kernel writes no more than their lengths say.
    let got = unsafe { libc::recvmmsg(fd, headers.as_mut_ptr(), count, libc::MSG_DONTWAIT, none) };
    let got = usize::try_from(Errno::result(got)?).unwrap_or(0);
    for ((came, header), name) in came.iter_mut().zip(&headers).zip(&names).take(got) {
        let from = SocketAddrV4::new(u32::from_be(name.sin_addr.s_addr).into(), u16::from_be(name.sin_port));
        let is_cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        *came = Came { len: (header.msg_len as usize).min(N), from, is_cut };
    }
    Ok(got)
}

/// A socket of a port that others have too gets the datagrams of groups it has joined itself, instead of those that anybody
/// on this machine has joined.
pub(super) fn take_own_groups_only(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    let off: libc::c_int = 0;
    set_option(socket, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, &off)
}

/// A socket gets no datagram but those of groups.
pub(super) fn take_groups_only(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    // The IPv4 destination, of which the first four bits say whether it is a group; whole packets, or nothing of them.
    let destination = (libc::SKF_NET_OFF + 16) as u32;
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, destination),
        step(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0, 0, 0xF000_0000),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, 0xE000_0000),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ];
    let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
}

/// Sets an option whose value is the C structure `value`.
fn set_option<T>(socket: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int, value: &T) -> Result<(), Errno> {
    let len = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel reads `len` bytes of `value`, and of the filter as many steps as it says, all lent until it returns;
    // both callers give the structure that their option takes.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, ptr::from_ref(value).cast(), len) };
    Errno::result(done).map(drop)
}

/// Registers a socket with the runtime of the calling task. Nobody may be given `&mut StampedSocket` out of the result to
/// put another socket in its place.
pub(super) fn watch(socket: StampedSocket, interest: Interest) -> io::Result<AsyncFd<StampedSocket>> {
    // SAFETY: a `StampedSocket` owns one open descriptor, which nothing replaces or closes before it is dropped; the only
    // user of the result, `AsyncStampedSocket`, lends it to nobody mutably, so it cannot be swapped for another.
    unsafe { AsyncFd::register_with_interest(socket, interest) }.map_err(io::Error::from)
}
