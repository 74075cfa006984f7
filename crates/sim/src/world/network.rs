//! What lies between the machines: datagram links, control connections, and what is under way on them.

use std::net::{IpAddr, Ipv4Addr};

use cuelight_conductor::ConnId;
use cuelight_wire::control::{HubMessage, NodeMessage, Refusal};
use cuelight_wire::time::FrameIndex;

use crate::link::{Link, StreamLink};
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
    pub(crate) fn up(&mut self, now_ns: i64, len: usize) -> impl Iterator<Item = i64> + use<> {
        arrivals(&mut self.up, self.is_cut, now_ns, len)
    }
    /// When a datagram from the hub arrives.
    pub(crate) fn down(&mut self, now_ns: i64, len: usize) -> impl Iterator<Item = i64> + use<> {
        arrivals(&mut self.down, self.is_cut, now_ns, len)
    }
    pub(crate) fn connection(&self, site: Site, rng: &mut Rng) -> Conn {
        let (up, down) = (StreamLink::new(self.profile.up, rng.bits()), StreamLink::new(self.profile.down, rng.bits()));
        Conn { site, up, down, is_open_at_hub: false, is_open_at_site: false }
    }
}

fn arrivals(link: &mut Link, is_cut: bool, now_ns: i64, len: usize) -> impl Iterator<Item = i64> + use<> {
    let fate = if is_cut { Default::default() } else { link.send(now_ns, len) };
    let arrivals: Vec<i64> = fate.arrivals().collect();
    arrivals.into_iter()
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
    Message(NodeMessage),
    /// Something the shell refuses before the conductor sees it.
    Rubbish(Refusal),
    Close,
}

/// What travels from the hub on a control connection.
#[derive(Clone, Debug)]
pub(crate) enum ToSite {
    Opened,
    Refused,
    Message(HubMessage),
    Close,
}

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
    /// A datagram reaches the hub's time exchange.
    Ping { site: Site, bytes: Vec<u8> },
    /// A datagram reaches a machine's time exchange.
    Pong { site: Site, bytes: Vec<u8> },
    /// A datagram reaches a machine's stream port.
    Stream { site: Site, bytes: Vec<u8> },
    /// Something reaches the hub on a control connection.
    ToHub { conn: ConnId, what: ToHub },
    /// Something reaches a machine on a control connection.
    ToSite { conn: ConnId, what: ToSite },
}
