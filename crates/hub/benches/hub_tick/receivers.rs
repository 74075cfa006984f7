//! The nodes' ends: one socket a node, each at an address of its own, read by one thread.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cuelight_net::realtime::make_thread_realtime;

/// Between two looks at all sockets. A socket's buffer of 208 KiB holds what comes in 300 ms at 600 datagrams a second.
const PERIOD: Duration = Duration::from_millis(4);

/// Below the tick's.
const PRIORITY: u8 = 10;

pub(crate) struct Receivers {
    pub(crate) addresses: Vec<SocketAddr>,
    state: Arc<State>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    arrived: AtomicU64,
    is_stopping: AtomicBool,
}

impl Receivers {
    /// Sockets at 127.1.0.0 and the addresses after it.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let open = |index: usize| {
            let [.., hi, lo] = index.to_be_bytes();
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 1, hi, lo), 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let sockets: Vec<UdpSocket> = (0..count).map(open).collect::<io::Result<_>>()?;
        let addresses = sockets.iter().map(UdpSocket::local_addr).collect::<io::Result<_>>()?;
        let state = Arc::new(State::default());
        let shared = state.clone();
        let thread = thread::Builder::new().name("receivers".into()).spawn(move || drain(&sockets, &shared))?;
        Ok(Self { addresses, state, thread })
    }
    /// Reads what is still there; how many datagrams arrived in all.
    pub(crate) fn stop(self) -> u64 {
        self.state.is_stopping.store(true, Ordering::Relaxed);
        self.thread.join().expect("the receivers do not panic");
        self.state.arrived.load(Ordering::Relaxed)
    }
}

fn drain(sockets: &[UdpSocket], state: &State) {
    // They stand for other machines: other work on this one does not keep them from reading. Where it is refused the
    // benchmark says so for its own thread.
    let _ = make_thread_realtime(PRIORITY);
    loop {
        // Looked at before the last round, which so finds all that was sent before it was set.
        let is_last = state.is_stopping.load(Ordering::Relaxed);
        let mut buf = [0; 1024];
        let mut arrived = 0;
        for socket in sockets {
            while socket.recv(&mut buf).is_ok() {
                arrived += 1;
            }
        }
        state.arrived.fetch_add(arrived, Ordering::Relaxed);
        if is_last {
            return;
        }
        thread::sleep(PERIOD);
    }
}
