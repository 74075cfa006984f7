//! Show time on the hub: the hub's own clock plus one offset.
//!
//! The offset is chosen at the start and fixed once the first node is welcomed; from then on every machine of the show
//! follows it. A restarted hub, whose own clock has a new epoch, goes on with the show time its nodes remember.

use cuelight_wire::control::ShowHint;
use cuelight_wire::time::{Local, Show, Span, Time};

/// Show time of the very first start, so that no instant a lead or a fade before it is negative.
const FIRST_SHOW: Time<Show> = Time::from_us(1_000_000);

/// A hello is heard at most this long after it was written (a retransmission or two).
const DELIVERY: Span = Span::from_ms(250);
/// Beyond a node's own bound: its microseconds, and the time between reading its clock and writing the hello.
const SLACK: Span = Span::from_ms(1);
/// A show does not last longer: 100 years. What lies beyond is no hint.
const LONGEST_SHOW: Span = Span::from_s(100 * 365 * 86_400);

/// What a node's show time means for the hub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The hub's lies within what the node allows, and is the more exact one.
    Agrees,
    /// The hub goes on with the node's.
    Adopted,
    /// The hub's holds; the node's minus the hub's.
    Disagrees(Span),
}

/// The map between the hub's clock and show time: show = local + offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShowClock {
    /// Show time minus the hub's time.
    pub offset: Span,
}

impl ShowClock {
    /// A clock that shows `show` (or one second, where nothing is known) at `now`.
    pub fn starting(show: Option<Time<Show>>, now: Time<Local>) -> Self {
        let show = show.unwrap_or(FIRST_SHOW);
        Self { offset: Span::from_ns(show.as_ns().saturating_sub(now.as_ns())) }
    }
    /// The show time of an instant.
    pub fn show_at(&self, local: Time<Local>) -> Time<Show> {
        Time::from_ns(local.as_ns()) + self.offset
    }
    /// The instant of a show time.
    pub fn local_at(&self, show: Time<Show>) -> Time<Local> {
        Time::from_ns(show.as_ns()) - self.offset
    }
    /// Show time at `now` is not before `newest`, the last instant that was saved, if that makes sense.
    pub(crate) fn begin_after(&mut self, newest: Time<Show>, now: Time<Local>) {
        if newest > self.show_at(now) && newest <= Time::ZERO + LONGEST_SHOW {
            *self = Self::starting(Some(newest), now);
        }
    }
    /// A node that came tells the show time it knows, in a hello received at `received_at` (SHOW-8). It is adopted only
    /// where `may_adopt`, and only if it makes sense.
    pub(crate) fn hear(&mut self, hint: ShowHint, received_at: Time<Local>, may_adopt: bool) -> Heard {
        let (theirs, bound) = (Time::from_us(hint.now_us), Span::from_us(hint.bound_us.max(0)));
        let ours = self.show_at(received_at);
        if ours >= theirs - bound - SLACK && ours <= theirs + bound + DELIVERY {
            return Heard::Agrees;
        }
        let is_sane = theirs > Time::ZERO && theirs <= Time::ZERO + LONGEST_SHOW;
        if !may_adopt || !is_sane {
            return Heard::Disagrees(theirs - ours);
        }
        *self = Self::starting(Some(theirs), received_at);
        Heard::Adopted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(now_ms: i64, bound_ms: i64) -> ShowHint {
        ShowHint { now_us: now_ms * 1000, bound_us: bound_ms * 1000, rev: 0 }
    }
    fn local(ms: i64) -> Time<Local> {
        Time::ZERO + Span::from_ms(ms)
    }

    #[test]
    fn show_time_goes_on_from_a_nodes_hint_whatever_the_hubs_epoch() {
        // SHOW-8
        let mut clock = ShowClock::starting(None, local(77_000));
        assert_eq!(clock.show_at(local(77_000)), FIRST_SHOW);
        assert_eq!(clock.hear(hint(5_000_000, 1), local(77_500), true), Heard::Adopted);
        assert_eq!(clock.show_at(local(77_500)).as_us(), 5_000_000_000);
        assert_eq!(clock.local_at(Time::from_us(5_000_000_000)), local(77_500));
    }

    #[test]
    fn a_hub_that_is_right_already_keeps_its_own_finer_map() {
        let mut clock = ShowClock::starting(Some(Time::from_us(9_000_000)), local(0));
        for (now_ms, agrees) in [(9_003, true), (9_004, false), (8_749, true), (8_747, false)] {
            let heard = clock.hear(hint(now_ms, 2), local(0), false);
            assert_eq!(heard == Heard::Agrees, agrees, "{now_ms}");
        }
        assert_eq!(clock.show_at(local(0)).as_us(), 9_000_000);
    }

    #[test]
    fn a_hint_that_makes_no_sense_is_never_adopted() {
        let mut clock = ShowClock::starting(None, local(0));
        for (now_us, bound_us) in [(i64::MAX, 0), (i64::MIN, i64::MIN), (-1, 0), (0, 0)] {
            let heard = clock.hear(ShowHint { now_us, bound_us, rev: 0 }, local(0), true);
            assert!(matches!(heard, Heard::Disagrees(_)), "{now_us}");
        }
        assert_eq!(clock.show_at(local(0)), FIRST_SHOW);
    }
}
