//! Something between a hub and one node: it forwards everything and keeps what the stream brought.
//!
//! The hub sends the stream to the address the control connection comes from. The tap makes that connection from an
//! address of its own, takes the stream there, and hands it on to the node.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use super::{HERE, free_udp_port, tcp};

/// Where the tap stands, as the hub sees it.
const TAP: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

/// A tap in place. Its threads end with the connection and the test's process.
pub(crate) struct Tap {
    /// What the node takes for the hub.
    pub(crate) hub_seen_at: SocketAddr,
    /// Where the node takes the stream.
    pub(crate) node_stream: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Tap {
    /// A tap before `hub`, for a node with one connection.
    pub(crate) fn before(hub: SocketAddr) -> Self {
        let node_stream = free_udp_port();
        let stream = UdpSocket::bind((TAP, node_stream.port())).unwrap();
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        let hub_seen_at = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                let mut datagram = [0; 1500];
                while let Ok(len) = stream.recv(&mut datagram) {
                    // The node may be gone at the test's end.
                    let _ = stream.send_to(&datagram[..len], node_stream);
                    seen.lock().unwrap().push(datagram[..len].to_vec());
                }
            }
        });
        thread::spawn(move || {
            let (node, _) = listener.accept().unwrap();
            let hub = tcp(TAP, hub);
            pump(node.try_clone().unwrap(), hub.try_clone().unwrap());
            pump(hub, node);
        });
        Self { hub_seen_at, node_stream, seen }
    }

    /// The datagrams of the stream so far.
    pub(crate) fn datagrams(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().clone()
    }

    /// Sends the node something of one's own.
    pub(crate) fn inject(&self, datagram: &[u8]) {
        UdpSocket::bind((HERE, 0)).unwrap().send_to(datagram, self.node_stream).unwrap();
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        // An end is an end, however it comes.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
