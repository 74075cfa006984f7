//! The two calls about sockets that need `unsafe`.
//!
//! `sendmmsg` over plain slices: nix's wrapper keeps raw pointers between calls and so cannot move to another thread.
//! Registering a socket with tokio: the caller promises to keep it open.
#![allow(unsafe_code, reason = "sendmmsg takes pointers to arrays of pointers; AsyncFd trusts its descriptor")]

use std::io;
use std::mem;
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

/// Registers a socket with the runtime of the calling task. Nobody may be given `&mut StampedSocket` out of the result to
/// put another socket in its place.
pub(super) fn watch(socket: StampedSocket, interest: Interest) -> io::Result<AsyncFd<StampedSocket>> {
    // SAFETY: a `StampedSocket` owns one open descriptor, which nothing replaces or closes before it is dropped; the only
    // user of the result, `AsyncStampedSocket`, lends it to nobody mutably, so it cannot be swapped for another.
    unsafe { AsyncFd::register_with_interest(socket, interest) }.map_err(io::Error::from)
}
