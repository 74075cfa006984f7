//! What is found in a crowd: what the oracle measured, and what only the simulator can count.

use cuelight_oracle::{Figure, Figures};

use super::Crowd;
use crate::compare::p95_must_us;
use crate::scenario::{Bound, Limit, Row};

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Nodes.
    pub nodes: usize,
    /// Virtual time, nanoseconds.
    pub lasts_ns: i64,
    /// What the oracle measured: of changes, of pictures where something changes and at looks, and of clocks. It heard
    /// only of such datagrams that may be news to their node, so its counts of datagrams mean nothing.
    pub figures: Figures,
    /// Nodes that the hub called ready at the end.
    pub ready: usize,
    /// Nodes that it called degraded, as those on a path that loses more than 2 % are: they are in the show all the same.
    pub degraded: usize,
    /// Datagrams of the stream that the hub sent.
    pub datagrams: u64,
    /// Time exchanges that nodes completed.
    pub exchanges: u64,
    /// Control messages of nodes.
    pub messages: u64,
    /// Changes an operator made.
    pub orders: u64,
    /// The same, each on each node that the hub said it is for.
    pub expected: u64,
    /// Times a clock stopped being usable.
    pub unlocks: u64,
    /// Datagrams handed over so late that what followed came in a later step than it should.
    pub disturbed: u64,
    /// One number for everything that happened.
    pub run_hash: u64,
}

impl Facts {
    fn count(&self, figure: Figure) -> u64 {
        self.figures.get(figure).unwrap_or_default() as u64
    }
    /// Changes on nodes that the hub announced to the operator and the oracle never saw on the wire.
    pub fn unaccounted(&self) -> u64 {
        self.expected.saturating_sub(self.count(Figure::Changes) + self.count(Figure::Excused))
    }
    /// How the limits of this crowd are met.
    pub fn rows(&self, crowd: &Crowd) -> Vec<Row> {
        limits(crowd).into_iter().map(|limit| limit.judge(&self.figures)).collect()
    }
    /// What is wrong beside the oracle's figures, a sentence each.
    pub fn faults(&self) -> Vec<String> {
        let away = self.nodes.saturating_sub(self.ready + self.degraded);
        [
            (away as u64, "nodes are not in the show at the end"),
            (self.unaccounted(), "changes that were ordered were not sent to a node they are for"),
            (self.disturbed, "datagrams were handed over too late for what they caused"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
    }
}

/// Percent of the changes that may be late.
const LATE_SHARE: f64 = 0.1;

/// What holds for a crowd on any path, and what its clocks have to reach on this one.
fn limits(crowd: &Crowd) -> Vec<Limit> {
    let none = |figure| Limit { figure, bound: Bound::Most(0.0) };
    let mut limits = vec![
        none(Figure::Wrong),
        Limit { figure: Figure::LateShare, bound: Bound::Most(LATE_SHARE) },
        none(Figure::UnequalFrames),
        none(Figure::MovedApplyAt),
        none(Figure::BackSteps),
        none(Figure::BoundBroken),
    ];
    if let Some(must_us) = p95_must_us(crowd.path.name).filter(|_| crowd.has_settled()) {
        limits.push(Limit { figure: Figure::ClockErrorP95, bound: Bound::Most(must_us * 1e3) });
    }
    limits
}

/// What a lane counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) unlocks: u64,
    pub(super) exchanges: u64,
    pub(super) messages: u64,
    pub(super) disturbed: u64,
}

impl Counts {
    pub(super) fn join(&mut self, other: Self) {
        self.unlocks += other.unlocks;
        self.exchanges += other.exchanges;
        self.messages += other.messages;
        self.disturbed += other.disturbed;
    }
    pub(super) fn tell(self, facts: &mut Facts) {
        facts.unlocks = self.unlocks;
        facts.exchanges = self.exchanges;
        facts.messages = self.messages;
        facts.disturbed = self.disturbed;
    }
}
