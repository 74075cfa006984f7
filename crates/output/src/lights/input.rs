//! What comes for a universe from the network, handed over to the lights thread; and what became of it, handed back.
//!
//! Both ways are latest-value cells: nobody waits, nothing is allocated after the start. Whoever receives merges its sources
//! first, off the lights thread; that and the show are merged here, in the frame they leave with ([`super::mix`]).

use std::sync::Arc;

use cuelight_dmx::MAX_SLOTS;
use cuelight_dmx::merge::{Merged, Mode, NOBODY, Outcome, Owned};
use cuelight_dmx::priority::Priority;
use cuelight_wire::time::{Local, Time};

use crate::latest::Cell;

/// 512 bytes as words.
const BYTES: usize = MAX_SLOTS / 8;
/// 512 numbers of 32 bits as words.
const NUMBERS: usize = MAX_SLOTS / 2;
/// Levels, ranks, owners, stamps, and the rest in one.
const TAKEN: usize = 3 * BYTES + NUMBERS + 1;
/// Levels, ranks, owners, instants, and how many slots.
const MIXED: usize = 3 * BYTES + MAX_SLOTS + 1;

/// A universe that is taken from the network.
#[derive(Debug)]
pub struct LightsInput {
    /// Its number in the show.
    pub universe: u16,
    /// How it and the show share a slot of equal priority; the same as on the network's side.
    pub mode: Mode,
    /// What the show counts in it.
    pub show_priority: Priority,
    /// What comes.
    pub taken: TakenReader,
    /// What becomes of it.
    pub mixed: MixedWriter,
}

/// The network's side of what comes.
#[derive(Debug)]
pub struct TakenWriter(Arc<Cell>);

/// The lights thread's side of it.
#[derive(Debug)]
pub struct TakenReader {
    cell: Arc<Cell>,
    words: Box<[i64; TAKEN]>,
    version: u64,
}

/// Both ends of what comes for one universe.
pub fn taken() -> (TakenWriter, TakenReader) {
    let cell = Arc::new(Cell::new(TAKEN));
    (TakenWriter(Arc::clone(&cell)), TakenReader { cell, words: Box::new([0; TAKEN]), version: 0 })
}

impl TakenWriter {
    /// Makes `outcome` the newest. Never waits.
    pub fn publish(&mut self, outcome: &Outcome) {
        let Outcome { levels, ranks, owners, stamps, stamp, slots, is_speaking } = outcome;
        let (pairs, _) = stamps.as_chunks::<2>();
        let stamps = pairs.iter().map(|[low, high]| i64::from(*low) | i64::from(*high) << 32);
        let rest = i64::from(*stamp) | i64::from(*slots) << 32 | i64::from(*is_speaking) << 48;
        self.0.write(words(levels).chain(words(ranks)).chain(words(owners)).chain(stamps).chain([rest]));
    }
}

impl TakenReader {
    /// The newest, when it is other than at the last time; nothing while it is being written. Never waits.
    pub(crate) fn read(&mut self, outcome: &mut Outcome) -> bool {
        let Some(version) = self.cell.read(&mut self.words[..]).filter(|version| *version != self.version) else {
            return false;
        };
        self.version = version;
        let (bytes, rest) = self.words.split_at(3 * BYTES);
        for (bytes, words) in [&mut outcome.levels, &mut outcome.ranks, &mut outcome.owners].into_iter().zip(
            // Three times as many as one has.
            bytes.chunks_exact(BYTES),
        ) {
            unpack(words, bytes);
        }
        let (pairs, _) = outcome.stamps.as_chunks_mut::<2>();
        for ([low, high], word) in pairs.iter_mut().zip(rest) {
            (*low, *high) = (*word as u32, (*word >> 32) as u32);
        }
        let rest = rest[NUMBERS];
        (outcome.stamp, outcome.slots, outcome.is_speaking) = (rest as u32, (rest >> 32) as u16, rest >> 48 != 0);
        true
    }
}

/// Whom the slots of a universe obey, of the show and the sources of the network.
#[derive(Clone, Debug)]
pub struct Mixed {
    levels: [u8; MAX_SLOTS],
    ranks: [u8; MAX_SLOTS],
    owners: [u8; MAX_SLOTS],
    since: Box<[Time<Local>; MAX_SLOTS]>,
    slots: usize,
}

/// The show, as an owner of slots; sources of the network are numbered by their places, from 0 on.
pub const SHOW: usize = NOBODY as usize - 1;

impl Mixed {
    /// The levels, from slot 1 on.
    pub fn levels(&self) -> &[u8] {
        &self.levels[..self.slots]
    }
    /// Who owns a slot, 0 being slot 1: [`SHOW`], or the place of a source; `None`: nobody.
    pub fn owner(&self, slot: usize) -> Option<Owned> {
        let source = self.owners.get(slot).copied().filter(|owner| *owner != NOBODY)?;
        let priority = Priority::new(self.ranks[slot].saturating_sub(1))?;
        Some(Owned { source: source.into(), level: self.levels[slot], priority, since: self.since[slot] })
    }
}

/// The lights thread's side of what becomes of a universe.
#[derive(Debug)]
pub struct MixedWriter(Arc<Cell>);

/// The side of whoever wants to know.
#[derive(Clone, Debug)]
pub struct MixedReader(Arc<Cell>);

/// Both ends of what becomes of one universe.
pub fn mixed() -> (MixedWriter, MixedReader) {
    let cell = Arc::new(Cell::new(MIXED));
    (MixedWriter(Arc::clone(&cell)), MixedReader(cell))
}

impl MixedWriter {
    /// Makes what `merged` says the newest; its source 0 is the show, its source 1 what comes from the network, by the
    /// sources of `taken`. Never waits.
    pub(crate) fn publish(&mut self, merged: &Merged, taken: &Outcome) {
        let slot = |i: usize| merged.owner(i);
        let owner = |i: usize| match slot(i).map(|owned| owned.source) {
            None => NOBODY,
            Some(0) => SHOW as u8,
            Some(_) => taken.owners[i],
        };
        let levels: [u8; MAX_SLOTS] = std::array::from_fn(|i| merged.levels().get(i).copied().unwrap_or(0));
        let ranks = std::array::from_fn(|i| slot(i).map_or(0, |owned| owned.priority.number() + 1));
        let owners = std::array::from_fn(owner);
        let since = (0..MAX_SLOTS).map(|i| slot(i).map_or(0, |owned| owned.since.as_ns()));
        let bytes = words(&levels).chain(words(&ranks)).chain(words(&owners));
        self.0.write(bytes.chain(since).chain([merged.levels().len() as i64]));
    }
}

impl MixedReader {
    /// The newest; nothing before the first frame, or, rarely, while one is being written.
    pub fn get(&self) -> Option<Mixed> {
        let mut all = vec![0; MIXED];
        self.0.read(&mut all)?;
        let mut mixed = Mixed {
            levels: [0; MAX_SLOTS],
            ranks: [0; MAX_SLOTS],
            owners: [NOBODY; MAX_SLOTS],
            since: Box::new([Time::ZERO; MAX_SLOTS]),
            slots: usize::try_from(*all.last()?).unwrap_or(0).min(MAX_SLOTS),
        };
        let (bytes, rest) = all.split_at(3 * BYTES);
        let targets = [&mut mixed.levels, &mut mixed.ranks, &mut mixed.owners];
        targets.into_iter().zip(bytes.chunks_exact(BYTES)).for_each(|(bytes, words)| unpack(words, bytes));
        mixed.since.iter_mut().zip(rest).for_each(|(since, ns)| *since = Time::from_ns(*ns));
        Some(mixed)
    }
}

fn words(bytes: &[u8; MAX_SLOTS]) -> impl Iterator<Item = i64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes))
}

fn unpack(words: &[i64], bytes: &mut [u8; MAX_SLOTS]) {
    bytes.as_chunks_mut::<8>().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_survives_its_words_and_is_told_once() {
        let (mut writer, mut reader) = taken();
        let mut outcome = Outcome::NOTHING;
        assert!(!reader.read(&mut outcome), "nothing has come");
        let said = Outcome {
            levels: std::array::from_fn(|i| i as u8),
            ranks: std::array::from_fn(|i| (i * 3) as u8),
            owners: std::array::from_fn(|i| (i * 5) as u8),
            stamps: std::array::from_fn(|i| u32::MAX - i as u32),
            stamp: u32::MAX,
            slots: 512,
            is_speaking: true,
        };
        writer.publish(&said);
        assert!(reader.read(&mut outcome));
        assert_eq!(outcome, said);
        assert!(!reader.read(&mut outcome));
        writer.publish(&Outcome::NOTHING);
        assert!(reader.read(&mut outcome) && outcome == Outcome::NOTHING);
    }
}
