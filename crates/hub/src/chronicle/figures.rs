//! Figures of the nodes, gathered from snapshots: for each node the worst of a period, and of frames the mean. A machine without a
//! clock.

use std::collections::BTreeMap;

use cuelight_conductor::{NodeSnapshot, Snapshot, State};
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Time, Wall};

/// One node over one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// How sure its clock is; `None` for a deployed node, which does not say.
    pub(super) sigma_ns: Option<i64>,
    /// Within which its clock is right.
    pub(super) bound_ns: Option<i64>,
    /// How late its output is.
    pub(super) late_ns: Option<i64>,
    /// Thousandths of a frame a second.
    pub(super) frames_mhz: i64,
    /// Of the stream, lost.
    pub(super) loss_ppm: i64,
}

/// What one period has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) period_s: i64,
    /// When it began: a multiple of the period.
    pub(super) at_s: i64,
    pub(super) nodes: Vec<(Mac, Figures)>,
}

/// What is gathered of the period that goes on.
#[derive(Debug)]
pub(super) struct Gatherer {
    period_s: i64,
    at_s: Option<i64>,
    nodes: BTreeMap<Mac, (Figures, i64)>,
}

impl Gatherer {
    pub(super) fn new(period_s: i64) -> Self {
        Self { period_s, at_s: None, nodes: BTreeMap::new() }
    }

    /// Takes a look at the nodes; gives what the period before has come to, when this look is the first of another.
    pub(super) fn handle_snapshot(&mut self, snapshot: &Snapshot, now: Time<Wall>) -> Option<Rows> {
        let at_s = now.as_ns().div_euclid(1_000_000_000).div_euclid(self.period_s) * self.period_s;
        let over = self.at_s.filter(|before| *before != at_s).map(|before| self.end(before));
        self.at_s = Some(at_s);
        let there = |node: &&NodeSnapshot| matches!(node.state, State::Authed | State::Ready | State::Degraded(_));
        for node in snapshot.nodes.iter().filter(there) {
            let (sum, looks) = self.nodes.entry(node.mac).or_default();
            *sum = worse(*sum, seen(node));
            *looks += 1;
        }
        over.filter(|rows| !rows.nodes.is_empty())
    }

    fn end(&mut self, at_s: i64) -> Rows {
        let mean = |(mac, (sum, looks)): (Mac, (Figures, i64))| {
            (mac, Figures { frames_mhz: sum.frames_mhz / looks.max(1), ..sum })
        };
        let nodes = std::mem::take(&mut self.nodes).into_iter().map(mean).collect();
        Rows { period_s: self.period_s, at_s, nodes }
    }
}

fn seen(node: &NodeSnapshot) -> Figures {
    // Figures of a node are what it says: odd ones become the largest or smallest there are.
    let scaled = |value: f32, by: f32| (value * by).round() as i64;
    Figures {
        sigma_ns: node.sync.map(|sync| sync.sigma_ns),
        bound_ns: node.sync.map(|sync| sync.bound_ns),
        late_ns: node.sync.map(|sync| sync.output_late_ns),
        frames_mhz: scaled(node.render_fps, 1_000.0).clamp(0, 1_000_000_000),
        loss_ppm: scaled(node.loss_pct, 10_000.0).clamp(0, 1_000_000),
    }
}

/// The worse of each; frames are summed.
fn worse(a: Figures, b: Figures) -> Figures {
    Figures {
        sigma_ns: a.sigma_ns.max(b.sigma_ns),
        bound_ns: a.bound_ns.max(b.bound_ns),
        late_ns: a.late_ns.max(b.late_ns),
        frames_mhz: a.frames_mhz + b.frames_mhz,
        loss_ppm: a.loss_ppm.max(b.loss_ppm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_and_what_is_not_said_does_not() {
        let said = |late_ns, frames_mhz| Figures { late_ns, frames_mhz, ..Figures::default() };
        assert_eq!(worse(said(None, 1), said(Some(-5), 2)), said(Some(-5), 3));
        assert_eq!(worse(said(Some(7), 0), said(Some(-5), 0)), said(Some(7), 0));
    }

    #[test]
    fn a_period_is_given_when_the_next_begins() {
        let mut gatherer = Gatherer::new(10);
        let (mac, other) = (Mac([1; 6]), Mac([2; 6]));
        gatherer.at_s = Some(20);
        gatherer.nodes.insert(mac, (Figures { frames_mhz: 240_000, ..Figures::default() }, 2));
        gatherer.nodes.insert(other, (Figures { frames_mhz: 60_000, ..Figures::default() }, 1));
        let rows = gatherer.end(20);
        let frames: Vec<_> = rows.nodes.iter().map(|(mac, figures)| (*mac, figures.frames_mhz)).collect();
        assert_eq!((rows.at_s, frames), (20, vec![(mac, 120_000), (other, 60_000)]));
        assert!(gatherer.nodes.is_empty());
    }
}
