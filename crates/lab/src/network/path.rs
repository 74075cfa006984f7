//! One path between a node and the switch: two taps, a link model each way, and what was seen to pass.

use std::io;
use std::net::Ipv4Addr;

use cuelight_sim::link::{Link, LinkProfile};
use serde::Serialize;
use tun_rs::SyncDevice;

use super::frame::{Carries, look};

/// Pongs and packets of the stream that are remembered of one path; later ones are only counted. 2^18 packets of the
/// stream are three a tick for a quarter of an hour.
const REMEMBERED: usize = 1 << 18;

/// Where on a path a frame is heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the node to the switch.
    Up,
    /// From the switch to the node.
    Down,
}

/// How a path behaves, each way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PathProfile {
    /// From the node to the switch; `None` passes everything on at once.
    pub(crate) up: Option<LinkProfile>,
    /// From the switch to the node.
    pub(crate) down: Option<LinkProfile>,
}

impl PathProfile {
    /// A cable: nothing is held back or lost.
    pub(crate) const CABLE: Self = Self { up: None, down: None };

    /// The same profile each way.
    pub(crate) const fn both(way: LinkProfile) -> Self {
        Self { up: Some(way), down: Some(way) }
    }
}

/// A packet of the hub's stream on its way to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamSeen {
    /// CLOCK_MONOTONIC when the hub's side of the path had it.
    pub(crate) mono_ns: i64,
    /// hubNow_us of its header.
    pub(crate) hub_now_us: i64,
}

/// What passed a path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// CLOCK_MONOTONIC at which each answer of the time exchange was given to the node.
    pub(crate) pongs: Vec<i64>,
    /// Packets of the stream as they came, before any loss.
    pub(crate) stream: Vec<StreamSeen>,
    /// Frames and what became of them.
    pub(crate) counts: Counts,
}

/// Frames of one path, both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Given to the other side.
    pub(crate) passed: u64,
    /// Taken by the model: lost, or the line's queue was full.
    pub(crate) lost: u64,
    /// Taken because the path is dark.
    pub(crate) dark: u64,
    /// Taken because too many were held back already.
    pub(crate) overflowed: u64,
    /// Not taken by the device at the other side.
    pub(crate) refused: u64,
}

/// Both ends of a path and what lies between. The ends are non-blocking.
pub(super) struct Path {
    pub(super) node_side: SyncDevice,
    pub(super) switch_side: SyncDevice,
    pub(super) hub: Ipv4Addr,
    pub(super) up: Option<Link>,
    pub(super) down: Option<Link>,
    pub(super) is_dark: bool,
    pub(super) traffic: Traffic,
    seed: u64,
}

impl Path {
    pub(super) fn new(ends: (SyncDevice, SyncDevice), hub: Ipv4Addr, profile: PathProfile, seed: u64) -> Self {
        let (node_side, switch_side) = ends;
        let traffic = Traffic::default();
        let mut path = Self { node_side, switch_side, hub, up: None, down: None, is_dark: false, traffic, seed };
        path.set_profile(profile);
        path
    }

    /// The path behaves differently from now on; what is held back still comes when it was to come.
    pub(super) fn set_profile(&mut self, profile: PathProfile) {
        self.up = profile.up.map(|way| Link::new(way, self.seed));
        self.down = profile.down.map(|way| Link::new(way, !self.seed));
    }

    /// Reads one frame that goes this way; `None` when there is none.
    pub(super) fn read(&self, way: Way, frame: &mut [u8]) -> Option<usize> {
        let side = match way {
            Way::Up => &self.node_side,
            Way::Down => &self.switch_side,
        };
        side.recv(frame).ok()
    }

    /// When a frame that came at `now_ns` is to be passed on, if at all.
    pub(super) fn fate(&mut self, way: Way, frame: &[u8], now_ns: i64) -> [Option<i64>; 2] {
        if way == Way::Down
            && let Some(Carries::Stream { hub_now_us }) = look(frame, self.hub)
            && self.traffic.stream.len() < REMEMBERED
        {
            self.traffic.stream.push(StreamSeen { mono_ns: now_ns, hub_now_us });
        }
        if self.is_dark {
            self.traffic.counts.dark += 1;
            return [None; 2];
        }
        let link = match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        };
        let Some(link) = link else { return [Some(now_ns), None] };
        let fate = link.send(now_ns, frame.len());
        if fate.is_lost() {
            self.traffic.counts.lost += 1;
        }
        let mut arrivals = fate.arrivals();
        [arrivals.next(), arrivals.next()]
    }

    /// Gives a frame to the other side.
    pub(super) fn write(&mut self, way: Way, frame: &[u8], now_ns: i64) {
        if self.is_dark {
            self.traffic.counts.dark += 1;
            return;
        }
        let side = match way {
            Way::Up => &self.switch_side,
            Way::Down => &self.node_side,
        };
        let written: io::Result<usize> = side.send(frame);
        if written.is_err() {
            self.traffic.counts.refused += 1;
            return;
        }
        self.traffic.counts.passed += 1;
        let has_room = self.traffic.pongs.len() < REMEMBERED;
        if way == Way::Down && has_room && look(frame, self.hub) == Some(Carries::Pong) {
            self.traffic.pongs.push(now_ns);
        }
    }
}
