//! What a show left on record, and the judgement all scenarios share.

use std::ops::Range;

use anyhow::{Context, Result};
use cuelight_measure::figures;
use cuelight_measure::machine::Stall;
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::record::Record;
use cuelight_measure::verdict::Verdict;
use cuelight_net::clock::mono_now_ns;
use cuelight_wire::limits::UDP_TICK_PERIOD;

/// A tick of the hub.
const TICK_NS: i64 = UDP_TICK_PERIOD.as_ns();

/// From one instant of CLOCK_MONOTONIC to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first.
    pub(crate) from_ns: i64,
    /// The first that is not in it any more.
    pub(crate) to_ns: i64,
}

impl Window {
    /// An empty one, to be extended.
    pub(crate) fn from_now() -> Self {
        let now_ns = mono_now_ns();
        Self { from_ns: now_ns, to_ns: now_ns }
    }
    /// From the beginning of one to the end of another.
    pub(crate) fn until_end_of(self, other: Self) -> Self {
        Self { to_ns: other.to_ns, ..self }
    }
}

/// Limits of timing, where it is judged. In each, the second figure is the goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    /// 99th percentile of the clock error, microseconds.
    pub(crate) clock_us: (f64, f64),
    /// 99th percentile of what a frame's outputs are apart, microseconds.
    pub(crate) apart_us: (f64, f64),
}

impl Limits {
    /// On cables. Outputs less than 1 ms apart is what the protocol accepts a show by.
    pub(crate) const WIRED: Self = Self { clock_us: (100.0, 10.0), apart_us: (1000.0, 150.0) };
}

/// The records of a show.
pub(crate) struct Shown {
    /// The hub's.
    pub(crate) hub: Record,
    /// Each node's.
    pub(crate) nodes: Vec<Record>,
    /// Whether timing can be judged.
    pub(crate) is_timed: bool,
    /// When the machine itself stood still.
    pub(crate) stalls: Vec<Stall>,
}

impl Shown {
    /// The same show without the other nodes.
    pub(crate) fn only(&self, nodes: Range<usize>) -> Self {
        let (hub, nodes, stalls) = (self.hub.clone(), self.nodes[nodes].to_vec(), self.stalls.clone());
        Self { hub, nodes, is_timed: self.is_timed, stalls }
    }

    /// Whether nodes do the same at the same instant: every change in one frame, equal pixels, no frame left out, and where
    /// timing is judged, clocks and outputs within `limits`.
    pub(crate) fn together(&self, revs: &[u32], window: Window, limits: Limits) -> Result<Vec<Verdict>> {
        let Window { from_ns, to_ns } = window;
        let same_frame = revs.iter().filter(|rev| figures::is_same_frame(&self.nodes, **rev)).count();
        let pushed_back = revs.iter().filter(|rev| self.is_pushed_back(**rev)).count();
        let mut verdicts = vec![
            Verdict::all("scene changes in the same frame on all nodes", same_frame, revs.len() - pushed_back),
            Verdict::none(
                "frames in which equal nodes differ",
                figures::unequal_frames(&self.nodes, from_ns, to_ns) as f64,
            ),
            self.none_left_out("frames left out", 0..self.nodes.len(), window),
        ];
        let errors: Vec<_> =
            self.nodes.iter().flat_map(|node| figures::clock_errors(&self.hub, node, from_ns, to_ns)).collect();
        let outside = errors.iter().filter(|(_, is_inside)| !is_inside).count();
        let percent = 100.0 * outside as f64 / errors.len().max(1) as f64;
        verdicts.push(Verdict::must_be_below("clock readings outside the published bound", percent, "%", 1.0));

        let clock = Quantiles::of_ns(errors.into_iter().map(|(error, _)| error).collect());
        let clock = clock.context("the records hold no clock readings")?;
        let outputs = figures::frame_outputs(&self.nodes, from_ns, to_ns);
        let judged = self.unstalled(&outputs);
        let Limits { clock_us, apart_us } = limits;
        let mut timed = vec![Verdict::below("clock error, p99", clock.p99, "us", clock_us.0, clock_us.1)];
        if let Some(apart) = figures::apart(&judged) {
            timed.push(Verdict::below("outputs of one frame apart, p99", apart.p99, "us", apart_us.0, apart_us.1));
        }
        if let Some(apart) = figures::apart(&self.unstalled(&figures::change_outputs(&self.nodes, revs))) {
            let what = "outputs of a change's frame apart, largest";
            timed.push(Verdict::below(what, apart.max, "us", apart_us.0, apart_us.1));
        }
        verdicts.extend(timed.into_iter().map(|verdict| self.if_timed(verdict)));

        let stalls = self.stalls.iter().filter(|stall| stall.touches(from_ns, to_ns));
        let longest_us = stalls.map(|stall| (stall.to_ns - stall.from_ns) as f64 / 1e3).fold(0.0, f64::max);
        verdicts.push(Verdict::reported("longest stall of the machine itself", longest_us, "us"));
        verdicts.push(Self::not_judged("frames", outputs.len() - judged.len(), outputs.len()));
        verdicts.push(Self::not_judged("changes", pushed_back, revs.len()));
        Ok(verdicts)
    }

    /// How many of something the machine itself left nothing to say of. With too many a play says nothing at all.
    pub(crate) fn not_judged(what: &str, count: usize, of: usize) -> Verdict {
        Self::at_most_not_judged(10.0, what, count, of)
    }
    /// The same of intervals. One of 10 ms meets a stall more often than an instant does: 2 to 9 % of them on a machine that has
    /// nothing else to do, where 1 to 4 % of the instants do.
    pub(crate) fn intervals_not_judged(what: &str, count: usize, of: usize) -> Verdict {
        Self::at_most_not_judged(15.0, what, count, of)
    }
    fn at_most_not_judged(percent: f64, what: &str, count: usize, of: usize) -> Verdict {
        let measured = 100.0 * count as f64 / of.max(1) as f64;
        Verdict::must_be_below(format!("{what} not judged for such stalls"), measured, "%", percent).premise()
    }

    /// Ticks that ended after the next one's begin, without those that the machine itself can have made late.
    pub(crate) fn overruns(&self, counted: u64) -> Verdict {
        self.ticks_lost("ticks that took too long", counted)
    }
    /// Ticks that never were, without those that the machine itself can have taken.
    pub(crate) fn left_out(&self, counted: u64) -> Verdict {
        self.ticks_lost("ticks left out", counted)
    }
    fn ticks_lost(&self, what: &str, counted: u64) -> Verdict {
        Verdict::none(what, counted.saturating_sub(ticks_taken(&self.stalls)) as f64)
    }

    /// Whether a change came into different frames because the machine itself stood still when it was to be shown.
    fn is_pushed_back(&self, rev: u32) -> bool {
        !figures::is_same_frame(&self.nodes, rev)
            && figures::first_shown(&self.nodes, rev)
                .is_some_and(|(first_ns, last_ns)| self.is_stalled(first_ns, last_ns))
    }

    /// First and last outputs during which the machine itself went on.
    fn unstalled(&self, outputs: &[(i64, i64)]) -> Vec<(i64, i64)> {
        outputs.iter().copied().filter(|(first_ns, last_ns)| !self.is_stalled(*first_ns, *last_ns)).collect()
    }

    /// Frames that these nodes left out while the machine itself went on: none, where timing is judged.
    pub(crate) fn none_left_out(&self, what: &str, nodes: Range<usize>, window: Window) -> Verdict {
        let gaps = self.nodes[nodes].iter().flat_map(|node| figures::gaps(node, window.from_ns, window.to_ns));
        let missing = gaps.filter(|gap| !self.is_stalled(gap.from_ns, gap.to_ns)).map(|gap| gap.frames).sum::<i64>();
        self.if_timed(Verdict::none(what, missing as f64))
    }

    /// A verdict that only a machine with real-time priority can be held to.
    pub(crate) fn if_timed(&self, verdict: Verdict) -> Verdict {
        if self.is_timed { verdict } else { verdict.unjudged() }
    }

    /// Whether the machine itself stood still when something happened between two instants.
    pub(crate) fn is_stalled(&self, from_ns: i64, to_ns: i64) -> bool {
        self.stalls.iter().any(|stall| stall.touches(from_ns, to_ns))
    }

    /// Milliseconds from an instant to the first event of that name at or after it, of the slowest of these nodes; infinite
    /// when one never had it.
    pub(crate) fn slowest_event_ms(&self, nodes: Range<usize>, event: &str, from_ns: i64) -> f64 {
        let first = |node: &Record| node.events_named(event).find(|at| *at >= from_ns);
        let ms = |node| first(node).map_or(f64::INFINITY, |at| (at - from_ns) as f64 / 1e6);
        self.nodes[nodes].iter().map(ms).fold(0.0, f64::max)
    }
}

/// Stretches as long as a tick of which the machine itself took half or more.
fn ticks_taken(stalls: &[Stall]) -> u64 {
    let mut stalls = stalls.to_vec();
    stalls.sort_by_key(|stall| stall.from_ns);
    let (mut count, mut counted_to) = (0, i64::MIN);
    for (first, stall) in stalls.iter().enumerate() {
        if stall.from_ns < counted_to {
            continue;
        }
        let end_ns = stall.from_ns + TICK_NS;
        // Processors stand still at once: what two of them lose at the same time is lost once.
        let (mut lost_ns, mut lost_to) = (0, stall.from_ns);
        for other in stalls[first..].iter().take_while(|other| other.from_ns < end_ns) {
            let to_ns = other.to_ns.min(end_ns);
            lost_ns += (to_ns - other.from_ns.max(lost_to)).max(0);
            lost_to = lost_to.max(to_ns);
        }
        if lost_ns >= TICK_NS / 2 {
            count += 1;
            counted_to = end_ns;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_taken_by_stalls_of_half_its_length_wherever_they_are() {
        let ms = 1_000_000;
        let stalls = |ranges: &[(i64, i64)]| -> Vec<Stall> {
            ranges.iter().map(|&(from, to)| Stall { from_ns: from * ms, to_ns: to * ms }).collect()
        };
        assert_eq!(ticks_taken(&[]), 0);
        assert_eq!(ticks_taken(&stalls(&[(0, 4)])), 0);
        assert_eq!(ticks_taken(&stalls(&[(0, 5)])), 1);
        assert_eq!(ticks_taken(&stalls(&[(0, 4), (0, 4)])), 0, "both processors at once");
        assert_eq!(ticks_taken(&stalls(&[(6, 9), (0, 3)])), 1, "together");
        assert_eq!(ticks_taken(&stalls(&[(0, 3), (11, 13)])), 0, "too far apart");
        assert_eq!(ticks_taken(&stalls(&[(0, 6), (3, 7), (20, 26)])), 2);
        assert_eq!(ticks_taken(&stalls(&[(0, 2), (8, 13)])), 1, "the second alone");
    }
}
