//! Sockets that universes are sent from, and where receivers are.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use super::UniversesError;

/// Routers that multicast may pass.
const MULTICAST_TTL: u32 = 64;

/// A socket that never blocks, on the address to send from. Multicast and broadcast leave by the network that has this
/// address, and reach receivers on this machine too.
///
/// # Errors
/// [`UniversesError::Socket`].
pub fn open(from: Option<IpAddr>, to: Option<SocketAddr>) -> Result<UdpSocket, UniversesError> {
    let any: IpAddr =
        if to.is_some_and(|to| to.is_ipv6()) { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let open = || {
        let socket = UdpSocket::bind((from.unwrap_or(any), 0))?;
        socket.set_broadcast(true)?;
        if socket.local_addr()?.is_ipv4() {
            socket.set_multicast_ttl_v4(MULTICAST_TTL)?;
        }
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    open().map_err(|source| UniversesError::Socket { source })
}

/// Where a receiver is: an address or a name, with or without a port; resolving one may take a while.
///
/// # Errors
/// [`UniversesError::Unresolved`].
pub fn resolve(host: &str, port: u16) -> Result<SocketAddr, UniversesError> {
    let find = || {
        if let Ok(ip) = host.parse() {
            return Ok(SocketAddr::new(ip, port));
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let mut found = if has_port { host.to_socket_addrs()? } else { (host, port).to_socket_addrs()? };
        found.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
    };
    find().map_err(|source| UniversesError::Unresolved { host: host.to_owned(), source })
}
