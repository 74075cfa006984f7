//! Frames as universes of sACN or Art-Net, 170 RGB pixels each. Implements OUT-8.
//!
//! Of the 120 frames a second every third (40 Hz), or fewer as configured, goes out, at its own deadline: frame indexes are
//! the same on all nodes, so their universes leave at the same instants of show time. Where synchronisation is on its packet
//! follows with the next rendered frame, 8.3 ms later, so that receivers have read everything. Sent from the frame thread on
//! a socket that never blocks; what the system does not take is counted, the next frame carries new levels.

pub(crate) mod option;
mod socket;
mod subscribers;
mod target;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cuelight_dmx::artnet::{self, Dmx, PortAddress};
use cuelight_dmx::sacn::{self, Data, Page};
use cuelight_dmx::send::{
    Announcer, ArtNetStream, ArtNetSynchroniser, Identity, SacnSettings, SacnStream, SacnSynchroniser,
};
use cuelight_wire::ids::Mac;
use cuelight_wire::scene::Rgb;
use cuelight_wire::time::{Local, Span, Time};

pub use option::BadOption;
pub use socket::{open, resolve};
pub(crate) use subscribers::Followed;
pub use subscribers::{MAX_SUBSCRIBERS, Subscribers, Subscriptions};
pub use target::{ArtNetTarget, BadTarget, SacnTarget, Way};

use crate::frame::{Frame, Output};

/// The identity of a node's pixels by sACN, of the output of this number: the same after each restart (DMX-37). A UUID of
/// version 8 made of a constant, the number and the MAC address.
pub fn identity_of(mac: Mac, name: &str, output: usize) -> Identity {
    nth(identity_of_part(mac, name, Part::Pixels), output)
}

/// What sends by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// Outputs of the frame loop.
    Pixels = 0,
    /// Targets of the lights.
    Lights = 1,
}

/// The identity of the first of a part.
pub(crate) fn identity_of_part(mac: Mac, name: &str, part: Part) -> Identity {
    let mut cid = *b"cuelight\x80\x00......";
    cid[8] |= part as u8;
    // Version and variant, as RFC 9562 places them.
    cid[6] = 0x80 | cid[6] & 0x0F;
    cid[10..].copy_from_slice(&mac.0);
    Identity { cid: sacn::Cid(cid), name: sacn::SourceName::new(name) }
}

/// The identity of the n-th of a part, from 0 on; after 256 they begin again.
pub(crate) fn nth(first: Identity, n: usize) -> Identity {
    let mut identity = first;
    identity.cid.0[9] = identity.cid.0[9].wrapping_add(n as u8);
    identity
}

/// Pixels of a universe: the 512 slots hold 170 whole ones.
pub const PIXELS_PER_UNIVERSE: usize = 170;
const SLOTS_PER_UNIVERSE: usize = 3 * PIXELS_PER_UNIVERSE;

/// Why universes cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum UniversesError {
    /// The receiver's name or address cannot be resolved.
    #[error("receiver '{host}' cannot be resolved ({source}): give an address like 192.168.1.50")]
    Unresolved {
        /// As configured.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// No socket.
    #[error(
        "no socket for universes ({source}): is there a network, and the address to send from one of this machine?"
    )]
    Socket {
        /// What the system said.
        source: io::Error,
    },
    /// An Art-Net target without a host, where nobody looks for receivers.
    #[error("'{target}' has no receiver: name one behind @, like @192.168.1.50; only a node looks for them by itself")]
    NobodyLooks {
        /// As configured.
        target: String,
    },
    /// Universes beyond the last one.
    #[error("{pixels} pixels from universe {first} on need {needed} universes; there are only {there}: begin lower")]
    TooMany {
        /// Pixels of the node.
        pixels: usize,
        /// The first universe.
        first: u16,
        /// How many universes they need.
        needed: usize,
        /// How many there are from it on.
        there: usize,
    },
}

/// What became of the datagrams of one output.
#[derive(Clone, Debug, Default)]
pub struct UniverseCounters(Arc<[AtomicU64; 2]>);

impl UniverseCounters {
    /// Datagrams handed to the system.
    pub fn sent(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }
    /// Datagrams the system did not take.
    pub fn refused(&self) -> u64 {
        self.0[1].load(Ordering::Relaxed)
    }
}

/// The socket and what it counts.
#[derive(Debug)]
struct Sender {
    socket: UdpSocket,
    counters: UniverseCounters,
}

impl Sender {
    fn new(way: Way, to: Option<SocketAddr>) -> Result<Self, UniversesError> {
        let socket = open(way.from, to)?;
        Ok(Self { socket, counters: UniverseCounters::default() })
    }
    fn send(&self, datagram: &[u8], to: SocketAddr) {
        let outcome = usize::from(self.socket.send_to(datagram, to).is_err());
        self.counters.0[outcome].fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends frames by sACN.
#[derive(Debug)]
pub struct Sacn {
    sender: Sender,
    name: String,
    stride: i64,
    identity: Identity,
    /// A receiver; `None`: the group of each universe.
    host: Option<SocketAddr>,
    streams: Vec<SacnStream>,
    synchroniser: Option<SacnSynchroniser>,
    universes: Vec<sacn::Universe>,
    /// Says which universes there are, from the first frame on.
    announcer: Option<Announcer>,
    bytes: Vec<u8>,
    buf: Box<[u8; sacn::MAX_DATAGRAM]>,
}

impl Sacn {
    /// An output of frames of `pixels` pixels. Resolving a name may take a while: not for the frame thread.
    ///
    /// # Errors
    /// [`UniversesError`]; a receiver that is merely off is none.
    pub fn new(target: &SacnTarget, pixels: usize, identity: Identity) -> Result<Self, UniversesError> {
        let first = target.first.number();
        let numbers = universes_of(first, sacn::Universe::LAST.number(), pixels)?;
        let universes: Vec<_> = numbers.filter_map(sacn::Universe::new).collect();
        let host = target.host.as_deref().map(|host| resolve(host, sacn::PORT)).transpose()?;
        let settings = |universe| SacnSettings {
            universe,
            priority: target.priority,
            sync: target.sync,
            is_forced: true,
            is_preview: false,
            rate: target.way.rate,
        };
        Ok(Self {
            sender: Sender::new(target.way, host)?,
            name: format!("sacn:{target}"),
            stride: target.way.stride(),
            identity,
            host,
            streams: universes.iter().map(|universe| SacnStream::new(settings(*universe))).collect(),
            synchroniser: target.sync.map(|sync| SacnSynchroniser::new(identity.cid, sync, Span::ZERO)),
            universes,
            announcer: None,
            bytes: Vec::with_capacity(3 * pixels),
            buf: Box::new([0; sacn::MAX_DATAGRAM]),
        })
    }
    /// Counters to look at while the output is at work.
    pub fn counters(&self) -> UniverseCounters {
        self.sender.counters.clone()
    }

    fn to(&self, group: [u8; 4]) -> SocketAddr {
        self.host.unwrap_or_else(|| (Ipv4Addr::from(group), sacn::PORT).into())
    }

    /// What is due of every stream; whether anything was.
    fn transmit(&mut self, now: Time<Local>) -> bool {
        let buf: &mut [u8; Data::MAX_LEN] = self.buf.first_chunk_mut().expect("a page is longer than levels");
        let mut is_sent = false;
        for stream in &mut self.streams {
            let group = stream.settings().universe.group();
            let to = self.host.unwrap_or_else(|| (Ipv4Addr::from(group), sacn::PORT).into());
            while let Some(len) = stream.poll_transmit(&self.identity, buf, now) {
                self.sender.send(&buf[..len], to);
                is_sent = true;
            }
        }
        is_sent
    }

    fn synchronise(&mut self, now: Time<Local>) {
        let mut buf = [0; sacn::Sync::LEN];
        let Some(synchroniser) = &mut self.synchroniser else { return };
        if let Some(len) = synchroniser.poll_transmit(&mut buf, now) {
            let group = synchroniser.address().group();
            self.sender.send(&buf[..len], self.to(group));
        }
    }

    fn announce(&mut self, now: Time<Local>) {
        let to = self.to(sacn::Universe::DISCOVERY_GROUP);
        let announcer = self.announcer.get_or_insert_with(|| Announcer::new(now));
        let buf: &mut [u8; Page::MAX_LEN] = &mut self.buf;
        while let Some(len) = announcer.poll_transmit(&self.identity, &self.universes, buf, now) {
            self.sender.send(&buf[..len], to);
        }
    }
}

impl Output for Sacn {
    fn emit(&mut self, frame: &Frame<'_>) {
        let now = Time::from_ns(frame.mono_ns);
        // What follows the levels of the frame before.
        self.synchronise(now);
        self.announce(now);
        if frame.index.0.rem_euclid(self.stride) != 0 {
            return;
        }
        fill(&mut self.bytes, frame.pixels);
        for (stream, levels) in self.streams.iter_mut().zip(self.bytes.chunks(SLOTS_PER_UNIVERSE)) {
            stream.handle_levels(levels);
        }
        if self.transmit(now)
            && let Some(synchroniser) = &mut self.synchroniser
        {
            synchroniser.handle_frame(now);
        }
    }
    fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Sacn {
    /// Receivers need not wait for silence.
    fn drop(&mut self) {
        self.streams.iter_mut().for_each(SacnStream::handle_end);
        self.transmit(Time::ZERO);
    }
}

/// Sends frames by Art-Net.
#[derive(Debug)]
pub struct ArtNet {
    sender: Sender,
    name: String,
    stride: i64,
    /// The receiver; `None`: those that ask for each universe.
    host: Option<SocketAddr>,
    streams: Vec<ArtNetStream>,
    /// Who asks, one for each stream, where there is no one receiver.
    followed: Vec<Followed>,
    synchroniser: Option<ArtNetSynchroniser>,
    bytes: Vec<u8>,
    buf: Box<[u8; Dmx::MAX_LEN]>,
}

impl ArtNet {
    /// An output of frames of `pixels` pixels. Resolving a name may take a while: not for the frame thread.
    ///
    /// # Errors
    /// [`UniversesError`]; a receiver that is merely off is none.
    pub fn new(target: &ArtNetTarget, pixels: usize, subscriptions: &Subscriptions) -> Result<Self, UniversesError> {
        let numbers = universes_of(target.first.number(), PortAddress::LAST.number(), pixels)?;
        let host = target.host.as_deref().map(|host| resolve(host, artnet::PORT)).transpose()?;
        let addresses: Vec<_> = numbers.filter_map(PortAddress::new).collect();
        let mut followed = Vec::new();
        for address in addresses.iter().filter(|_| host.is_none()) {
            let its = subscriptions.of(*address);
            followed.push(its.ok_or_else(|| UniversesError::NobodyLooks { target: format!("artnet:{target}") })?);
        }
        Ok(Self {
            sender: Sender::new(target.way, host)?,
            name: format!("artnet:{target}"),
            stride: target.way.stride(),
            host,
            streams: addresses.iter().map(|address| ArtNetStream::new(*address, 0, target.way.rate)).collect(),
            followed,
            synchroniser: target.sync.then(|| ArtNetSynchroniser::new(Span::ZERO)),
            bytes: Vec::with_capacity(3 * pixels),
            buf: Box::new([0; Dmx::MAX_LEN]),
        })
    }
    /// Counters to look at while the output is at work.
    pub fn counters(&self) -> UniverseCounters {
        self.sender.counters.clone()
    }
}

impl Output for ArtNet {
    fn emit(&mut self, frame: &Frame<'_>) {
        let now = Time::from_ns(frame.mono_ns);
        let mut sync = [0; artnet::Sync::LEN];
        if let Some(len) = self.synchroniser.as_mut().and_then(|s| s.poll_transmit(&mut sync, now)) {
            // Art-Net 4: an ArtSync is broadcast, whoever gets the levels.
            let everybody = (Ipv4Addr::BROADCAST, artnet::PORT).into();
            self.sender.send(&sync[..len], self.host.unwrap_or(everybody));
        }
        if frame.index.0.rem_euclid(self.stride) != 0 {
            return;
        }
        fill(&mut self.bytes, frame.pixels);
        let mut is_sent = false;
        for (i, (stream, levels)) in self.streams.iter_mut().zip(self.bytes.chunks(SLOTS_PER_UNIVERSE)).enumerate() {
            stream.handle_levels(levels);
            let mut followed = self.followed.get_mut(i);
            if followed.as_mut().is_some_and(|followed| followed.look()) {
                stream.handle_newcomer();
            }
            if followed.as_ref().is_some_and(|followed| followed.is_empty()) {
                continue;
            }
            if let Some(len) = stream.poll_transmit(&mut self.buf, now) {
                let to = self.host.into_iter().chain(followed.into_iter().flat_map(|followed| followed.to()));
                to.for_each(|to| self.sender.send(&self.buf[..len], to));
                is_sent = true;
            }
        }
        if let Some(synchroniser) = self.synchroniser.as_mut().filter(|_| is_sent) {
            synchroniser.handle_frame(now);
        }
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// The pixels' bytes; never more than at the start, so that nothing is allocated.
fn fill(bytes: &mut Vec<u8>, pixels: &[Rgb]) {
    bytes.clear();
    let fitting = bytes.capacity() / 3;
    bytes.extend(pixels.iter().take(fitting).flat_map(|&Rgb { r, g, b }| [r, g, b]));
}

/// The universes of a node, from `first` on.
fn universes_of(first: u16, last: u16, pixels: usize) -> Result<impl Iterator<Item = u16>, UniversesError> {
    let needed = pixels.div_ceil(PIXELS_PER_UNIVERSE);
    let there = usize::from(last - first) + 1;
    if needed > there {
        return Err(UniversesError::TooMany { pixels, first, needed, there });
    }
    Ok((first..=last).take(needed))
}

#[cfg(test)]
mod tests;
