//! What one source says about the slots of a universe.

use super::Outcome;
use crate::MAX_SLOTS;
use crate::priority::Priority;

/// The levels of one source, and how important each is.
#[derive(Clone, Debug)]
pub struct Contribution {
    pub(super) levels: [u8; MAX_SLOTS],
    /// Priorities plus one; 0: the source says nothing about the slot.
    pub(super) ranks: [u8; MAX_SLOTS],
    /// The count of packets at which the level last changed.
    pub(super) stamps: [u32; MAX_SLOTS],
    /// How many slots the source sends.
    pub(super) slots: usize,
    /// For all slots, where there are no priorities for each.
    priority: Priority,
    has_priorities: bool,
}

const fn rank_of(priority: Priority) -> u8 {
    priority.number() + 1
}

impl Contribution {
    /// Nothing said yet; `priority` is for all slots.
    pub const fn new(priority: Priority) -> Self {
        Self {
            levels: [0; MAX_SLOTS],
            ranks: [rank_of(priority); MAX_SLOTS],
            stamps: [0; MAX_SLOTS],
            slots: 0,
            priority,
            has_priorities: false,
        }
    }
    /// Its levels, from slot 1 on.
    pub fn levels(&self) -> &[u8] {
        &self.levels[..self.slots]
    }
    /// The priority for all slots that have none of their own.
    pub const fn priority(&self) -> Priority {
        self.priority
    }
    /// Whether slots have priorities of their own.
    pub const fn has_priorities(&self) -> bool {
        self.has_priorities
    }

    /// Takes levels, at most 512. `stamp` counts the packets of all sources of the universe; a level that stays the same
    /// keeps its stamp. Returns whether anything is new.
    pub fn set_levels(&mut self, levels: &[u8], stamp: u32) -> bool {
        let slots = levels.len().min(MAX_SLOTS);
        let levels = &levels[..slots];
        if self.slots == slots && self.levels() == levels {
            return false;
        }
        // Slots that were not sent before are new whatever their level.
        let known = self.slots.min(slots);
        for ((old, new), changed_at) in self.levels[..known].iter().zip(levels).zip(&mut self.stamps) {
            *changed_at = if old == new { *changed_at } else { stamp };
        }
        self.stamps[known..slots].fill(stamp);
        self.levels[..slots].copy_from_slice(levels);
        self.slots = slots;
        true
    }
    /// Takes a priority for all slots. Returns whether anything is new.
    pub fn set_priority(&mut self, priority: Priority) -> bool {
        let is_new = self.priority != priority;
        self.priority = priority;
        if is_new && !self.has_priorities {
            self.ranks.fill(rank_of(priority));
        }
        is_new
    }
    /// Takes priorities of single slots: 1..=200; 0, anything above 200, and no number at all: the source says nothing
    /// about the slot (DMX-12). Returns whether anything is new.
    pub fn set_priorities(&mut self, priorities: &[u8]) -> bool {
        let before = self.has_priorities;
        let mut is_new = !before;
        let given = priorities.iter().copied().chain(core::iter::repeat(0));
        for (rank, priority) in self.ranks.iter_mut().zip(given) {
            let new = if matches!(priority, 1..=200) { priority + 1 } else { 0 };
            is_new |= *rank != new;
            *rank = new;
        }
        self.has_priorities = true;
        is_new
    }
    /// The source sends no priorities of single slots any more: all have the one for all.
    pub fn clear_priorities(&mut self) {
        self.has_priorities = false;
        self.ranks.fill(rank_of(self.priority));
    }
    /// Takes over what the sources of another merge came to: levels, priorities and stamps of single slots.
    pub fn set_outcome(&mut self, outcome: &Outcome) {
        self.levels = outcome.levels;
        self.ranks = outcome.ranks;
        self.stamps = outcome.stamps;
        self.slots = usize::from(outcome.slots).min(MAX_SLOTS);
        self.has_priorities = true;
    }
    /// The count of packets begins again.
    pub fn clear_stamps(&mut self) {
        self.stamps.fill(0);
    }
}
