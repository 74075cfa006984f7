//! What is under way. A connection delivers in order and whole or not at all; datagrams as the script likes.

use cuelight_conductor::ConnId;
use cuelight_wire::control::{HubMessage, NodeMessage};

use super::NODES;
use crate::script::Script;

/// Things under way in one direction; when there are more the oldest is lost (and a connection it belongs to stalls, as
/// on a network that is down).
const UNDER_WAY: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// From a node to the hub.
#[derive(Clone, Debug)]
pub(super) enum ToHub {
    Open(ConnId, usize),
    Message(ConnId, Box<NodeMessage>),
    Close(ConnId),
    Ping(usize, Vec<u8>),
}

/// From the hub to a node.
#[derive(Clone, Debug)]
pub(super) enum ToNode {
    Opened(ConnId),
    Message(ConnId, Box<HubMessage>),
    Close(ConnId),
    Stream(Vec<u8>),
    Pong(Vec<u8>),
}

impl ToHub {
    fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Open(conn, _) | Self::Message(conn, _) | Self::Close(conn) => Some(*conn),
            Self::Ping(..) => None,
        }
    }
}

impl ToNode {
    fn conn(&self) -> Option<ConnId> {
        match self {
            Self::Opened(conn) | Self::Message(conn, _) | Self::Close(conn) => Some(*conn),
            Self::Stream(_) | Self::Pong(_) => None,
        }
    }
    fn datagram(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Stream(bytes) | Self::Pong(bytes) => Some(bytes),
            Self::Opened(_) | Self::Message(..) | Self::Close(_) => None,
        }
    }
}

#[derive(Default)]
pub(super) struct Network {
    up: Vec<ToHub>,
    down: Vec<(usize, ToNode)>,
    conns: u64,
}

impl Network {
    /// A number no connection has had; those below are for strangers.
    pub(super) fn new_conn(&mut self) -> ConnId {
        self.conns += 1;
        ConnId(self.conns << 16)
    }
    pub(super) fn len(&self, way: Way) -> usize {
        if way == Way::Up { self.up.len() } else { self.down.len() }
    }
    pub(super) fn send_up(&mut self, item: ToHub) {
        self.up.push(item);
        if self.up.len() > UNDER_WAY {
            // Connections lose nothing; of a node that floods nobody expects much.
            let victim = self.up.iter().position(|item| item.conn().is_none()).unwrap_or(0);
            self.up.remove(victim);
        }
    }
    pub(super) fn send_down(&mut self, index: usize, item: ToNode) {
        self.down.push((index, item));
        if self.down.len() > UNDER_WAY {
            let victim = self.down.iter().position(|(_, item)| item.conn().is_none()).unwrap_or(0);
            self.down.remove(victim);
        }
    }
    /// The item at a place, or the first one of its connection.
    pub(super) fn take_up(&mut self, which: usize) -> Option<ToHub> {
        let place = which.checked_rem(self.up.len())?;
        let conn = self.up[place].conn();
        let first = self.up.iter().position(|item| conn.is_some() && item.conn() == conn);
        Some(self.up.remove(first.unwrap_or(place)))
    }
    pub(super) fn take_down(&mut self, which: usize) -> Option<(usize, ToNode)> {
        let place = which.checked_rem(self.down.len())?;
        let conn = self.down[place].1.conn();
        let first = self.down.iter().position(|(_, item)| conn.is_some() && item.conn() == conn);
        Some(self.down.remove(first.unwrap_or(place)))
    }
    /// What is under way on a connection that is cut is lost.
    pub(super) fn forget(&mut self, conn: ConnId) {
        self.up.retain(|item| item.conn() != Some(conn));
        self.down.retain(|(_, item)| item.conn() != Some(conn));
    }
    /// Datagrams are lost, repeated, and, where nobody is honest, damaged or sent to the wrong node.
    pub(super) fn disturb(&mut self, script: &mut Script<'_>, may_damage: bool) {
        let (what, which) = (script.u8() % 6, usize::from(script.u8()));
        let is_datagram = |item: &(usize, ToNode)| item.1.conn().is_none();
        match what {
            0 => self.down.retain(|item| !is_datagram(item)),
            1 => self.up.retain(|item| item.conn().is_some()),
            2 => {
                let chosen = self.down.iter().filter(|item| is_datagram(item)).nth(which % 32).cloned();
                chosen.into_iter().for_each(|(index, item)| self.send_down(index, item));
            }
            3 => {
                let chosen = self.up.iter().filter(|item| item.conn().is_none()).nth(which % 32).cloned();
                chosen.into_iter().for_each(|item| self.send_up(item));
            }
            4 => {
                let (place, mask) = (usize::from(script.u16()), script.u8());
                let bytes = self.down.iter_mut().filter_map(|(_, item)| item.datagram()).nth(which % 32);
                if let Some(bytes) = bytes.filter(|bytes| may_damage && !bytes.is_empty()) {
                    let place = place % bytes.len();
                    bytes[place] ^= mask;
                }
            }
            _ => {
                if let Some(item) = self.down.iter_mut().filter(|item| is_datagram(item)).nth(which % 32) {
                    item.0 = (item.0 + 1) % NODES;
                }
            }
        }
    }
}
