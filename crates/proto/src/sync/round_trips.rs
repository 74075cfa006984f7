//! What became of the newest questions of the time exchange: how long their answers were under way, and how many never came.

use cuelight_wire::time::Span;
use heapless::Deque;

/// Questions remembered, 6.4 s of them at five a second; of more the oldest is forgotten.
const KEPT: usize = 32;

/// How well the path to the hub carries the time exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The newest questions whose fate is known, at most 32.
    pub asked: u16,
    /// How many of them had no answer, or one after more than [`super::exchange::MAX_ROUND_TRIP`].
    pub lost: u16,
    /// The shortest round trip of the others, without the time at the hub; zero when there is none.
    pub rtt_min: Span,
    /// The median; of an even number the longer of the two in the middle.
    pub rtt_median: Span,
    /// The longest.
    pub rtt_max: Span,
}

/// The fates of the newest questions.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundTrips {
    /// None: no answer came.
    fates: Deque<Option<Span>, KEPT>,
}

impl RoundTrips {
    /// A question was answered after this round trip, or never.
    pub(super) fn push(&mut self, fate: Option<Span>) {
        if self.fates.is_full() {
            self.fates.pop_front();
        }
        // There is room: one was just removed if there was none.
        let _ = self.fates.push_back(fate);
    }
    /// Another hub, or another path to it.
    pub(super) fn forget(&mut self) {
        self.fates.clear();
    }
    /// The sum of it; `None` before the first fate.
    pub(super) fn reach(&self) -> Option<Reach> {
        let mut spans = [Span::ZERO; KEPT];
        let mut answered = 0;
        for span in self.fates.iter().flatten() {
            spans[answered] = *span;
            answered += 1;
        }
        let spans = &mut spans[..answered];
        spans.sort_unstable();
        let at = |place: usize| spans.get(place).copied().unwrap_or(Span::ZERO);
        let number = |count: usize| u16::try_from(count).expect("at most KEPT");
        (!self.fates.is_empty()).then(|| Reach {
            asked: number(self.fates.len()),
            lost: number(self.fates.len() - answered),
            rtt_min: at(0),
            rtt_median: at(answered / 2),
            rtt_max: at(answered.saturating_sub(1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_questions_count_and_what_was_lost_has_no_round_trip() {
        let mut trips = RoundTrips::default();
        assert_eq!(trips.reach(), None);
        trips.push(None);
        let nothing = Span::ZERO;
        let lost = Reach { asked: 1, lost: 1, rtt_min: nothing, rtt_median: nothing, rtt_max: nothing };
        assert_eq!(trips.reach(), Some(lost));
        for us in [9, 3, 7, 5] {
            trips.push(Some(Span::from_us(us)));
        }
        let us = Span::from_us;
        let mixed = Reach { asked: 5, lost: 1, rtt_min: us(3), rtt_median: us(7), rtt_max: us(9) };
        assert_eq!(trips.reach(), Some(mixed));
        for _ in 0..KEPT {
            trips.push(Some(us(4)));
        }
        let steady = Reach { asked: 32, lost: 0, rtt_min: us(4), rtt_median: us(4), rtt_max: us(4) };
        assert_eq!(trips.reach(), Some(steady));
        trips.forget();
        assert_eq!(trips.reach(), None);
    }
}
