//! Which parameters move: a bit each. All bits of 512 universes lie in 32 kB, and they are walked in the order of the slots.

use alloc::vec;
use alloc::vec::Vec;

use crate::rig::ParameterIndex;

/// So many parameters are a block: a word of bits.
pub(super) const BLOCK: usize = u64::BITS as usize;
/// Fewer of a block that move are walked one by one.
const MOST: u32 = 32;

/// Some parameters of a rig.
#[derive(Clone, Debug)]
pub(super) struct Moving {
    words: Vec<u64>,
    len: usize,
}

impl Moving {
    /// None of so many.
    pub(super) fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }
    /// All of so many.
    pub(super) fn all(len: usize) -> Self {
        let mut all = Self::none(len);
        all.words.fill(u64::MAX);
        if let Some(last) = all.words.last_mut().filter(|_| !len.is_multiple_of(64)) {
            *last = (1 << (len % 64)) - 1;
        }
        all
    }
    /// How many parameters there are, moving or not.
    pub(super) const fn len(&self) -> usize {
        self.len
    }
    /// Adds one.
    pub(super) fn add(&mut self, index: ParameterIndex) {
        self.words[index as usize / 64] |= 1 << (index % 64);
    }
    /// Adds many, best in rising order.
    pub(super) const fn many(&mut self) -> Many<'_> {
        Many { moving: self, word: 0, bits: 0 }
    }
    /// Adds all of `others`, which are of the same rig.
    pub(super) fn add_all(&mut self, others: &Self) {
        self.words.iter_mut().zip(&others.words).for_each(|(word, other)| *word |= other);
    }
    /// Calls `keep` with each, rising, and keeps those for which it is true. Where most of a block move, `keep_block` is called
    /// with its number first: it may do all of the block at once and say which are kept. Both work on `onto`.
    pub(super) fn retain<T: ?Sized>(
        &mut self,
        onto: &mut T,
        mut keep_block: impl FnMut(&mut T, usize) -> Option<u64>,
        mut keep: impl FnMut(&mut T, usize) -> bool,
    ) {
        for (block, word) in self.words.iter_mut().enumerate() {
            if word.count_ones() >= MOST
                && let Some(kept) = keep_block(onto, block)
            {
                *word = kept;
                continue;
            }
            let (first, mut left, mut kept) = (block * BLOCK, *word, 0);
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                kept |= u64::from(keep(onto, first + bit as usize)) << bit;
            }
            *word = kept;
        }
    }
}

/// Adds parameters; those that follow one another cost one look at the memory together.
pub(super) struct Many<'a> {
    moving: &'a mut Moving,
    word: usize,
    bits: u64,
}

impl Many<'_> {
    #[inline(always)]
    pub(super) fn add(&mut self, index: ParameterIndex) {
        let word = index as usize / BLOCK;
        if word != self.word {
            self.flush();
            self.word = word;
        }
        self.bits |= 1 << (index as usize % BLOCK);
    }
    #[inline]
    fn flush(&mut self) {
        if self.bits != 0 {
            self.moving.words[self.word] |= core::mem::take(&mut self.bits);
        }
    }
}

impl Drop for Many<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(moving: &mut Moving) -> Vec<usize> {
        let mut members = Vec::new();
        let push = |members: &mut Vec<usize>, index| {
            members.push(index);
            true
        };
        moving.retain(&mut members, |_, _| None, push);
        members
    }

    #[test]
    fn all_are_exactly_those_there_are() {
        for len in [0, 1, 63, 64, 65, 128] {
            assert_eq!(members(&mut Moving::all(len)), (0..len).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_added_stays_until_it_is_not_kept() {
        let mut moving = Moving::none(200);
        [199, 3, 64, 3].into_iter().for_each(|index| moving.add(index));
        let mut others = Moving::none(200);
        others.add(100);
        moving.add_all(&others);
        assert_eq!(members(&mut moving), [3, 64, 100, 199]);
        moving.retain(&mut (), |_, _| None, |_, index| index > 64);
        assert_eq!(members(&mut moving), [100, 199]);
        let mut many = moving.many();
        [5, 7, 130, 6, 100].into_iter().for_each(|index| many.add(index));
        drop(many);
        assert_eq!(members(&mut moving), [5, 6, 7, 100, 130, 199]);
        drop(Moving::none(0).many());
    }

    #[test]
    fn a_block_of_which_most_move_may_be_done_at_once() {
        let mut moving = Moving::none(200);
        (0..64).chain(100..110).chain(128..160).for_each(|index| moving.add(index));
        let mut asked = (Vec::new(), 0);
        let done = |asked: &mut (Vec<usize>, usize), block| {
            asked.0.push(block);
            (block == 0).then_some(1 << 9)
        };
        let one = |asked: &mut (Vec<usize>, usize), index| {
            asked.1 += 1;
            index % 2 == 0
        };
        moving.retain(&mut asked, done, one);
        assert_eq!(asked, (vec![0, 2], 10 + 32));
        assert_eq!(members(&mut moving)[..3], [9, 100, 102]);
    }
}
