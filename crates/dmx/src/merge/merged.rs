//! The levels of a universe, and who owns each slot since when.

use cuelight_wire::time::{Local, Time};

use super::{Contribution, Mode, NOBODY, Outcome};
use crate::MAX_SLOTS;
use crate::priority::Priority;

/// The outcome of merging. Sources are known by their place in the caller's table, 0..=254.
#[derive(Clone, Debug)]
pub struct Merged {
    levels: [u8; MAX_SLOTS],
    ranks: [u8; MAX_SLOTS],
    owners: [u8; MAX_SLOTS],
    since: [Time<Local>; MAX_SLOTS],
    /// Of the latest, in LTP.
    stamps: [u32; MAX_SLOTS],
    slots: usize,
    is_new: bool,
}

/// Who owns a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The source's place in the caller's table.
    pub source: usize,
    /// The level it gives the slot.
    pub level: u8,
    /// The priority it has there.
    pub priority: Priority,
    /// Since when the slot has this level from this source, at merging.
    pub since: Time<Local>,
}

/// Where a merge of one universe is worked out. Arrays of bytes, so that many slots are worked out at once.
struct Scratch {
    levels: [u8; MAX_SLOTS],
    ranks: [u8; MAX_SLOTS],
    owners: [u8; MAX_SLOTS],
}

impl Scratch {
    /// Rank 0 says nothing; no level is above 255, so nothing of rank 0 ever wins.
    const NOTHING: Self = Self { levels: [u8::MAX; MAX_SLOTS], ranks: [0; MAX_SLOTS], owners: [NOBODY; MAX_SLOTS] };
}

impl Merged {
    /// All slots at 0, owned by nobody.
    pub const fn new() -> Self {
        Self {
            levels: [0; MAX_SLOTS],
            ranks: [0; MAX_SLOTS],
            owners: [NOBODY; MAX_SLOTS],
            since: [Time::ZERO; MAX_SLOTS],
            stamps: [0; MAX_SLOTS],
            slots: 0,
            is_new: false,
        }
    }
    /// The levels, from slot 1 to the last one that any source has sent.
    pub fn levels(&self) -> &[u8] {
        &self.levels[..self.slots]
    }
    /// Who owns a slot, 0 being slot 1; `None`: nobody.
    pub fn owner(&self, slot: usize) -> Option<Owned> {
        let source = *self.owners.get(slot)?;
        if source == NOBODY {
            return None;
        }
        let priority = Priority::new(self.ranks[slot].saturating_sub(1))?;
        Some(Owned { source: usize::from(source), level: self.levels[slot], priority, since: self.since[slot] })
    }
    /// Writes what it is now, for another merge: levels, ranks, owners, stamps and slots. What else an outcome has is its
    /// universe's.
    pub fn write(&self, outcome: &mut Outcome) {
        outcome.levels = self.levels;
        outcome.ranks = self.ranks;
        outcome.owners = self.owners;
        outcome.stamps = self.stamps;
        outcome.slots = self.slots as u16;
    }
    /// Whether levels have changed since this was asked last.
    pub fn take_news(&mut self) -> bool {
        core::mem::take(&mut self.is_new)
    }

    /// Merges. A slot that no source says anything about is 0 (DMX-11).
    pub fn merge<'c>(
        &mut self,
        mode: Mode,
        contributions: impl Iterator<Item = (usize, &'c Contribution)>,
        now: Time<Local>,
    ) {
        match mode {
            Mode::Htp => self.merge_htp(contributions, now),
            Mode::Ltp => self.merge_ltp(contributions, now),
        }
    }

    fn merge_htp<'c>(&mut self, contributions: impl Iterator<Item = (usize, &'c Contribution)>, now: Time<Local>) {
        let mut best = Scratch::NOTHING;
        let mut slots = self.slots;
        for (source, contribution) in contributions {
            slots = slots.max(contribution.slots);
            let said = contribution.ranks.iter().zip(&contribution.levels).take(contribution.slots);
            let so_far = best.ranks.iter_mut().zip(&mut best.levels).zip(&mut best.owners);
            for ((rank, level), ((best_rank, best_level), owner)) in said.zip(so_far) {
                let wins = (*rank > *best_rank) | (*rank == *best_rank) & (*level > *best_level);
                *best_rank = if wins { *rank } else { *best_rank };
                *best_level = if wins { *level } else { *best_level };
                *owner = if wins { source as u8 } else { *owner };
            }
        }
        self.take(best, slots, now);
    }

    fn merge_ltp<'c>(&mut self, contributions: impl Iterator<Item = (usize, &'c Contribution)>, now: Time<Local>) {
        let mut best = Scratch::NOTHING;
        let mut stamps = [0_u32; MAX_SLOTS];
        let mut slots = self.slots;
        for (source, contribution) in contributions {
            slots = slots.max(contribution.slots);
            for (i, latest) in stamps.iter_mut().enumerate().take(contribution.slots) {
                let (rank, stamp) = (contribution.ranks[i], contribution.stamps[i]);
                let is_later = stamp > *latest || best.owners[i] == NOBODY;
                if rank > 0 && (rank > best.ranks[i] || rank == best.ranks[i] && is_later) {
                    (best.ranks[i], *latest) = (rank, stamp);
                    (best.levels[i], best.owners[i]) = (contribution.levels[i], source as u8);
                }
            }
        }
        self.take(best, slots, now);
        self.stamps = stamps;
    }

    /// Takes the outcome over.
    fn take(&mut self, mut best: Scratch, slots: usize, now: Time<Local>) {
        for (level, owner) in best.levels.iter_mut().zip(&best.owners) {
            *level = if *owner == NOBODY { 0 } else { *level };
        }
        self.replace(&best.levels, &best.owners, slots, now);
        self.ranks = best.ranks;
    }

    fn replace(&mut self, levels: &[u8; MAX_SLOTS], owners: &[u8; MAX_SLOTS], slots: usize, now: Time<Local>) {
        if self.levels != *levels || self.slots != slots {
            self.is_new = true;
        } else if self.owners == *owners {
            return;
        }
        let old = self.levels.iter().zip(&self.owners);
        for ((old, new), since) in old.zip(levels.iter().zip(owners)).zip(&mut self.since) {
            *since = if old == new { *since } else { now };
        }
        self.levels = *levels;
        self.owners = *owners;
        self.slots = slots;
    }

    /// Every slot that was ever sent at `level`, owned by nobody: what is left when all sources are gone.
    pub fn abandon(&mut self, level: Option<u8>, now: Time<Local>) {
        let mut levels = self.levels;
        if let Some(level) = level {
            levels[..self.slots].fill(level);
        }
        self.replace(&levels, &[NOBODY; MAX_SLOTS], self.slots, now);
        self.ranks = [0; MAX_SLOTS];
    }
}

impl Default for Merged {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    fn at(ms: i64) -> Time<Local> {
        Time::ZERO + cuelight_wire::time::Span::from_ms(ms)
    }

    fn priority(number: u8) -> Priority {
        Priority::new(number).unwrap()
    }

    /// What DMX-11 says, slot by slot, as plainly as it can be written.
    fn plainly(mode: Mode, said: &[Said], slot: usize) -> (u8, Option<usize>) {
        let speakers: Vec<_> = said
            .iter()
            .enumerate()
            .filter(|(_, s)| slot < s.levels.len())
            .filter_map(|(i, s)| Some((i, s, s.priority_of(slot)?)))
            .collect();
        let Some(top) = speakers.iter().map(|(_, _, priority)| *priority).max() else { return (0, None) };
        let equals = speakers.iter().filter(|(_, _, priority)| *priority == top);
        // The first of several that are the same.
        let winner = match mode {
            Mode::Htp => equals.rev().max_by_key(|(_, s, _)| s.levels[slot]),
            Mode::Ltp => equals.rev().max_by_key(|(_, s, _)| s.changed_at[slot]),
        };
        winner.map_or((0, None), |(i, s, _)| (s.levels[slot], Some(*i)))
    }

    #[derive(Clone, Debug)]
    struct Said {
        priority: u8,
        priorities: Option<Vec<u8>>,
        levels: Vec<u8>,
        changed_at: Vec<u32>,
    }

    impl Said {
        fn priority_of(&self, slot: usize) -> Option<u8> {
            match &self.priorities {
                None => Some(self.priority),
                Some(each) => each.get(slot).copied().filter(|p| (1..=200).contains(p)),
            }
        }
    }

    /// Few different levels and priorities, so that they often meet.
    fn any_said() -> impl Strategy<Value = Said> {
        let levels = prop::collection::vec(0..4_u8, 0..=24);
        let priorities =
            prop::option::of(prop::collection::vec(prop::sample::select(&[0, 1, 2, 100, 200, 201][..]), 0..=24));
        (prop::sample::select(&[0, 1, 100, 200][..]), priorities, levels).prop_map(|(priority, priorities, levels)| {
            Said { priority, priorities, changed_at: [0].repeat(levels.len()), levels }
        })
    }

    proptest! {
        /// DMX-11, DMX-12
        #[test]
        fn each_slot_obeys_whom_the_rule_says(
            mut said in prop::collection::vec(any_said(), 0..5),
            changes in prop::collection::vec((0..5_usize, 0..24_usize, 0..4_u8), 0..40),
            is_ltp: bool,
        ) {
            let mode = if is_ltp { Mode::Ltp } else { Mode::Htp };
            let mut contributions: Vec<_> = said.iter().map(|s| Contribution::new(priority(s.priority))).collect();
            let mut stamp = 0;
            for (s, contribution) in said.iter_mut().zip(&mut contributions) {
                stamp += 1;
                contribution.set_levels(&s.levels, stamp);
                s.changed_at.fill(stamp);
                if let Some(priorities) = &s.priorities {
                    contribution.set_priorities(priorities);
                }
            }
            for (source, slot, level) in changes {
                let Some(s) = said.get_mut(source).filter(|s| slot < s.levels.len()) else { continue };
                stamp += 1;
                if s.levels[slot] != level {
                    (s.levels[slot], s.changed_at[slot]) = (level, stamp);
                }
                contributions[source].set_levels(&s.levels, stamp);
            }
            let mut merged = Merged::new();
            merged.merge(mode, contributions.iter().enumerate(), at(1));
            prop_assert_eq!(merged.levels().len(), said.iter().map(|s| s.levels.len()).max().unwrap_or(0));
            for slot in 0..24 {
                let (level, owner) = plainly(mode, &said, slot);
                prop_assert_eq!(merged.levels().get(slot).copied().unwrap_or(0), level, "slot {}", slot);
                prop_assert_eq!(merged.owner(slot).map(|o| o.source), owner, "slot {}", slot);
                if let Some(owned) = merged.owner(slot) {
                    prop_assert_eq!(owned.priority.number(), said[owned.source].priority_of(slot).unwrap());
                }
            }
        }
    }

    /// DMX-11
    #[test]
    fn ltp_stays_with_who_changed_last_however_often_others_repeat_themselves() {
        let mut sources = [Contribution::new(Priority::DEFAULT), Contribution::new(Priority::DEFAULT)];
        let mut merged = Merged::new();
        sources[0].set_levels(&[200, 200], 1);
        sources[1].set_levels(&[10, 10], 2);
        sources[0].set_levels(&[200, 50], 3);
        for stamp in 4..10 {
            sources[1].set_levels(&[10, 10], stamp);
            merged.merge(Mode::Ltp, sources.iter().enumerate(), at(1));
            assert_eq!(merged.levels(), [10, 50]);
        }
    }

    /// DMX-25
    #[test]
    fn a_slot_says_since_when_it_is_as_it_is() {
        let mut sources = [Contribution::new(priority(100)), Contribution::new(priority(120))];
        let mut merged = Merged::new();
        sources[0].set_levels(&[5, 5], 1);
        merged.merge(Mode::Htp, sources.iter().enumerate(), at(10));
        assert!(merged.take_news());
        // The other takes slot 1 over at the same level, and slot 2 stays.
        sources[1].set_levels(&[5], 2);
        merged.merge(Mode::Htp, sources.iter().enumerate(), at(20));
        assert!(!merged.take_news(), "no level is another");
        assert_eq!(merged.owner(0), Some(Owned { source: 1, level: 5, priority: priority(120), since: at(20) }));
        assert_eq!(merged.owner(1), Some(Owned { source: 0, level: 5, priority: priority(100), since: at(10) }));
        assert_eq!((merged.owner(2), merged.owner(512)), (None, None));
        merged.abandon(None, at(30));
        assert!(!merged.take_news());
        assert_eq!((merged.levels(), merged.owner(0)), (&[5, 5][..], None));
        merged.abandon(Some(0), at(40));
        assert!(merged.take_news());
        assert_eq!(merged.levels(), [0, 0]);
    }
}
