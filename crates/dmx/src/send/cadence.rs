//! When a stream is due: at once when it has something new, then three times more, then as a sign of life.

use cuelight_wire::time::{Local, Span, Time};

use super::Rate;

/// A stream that says nothing new says the old again with the first frame after this long. The standards want 800 to
/// 1000 ms; at 44 Hz this makes 818 ms and at 40 Hz 825 ms at most, three of which are less than the 2.5 s after which a
/// source is lost: two packets in a row may be lost.
pub const KEEP_ALIVE: Span = Span::from_ms(800);
/// E1.31-2018, 6.6.2: how often what was new is said again at the full rate.
const REPEATS: u8 = 3;

/// The rhythm of one stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cadence {
    period: Span,
    /// When the next packet is allowed by the rate; `None`: any time.
    free_at: Option<Time<Local>>,
    sent_at: Option<Time<Local>>,
    is_new: bool,
    repeats: u8,
}

impl Cadence {
    /// Nothing to say yet.
    pub(super) const fn new(rate: Rate) -> Self {
        Self { period: rate.period(), free_at: None, sent_at: None, is_new: false, repeats: 0 }
    }
    /// There is something new to say.
    pub(super) fn renew(&mut self) {
        self.is_new = true;
    }
    /// Whether anything was ever said.
    pub(super) const fn has_begun(&self) -> bool {
        self.sent_at.is_some()
    }
    /// Whether a packet is to be sent now. A frame may come half a period early, so that one that came late does not cost
    /// the next; in the long run the rate is not exceeded (DMX-30).
    pub(super) fn is_due(&self, now: Time<Local>) -> bool {
        let early = Span::from_ns(self.period.as_ns() / 2);
        self.free_at.is_none_or(|free_at| now + early >= free_at)
            && (self.is_new || self.repeats > 0 || self.sent_at.is_some_and(|at| now - at >= KEEP_ALIVE))
    }
    /// A packet has been sent.
    pub(super) fn handle_sent(&mut self, now: Time<Local>) {
        self.free_at = Some(self.free_at.map_or(now, |free_at| free_at.max(now)) + self.period);
        self.sent_at = Some(now);
        self.repeats = if self.is_new { REPEATS } else { self.repeats.saturating_sub(1) };
        self.is_new = false;
    }
    /// When the next packet is due without anything new; an instant that is past: now. `None`: never.
    pub(super) fn due_at(&self) -> Option<Time<Local>> {
        if self.is_new || self.repeats > 0 {
            return Some(self.free_at.unwrap_or(Time::from_ns(i64::MIN)));
        }
        Some(self.sent_at? + KEEP_ALIVE)
    }
}
