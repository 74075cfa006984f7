//! Ahead of the tick: what a command decides is announced at once (FANOUT-23).
//!
//! The lead of such a change counts from the command, so it holds up to a tick earlier than one that waits, and every node
//! has as long to hear of it. Once between two ticks: of a flood of commands, the first leaves at once and the others with
//! the tick, which neither moves nor leaves anything out.

use cuelight_wire::time::{Local, Span, Time};

use super::Conductor;

/// A tick that is nearer than this is as good as now.
const ROOM: Span = Span::from_ms(2);
/// So long before the tick nothing leaves ahead of it. A sending is looked at once in 64 datagrams, which take the kernel
/// some 200 us (`docs/validation/fan-out.md`).
const CLEAR: Span = Span::from_ms(1);

impl Conductor {
    /// The commands that waited have been carried out: what they decided is announced now, if nothing was since the last tick
    /// and the next is not too near. Returns whether there are datagrams, which [`Self::poll_transmit`] gives; they are to be
    /// sent at once, and until [`Self::ahead_until`].
    pub fn announce_ahead(&mut self, now: Time<Local>) -> bool {
        if self.is_stopped || self.was_ahead || now >= self.ahead_until() {
            return false;
        }
        let show_now = self.clock.show_at(now);
        let announced = self.show.advance(show_now);
        if announced.is_any() {
            self.announce(announced);
        }
        self.was_ahead = self.fan_out.begin_ahead(&self.roster, &self.show, &self.cues, announced, show_now);
        self.was_ahead
    }
    /// From when on what leaves ahead of the tick would delay it.
    pub fn ahead_until(&self) -> Time<Local> {
        self.poll_timeout() - CLEAR
    }
    /// What has not left ahead of the tick is left to it.
    pub fn leave_ahead(&mut self) {
        self.fan_out.leave_ahead();
    }
    /// Whether what is decided now is announced ahead of the tick.
    pub(super) fn is_ahead_open(&self, now: Time<Local>) -> bool {
        !self.was_ahead && self.poll_timeout() - now >= ROOM
    }
}
