//! UDP as the stream and the time exchange need it: datagrams with kernel timestamps, and many datagrams in one call, out and
//! in.

mod asynchronous;
mod batch;
mod inlet;
mod stamped;
mod sys;

use std::io;
use std::net::{IpAddr, UdpSocket};

use nix::sys::socket::{setsockopt, sockopt};

pub use asynchronous::AsyncStampedSocket;
pub use batch::{BatchSender, Flushed, MAX_DATAGRAM};
pub use inlet::{Batch, Direct, Inlet, InletSettings, MAX_RECEIVED, wait_for_any};
pub use stamped::{Ready, Received, Sent, StampedSocket, Stamping, TxId};

/// DSCP 46, expedited forwarding, in the upper six bits: what Wi-Fi maps to its voice queue.
const EXPEDITED: i32 = 46 << 2;

/// Asks the network to send the socket's datagrams before others. Networks may ignore it.
///
/// # Errors
/// When the socket has no address or the kernel refuses.
pub fn expedite(socket: &UdpSocket) -> io::Result<()> {
    match socket.local_addr()?.ip() {
        IpAddr::V4(_) => setsockopt(socket, sockopt::Ipv4Tos, &EXPEDITED)?,
        IpAddr::V6(_) => setsockopt(socket, sockopt::Ipv6TClass, &EXPEDITED)?,
    }
    Ok(())
}

/// Asks the kernel to keep so many bytes of datagrams that the device has not sent yet. It may keep fewer.
///
/// # Errors
/// When the kernel refuses, which it does not.
pub fn hold_unsent(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    Ok(setsockopt(socket, sockopt::SndBuf, &bytes)?)
}

/// The thread that starts the tick thread or the driver thread makes their sockets and reports what was refused.
const _: () = {
    const fn moves_to_another_thread<T: Send>() {}
    moves_to_another_thread::<BatchSender>();
    moves_to_another_thread::<StampedSocket>();
    moves_to_another_thread::<AsyncStampedSocket>();
};
