//! Opening a hub's sockets: what can be refused is refused before anything runs, with what to do about it.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use cuelight_net::udp::{StampedSocket, expedite};
use nix::sys::socket::{setsockopt, sockopt};
use tracing::info;

use crate::error::HubError;
use crate::settings::HubSettings;

/// What the kernel holds for one connection that does not read, bytes (it takes twice as many). Left to itself it takes
/// megabytes, and a slow reader is noticed only when they are full; on a LAN with 10 ms of delay this still carries 6 MB/s.
const SEND_BUFFER: usize = 64 * 1024;

/// HTTP and the control plane.
pub(crate) fn open_http(settings: &HubSettings) -> Result<TcpListener, HubError> {
    let at = SocketAddr::new(settings.bind, settings.port);
    let open = || {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        // Every connection has it from the listener.
        setsockopt(&listener, sockopt::SndBuf, &SEND_BUFFER)?;
        Ok(listener)
    };
    open().map_err(|source| refused("the HTTP port", at, source, "--port"))
}

/// The time exchange.
pub(crate) fn open_exchange(settings: &HubSettings) -> Result<StampedSocket, HubError> {
    let at = SocketAddr::new(settings.bind, settings.ts_port);
    let socket =
        StampedSocket::bind(at).map_err(|source| refused("the port of the time exchange", at, source, "--ts-port"))?;
    if let Err(error) = expedite(socket.socket()) {
        info!("the network is not asked to hurry the time exchange: {error}");
    }
    Ok(socket)
}

/// The stream.
pub(crate) fn open_stream(settings: &HubSettings) -> Result<UdpSocket, HubError> {
    let at = SocketAddr::new(settings.bind, 0);
    let socket = UdpSocket::bind(at).map_err(|source| refused("a port for the stream", at, source, "--bind"))?;
    if let Err(error) = expedite(&socket) {
        info!("the network is not asked to hurry the stream: {error}");
    }
    Ok(socket)
}

fn refused(what: &'static str, at: SocketAddr, source: io::Error, flag: &'static str) -> HubError {
    let advice = match source.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "port {} needs privileges: use {flag} with one above 1023, \
             or sudo setcap cap_net_bind_service,cap_sys_nice+ep on the program",
            at.port()
        ),
        io::ErrorKind::AddrInUse => {
            format!("another program has it, perhaps another hub: stop that one, or choose another with {flag}")
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address: correct --bind".to_owned(),
        _ => format!("choose another with {flag} or --bind"),
    };
    HubError::Port { what, at, source, advice }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    /// HUB-2
    #[test]
    fn a_taken_port_and_a_foreign_address_are_refused_with_what_to_do() {
        let settings = HubSettings { bind: [127, 0, 0, 1].into(), port: 0, ts_port: 0, ..HubSettings::new("".into()) };
        let taken = open_http(&settings).unwrap();
        let port = taken.local_addr().unwrap().port();
        let refusal = open_http(&HubSettings { port, ..settings.clone() }).unwrap_err().to_string();
        assert!(refusal.contains(&port.to_string()) && refusal.contains("--port"), "{refusal}");
        let taken = open_exchange(&settings).unwrap();
        let ts_port = taken.local_addr().unwrap().port();
        let refusal = open_exchange(&HubSettings { ts_port, ..settings.clone() }).unwrap_err().to_string();
        assert!(refusal.contains(&ts_port.to_string()) && refusal.contains("--ts-port"), "{refusal}");
        // TEST-NET-1, which no machine has.
        let refusal = open_stream(&HubSettings { bind: [192, 0, 2, 1].into(), ..settings }).unwrap_err().to_string();
        assert!(refusal.contains("192.0.2.1") && refusal.contains("--bind"), "{refusal}");
    }

    /// HUB-8
    #[test]
    fn a_connection_that_does_not_read_is_given_little() {
        let settings = HubSettings { bind: [127, 0, 0, 1].into(), port: 0, ..HubSettings::new("".into()) };
        let listener = open_http(&settings).unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut writer, _) = listener.accept().unwrap();
        writer.set_nonblocking(true).unwrap();
        let mut taken = 0;
        while let Ok(len) = writer.write(&[0; 4096]) {
            taken += len;
        }
        // The reader's end holds as much again, or what its own system gives it: it has not read, so that does not grow.
        assert!(taken < 1_000_000, "{taken}");
        assert!(reader.read(&mut [0; 4096]).unwrap() > 0);
    }

    #[test]
    fn a_privileged_port_names_the_capability() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let refusal = refused("the HTTP port", SocketAddr::from(([0, 0, 0, 0], 80)), denied, "--port").to_string();
        assert!(refusal.contains("port 80") && refusal.contains("cap_net_bind_service"), "{refusal}");
    }
}
