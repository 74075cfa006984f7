//! Who is in the show, and how well each node does (`docs/protocol/60-roster.md`, ROSTER-1, ROSTER-2, ROSTER-5).
//!
//! A node's identity is its MAC address; its number is the lowest that was free when it was first seen, and stays with
//! it for as long as it is known.

mod allowance;
mod node;
mod state;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

pub(crate) use allowance::{Allowance, HELLOS, MESSAGES};
pub(crate) use node::{Node, Session, follows_cues};
pub(crate) use state::{Happening, next};
pub use state::{State, Why};

use cuelight_wire::ids::{Mac, NodeId};

/// Deployed nodes take numbers of one byte.
const MAX_LEGACY_ID: NodeId = NodeId(255);

/// All known nodes, by number.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// In rising order of id.
    nodes: Vec<Node>,
    by_mac: BTreeMap<Mac, NodeId>,
    /// Grows whenever a node comes, goes or changes its state.
    pub(crate) revision: u64,
}

impl Roster {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    pub(crate) fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }
    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.index(id).ok().and_then(|index| self.nodes.get(index))
    }
    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.index(id).ok().and_then(|index| self.nodes.get_mut(index))
    }
    fn index(&self, id: NodeId) -> Result<usize, usize> {
        // Where nobody was removed, number 1 is at the first place.
        let place = usize::from(id.0).wrapping_sub(1);
        if self.nodes.get(place).is_some_and(|node| node.id == id) {
            return Ok(place);
        }
        self.nodes.binary_search_by_key(&id, |node| node.id)
    }
    pub(crate) fn id_of(&self, mac: Mac) -> Option<NodeId> {
        self.by_mac.get(&mac).copied()
    }
    /// The number a node not known before would get. `None`: a deployed node, and all small numbers are taken.
    pub(crate) fn free_id(&self, is_legacy: bool) -> Option<NodeId> {
        // Ids are distinct, rising and start at 1: the first one that is not at its place follows a gap.
        let gap = self.nodes.iter().zip(1_u16..).find(|(node, place)| node.id.0 != *place).map(|(_, place)| place);
        let id = gap.or_else(|| u16::try_from(self.nodes.len() + 1).ok()).map(NodeId)?;
        (!is_legacy || id <= MAX_LEGACY_ID).then_some(id)
    }
    /// Whether a known node's number is one it can take.
    pub(crate) fn fits(id: NodeId, is_legacy: bool) -> bool {
        !is_legacy || id <= MAX_LEGACY_ID
    }
    /// Nodes that were last seen at an address.
    pub(crate) fn of_address(&self, ip: IpAddr) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.ip == Some(ip))
    }
    /// The node that makes room for another, of those that `is_candidate` allows: without a session, first the ones that
    /// left the roster, unnamed before named, longest gone first.
    pub(crate) fn dispensable(&self, is_candidate: impl Fn(&Node) -> bool) -> Option<NodeId> {
        let away = self.nodes.iter().filter(|node| node.session.is_none() && is_candidate(node));
        away.min_by_key(|node| (node.state != State::Removed, node.is_named, node.seen_at)).map(|node| node.id)
    }
    /// Adds a node with a number and an address nobody has.
    pub(crate) fn insert(&mut self, node: Node) {
        let index = self.index(node.id).unwrap_or_else(|index| index);
        self.by_mac.insert(node.mac, node.id);
        self.nodes.insert(index, node);
        self.revision += 1;
    }
    pub(crate) fn remove(&mut self, id: NodeId) -> Option<Node> {
        let node = self.nodes.remove(self.index(id).ok()?);
        self.by_mac.remove(&node.mac);
        self.revision += 1;
        Some(node)
    }
}
