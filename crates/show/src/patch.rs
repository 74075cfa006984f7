//! The patch: which slots are taken, and where there is room.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::fixture::{Address, MAX_UNIVERSE, SLOTS};
use crate::show::Show;

const WORDS: usize = SLOTS as usize / 64;

/// The slots that fixtures take, gaps inside a fixture among them.
#[derive(Clone, Debug, Default)]
pub struct Occupancy {
    /// A bit for each slot.
    taken: BTreeMap<u16, [u64; WORDS]>,
}

impl Occupancy {
    /// Of all fixtures of a show.
    pub fn of(show: &Show) -> Self {
        let mut occupancy = Self::default();
        for fixture in &show.fixtures {
            let footprints = show.mode_of(fixture).map(|mode| mode.footprints()).unwrap_or_default();
            fixture.addresses.iter().zip(footprints).for_each(|(first, slots)| occupancy.take(*first, slots));
        }
        occupancy
    }
    /// Takes so many slots; what lies beyond the universe is no slot.
    pub fn take(&mut self, first: Address, slots: u16) {
        let words = self.taken.entry(first.universe).or_default();
        for slot in first.slot..=SLOTS.min(first.slot.saturating_add(slots).saturating_sub(1)) {
            let at = usize::from(slot - 1);
            words[at / 64] |= 1 << (at % 64);
        }
    }
    /// Whether so many slots are in the universe and free.
    pub fn is_free(&self, first: Address, slots: u16) -> bool {
        let last = first.slot.saturating_add(slots).saturating_sub(1);
        last <= SLOTS && (first.slot..=last).all(|slot| !self.is_taken(first.universe, slot))
    }
    /// The first address from `from` on with so many free slots in one universe, in the universe of `from` or after it.
    pub fn room(&self, slots: u16, from: Address) -> Option<Address> {
        if slots > SLOTS {
            return None;
        }
        let mut first = from.slot;
        for universe in from.universe..=MAX_UNIVERSE {
            let mut free = 0;
            for slot in first..=SLOTS {
                free = if self.is_taken(universe, slot) { 0 } else { free + 1 };
                if free >= slots.max(1) {
                    return Address::new(universe, slot + 1 - free);
                }
            }
            first = 1;
        }
        None
    }
    /// One address for each footprint, as [`Self::room`] finds them one after the other.
    pub fn rooms(&self, footprints: &[u16], from: Address) -> Option<Vec<Address>> {
        let mut occupancy = self.clone();
        let mut from = Some(from);
        let mut rooms = Vec::new();
        for slots in footprints {
            let first = occupancy.room(*slots, from?)?;
            occupancy.take(first, *slots);
            rooms.push(first);
            from = Some(first);
        }
        Some(rooms)
    }
    /// The stretches of free slots in a universe, first and last.
    pub fn gaps(&self, universe: u16) -> Vec<(u16, u16)> {
        let mut gaps: Vec<(u16, u16)> = Vec::new();
        for slot in (1..=SLOTS).filter(|slot| !self.is_taken(universe, *slot)) {
            match gaps.last_mut() {
                Some((_, last)) if *last + 1 == slot => *last = slot,
                _ => gaps.push((slot, slot)),
            }
        }
        gaps
    }
    fn is_taken(&self, universe: u16, slot: u16) -> bool {
        let at = usize::from(slot - 1);
        self.taken.get(&universe).is_some_and(|words| words[at / 64] & (1 << (at % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(universe: u16, slot: u16) -> Address {
        Address::new(universe, slot).unwrap()
    }

    #[test]
    fn room_is_the_first_gap_that_is_large_enough() {
        let mut occupancy = Occupancy::default();
        occupancy.take(at(1, 5), 6);
        occupancy.take(at(1, 20), 493);
        assert_eq!(occupancy.room(4, at(1, 1)), Some(at(1, 1)));
        assert_eq!(occupancy.room(5, at(1, 1)), Some(at(1, 11)));
        assert_eq!(occupancy.room(10, at(1, 1)), Some(at(2, 1)));
        assert_eq!(occupancy.room(513, at(1, 1)), None);
        assert_eq!(occupancy.room(512, at(63_999, 2)), None);
        assert_eq!(occupancy.rooms(&[4, 4, 512], at(1, 1)), Some(alloc::vec![at(1, 1), at(1, 11), at(2, 1)]));
        assert_eq!(occupancy.gaps(1), [(1, 4), (11, 19)]);
        assert!(occupancy.is_free(at(1, 1), 4) && !occupancy.is_free(at(1, 1), 5) && !occupancy.is_free(at(2, 512), 2));
    }
}
