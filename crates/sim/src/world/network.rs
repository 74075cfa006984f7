//! What lies between the machines: datagram links, control connections, and what is under way on them.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use cuelight_conductor::ConnId;
use cuelight_wire::control::{HubMessage, NodeMessage, Refusal};
use cuelight_wire::time::FrameIndex;

use crate::link::{Fate, Link, StreamLink};
use crate::profiles::PathProfile;
use crate::rng::Rng;

/// A machine's place beside the hub: nodes first, then guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(pub usize);

impl Site {
    /// Its address.
    pub fn ip(self) -> IpAddr {
        let [.., hi, lo] = (self.0 + 1).to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(10, 0, hi, lo))
    }
    /// The site with that address.
    pub(crate) fn of(ip: IpAddr) -> Option<Self> {
        let IpAddr::V4(ip) = ip else { return None };
        let [_, _, hi, lo] = ip.octets();
        usize::from(u16::from_be_bytes([hi, lo])).checked_sub(1).map(Self)
    }
}

/// A machine's way to the hub and back.
#[derive(Debug)]
pub(crate) struct Path {
    profile: PathProfile,
    up: Link,
    down: Link,
    /// Nothing passes, either way.
    pub(crate) is_cut: bool,
}

impl Path {
    pub(crate) fn new(profile: PathProfile, rng: &mut Rng) -> Self {
        let (up, down) = (Link::new(profile.up, rng.bits()), Link::new(profile.down, rng.bits()));
        Self { profile, up, down, is_cut: false }
    }
    pub(crate) fn set_profile(&mut self, profile: PathProfile) {
        self.profile = profile;
        self.up.set_profile(profile.up);
        self.down.set_profile(profile.down);
    }
    /// When a datagram to the hub arrives.
    pub(crate) fn up(&mut self, now_ns: i64, len: usize) -> Fate {
        if self.is_cut { Fate::default() } else { self.up.send(now_ns, len) }
    }
    /// When a datagram from the hub arrives.
    pub(crate) fn down(&mut self, now_ns: i64, len: usize) -> Fate {
        if self.is_cut { Fate::default() } else { self.down.send(now_ns, len) }
    }
    /// Whether datagrams of the time exchange do not pass, so that it must use the control connection.
    pub(crate) const fn is_stream_only(&self) -> bool {
        self.profile.is_stream
    }
    pub(crate) fn connection(&self, site: Site, rng: &mut Rng) -> Conn {
        let (up, down) = (StreamLink::new(self.profile.up, rng.bits()), StreamLink::new(self.profile.down, rng.bits()));
        Conn { site, up, down, is_open_at_hub: false, is_open_at_site: false }
    }
}

/// A control connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) site: Site,
    pub(crate) up: StreamLink,
    pub(crate) down: StreamLink,
    pub(crate) is_open_at_hub: bool,
    pub(crate) is_open_at_site: bool,
}

/// What travels to the hub on a control connection.
#[derive(Clone, Debug)]
pub(crate) enum ToHub {
    Open,
    Message(Box<NodeMessage>),
    /// Something the shell refuses before the conductor sees it.
    Rubbish(Refusal),
    Close,
}

/// What travels from the hub on a control connection.
#[derive(Clone, Debug)]
pub(crate) enum ToSite {
    Opened,
    Refused,
    Message(Box<HubMessage>),
    Close,
}

/// Bytes under way; copies of one datagram share them.
pub(crate) type Bytes = Rc<[u8]>;

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A tick of the hub's `run`th life.
    Tick { run: u32 },
    /// A node's role wants to be called; stale when the node is now to be called at another time.
    Due { site: Site, at: i64 },
    /// A node of that life wakes for its next frame.
    Wake { site: Site, life: u32, index: FrameIndex },
    /// A node of that life puts out its frame.
    Output { site: Site, life: u32 },
    /// A node of that life is done with what it was at and looks into its inbox.
    Free { site: Site, life: u32 },
    /// A deployed node's next turn.
    Turn { site: Site },
    /// A datagram reaches the hub's time exchange; `arrived_at`: the kernel's stamp.
    Ping { site: Site, bytes: Bytes, arrived_at: i64 },
    /// A datagram reaches a machine's time exchange.
    Pong { site: Site, bytes: Bytes },
    /// A datagram reaches a machine's stream port.
    Stream { site: Site, bytes: Bytes },
    /// Something reaches the hub on a control connection.
    ToHub { conn: ConnId, what: ToHub },
    /// Something reaches a machine on a control connection.
    ToSite { conn: ConnId, what: ToSite },
}

/// An event and its place in the order of all: by true time, then by number.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) at_ns: i64,
    pub(crate) serial: u64,
    pub(crate) event: Event,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Queued {}
impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Queued {
    /// The earliest is the greatest: it is on top of a heap.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_ns, other.serial).cmp(&(self.at_ns, self.serial))
    }
}
