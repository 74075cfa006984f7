//! Sockets and machines together: what comes for the universes that are wanted is taken, merged and answered.
//!
//! Implements DMX-45 and DMX-46. Groups of synchronisation are joined when levels name them. Promises: taking never blocks; a source that is not allowed is counted and nothing else; a
//! flood fills the kernel's buffers and is cut there, and each call takes a bounded number of datagrams. Whoever drives it
//! waits ([`Intake::wait`]), takes ([`Intake::take`]) and then looks at the universes when it likes: nothing is merged before
//! somebody asks for levels, so a universe of many sources costs one merge a look.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use cuelight_dmx::artnet::{self, PollReply};
use cuelight_dmx::presence::{Port, Responder};
use cuelight_dmx::receive::{BadNames, Drops, MAX_SYNCHRONISERS, Names, Receiver};
use cuelight_dmx::sacn::{self, Cid};
use cuelight_dmx::universe::{Settings, Universe};
use cuelight_net::clock::LocalClock;
use cuelight_net::udp::{Batch, Direct, Inlet, InletSettings, wait_for_any};
use cuelight_net::wake::Wakeup;
use cuelight_wire::time::{Local, Span, Time};

use crate::Allowed;

/// Universes of one intake at most.
pub const MAX_UNIVERSES: usize = 1024;
/// Sources of one universe at most; one more is refused and counted (DMX-19).
pub const MAX_SOURCES: usize = 8;
/// Addresses of sACN sources that are remembered; when it is full all are forgotten, and learnt again from the next packets.
const MAX_ADDRESSES: usize = 256;
/// How often it is looked whether sources have fallen silent, at most; the shortest limit is 2.5 s.
const HOUSEKEEPING: Span = Span::from_ms(50);

/// What a datagram of 512 levels takes of the kernel's buffer: 2304 bytes as Linux counts it on most devices and on loopback.
const DATAGRAM_COST: usize = 2304;
/// Datagrams the kernel keeps for a socket of 20 groups: ten frames of four sources each. At 44 Hz that is 227 ms in which
/// nobody needs to fetch anything.
const KEPT_OF_GROUPS: usize = 20 * 4 * 10;
/// Datagrams it keeps for a socket that takes everything by itself, as with unicast and Art-Net: four frames of 512 universes.
const KEPT_OF_ALL: usize = 4 * 512;

/// How levels come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// sACN (E1.31).
    Sacn,
    /// Art-Net.
    ArtNet,
}

/// A universe that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Its name in each protocol.
    pub names: Names,
    /// How it is received.
    pub settings: Settings,
}

/// Where datagrams of one protocol come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Door {
    /// The address of this machine; `None`: all.
    pub at: Option<Ipv4Addr>,
    /// Who is listened to.
    pub from: Allowed,
    /// Whether only broadcasts come in, as polls do, so that other programs of the machine keep what is sent to them.
    pub broadcasts_only: bool,
}

/// Why nothing is taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// A port cannot be had, or a group not joined.
    #[error("{what} cannot be received at {at}: {source}; is that an address of this machine, and is there a network?")]
    Socket {
        /// sACN or Art-Net.
        what: &'static str,
        /// The address and the port.
        at: SocketAddrV4,
        /// What the system said.
        source: io::Error,
    },
    /// Two universes are one.
    #[error("universes cannot be received together: {0}")]
    Names(BadNames),
}

/// The universes of an intake, in the order in which they were wanted.
pub type Table = Vec<Universe<MAX_SOURCES>>;

/// A packet that was taken, or would be by somebody else.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// Of sACN.
    Sacn(&'a sacn::Packet<'a>),
    /// Of Art-Net.
    ArtNet(&'a artnet::Packet<'a>),
}

/// What has come, besides what universes count themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Datagrams of sACN and Art-Net.
    pub datagrams: u64,
    /// Of those, from sources that are not allowed.
    pub not_allowed: u64,
    /// Of those, too long for any packet.
    pub too_long: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Intake<'u> {
    receiver: Receiver<'u, MAX_UNIVERSES, MAX_SOURCES>,
    sacn: Option<(Inlet, Allowed)>,
    artnet: Option<(Inlet, Allowed)>,
    presence: Option<(Responder, Vec<Port>)>,
    batch: Batch,
    clock: LocalClock,
    /// Where sources of sACN send from.
    addresses: Vec<(Cid, Ipv4Addr)>,
    /// Groups that are joined, of universes and of synchronisation, and how many more of these there may be.
    joined: Vec<sacn::Universe>,
    more_groups: usize,
    figures: Figures,
    housekeeping_at: Time<Local>,
}

impl<'u> Intake<'u> {
    /// Room for what is wanted.
    pub fn table(wanted: &[Wanted]) -> Table {
        wanted.iter().map(|wanted| Universe::new(wanted.settings)).collect()
    }

    /// Opens the ports of the protocols that have a door, and joins the groups of the universes; `table` is that of
    /// [`Self::table`].
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn open(
        wanted: &[Wanted],
        table: &'u mut Table,
        sacn: Option<Door>,
        artnet: Option<Door>,
        clock: LocalClock,
    ) -> Result<Self, IntakeError> {
        let names: Vec<Names> = wanted
            .iter()
            .map(|wanted| Names {
                sacn: wanted.names.sacn.filter(|_| sacn.is_some()),
                artnet: wanted.names.artnet.filter(|_| artnet.is_some()),
            })
            .collect();
        let mut groups: Vec<Ipv4Addr> =
            names.iter().filter_map(|names| names.sacn).map(|universe| universe.group().into()).collect();
        groups.push(sacn::Universe::DISCOVERY_GROUP.into());
        let receiver = Receiver::new(table, &names).map_err(IntakeError::Names)?;
        let open = |what, port, door: Door, groups: &[Ipv4Addr], kept: usize| {
            let at = SocketAddrV4::new(door.at.unwrap_or(Ipv4Addr::UNSPECIFIED), port);
            let buffer = kept * DATAGRAM_COST;
            let direct = if door.broadcasts_only { Direct::Broadcast } else { Direct::All };
            let inlet = Inlet::open(&InletSettings { port, at: door.at, groups, direct, buffer });
            inlet.map(|inlet| (inlet, door.from)).map_err(|source| IntakeError::Socket { what, at, source })
        };
        Ok(Self {
            receiver,
            sacn: sacn.map(|door| open("sACN", sacn::PORT, door, &groups, KEPT_OF_GROUPS)).transpose()?,
            artnet: artnet.map(|door| open("Art-Net", artnet::PORT, door, &[], KEPT_OF_ALL)).transpose()?,
            presence: None,
            batch: Batch::new(),
            clock,
            addresses: Vec::with_capacity(MAX_ADDRESSES),
            joined: names.iter().filter_map(|names| names.sacn).collect(),
            more_groups: MAX_SYNCHRONISERS,
            figures: Figures::default(),
            housekeeping_at: clock.now(),
        })
    }
    /// Answers polls of Art-Net as a node that does this with these universes (DMX-41).
    pub fn answer_polls(&mut self, node: PollReply, ports: Vec<Port>, seed: u64) {
        self.presence = Some((Responder::new(node, seed), ports));
    }
    /// The universes, in the order in which they were wanted.
    pub fn universes(&mut self) -> &mut [Universe<MAX_SOURCES>] {
        self.receiver.universes()
    }
    /// One of the universes, to look at.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn peek(&self, i: usize) -> &Universe<MAX_SOURCES> {
        &self.receiver.all()[i]
    }
    /// What was not used, of all universes.
    pub const fn drops(&self) -> &Drops {
        self.receiver.drops()
    }
    /// What has come.
    pub const fn figures(&self) -> Figures {
        Figures { too_long: self.batch.cut(), ..self.figures }
    }
    /// Bytes that the kernel keeps for each socket until they are fetched, the least of all.
    pub fn granted(&self) -> usize {
        self.inlets().map(Inlet::granted).min().unwrap_or(0)
    }
    /// Where a source of sACN sends from.
    pub fn address_of(&self, cid: Cid) -> Option<Ipv4Addr> {
        self.addresses.iter().find(|(known, _)| *known == cid).map(|(_, address)| *address)
    }
    /// The socket of Art-Net's port, to poll from.
    pub fn artnet_sender(&self) -> Option<&UdpSocket> {
        self.artnet.as_ref().map(|(inlet, _)| inlet.sender())
    }
    /// Local time now.
    pub fn now(&self) -> Time<Local> {
        self.clock.now()
    }

    /// Waits until something has come or is to be done, or somebody wakes, or it is `until`.
    ///
    /// # Errors
    /// When the kernel refuses the wait, which it does only out of memory.
    pub fn wait(&self, until: Time<Local>, wakeup: Option<&Wakeup>) -> io::Result<()> {
        let answer_at = self.presence.as_ref().and_then(|(responder, _)| responder.poll_timeout());
        let due_at = until.min(self.clock.now() + HOUSEKEEPING).min(answer_at.unwrap_or(until));
        wait_for_any(self.inlets(), wakeup, self.clock.mono_ns_of(due_at))
    }

    /// Takes what has come and does what is due. `look` sees every packet that was used, and those that are nobody's
    /// levels: lists, polls, replies.
    pub fn take(&mut self, mut look: impl FnMut(Heard<'_>, SocketAddrV4)) {
        self.take_sacn(&mut look);
        self.take_artnet(&mut look);
        let now = self.clock.now();
        if now >= self.housekeeping_at {
            self.housekeeping_at = now + HOUSEKEEPING;
            self.receiver.handle_timeout(now);
        }
        self.answer(now);
    }

    fn take_sacn(&mut self, look: &mut impl FnMut(Heard<'_>, SocketAddrV4)) {
        let Some((inlet, allowed)) = &mut self.sacn else { return };
        let (receiver, addresses, figures) = (&mut self.receiver, &mut self.addresses, &mut self.figures);
        let (clock, joined, mut named) = (self.clock, &mut self.joined, None);
        inlet.receive(&mut self.batch, |datagram, from| {
            figures.datagrams += 1;
            if !allowed.admits(*from.ip()) {
                figures.not_allowed += 1;
                return;
            }
            // An error has been counted, and says whether there is a packet for others to look at.
            if let Ok(packet) = receiver.handle_sacn(datagram, clock.now()) {
                learn(addresses, packet.cid(), *from.ip());
                if let sacn::Packet::Data(sacn::Data { sync: Some(sync), .. }) = &packet
                    && !joined.contains(sync)
                {
                    named = Some(*sync);
                }
                look(Heard::Sacn(&packet), from);
            }
        });
        if let Some(sync) = named.filter(|_| self.more_groups > 0) {
            self.more_groups -= 1;
            joined.push(sync);
            // Where it cannot be joined levels are shown as they come, as before the first packet of synchronisation.
            let _ = inlet.join(sync.group().into());
        }
    }

    fn take_artnet(&mut self, look: &mut impl FnMut(Heard<'_>, SocketAddrV4)) {
        let Some((inlet, allowed)) = &self.artnet else { return };
        let (receiver, presence, figures) = (&mut self.receiver, &mut self.presence, &mut self.figures);
        let clock = self.clock;
        inlet.receive(&mut self.batch, |datagram, from| {
            figures.datagrams += 1;
            if !allowed.admits(*from.ip()) {
                figures.not_allowed += 1;
                return;
            }
            let now = clock.now();
            if let Ok(packet) = receiver.handle_artnet(datagram, from.ip().octets(), now) {
                if let (artnet::Packet::Poll(poll), Some((responder, ports))) = (&packet, presence.as_mut()) {
                    responder.handle_poll(poll, from.ip().octets(), ports, now);
                }
                look(Heard::ArtNet(&packet), from);
            }
        });
    }

    /// Replies to polls that are due.
    fn answer(&mut self, now: Time<Local>) {
        let (Some((responder, ports)), Some((inlet, _))) = (&mut self.presence, &self.artnet) else { return };
        let mut buf = [0; PollReply::LEN];
        while let Some((to, len)) = responder.poll_transmit(ports, &mut buf, now) {
            // A reply that does not leave is asked for again with the next poll.
            let _ = inlet.sender().send_to(buf.get(..len).unwrap_or_default(), (Ipv4Addr::from(to), artnet::PORT));
        }
    }

    fn inlets(&self) -> impl Iterator<Item = &Inlet> {
        self.sacn.iter().chain(&self.artnet).map(|(inlet, _)| inlet)
    }
}

fn learn(addresses: &mut Vec<(Cid, Ipv4Addr)>, cid: Cid, from: Ipv4Addr) {
    if let Some((_, address)) = addresses.iter_mut().find(|(known, _)| *known == cid) {
        *address = from;
        return;
    }
    if addresses.len() >= MAX_ADDRESSES {
        addresses.clear();
    }
    addresses.push((cid, from));
}
