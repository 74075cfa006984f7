//! All universes of a machine: a datagram in, and the universe it is for has heard it.
//!
//! Implements DMX-2, DMX-7, DMX-17 and DMX-20 for many universes: finds the universe, checks numbers of synchronisation
//! packets, counts what is wrong. The universes are the caller's, so that a hub can have 512 on its heap and firmware
//! four in a static; `UNIVERSES` is how many there may be.

mod drops;
mod synchronisers;

use cuelight_wire::time::{Local, Time};
use heapless::Vec;

pub use drops::{Drops, NotUsed};
pub use synchronisers::MAX_SYNCHRONISERS;

use crate::universe::{Dropped, Universe};
use crate::{artnet, sacn};
use synchronisers::Synchronisers;

/// How a universe is called by each protocol; `None`: it does not take that protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Number in sACN.
    pub sacn: Option<sacn::Universe>,
    /// Address in Art-Net.
    pub artnet: Option<artnet::PortAddress>,
}

/// Why universes cannot be received together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadNames {
    /// Not one name for each universe.
    Count,
    /// More than there is room for.
    TooMany,
    /// Two universes have this number of sACN.
    SacnTwice(sacn::Universe),
    /// Two universes have this address of Art-Net.
    ArtNetTwice(artnet::PortAddress),
}

impl core::fmt::Display for BadNames {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Count => f.write_str("not one name for each universe"),
            Self::TooMany => f.write_str("more universes than there is room for"),
            Self::SacnTwice(number) => write!(f, "two universes take sACN {}", number.number()),
            Self::ArtNetTwice(address) => write!(f, "two universes take Art-Net {}", address.number()),
        }
    }
}
impl core::error::Error for BadNames {}

/// Receives up to `UNIVERSES` universes of up to `SOURCES` sources each.
#[derive(Debug)]
pub struct Receiver<'u, const UNIVERSES: usize, const SOURCES: usize> {
    universes: &'u mut [Universe<SOURCES>],
    /// Numbers and places, by number.
    by_sacn: Vec<(sacn::Universe, u16), UNIVERSES>,
    /// Addresses and places, by address.
    by_artnet: Vec<(artnet::PortAddress, u16), UNIVERSES>,
    synchronisers: Synchronisers,
    drops: Drops,
}

impl<'u, const UNIVERSES: usize, const SOURCES: usize> Receiver<'u, UNIVERSES, SOURCES> {
    /// Receives `universes`, which are called `names`, one each.
    ///
    /// # Errors
    /// [`BadNames`].
    pub fn new(universes: &'u mut [Universe<SOURCES>], names: &[Names]) -> Result<Self, BadNames> {
        const { assert!(UNIVERSES <= 1 << 16, "places are numbered in 16 bits") };
        if universes.len() != names.len() {
            return Err(BadNames::Count);
        }
        let (mut by_sacn, mut by_artnet) = (Vec::new(), Vec::new());
        for (place, name) in (0..).zip(names) {
            if let Some(number) = name.sacn {
                by_sacn.push((number, place)).map_err(|_| BadNames::TooMany)?;
            }
            if let Some(address) = name.artnet {
                by_artnet.push((address, place)).map_err(|_| BadNames::TooMany)?;
            }
        }
        by_sacn.sort_unstable();
        by_artnet.sort_unstable();
        if let Some(pair) = by_sacn.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(BadNames::SacnTwice(pair[0].0));
        }
        if let Some(pair) = by_artnet.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(BadNames::ArtNetTwice(pair[0].0));
        }
        Ok(Self { universes, by_sacn, by_artnet, synchronisers: Synchronisers::new(), drops: Drops::NONE })
    }
    /// The universes, in the order in which they were given.
    pub fn universes(&mut self) -> &mut [Universe<SOURCES>] {
        self.universes
    }
    /// The same, to look at.
    pub const fn all(&self) -> &[Universe<SOURCES>] {
        self.universes
    }
    /// What was not used, of all universes, by reason.
    pub const fn drops(&self) -> &Drops {
        &self.drops
    }

    /// A datagram that came to sACN's port. The packet is returned for whoever else looks at it: lists of universes are
    /// not this machine's.
    ///
    /// # Errors
    /// Why it was not used; it has been counted.
    pub fn handle_sacn<'d>(&mut self, datagram: &'d [u8], now: Time<Local>) -> Result<sacn::Packet<'d>, NotUsed> {
        let outcome = self.take_sacn(datagram, now);
        self.drops.count(outcome)
    }

    fn take_sacn<'d>(&mut self, datagram: &'d [u8], now: Time<Local>) -> Result<sacn::Packet<'d>, NotUsed> {
        let packet = sacn::Packet::decode(datagram).map_err(NotUsed::BadSacn)?;
        match &packet {
            sacn::Packet::Data(data) => {
                let i = place(&self.by_sacn, data.universe).ok_or(NotUsed::Elsewhere)?;
                self.universes[i].handle_sacn(data, now).map_err(NotUsed::Dropped)?;
            }
            sacn::Packet::Sync(sync) => {
                self.synchronisers.handle(sync, now).map_err(NotUsed::Dropped)?;
                self.universes.iter_mut().for_each(|universe| universe.handle_sacn_sync(sync.address, now));
            }
            sacn::Packet::Discovery(_) => {}
        }
        Ok(packet)
    }

    /// A datagram that came to Art-Net's port from the IPv4 address `from`. The packet is returned for whoever else looks at
    /// it: polls, replies, programming and time code are not this machine's.
    ///
    /// # Errors
    /// Why it was not used; it has been counted.
    pub fn handle_artnet<'d>(
        &mut self,
        datagram: &'d [u8],
        from: [u8; 4],
        now: Time<Local>,
    ) -> Result<artnet::Packet<'d>, NotUsed> {
        let outcome = self.take_artnet(datagram, from, now);
        self.drops.count(outcome)
    }

    fn take_artnet<'d>(
        &mut self,
        datagram: &'d [u8],
        from: [u8; 4],
        now: Time<Local>,
    ) -> Result<artnet::Packet<'d>, NotUsed> {
        let packet = artnet::Packet::decode(datagram).map_err(NotUsed::BadArtNet)?;
        match &packet {
            artnet::Packet::Dmx(dmx) => {
                let i = place(&self.by_artnet, dmx.port_address).ok_or(NotUsed::Elsewhere)?;
                self.universes[i].handle_artnet(dmx, from, now).map_err(NotUsed::Dropped)?;
            }
            artnet::Packet::Sync(_) => {
                let mut refused = None;
                for universe in self.universes.iter_mut() {
                    refused = universe.handle_artnet_sync(from, now).err().or(refused);
                }
                refused.map_or(Ok(()), |why: Dropped| Err(NotUsed::Dropped(why)))?;
            }
            _ => {}
        }
        Ok(packet)
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        self.universes.iter_mut().for_each(|universe| universe.handle_timeout(now));
    }
    /// When [`handle_timeout`](Self::handle_timeout) is wanted next, or earlier.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        self.universes.iter().filter_map(Universe::poll_timeout).min()
    }
}

fn place<N: Ord>(by_name: &[(N, u16)], name: N) -> Option<usize> {
    let found = by_name.binary_search_by(|(other, _)| other.cmp(&name)).ok()?;
    Some(usize::from(by_name[found].1))
}
