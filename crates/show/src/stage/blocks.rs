//! Parameters that can be worked out many at a time: [`BLOCK`] that follow one another in the rig, in one list and in the slots,
//! with nothing to be looked at for any of them alone.

use alloc::vec::Vec;
use core::ops::Range;

use super::moving::BLOCK;
use super::speakers::{Speakers, Spoken};
use crate::score::Score;

/// A block of plain parameters: each is spoken of by one list alone, has one slot, no default, and no part in an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) list: u16,
    /// The place of the first among those of the list; the others follow.
    pub(super) place: usize,
    /// The slot of the first in the picture of all universes; the others follow.
    slot: usize,
    /// Whether the master scales them; all alike.
    pub(super) is_intensity: bool,
}

impl Block {
    pub(super) const fn slots(&self) -> Range<usize> {
        self.slot..self.slot + BLOCK
    }
}

/// The blocks of a rig, each where its parameters are plain.
#[derive(Debug)]
pub(super) struct Blocks(Vec<Option<Block>>);

impl Blocks {
    pub(super) fn new(score: &Score, speakers: &Speakers) -> Self {
        let whole = score.rig().len() / BLOCK;
        Self((0..whole).map(|block| plain(score, speakers, block * BLOCK)).collect())
    }
    pub(super) fn get(&self, block: usize) -> Option<Block> {
        self.0.get(block).copied().flatten()
    }
}

/// The block that begins with a parameter, if it is plain.
fn plain(score: &Score, speakers: &Speakers, first: usize) -> Option<Block> {
    let drives = score.rig().drives().get(first..first + BLOCK)?;
    let Spoken::By(speaker) = speakers.of(first) else { return None };
    let (place, slot, is_intensity) = (speaker.place as usize, drives[0].slot(), drives[0].is_intensity());
    let is_plain = (0..).zip(drives).all(|(at, drive)| {
        let is_next = matches!(speakers.of(first + at), Spoken::By(next)
            if next.list == speaker.list && next.place as usize == place + at);
        let has_one_slot = drive.slot_count() == 1 && drive.slot() == slot + at;
        is_next && has_one_slot && !drive.has_default() && drive.is_intensity() == is_intensity
    });
    let effects = &score.lists().get(usize::from(speaker.list))?.effect_places;
    let next_effect = effects.get(effects.partition_point(|of| (*of as usize) < place));
    let has_effect = next_effect.is_some_and(|of| (*of as usize) < place + BLOCK);
    (is_plain && !has_effect).then_some(Block { list: speaker.list, place, slot, is_intensity })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Cue, CueList, Instruction, Level, ListNumber, Show, Target, Value};

    /// A list that sets these slots of universe 1.
    fn list(number: u16, slots: impl Iterator<Item = u16>) -> CueList {
        let mut cue = Cue::new("1".parse().unwrap());
        for slot in slots {
            let target = Target::Slot(Address::new(1, slot).unwrap());
            cue.look.set(Instruction { target, value: Value::Level(Level(9)) });
        }
        let mut list = CueList::new(ListNumber(number));
        list.insert(cue).unwrap();
        list
    }
    fn blocks(lists: Vec<CueList>) -> Vec<Option<usize>> {
        let score = Score::new(&Show::of_lists(lists));
        let blocks = Blocks::new(&score, &Speakers::new(&score));
        (0..5).map(|block| blocks.get(block).map(|block| block.slots().start)).collect()
    }

    #[test]
    fn slots_that_one_list_alone_sets_are_blocks_until_one_is_left_out_or_shared() {
        assert_eq!(blocks(alloc::vec![list(1, 1..=200)]), [Some(0), Some(64), Some(128), None, None]);
        // Without slot 70 the second block is not one stretch of slots.
        let gap = list(1, (1..=300).filter(|slot| *slot != 70));
        assert_eq!(blocks(alloc::vec![gap]), [Some(0), None, Some(129), Some(193), None]);
        let shared = alloc::vec![list(1, 1..=256), list(2, 130..=130)];
        assert_eq!(blocks(shared), [Some(0), Some(64), None, Some(192), None]);
        let two = alloc::vec![list(1, 1..=64), list(2, 65..=128)];
        assert_eq!(blocks(two), [Some(0), Some(64), None, None, None]);
    }
}
