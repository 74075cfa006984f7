//! One exchange: four timestamps on two clocks, and what they say about offset and delay.

use cuelight_wire::time::{Local, Show, Span, Time};

/// Four timestamps of one question and its answer.
///
/// `offset = ((t2 - t1) + (t3 - t4)) / 2` (show minus local), `delay = (t4 - t1) - (t3 - t2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The node sent the ping.
    pub t1: Time<Local>,
    /// The hub received it.
    pub t2: Time<Show>,
    /// The hub sent the pong.
    pub t3: Time<Show>,
    /// The node received it.
    pub t4: Time<Local>,
}

/// What became of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It counts.
    Accepted,
    /// Its stamps cannot all be true: an end before its start, a negative round trip, or one beyond
    /// [`MAX_ROUND_TRIP`].
    Impossible,
    /// It contradicts what is known of the clocks (no offset fits both it and the window): dropped.
    Contradicts,
    /// It is the third of a row that contradict: the clock behind it is another one, measuring began anew with it.
    Restarted,
}

/// A round trip longer than this says nothing about clocks; deployed nodes reject 100 ms already, but a TCP
/// retransmission takes 200 ms and doubles.
pub const MAX_ROUND_TRIP: Span = Span::from_s(2);

/// A pong that the hub held back longer (it was stopped, or choked) says little: while it waits the two clocks drift apart,
/// 300 ppm of 50 ms are 15 us, and more would make a round trip look shorter than it was.
pub const MAX_AT_THE_HUB: Span = Span::from_ms(50);

impl Exchange {
    /// Time spent under way, both directions together; `None` when the stamps cannot all be true, or the hub held the
    /// exchange for longer than [`MAX_AT_THE_HUB`].
    pub fn delay(&self) -> Option<Span> {
        let there_and_back = self.t4.as_ns().checked_sub(self.t1.as_ns())?;
        let at_the_hub = self.t3.as_ns().checked_sub(self.t2.as_ns())?;
        let delay = Span::from_ns(there_and_back.checked_sub(at_the_hub)?);
        let is_prompt = (0..=MAX_AT_THE_HUB.as_ns()).contains(&at_the_hub);
        let is_possible = there_and_back >= 0 && is_prompt && delay >= Span::ZERO && delay <= MAX_ROUND_TRIP;
        is_possible.then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(t1: i64, t2: i64, t3: i64, t4: i64) -> Exchange {
        Exchange { t1: Time::from_ns(t1), t2: Time::from_ns(t2), t3: Time::from_ns(t3), t4: Time::from_ns(t4) }
    }

    #[test]
    fn the_delay_leaves_out_the_time_at_the_hub() {
        assert_eq!(exchange(100, 5_000, 5_030, 200).delay(), Some(Span::from_ns(70)));
    }

    #[test]
    fn stamps_that_cannot_all_be_true_have_no_delay() {
        for bad in [
            exchange(200, 0, 0, 100),
            exchange(100, 50, 40, 200),
            exchange(100, 0, 150, 200),
            exchange(0, 0, 0, 2_000_000_001),
            exchange(i64::MIN, 0, 0, i64::MAX),
            exchange(0, i64::MIN, i64::MAX, 10),
            exchange(0, 0, 50_000_001, 60_000_000),
        ] {
            assert_eq!(bad.delay(), None, "{bad:?}");
        }
    }
}
