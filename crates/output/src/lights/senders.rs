//! The universes of a node as streams, and the sockets they leave by. Implements DMX-53 and DMX-54.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use cuelight_dmx::artnet::{self, Dmx, PortAddress};
use cuelight_dmx::sacn::{self, Data, Page};
use cuelight_dmx::send::{
    Announcer, ArtNetStream, ArtNetSynchroniser, Identity, SacnSettings, SacnStream, SacnSynchroniser,
};
use cuelight_net::udp::{BatchSender, Flushed, hold_unsent};
use cuelight_show::Universes;
use cuelight_wire::time::{Local, Show, Span, Time};

use super::LightsError;
use super::grid::Grids;
use super::target::{LightsTarget, Protocol, UniverseRange};
use crate::universes::{UniversesError, open, resolve};

/// From the instant of a frame to its synchronisation packet: 512 universes of sACN (684 bytes each with headers) need 2.8 ms
/// on a line of 1 Gbit/s, and receivers some time to read.
pub(crate) const SYNC_DELAY: Span = Span::from_ms(4);
/// What the kernel needs to keep a datagram of 638 bytes until the device has sent it.
const KEPT_LEN: usize = 2_048;
/// Levels of a universe that the show does not have any more.
const DARK: [u8; 512] = [0; 512];

/// The longest datagram of levels is one of sACN.
type Sender = BatchSender<{ Data::MAX_LEN }>;

/// Everything that is sent.
#[derive(Debug)]
pub(crate) struct Senders {
    identity: Identity,
    sockets: Vec<Socket>,
    streams: Vec<Stream>,
    synchronisers: Vec<Synchroniser>,
    announcer: Option<Announcer>,
    /// Universes of sACN that levels are sent of, rising.
    listed: Vec<sacn::Universe>,
    /// Where the list of universes goes.
    list_to: Vec<(usize, SocketAddr)>,
    page: Box<[u8; Page::MAX_LEN]>,
}

#[derive(Debug)]
struct Socket {
    from: Option<IpAddr>,
    is_ipv4: bool,
    sender: Sender,
}

/// A universe.
#[derive(Debug)]
struct Stream {
    /// Its number in the show.
    number: u16,
    /// Whether levels were ever sent.
    has_begun: bool,
    socket: usize,
    to: SocketAddr,
    synchroniser: Option<usize>,
    sent_as: SentAs,
    rate: cuelight_dmx::send::Rate,
}

#[derive(Debug)]
enum SentAs {
    Sacn(SacnStream),
    ArtNet(ArtNetStream),
}

/// What follows the levels.
#[derive(Debug)]
struct Synchroniser {
    socket: usize,
    to: SocketAddr,
    packets: Packets,
}

#[derive(Debug)]
enum Packets {
    Sacn(SacnSynchroniser),
    ArtNet(ArtNetSynchroniser),
}

impl Packets {
    fn handle_frame(&mut self, now: Time<Local>) {
        match self {
            Self::Sacn(packets) => packets.handle_frame(now),
            Self::ArtNet(packets) => packets.handle_frame(now),
        }
    }
    fn poll_timeout(&self) -> Option<Time<Local>> {
        match self {
            Self::Sacn(packets) => packets.poll_timeout(),
            Self::ArtNet(packets) => packets.poll_timeout(),
        }
    }
    fn poll_transmit(&mut self, buf: &mut [u8; Data::MAX_LEN], now: Time<Local>) -> Option<usize> {
        const FITS: &str = "levels are longer";
        match self {
            Self::Sacn(packets) => packets.poll_transmit(buf.first_chunk_mut().expect(FITS), now),
            Self::ArtNet(packets) => packets.poll_transmit(buf.first_chunk_mut().expect(FITS), now),
        }
    }
}

/// A universe of the show and the number it is sent as.
type Numbered = (u16, u16);

impl Senders {
    /// Opens everything. Resolving a name may take a while: not for the lights thread.
    pub(crate) fn new(
        targets: &[LightsTarget],
        universes: &[UniverseRange],
        identity: Identity,
    ) -> Result<Self, LightsError> {
        let mut plans = Vec::new();
        for target in targets {
            plans.push((target, numbers(target, universes)?, host(target)?));
        }
        let mut senders = Self {
            identity,
            sockets: Vec::new(),
            streams: Vec::new(),
            synchronisers: Vec::new(),
            announcer: None,
            listed: Vec::new(),
            list_to: Vec::new(),
            page: Box::new([0; Page::MAX_LEN]),
        };
        for (target, numbers, host) in &plans {
            let is_same = |socket: &Socket| socket.from == target.from && socket.is_ipv4 == is_ipv4(target, *host);
            let socket = match senders.sockets.iter().position(is_same) {
                Some(socket) => socket,
                None => {
                    let all = plans.iter().filter(|(other, _, host)| {
                        (other.from, is_ipv4(other, *host)) == (target.from, is_ipv4(target, *host))
                    });
                    senders.open(target, *host, all.map(|(_, numbers, _)| numbers.len()).sum())?
                }
            };
            senders.add(target, numbers, *host, socket);
        }
        senders.listed.reserve(senders.streams.len());
        Ok(senders)
    }

    /// A socket for so many universes and their synchronisation.
    fn open(
        &mut self,
        target: &LightsTarget,
        host: Option<SocketAddr>,
        universes: usize,
    ) -> Result<usize, LightsError> {
        let socket = open(target.from, host)?;
        let refused = |source| UniversesError::Socket { source };
        hold_unsent(&socket, universes * KEPT_LEN).map_err(refused)?;
        let sender = Sender::holding(socket, universes).map_err(refused)?;
        self.sockets.push(Socket { from: target.from, is_ipv4: is_ipv4(target, host), sender });
        Ok(self.sockets.len() - 1)
    }

    fn add(&mut self, target: &LightsTarget, numbers: &[Numbered], host: Option<SocketAddr>, socket: usize) {
        let to = |group: [u8; 4]| host.unwrap_or_else(|| (Ipv4Addr::from(group), sacn::PORT).into());
        let synchroniser = self.synchroniser(target, host, socket);
        if matches!(target.protocol, Protocol::Sacn { .. }) {
            let list_to = (socket, to(sacn::Universe::DISCOVERY_GROUP));
            if !self.list_to.contains(&list_to) {
                self.list_to.push(list_to);
            }
        }
        for (number, wire) in numbers {
            let (to, sent_as) = match target.protocol {
                Protocol::Sacn { priority, sync } => {
                    let universe = sacn::Universe::new(*wire).expect("numbers are checked");
                    let (is_forced, is_preview, rate) = (true, false, target.rate);
                    let settings = SacnSettings { universe, priority, sync, is_forced, is_preview, rate };
                    (to(universe.group()), SentAs::Sacn(SacnStream::new(settings)))
                }
                Protocol::ArtNet { .. } => {
                    let address = PortAddress::new(*wire).expect("numbers are checked");
                    let host = host.expect("Art-Net has a host");
                    (host, SentAs::ArtNet(ArtNetStream::new(address, 0, target.rate)))
                }
            };
            let (number, rate) = (*number, target.rate);
            self.streams.push(Stream { number, has_begun: false, socket, to, synchroniser, sent_as, rate });
        }
    }

    /// The synchroniser of a target; targets that synchronise the same receivers share it.
    fn synchroniser(&mut self, target: &LightsTarget, host: Option<SocketAddr>, socket: usize) -> Option<usize> {
        let (to, packets) = match target.protocol {
            Protocol::Sacn { sync, .. } => {
                let sync = sync?;
                let to = host.unwrap_or_else(|| (Ipv4Addr::from(sync.group()), sacn::PORT).into());
                (to, Packets::Sacn(SacnSynchroniser::new(self.identity.cid, sync, SYNC_DELAY)))
            }
            Protocol::ArtNet { sync } => (host.filter(|_| sync)?, Packets::ArtNet(ArtNetSynchroniser::new(SYNC_DELAY))),
        };
        let is_same = |other: &Synchroniser| {
            (other.socket, other.to) == (socket, to)
                && match (&other.packets, &packets) {
                    (Packets::Sacn(a), Packets::Sacn(b)) => a.address() == b.address(),
                    (Packets::ArtNet(_), Packets::ArtNet(_)) => true,
                    _ => false,
                }
        };
        let place = self.synchronisers.iter().position(is_same);
        Some(place.unwrap_or_else(|| {
            self.synchronisers.push(Synchroniser { socket, to, packets });
            self.synchronisers.len() - 1
        }))
    }

    /// How many universes there are.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }
    /// How many of them levels are sent of.
    pub(crate) fn begun(&self) -> usize {
        self.streams.iter().filter(|stream| stream.has_begun).count()
    }
    /// Their rates.
    pub(crate) fn grids(&self) -> Grids {
        Grids::new(self.streams.iter().map(|stream| stream.rate))
    }

    /// Writes the datagrams of the universes that have a frame at `instant`, which is local time `now`. A universe that the
    /// show does not have says nothing, or is dark once it has said something.
    pub(crate) fn write(&mut self, levels: &Universes, instant: Time<Show>, now: Time<Local>) {
        let Self { identity, sockets, streams, synchronisers, announcer, listed, .. } = self;
        for stream in streams.iter_mut().filter(|stream| Grids::has_frame(stream.rate, instant)) {
            let levels = match levels.get(stream.number) {
                Some(levels) => levels,
                None if stream.has_begun => &DARK,
                None => continue,
            };
            if !stream.has_begun {
                stream.has_begun = true;
                if let SentAs::Sacn(sent_as) = &stream.sent_as {
                    list(listed, sent_as.settings().universe);
                    announcer.get_or_insert_with(|| Announcer::new(now)).handle_change();
                }
            }
            let is_sent = stream.transmit(levels, &mut sockets[stream.socket].sender, identity, now);
            if let Some(synchroniser) = stream.synchroniser.filter(|_| is_sent) {
                synchronisers[synchroniser].packets.handle_frame(now);
            }
        }
    }

    /// Sends what the devices take of what was written. Returns whether nothing is left.
    pub(crate) fn send_some(&mut self) -> bool {
        // Every socket is to have its turn, whatever became of the one before.
        self.sockets.iter_mut().fold(true, |is_done, socket| socket.sender.send_some() & is_done)
    }
    /// Gives up what is left, and tells what became of everything since the last time.
    pub(crate) fn flush(&mut self) -> Flushed {
        let each = self.sockets.iter_mut().map(|socket| socket.sender.flush());
        each.fold(Flushed::default(), |sum, one| Flushed {
            sent: sum.sent + one.sent,
            bytes: sum.bytes + one.bytes,
            blocked: sum.blocked + one.blocked,
            failed: sum.failed + one.failed,
        })
    }

    /// When the next synchronisation packet is due.
    pub(crate) fn sync_due_at(&self) -> Option<Time<Local>> {
        self.synchronisers.iter().filter_map(|synchroniser| synchroniser.packets.poll_timeout()).min()
    }
    /// Writes the synchronisation packets that are due.
    pub(crate) fn synchronise(&mut self, now: Time<Local>) {
        let Self { sockets, synchronisers, .. } = self;
        for Synchroniser { socket, to, packets } in synchronisers {
            sockets[*socket].sender.push_with(|buf| Some((*to, packets.poll_transmit(buf, now)?)));
        }
    }

    /// Sends the list of universes if it is due; its pages are longer than levels and go one by one, every 10 s.
    pub(crate) fn announce(&mut self, now: Time<Local>) -> Flushed {
        let mut flushed = Flushed::default();
        let Some(announcer) = &mut self.announcer else { return flushed };
        while let Some(len) = announcer.poll_transmit(&self.identity, &self.listed, &mut self.page, now) {
            for (socket, to) in &self.list_to {
                match self.sockets[*socket].sender.socket().send_to(&self.page[..len], to) {
                    Ok(_) => flushed.sent += 1,
                    Err(_) => flushed.failed += 1,
                }
            }
        }
        flushed
    }

    /// Says the end of every universe, so that receivers need not wait for silence.
    pub(crate) fn end(&mut self, now: Time<Local>) -> Flushed {
        let Self { identity, sockets, streams, .. } = self;
        for stream in streams {
            if let SentAs::Sacn(sent_as) = &mut stream.sent_as {
                sent_as.handle_end();
                while sockets[stream.socket]
                    .sender
                    .push_with(|buf| Some((stream.to, sent_as.poll_transmit(identity, buf, now)?)))
                {}
            }
        }
        self.flush()
    }
}

impl Stream {
    /// Writes what is due; whether anything was.
    fn transmit(&mut self, levels: &[u8], sender: &mut Sender, identity: &Identity, now: Time<Local>) -> bool {
        let (to, sent_as) = (self.to, &mut self.sent_as);
        match sent_as {
            SentAs::Sacn(stream) => {
                stream.handle_levels(levels);
                sender.push_with(|buf| Some((to, stream.poll_transmit(identity, buf, now)?)))
            }
            SentAs::ArtNet(stream) => {
                stream.handle_levels(levels);
                sender.push_with(|buf| {
                    let buf: &mut [u8; Dmx::MAX_LEN] = buf.first_chunk_mut().expect("levels of sACN are longer");
                    Some((to, stream.poll_transmit(buf, now)?))
                })
            }
        }
    }
}

/// Adds a universe to the list; there is room for all.
fn list(listed: &mut Vec<sacn::Universe>, universe: sacn::Universe) {
    if let Err(place) = listed.binary_search(&universe) {
        listed.insert(place, universe);
    }
}

fn host(target: &LightsTarget) -> Result<Option<SocketAddr>, LightsError> {
    let port = match target.protocol {
        Protocol::Sacn { .. } => sacn::PORT,
        Protocol::ArtNet { .. } => artnet::PORT,
    };
    Ok(target.host.as_deref().map(|host| resolve(host, port)).transpose()?)
}

fn is_ipv4(target: &LightsTarget, host: Option<SocketAddr>) -> bool {
    target.from.map_or_else(|| host.is_none_or(|host| host.is_ipv4()), |from| from.is_ipv4())
}

/// The universes of a target, rising, each with the number it is sent as.
fn numbers(target: &LightsTarget, universes: &[UniverseRange]) -> Result<Vec<Numbered>, LightsError> {
    let mine = |number: &u16| match target.universes {
        Some(range) => range.has(*number),
        None => true,
    };
    // What a target names the node has, unless the node names its own.
    let named = target.universes.filter(|_| universes.is_empty());
    let mut numbers: Vec<u16> =
        universes.iter().copied().chain(named).flat_map(|range| range.first..=range.last).filter(mine).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Err(LightsError::NoUniverses(target.to_string()));
    }
    if numbers.len() > cuelight_show::show::MAX_UNIVERSES {
        return Err(LightsError::TooMany { target: target.to_string(), universes: numbers.len() });
    }
    let sent_as = |(rank, number): (usize, u16)| {
        let wire = target.first.map_or(usize::from(number), |first| usize::from(first) + rank);
        let last = match target.protocol {
            Protocol::Sacn { .. } => sacn::Universe::LAST.number(),
            Protocol::ArtNet { .. } => PortAddress::LAST.number(),
        };
        let wire = u16::try_from(wire).ok().filter(|wire| *wire <= last);
        wire.map(|wire| (number, wire)).ok_or_else(|| LightsError::NoNumber {
            target: target.to_string(),
            number,
            last,
        })
    };
    numbers.into_iter().enumerate().map(sent_as).collect()
}
