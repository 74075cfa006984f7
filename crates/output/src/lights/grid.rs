//! The instants of frames: one grid of show time for each rate. Implements DMX-30.

use cuelight_dmx::send::Rate;
use cuelight_wire::time::{Show, Span, Time};

/// The rates of all universes, each once.
#[derive(Clone, Debug)]
pub(crate) struct Grids(Vec<Rate>);

impl Grids {
    pub(crate) fn new(rates: impl Iterator<Item = Rate>) -> Self {
        let mut rates: Vec<_> = rates.collect();
        rates.sort_unstable();
        rates.dedup();
        Self(rates)
    }
    /// The first instant at or after `at` at which any universe has a frame.
    pub(crate) fn first_at_or_after(&self, at: Time<Show>) -> Time<Show> {
        let instants = self.0.iter().map(|rate| rate.show_at(rate.first_at_or_after(at)));
        // Without universes there is nothing to do; a second is as good as any time.
        instants.min().unwrap_or(at + Span::from_s(1))
    }
    /// Whether universes of this rate have a frame at `instant`.
    pub(crate) fn has_frame(rate: Rate, instant: Time<Show>) -> bool {
        rate.show_at(rate.first_at_or_after(instant)) == instant
    }
    /// How many frames there are from `from` on and before `to`, of all rates.
    pub(crate) fn frames_between(&self, from: Time<Show>, to: Time<Show>) -> i64 {
        self.0.iter().map(|rate| rate.first_at_or_after(to) - rate.first_at_or_after(from)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DMX-30
    #[test]
    fn rates_share_the_instants_that_they_have_in_common() {
        let grids = Grids::new([Rate::FULL, Rate::STEADY, Rate::FULL].into_iter());
        let (mut at, mut seen) = (Time::from_ns(0), Vec::new());
        while at < Time::from_ns(1_000_000_000) {
            let due = [Rate::FULL, Rate::STEADY].map(|rate| Grids::has_frame(rate, at));
            assert!(due.contains(&true), "{at:?}");
            seen.push(due);
            at = grids.first_at_or_after(at + Span::from_ns(1));
        }
        let count = |due: [bool; 2]| seen.iter().filter(|seen| **seen == due).count();
        // 44 and 40 a second; every quarter of a second both.
        assert_eq!((count([true, false]), count([false, true]), count([true, true])), (40, 36, 4));
        assert_eq!(grids.frames_between(Time::ZERO, Time::from_ns(1_000_000_000)), 84);
    }
}
