//! Show time on the hub: the hub's own clock plus one offset.
//!
//! The offset is chosen at the start and fixed once the first node is welcomed; from then on every machine of the show
//! follows it. A restarted hub, whose own clock has a new epoch, goes on with the show time its nodes remember.

use cuelight_wire::time::{Local, Show, Span, Time};

/// Show time of the very first start, so that no instant a lead or a fade before it is negative.
const FIRST_SHOW: Time<Show> = Time::from_us(1_000_000);

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
}
