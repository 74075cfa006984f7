//! Which scenes the nodes show and are about to show.
//!
//! A *track* is one history of scenes. Holders (the show, each group, each known node) with the same history share a
//! track, so equal histories have equal bytes and each distinct payload is encoded once (FANOUT-2). A change for some
//! holders of a track divides it: they get a copy of their own.

mod layers;
mod line;

use alloc::vec;
use alloc::vec::Vec;

pub(crate) use layers::Layers;
pub(crate) use line::{Advanced, Line};

use cuelight_wire::limits::UDP_TICK_PERIOD;
use cuelight_wire::scene::{FullState, Master, Tempo};
use cuelight_wire::stream::full_state::{self, MAX_LEN};
use cuelight_wire::time::{Show, Time};

/// When packets leave, in show time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks {
    /// The next tick, not in the past.
    pub(crate) next_at: Time<Show>,
    /// The first packet that can carry what is decided now: that tick's, or one ahead of it (FANOUT-23).
    pub(crate) soonest_at: Time<Show>,
}

impl Ticks {
    /// The first tick at or after `at` that has not been yet.
    pub(crate) fn first_at_or_after(self, at: Time<Show>) -> Time<Show> {
        let period = UDP_TICK_PERIOD.as_ns();
        let ahead = at.since(self.next_at).as_ns().max(0);
        let ticks = ahead / period + i64::from(ahead % period != 0);
        self.next_at + UDP_TICK_PERIOD.times(ticks)
    }
}

/// Names a track. Valid as long as its holder holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrackId(usize);

#[derive(Clone, Debug)]
struct Slot {
    layers: Layers,
    /// Holders; 0 means the slot is free.
    holders: usize,
    payload: heapless::Vec<u8, MAX_LEN>,
    is_stale: bool,
    was_announced: bool,
    pending_at: Option<Time<Show>>,
}

impl Slot {
    fn new(layers: Layers, holders: usize) -> Self {
        Self { layers, holders, payload: heapless::Vec::new(), is_stale: true, was_announced: false, pending_at: None }
    }
}

/// All tracks; never more than there are holders.
#[derive(Debug, Default)]
pub(crate) struct Tracks {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

impl Tracks {
    /// A new track with one holder.
    pub(crate) fn add(&mut self, layers: Layers) -> TrackId {
        self.put(Slot::new(layers, 1))
    }
    fn put(&mut self, slot: Slot) -> TrackId {
        if let Some(index) = self.free.pop() {
            self.slots[index] = slot;
            return TrackId(index);
        }
        self.slots.push(slot);
        TrackId(self.slots.len() - 1)
    }
    /// One more holder.
    pub(crate) fn hold(&mut self, id: TrackId) -> TrackId {
        self.slots[id.0].holders += 1;
        id
    }
    /// One holder less.
    pub(crate) fn release(&mut self, id: TrackId) {
        let slot = &mut self.slots[id.0];
        slot.holders -= 1;
        if slot.holders == 0 {
            self.free.push(id.0);
        }
    }
    /// Gives `holders` tracks that nobody else holds, and returns each of these once.
    pub(crate) fn divide<'a>(&mut self, holders: impl Iterator<Item = &'a mut TrackId>) -> Vec<TrackId> {
        let holders: Vec<_> = holders.collect();
        let mut touched = vec![0; self.slots.len()];
        for holder in &holders {
            touched[holder.0] += 1;
        }
        let mut own = vec![None; touched.len()];
        let mut distinct = Vec::new();
        for (index, count) in touched.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let id = if count == self.slots[index].holders {
                TrackId(index)
            } else {
                self.slots[index].holders -= count;
                let copy = Slot { holders: count, ..self.slots[index].clone() };
                self.put(copy)
            };
            own[index] = Some(id);
            distinct.push(id);
        }
        for holder in holders {
            *holder = own[holder.0].expect("every touched track was divided");
        }
        distinct
    }
    /// The scenes of a track.
    pub(crate) fn layers(&self, id: TrackId) -> &Layers {
        &self.slots[id.0].layers
    }
    /// The scenes of a track, to take a change (its payload changes when it is announced).
    pub(crate) fn layers_mut(&mut self, id: TrackId) -> &mut Layers {
        &mut self.slots[id.0].layers
    }
    /// Every track with a holder.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TrackId> + '_ {
        self.slots.iter().enumerate().filter(|(_, slot)| slot.holders > 0).map(|(index, _)| TrackId(index))
    }
    /// Packets are to leave. Returns whether a change is announced in any track.
    pub(crate) fn advance(&mut self, now: Time<Show>) -> bool {
        let mut any = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.holders > 0) {
            let Advanced { changed, announced } = slot.layers.advance(now);
            slot.is_stale |= changed;
            slot.was_announced = announced;
            slot.pending_at = slot.layers.pending(now).first().map(|layer| layer.at);
            any |= announced;
        }
        any
    }
    /// Encodes the payloads that changed; all of them when tempo or master did.
    pub(crate) fn encode(&mut self, tempo: &Line<Tempo>, master: &Line<Master>, is_common_stale: bool) {
        for slot in self.slots.iter_mut().filter(|slot| slot.holders > 0 && (slot.is_stale || is_common_stale)) {
            let state = FullState {
                layers: slot.layers.packet().iter().cloned().collect(),
                tempos: tempo.packet().collect(),
                masters: master.packet().collect(),
            };
            slot.payload.resize_default(MAX_LEN).expect("MAX_LEN is the capacity");
            let len = full_state::encode(&state, &mut slot.payload).expect("MAX_LEN is always enough");
            slot.payload.truncate(len);
            slot.is_stale = false;
        }
    }
    /// The full-state payload as of the last packets.
    pub(crate) fn payload(&self, id: TrackId) -> &[u8] {
        &self.slots[id.0].payload
    }
    /// The applyAt of the oldest change that was announced and not in force at the last packets.
    pub(crate) fn pending_at(&self, id: TrackId) -> Option<Time<Show>> {
        self.slots[id.0].pending_at
    }
    /// Whether any track has such a change.
    pub(crate) fn is_any_pending(&self) -> bool {
        self.slots.iter().any(|slot| slot.holders > 0 && slot.pending_at.is_some())
    }
    /// Whether the last packets were the first to carry a change.
    pub(crate) fn was_announced(&self, id: TrackId) -> bool {
        self.slots[id.0].was_announced
    }
    /// Show time was set anew: what lies after `limit` holds from `now` on.
    pub(crate) fn rebase(&mut self, now: Time<Show>, limit: Time<Show>) {
        for slot in &mut self.slots {
            slot.layers.rebase(now, limit);
            slot.is_stale = true;
        }
    }
}
