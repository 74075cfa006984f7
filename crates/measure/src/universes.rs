//! A receiver of universes that stamps what it gets: levels as they are on the wire, by the clock of this machine.
//!
//! It reads sACN by the places that E1.31-2018 gives the fields, with nothing of the codecs that it is to judge.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use cuelight_net::clock::mono_now_ns;
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::udp::StampedSocket;

/// How long the receiver waits before it looks whether it is over.
const LOOK_EVERY_NS: i64 = 50_000_000;
/// As the time exchange of a hub.
const PRIORITY: u8 = 60;
/// The largest datagram of sACN is 638 bytes.
const DATAGRAM: usize = 1_200;
/// Packets that are kept: 512 universes at 44 Hz for three minutes. What comes later is not looked at.
const KEPT: usize = 512 * 44 * 180;

/// Levels of a universe, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// CLOCK_MONOTONIC of its arrival.
    pub at_ns: i64,
    /// Which universe.
    pub universe: u16,
    /// The level of slot 1.
    pub first: u8,
    /// All levels, by [`fingerprint`].
    pub levels: u64,
}

/// What a receiver got.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// In the order they came.
    pub packets: Vec<Packet>,
    /// Whether the receiver had real-time priority: then the machine can be held to what it does in time.
    pub is_realtime: bool,
}

/// The brightness of each universe now: the mean of its levels.
pub type Brightness = BTreeMap<u16, u8>;

/// FNV-1a in 64 bits over the levels of a universe.
pub fn fingerprint(levels: &[u8]) -> u64 {
    levels.iter().fold(0xcbf2_9ce4_8422_2325, |hash, level| (hash ^ u64::from(*level)).wrapping_mul(0x100_0000_01b3))
}

/// The universe and the levels of a datagram; nothing for what is no levels, or says the end of a stream.
pub fn levels(datagram: &[u8]) -> Option<(u16, &[u8])> {
    const VECTOR_DATA: [u8; 4] = [0, 0, 0, 4];
    const TERMINATED: u8 = 0x40;
    let number = |at: usize| Some(u16::from_be_bytes(datagram.get(at..at + 2)?.try_into().ok()?));
    let is_levels = datagram.get(18..22)? == VECTOR_DATA && datagram.get(112)? & TERMINATED == 0;
    // The start code counts as one of them.
    let count = usize::from(number(123)?).checked_sub(1)?;
    let levels = datagram.get(126..126 + count).filter(|levels| !levels.is_empty())?;
    (is_levels && *datagram.get(125)? == 0).then_some((number(113)?, levels))
}

/// A thread that reads and stamps. Dropping it ends it.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    brightness: Arc<Mutex<Brightness>>,
    thread: Option<JoinHandle<Heard>>,
}

impl Receiver {
    /// Begins to receive what comes to an address of this machine; port 0 is any that is free.
    ///
    /// # Errors
    /// When there is no such address, or no thread.
    pub fn start(at: SocketAddr) -> io::Result<Self> {
        let socket = StampedSocket::bind(at)?;
        let address = socket.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let brightness = Arc::<Mutex<Brightness>>::default();
        let (ends, shown) = (Arc::clone(&is_over), Arc::clone(&brightness));
        let thread = thread::Builder::new().name("receiver".into()).spawn(move || receive(socket, &ends, &shown))?;
        Ok(Self { address, is_over, brightness, thread: Some(thread) })
    }
    /// Where it receives.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
    /// How bright each universe is now.
    pub fn brightness(&self) -> Brightness {
        self.brightness.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Ends it and tells what it got; nothing if its thread has panicked.
    pub fn finish(mut self) -> Heard {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn receive(mut socket: StampedSocket, is_over: &AtomicBool, brightness: &Mutex<Brightness>) -> Heard {
    // Without it the socket's buffer keeps what comes; the kernel's stamps are as exact.
    let mut heard = Heard { packets: Vec::new(), is_realtime: make_thread_realtime(PRIORITY).is_ok() };
    let mut buf = [0; DATAGRAM];
    while !is_over.load(Ordering::Relaxed) {
        let _ = socket.wait(Some(mono_now_ns() + LOOK_EVERY_NS), None);
        while let Ok(Some(received)) = socket.recv(&mut buf) {
            let Some((universe, levels)) = levels(&buf[..received.len]) else { continue };
            if heard.packets.len() < KEPT {
                let (at_ns, first) = (received.rx_mono_ns, levels[0]);
                heard.packets.push(Packet { at_ns, universe, first, levels: fingerprint(levels) });
            }
            let sum: usize = levels.iter().map(|level| usize::from(*level)).sum();
            let mean = (sum / levels.len()) as u8;
            brightness.lock().unwrap_or_else(PoisonError::into_inner).insert(universe, mean);
        }
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_where_the_standard_has_them() {
        let mut datagram = [0; 638];
        datagram[21] = 4;
        (datagram[113], datagram[114]) = (1, 2);
        (datagram[123], datagram[124]) = (2, 1);
        (datagram[126], datagram[637]) = (99, 7);
        let (universe, slots) = levels(&datagram).unwrap();
        assert_eq!((universe, slots.len(), slots[0], slots[511]), (258, 512, 99, 7));
        // Per-address priorities, the end of a stream, less than it says, and nothing at all.
        for (at, value) in [(125, 0xdd), (112, 0x40), (123, 3), (21, 8)] {
            let mut other = datagram;
            other[at] = value;
            assert_eq!(levels(&other), None, "{at}");
        }
        (datagram[123], datagram[124]) = (0, 1);
        assert_eq!((levels(&datagram), levels(&datagram[..100])), (None, None));
    }

    #[test]
    fn any_level_makes_another_fingerprint() {
        let mut slots = [0; 512];
        let dark = fingerprint(&slots);
        slots[511] = 1;
        assert_ne!(fingerprint(&slots), dark);
    }
}
