//! Which lists speak of a parameter. Nearly always it is one: then a word says which, and where in the list.

use alloc::vec;
use alloc::vec::Vec;

use crate::list::MAX_LISTS;
use crate::score::Score;

/// A list that speaks of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speaker {
    pub(super) list: u16,
    /// The parameter's place among those of the list.
    pub(super) place: u32,
}

/// Who speaks of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spoken<'a> {
    /// One list.
    By(Speaker),
    /// None or several, in the order of the lists.
    ByAll(&'a [Speaker]),
}

impl<'a> Spoken<'a> {
    /// Each, in the order of the lists.
    pub(super) fn iter(self) -> impl Iterator<Item = Speaker> + 'a {
        let (one, several) = match self {
            Self::By(speaker) => (Some(speaker), &[][..]),
            Self::ByAll(speakers) => (None, speakers),
        };
        one.into_iter().chain(several.iter().copied())
    }
}

/// Marks a word that leads to a stretch of `several`.
const SEVERAL: u32 = 1 << 31;
const PLACE_BITS: u32 = 25;
const _: () = assert!(MAX_LISTS <= 1 << (31 - PLACE_BITS));

/// The lists that speak of each parameter.
#[derive(Debug)]
pub(super) struct Speakers {
    words: Vec<u32>,
    /// Where a stretch of `several` ends; it begins where the one before ends.
    ends: Vec<u32>,
    several: Vec<Speaker>,
}

impl Speakers {
    /// Those of the first [`MAX_LISTS`] lists of `score`.
    pub(super) fn new(score: &Score) -> Self {
        let lists = || (0_u16..).zip(score.lists().iter().take(MAX_LISTS));
        let mut counts = vec![0_u8; score.rig().len()];
        for (_, list) in lists() {
            // At most MAX_LISTS.
            list.parameters.iter().for_each(|parameter| counts[*parameter as usize] += 1);
        }
        let fits = |place: u32| place < 1 << PLACE_BITS;
        let mut made = Self { words: vec![0; counts.len()], ends: vec![0], several: Vec::new() };
        // Stretches of several, and an empty one for parameters that no list speaks of: the first.
        for (word, count) in made.words.iter_mut().zip(&counts).filter(|(_, count)| **count != 1) {
            *word = SEVERAL;
            if *count > 1 {
                *word |= made.ends.len() as u32;
                let end = made.ends.last().copied().unwrap_or_default() + u32::from(*count);
                made.ends.push(end);
            }
        }
        let all = made.ends.last().copied().unwrap_or_default();
        made.several = vec![Speaker { list: 0, place: 0 }; all as usize];
        let mut filled: Vec<u32> = core::iter::once(0).chain(made.ends.iter().copied()).collect();
        for (list, tracked) in lists() {
            for (place, parameter) in (0..).zip(&tracked.parameters) {
                let word = &mut made.words[*parameter as usize];
                if *word & SEVERAL != 0 {
                    let at = &mut filled[(*word & !SEVERAL) as usize];
                    made.several[*at as usize] = Speaker { list, place };
                    *at += 1;
                } else if fits(place) {
                    *word = u32::from(list) << PLACE_BITS | place;
                } else {
                    // Beyond what a word holds: a stretch of one.
                    *word = SEVERAL | made.ends.len() as u32;
                    made.several.push(Speaker { list, place });
                    made.ends.push(made.several.len() as u32);
                }
            }
        }
        made
    }
    /// Who speaks of a parameter.
    pub(super) fn of(&self, parameter: usize) -> Spoken<'_> {
        let word = self.words[parameter];
        if word & SEVERAL == 0 {
            return Spoken::By(Speaker { list: (word >> PLACE_BITS) as u16, place: word & ((1 << PLACE_BITS) - 1) });
        }
        let at = (word & !SEVERAL) as usize;
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        Spoken::ByAll(&self.several[begin as usize..self.ends[at] as usize])
    }
}
