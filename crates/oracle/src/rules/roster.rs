//! ORACLE-7: the stream goes to nodes that are READY or DEGRADED, never to one that is LOST (`60-roster.md`, ROSTER-4).
//!
//! A session begins to stream with its first keepalive. It is over when its connection closes or nothing was heard for
//! 3.5 s; where full states were agreed on, a time exchange heard meanwhile stretches that to 17.5 s. Time in which the hub
//! stood still, told by a stream that stopped for all, does not count.

use cuelight_wire::limits::{KEEPALIVE_TIMEOUT, STUCK_TIMEOUTS, UDP_TICK_PERIOD};

use crate::entry::What;
use crate::figures::{Figure, Figures};
use crate::judge::Scene;
use crate::presence::Session;

/// The hub looks once in a tick, on a clock of its own: a period, and 100 ppm of the longest silence.
const SLACK_NS: i64 = UDP_TICK_PERIOD.as_ns() + 2_000_000;
/// A hub that sends nothing to anybody for longer stands still.
const STANDS_STILL_NS: i64 = 5 * UDP_TICK_PERIOD.as_ns();

#[derive(Debug, Default)]
pub(crate) struct Roster {
    to_lost: u64,
    last_sent_ns: Option<i64>,
    /// When the hub stood still: until when, and for how long.
    still: Vec<(i64, i64)>,
}

impl Roster {
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        let What::Sent(n, _) = &scene.entry.what else { return };
        let at_ns = scene.entry.at_ns;
        let gap = self.last_sent_ns.map_or(0, |last| at_ns - last);
        if gap > STANDS_STILL_NS {
            self.still.push((at_ns, gap));
        }
        self.last_sent_ns = Some(at_ns);
        let session = scene.presence.of(*n).session;
        self.to_lost += u64::from(session.is_none_or(|session| !self.may_stream(&session, at_ns)));
    }
    fn may_stream(&self, session: &Session, at_ns: i64) -> bool {
        let still = |since: i64| self.still.iter().filter(|(until, _)| *until > since).map(|(_, gap)| gap).sum::<i64>();
        let silence = |heard_at: i64| at_ns - heard_at - still(heard_at) - SLACK_NS;
        let timeout = KEEPALIVE_TIMEOUT.as_ns();
        let is_asking = session.takes_full_state && session.asked_at.is_some_and(|at| silence(at) < timeout);
        let allowed = if is_asking { STUCK_TIMEOUTS * timeout } else { timeout };
        session.heard_at.is_some_and(|heard_at| silence(heard_at) <= allowed)
    }
    pub(crate) fn finish(self, figures: &mut Figures) {
        figures.count(Figure::SentToLost, self.to_lost);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::Figure;
    use crate::rules::traces::Trace;

    #[test]
    fn a_datagram_after_the_connection_closed_goes_to_a_lost_node() {
        let mut trace = Trace::of_two();
        trace.close(1);
        trace.tick(1, 1);
        assert_eq!(trace.figures().get(Figure::SentToLost), Some(1.0));
    }

    #[test]
    fn silence_of_3_5_s_ends_the_stream_and_a_time_exchange_stretches_that() {
        for (asks, seconds, expected) in [(false, 3, 0.0), (false, 4, 1.0), (true, 4, 0.0), (true, 18, 1.0)] {
            let mut trace = Trace::of_two();
            trace.skip(seconds, asks);
            trace.tick(1, 1);
            assert_eq!(trace.figures().get(Figure::SentToLost), Some(expected), "{asks} {seconds}");
        }
    }

    #[test]
    fn while_the_hub_stands_still_nobody_is_silent() {
        let mut trace = Trace::of_two();
        trace.pass_ms(20_000);
        trace.tick(1, 1);
        assert_eq!(trace.figures().get(Figure::SentToLost), Some(0.0));
    }

    #[test]
    fn nothing_is_sent_before_the_first_keepalive() {
        let mut trace = Trace::welcomed();
        trace.tick(0, 1);
        assert_eq!(trace.figures().get(Figure::SentToLost), Some(1.0));
    }
}
