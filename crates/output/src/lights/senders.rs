//! The universes of a node as streams, and the sockets they leave by. Implements DMX-37, DMX-44, DMX-53 and DMX-54.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use cuelight_dmx::artnet::{self, Dmx, PortAddress};
use cuelight_dmx::range::UniverseRange;
use cuelight_dmx::sacn::{self, Data, Page};
use cuelight_dmx::send::{
    Announcer, ArtNetStream, ArtNetSynchroniser, Identity, SacnSettings, SacnStream, SacnSynchroniser,
};
use cuelight_net::udp::{BatchSender, Flushed, hold_unsent};
use cuelight_show::Universes;
use cuelight_wire::time::{Local, Show, Span, Time};

use super::LightsError;
use super::grid::Grids;
use super::mix::Mixes;
use super::target::{LightsTarget, Numbered, Protocol};
use crate::universes::{Followed, Subscriptions, UniversesError, nth, open, resolve};

/// From the instant of a frame to its synchronisation packet: 512 universes of sACN (684 bytes each with headers) need 2.8 ms
/// on a line of 1 Gbit/s, and receivers some time to read.
pub(crate) const SYNC_DELAY: Span = Span::from_ms(4);
/// What the kernel needs to keep a datagram of 638 bytes until the device has sent it.
const KEPT_LEN: usize = 2_048;
/// Levels of a universe that the show does not have any more.
const DARK: [u8; 512] = [0; 512];

/// The longest datagram of levels is one of sACN.
type Sender = BatchSender<{ Data::MAX_LEN }>;

/// Datagrams held for each universe that goes to whoever asked for it: more leave a little before their instant.
const HELD_A_SUBSCRIBED: usize = 4;

/// Everything that is sent.
#[derive(Debug)]
pub(crate) struct Senders {
    sources: Vec<Source>,
    sockets: Vec<Socket>,
    streams: Vec<Stream>,
    synchronisers: Vec<Synchroniser>,
    page: Box<[u8; Page::MAX_LEN]>,
}

/// One source of sACN: what one target sends (DMX-37).
#[derive(Debug)]
struct Source {
    identity: Identity,
    announcer: Option<Announcer>,
    /// Its universes that levels are sent of, rising.
    listed: Vec<sacn::Universe>,
    /// Where the list of them goes.
    list_to: (usize, SocketAddr),
}

/// The levels of a frame: the show's, and those of universes that are taken from the network too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels<'l> {
    pub(crate) show: Option<&'l Universes>,
    pub(crate) mixes: &'l Mixes,
}

impl Levels<'_> {
    fn get(&self, number: u16) -> Option<&[u8]> {
        self.mixes.levels(number).unwrap_or_else(|| self.show.and_then(|levels| levels.get(number)))
    }
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
    synchroniser: Option<usize>,
    sent_as: SentAs,
    rate: cuelight_dmx::send::Rate,
}

#[derive(Debug)]
enum SentAs {
    /// By one of the sources.
    Sacn {
        stream: SacnStream,
        source: usize,
        to: SocketAddr,
    },
    ArtNet {
        stream: ArtNetStream,
        to: SocketAddr,
    },
    /// To whoever asked for it.
    Subscribed(Subscribed),
}

/// A universe of Art-Net that goes to those who asked for it.
#[derive(Debug)]
struct Subscribed {
    stream: ArtNetStream,
    to: Followed,
    buf: Box<[u8; Dmx::MAX_LEN]>,
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

impl Senders {
    /// Opens everything. Resolving a name may take a while: not for the lights thread.
    pub(crate) fn new(
        targets: &[LightsTarget],
        universes: &[UniverseRange],
        identity: Identity,
        subscriptions: &Subscriptions,
    ) -> Result<Self, LightsError> {
        let mut plans = Vec::new();
        for target in targets {
            plans.push((target, target.numbers(universes)?, host(target)?));
        }
        let mut senders = Self {
            sources: Vec::new(),
            sockets: Vec::new(),
            streams: Vec::new(),
            synchronisers: Vec::new(),
            page: Box::new([0; Page::MAX_LEN]),
        };
        for (i, (target, numbers, host)) in plans.iter().enumerate() {
            let is_same = |socket: &Socket| socket.from == target.from && socket.is_ipv4 == is_ipv4(target, *host);
            let socket = match senders.sockets.iter().position(is_same) {
                Some(socket) => socket,
                None => {
                    let all = plans.iter().filter(|(other, _, host)| {
                        (other.from, is_ipv4(other, *host)) == (target.from, is_ipv4(target, *host))
                    });
                    let held = |(target, numbers, _): &(&LightsTarget, Vec<Numbered>, _)| {
                        numbers.len() * if target.is_subscribed() { HELD_A_SUBSCRIBED } else { 1 }
                    };
                    senders.open(target, *host, all.map(held).sum())?
                }
            };
            senders.add(target, numbers, (*host, socket), nth(identity, i), subscriptions)?;
        }
        Ok(senders)
    }

    /// A socket that holds so many datagrams.
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

    fn add(
        &mut self,
        target: &LightsTarget,
        numbers: &[Numbered],
        (host, socket): (Option<SocketAddr>, usize),
        identity: Identity,
        subscriptions: &Subscriptions,
    ) -> Result<(), LightsError> {
        let to = |group: [u8; 4]| host.unwrap_or_else(|| (Ipv4Addr::from(group), sacn::PORT).into());
        let synchroniser = self.synchroniser(target, host, socket, identity);
        let source = self.sources.len();
        if matches!(target.protocol, Protocol::Sacn { .. }) {
            let list_to = (socket, to(sacn::Universe::DISCOVERY_GROUP));
            let listed = Vec::with_capacity(numbers.len());
            self.sources.push(Source { identity, announcer: None, listed, list_to });
        }
        for (number, wire) in numbers {
            let sent_as = match target.protocol {
                Protocol::Sacn { priority, sync } => {
                    let universe = sacn::Universe::new(*wire).expect("numbers are checked");
                    let (is_forced, is_preview, rate) = (true, false, target.rate);
                    let settings = SacnSettings { universe, priority, sync, is_forced, is_preview, rate };
                    SentAs::Sacn { stream: SacnStream::new(settings), source, to: to(universe.group()) }
                }
                Protocol::ArtNet { .. } => {
                    let address = PortAddress::new(*wire).expect("numbers are checked");
                    let stream = ArtNetStream::new(address, 0, target.rate);
                    match host {
                        Some(to) => SentAs::ArtNet { stream, to },
                        None => {
                            let to = subscriptions.of(address);
                            let to = to.ok_or_else(|| UniversesError::NobodyLooks { target: target.to_string() })?;
                            let buf = Box::new([0; Dmx::MAX_LEN]);
                            SentAs::Subscribed(Subscribed { stream, to, buf })
                        }
                    }
                }
            };
            let (number, rate) = (*number, target.rate);
            self.streams.push(Stream { number, has_begun: false, socket, synchroniser, sent_as, rate });
        }
        Ok(())
    }

    /// The synchroniser of a target; targets that synchronise the same receivers share it.
    fn synchroniser(
        &mut self,
        target: &LightsTarget,
        host: Option<SocketAddr>,
        socket: usize,
        identity: Identity,
    ) -> Option<usize> {
        let (to, packets) = match target.protocol {
            Protocol::Sacn { sync, .. } => {
                let sync = sync?;
                let to = host.unwrap_or_else(|| (Ipv4Addr::from(sync.group()), sacn::PORT).into());
                (to, Packets::Sacn(SacnSynchroniser::new(identity.cid, sync, SYNC_DELAY)))
            }
            Protocol::ArtNet { sync } if sync => {
                // Art-Net 4: an ArtSync is broadcast, whoever gets the levels.
                let to = host.unwrap_or_else(|| (Ipv4Addr::BROADCAST, artnet::PORT).into());
                (to, Packets::ArtNet(ArtNetSynchroniser::new(SYNC_DELAY)))
            }
            Protocol::ArtNet { .. } => return None,
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
    pub(crate) fn write(&mut self, levels: Levels<'_>, instant: Time<Show>, now: Time<Local>) {
        let Self { sources, sockets, streams, synchronisers, .. } = self;
        for stream in streams.iter_mut().filter(|stream| Grids::has_frame(stream.rate, instant)) {
            let levels = match levels.get(stream.number) {
                Some(levels) => levels,
                None if stream.has_begun => &DARK,
                None => continue,
            };
            if !stream.has_begun {
                stream.has_begun = true;
                if let SentAs::Sacn { stream, source, .. } = &stream.sent_as {
                    sources[*source].list(stream.settings().universe, now);
                }
            }
            let is_sent = stream.transmit(levels, &mut sockets[stream.socket].sender, sources, now);
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
        for Source { identity, announcer, listed, list_to: (socket, to) } in &mut self.sources {
            let Some(announcer) = announcer else { continue };
            while let Some(len) = announcer.poll_transmit(identity, listed, &mut self.page, now) {
                match self.sockets[*socket].sender.socket().send_to(&self.page[..len], *to) {
                    Ok(_) => flushed.sent += 1,
                    Err(_) => flushed.failed += 1,
                }
            }
        }
        flushed
    }

    /// Says the end of every universe but those that somebody else goes on with, so that receivers need not wait for silence.
    pub(crate) fn end(&mut self, kept: &[UniverseRange], now: Time<Local>) -> Flushed {
        let Self { sources, sockets, streams, .. } = self;
        let is_kept = |stream: &Stream| kept.iter().any(|range| range.has(stream.number));
        for Stream { socket, sent_as, .. } in streams.iter_mut().filter(|stream| !is_kept(stream)) {
            if let SentAs::Sacn { stream, source, to } = sent_as {
                let identity = &sources[*source].identity;
                stream.handle_end();
                while sockets[*socket].sender.push_with(|buf| Some((*to, stream.poll_transmit(identity, buf, now)?))) {}
            }
        }
        self.flush()
    }
}

impl Source {
    /// Adds a universe to the list; there is room for all.
    fn list(&mut self, universe: sacn::Universe, now: Time<Local>) {
        if let Err(place) = self.listed.binary_search(&universe) {
            self.listed.insert(place, universe);
        }
        self.announcer.get_or_insert_with(|| Announcer::new(now)).handle_change();
    }
}

impl Stream {
    /// Writes what is due; whether anything was.
    fn transmit(&mut self, levels: &[u8], sender: &mut Sender, sources: &[Source], now: Time<Local>) -> bool {
        match &mut self.sent_as {
            SentAs::Sacn { stream, source, to } => {
                stream.handle_levels(levels);
                sender.push_with(|buf| Some((*to, stream.poll_transmit(&sources[*source].identity, buf, now)?)))
            }
            SentAs::ArtNet { stream, to } => {
                stream.handle_levels(levels);
                sender.push_with(|buf| {
                    let buf: &mut [u8; Dmx::MAX_LEN] = buf.first_chunk_mut().expect("levels of sACN are longer");
                    Some((*to, stream.poll_transmit(buf, now)?))
                })
            }
            SentAs::Subscribed(subscribed) => subscribed.transmit(levels, sender, now),
        }
    }
}

impl Subscribed {
    fn transmit(&mut self, levels: &[u8], sender: &mut Sender, now: Time<Local>) -> bool {
        if self.to.look() {
            self.stream.handle_newcomer();
        }
        self.stream.handle_levels(levels);
        if self.to.is_empty() {
            return false;
        }
        let Some(len) = self.stream.poll_transmit(&mut self.buf, now) else { return false };
        self.to.to().for_each(|to| sender.push(to, &self.buf[..len]));
        true
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
