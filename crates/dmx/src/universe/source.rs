//! A source of a universe, and what is told of it.

use cuelight_wire::time::{Local, Time};

use crate::MAX_SLOTS;
use crate::merge::Contribution;
use crate::priority::Priority;
use crate::sacn::{self, Cid, SourceName};

/// Which source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceId {
    /// A source of sACN.
    Sacn(Cid),
    /// A sender of Art-Net: its address and which of its inputs.
    ArtNet {
        /// IPv4 address.
        ip: [u8; 4],
        /// The input.
        physical: u8,
    },
    /// One of this machine: the number is its owner's, of a cue list, say.
    Local(u32),
}

/// Why a slot is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Whom it obeys.
    pub source: SourceId,
    /// The level it has from there.
    pub level: u8,
    /// The priority of that source for this slot.
    pub priority: Priority,
    /// Since when it has this level from this source.
    pub since: Time<Local>,
}

/// A source as people may want to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    /// Which one.
    pub id: SourceId,
    /// What it calls itself; sACN only.
    pub name: Option<SourceName>,
    /// Its priority for slots that have none of their own.
    pub priority: Priority,
    /// Whether it sends priorities of single slots.
    pub has_priorities: bool,
    /// Whether its levels count: not while it is new and its priorities are waited for.
    pub is_speaking: bool,
    /// Whose synchronisation packets its levels name; sACN only.
    pub sync: Option<sacn::Universe>,
    /// Whether its levels wait for synchronisation packets.
    pub is_synchronised: bool,
    /// Whether those it waits for do not come any more.
    pub is_sync_lost: bool,
    /// How many times levels of it came, wrapping.
    pub packets: u32,
    /// When levels of it came last.
    pub heard_at: Time<Local>,
}

/// A source of the table.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) id: SourceId,
    pub(super) contribution: Contribution,
    /// Its contribution counts.
    pub(super) is_speaking: bool,
    /// Levels that wait for a synchronisation packet.
    pub(super) held: Option<Held>,
    /// When levels came last.
    pub(super) heard_at: Time<Local>,
    /// How many times they came, wrapping.
    pub(super) packets: u32,
    /// Since when it has been silent for too long.
    pub(super) silent_since: Option<Time<Local>>,
    pub(super) via: Via,
}

/// Levels that wait.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) levels: [u8; MAX_SLOTS],
    pub(super) slots: usize,
}

impl Held {
    pub(super) fn new(slots: &[u8]) -> Self {
        let len = slots.len().min(MAX_SLOTS);
        let mut levels = [0; MAX_SLOTS];
        levels[..len].copy_from_slice(&slots[..len]);
        Self { levels, slots: len }
    }
    pub(super) fn levels(&self) -> &[u8] {
        &self.levels[..self.slots]
    }
}

/// What the source's protocol needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Via {
    Sacn(Sacn),
    ArtNet { sequence: u8 },
    Local,
}

/// A source of sACN.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sacn {
    pub(super) name: SourceName,
    pub(super) sequence: u8,
    /// Whether levels came at all, not only priorities.
    pub(super) has_levels: bool,
    /// Until when its priorities are waited for, while it is new.
    pub(super) waits_until: Time<Local>,
    /// When priorities of single slots came last, while it sends them.
    pub(super) priorities_at: Option<Time<Local>>,
    /// Whose synchronisation packets its levels wait for.
    pub(super) sync: Option<sacn::Universe>,
    /// Whether it goes on when they are lost.
    pub(super) is_forced: bool,
    /// When such a packet came last; `None`: none came yet, or they were lost and it goes on without.
    pub(super) synced_at: Option<Time<Local>>,
    /// The loss of synchronisation has been told.
    pub(super) is_sync_lost: bool,
}

impl Source {
    pub(super) fn status(&self) -> SourceStatus {
        let sacn = match &self.via {
            Via::Sacn(sacn) => Some(sacn),
            Via::ArtNet { .. } | Via::Local => None,
        };
        SourceStatus {
            id: self.id,
            name: sacn.map(|sacn| sacn.name),
            priority: self.contribution.priority(),
            has_priorities: self.contribution.has_priorities(),
            is_speaking: self.is_speaking,
            sync: sacn.and_then(|sacn| sacn.sync),
            is_synchronised: sacn.is_some_and(|sacn| sacn.synced_at.is_some()),
            is_sync_lost: sacn.is_some_and(|sacn| sacn.is_sync_lost),
            packets: self.packets,
            heard_at: self.heard_at,
        }
    }
}
