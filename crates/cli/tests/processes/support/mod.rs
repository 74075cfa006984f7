//! What the tests are made of.

mod disk;
mod hub;
mod node;
mod process;
pub(crate) mod record;
mod show;
mod socket;
mod tap;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(crate) use disk::SmallDisk;
pub(crate) use hub::Hub;
pub(crate) use node::Node;
pub(crate) use process::{Finished, Process, run};
pub(crate) use record::{Record, fnv1a_64};
pub(crate) use show::{GEOMETRY_PIXELS, Show};
pub(crate) use socket::{Heard, Socket, hello, narrow_tcp, tcp};
pub(crate) use tap::Tap;

/// Where everything runs.
pub(crate) const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// How long anything may take that has no limit of its own.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Looks every few milliseconds until there is something; fails when there is nothing within `limit`.
pub(crate) fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} until {what}");
        sleep(Duration::from_millis(5));
    }
}

/// Waits until something is true.
pub(crate) fn until_true(what: &str, limit: Duration, mut look: impl FnMut() -> bool) {
    until(what, limit, || look().then_some(()));
}

/// A TCP port that nobody has.
pub(crate) fn free_tcp_port() -> SocketAddr {
    TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap()
}

/// A UDP port that nobody has.
pub(crate) fn free_udp_port() -> SocketAddr {
    UdpSocket::bind((HERE, 0)).unwrap().local_addr().unwrap()
}
