//! What the oracle hears of a crowd, in the order of true time.
//!
//! Lanes and the hub write down what they see; when a step is over, everything before its end is known and the judge takes
//! it. What is written down: every start, welcome and end of a session, every order of the operator, every datagram that may
//! be news to its node (its payload is not the one that last arrived there), every frame in which something comes into force,
//! one frame of every node at each look, and every node's clock then.

use cuelight_oracle::{Cast, Entry, Figures, Judge, NodeNo, What};
use cuelight_wire::time::{Show, Time};

use super::{COUNTS_FROM_NS, Crowd};

/// Something that happened, with its place among what happened at the same instant.
#[derive(Clone, Debug)]
pub(super) struct Note {
    /// The hub is 0, nodes begin at 1.
    who: usize,
    serial: u64,
    entry: Entry,
}

/// What one machine sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notebook {
    who: usize,
    serial: u64,
}

impl Notebook {
    pub(super) const fn of_hub() -> Self {
        Self { who: 0, serial: 0 }
    }
    pub(super) const fn of_site(site: usize) -> Self {
        Self { who: site + 1, serial: 0 }
    }
    /// Writes down what happens at a true time, at which the hub's show clock reads `show`.
    pub(super) fn write(&mut self, at_ns: i64, show: Time<Show>, what: What) -> Note {
        self.serial += 1;
        Note { who: self.who, serial: self.serial, entry: Entry { at_ns, show, what } }
    }
    /// The node in the judge's words.
    pub(super) const fn node(&self) -> NodeNo {
        NodeNo(self.who - 1)
    }
}

/// The judge, and what he has not heard yet: the notes of two steps, and frames that are put out after them.
#[derive(Debug)]
pub(super) struct Hearing {
    judge: Judge,
    waiting: Vec<Note>,
}

impl Hearing {
    pub(super) fn new(crowd: &Crowd) -> Self {
        let unavoidable_ns = vec![crowd.path.unavoidable_ns(); crowd.nodes];
        let cast = Cast { unavoidable_ns, from_ns: COUNTS_FROM_NS, ..Cast::alike(crowd.nodes) };
        Self { judge: Judge::new(cast), waiting: Vec::new() }
    }
    /// More notes; those of before a true time are complete now.
    pub(super) fn take(&mut self, notes: Vec<Note>, complete_until_ns: i64) {
        self.waiting.extend(notes);
        self.waiting.sort_unstable_by_key(|note| (note.entry.at_ns, note.who, note.serial));
        let complete = self.waiting.partition_point(|note| note.entry.at_ns < complete_until_ns);
        for note in self.waiting.drain(..complete) {
            self.judge.take(&note.entry);
        }
    }
    /// What was measured, with the last notes.
    pub(super) fn figures(mut self, notes: Vec<Note>) -> Figures {
        self.take(notes, i64::MAX);
        self.judge.figures()
    }
}

#[cfg(test)]
mod tests {
    use cuelight_oracle::{ClockSample, Figure};
    use cuelight_wire::time::Span;

    use super::*;
    use crate::profiles::ETHERNET_PATH;

    #[test]
    fn the_judge_hears_in_the_order_of_true_time_whoever_writes_first() {
        let crowd =
            Crowd { nodes: 2, lasts: Span::from_s(20), seed: 1, path: ETHERNET_PATH, changes_every: Span::from_s(5) };
        let mut hearing = Hearing::new(&crowd);
        let look = |site: usize, at_ns| {
            let mut book = Notebook::of_site(site);
            let sample = ClockSample { show: Time::from_ns(at_ns), is_usable: true, bound: Span::from_us(1) };
            book.write(at_ns, Time::from_ns(at_ns), What::Clock(book.node(), sample))
        };
        let (early, late) = (COUNTS_FROM_NS + 1, COUNTS_FROM_NS + 2);
        hearing.take(vec![look(1, late)], late);
        hearing.take(vec![look(0, early)], late);
        // The judge refuses what comes out of order, and counts a clock that goes back.
        let figures = hearing.figures(vec![look(0, late + 1), look(1, late + 1)]);
        assert_eq!(figures.get(Figure::BackSteps).map(|count| count as u64), Some(0));
    }
}
