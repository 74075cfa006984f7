//! Which parameters move: a bit each. All bits of 512 universes lie in 32 kB, and they are walked in the order of the slots.

use alloc::vec;
use alloc::vec::Vec;

use crate::rig::ParameterIndex;

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
    /// Adds all of `others`, which are of the same rig.
    pub(super) fn add_all(&mut self, others: &Self) {
        self.words.iter_mut().zip(&others.words).for_each(|(word, other)| *word |= other);
    }
    /// Calls `keep` with each, rising, and keeps those for which it is true.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        for (first, word) in (0..).step_by(64).zip(&mut self.words) {
            let (mut left, mut kept) = (*word, 0);
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                kept |= u64::from(keep(first + bit as usize)) << bit;
            }
            *word = kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(moving: &mut Moving) -> Vec<usize> {
        let mut members = Vec::new();
        moving.retain(|index| {
            members.push(index);
            true
        });
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
        moving.retain(|index| index > 64);
        assert_eq!(members(&mut moving), [100, 199]);
    }
}
