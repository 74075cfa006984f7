//! The map from the local clock to show time that everything on a node uses. Implements SYNC-1.
//!
//! A straight line ([`ClockLine`]), and how good it is.

use cuelight_wire::line::ClockLine;
use cuelight_wire::time::{Local, Show, Span, Time};

use super::lock::SyncState;

/// An affine map from local to show time, with how good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockMap {
    /// Anchor on the local clock.
    pub local0: Time<Local>,
    /// Show time at the anchor.
    pub show0: Time<Show>,
    /// Show seconds per local second, minus one, in 2^-40 (1 ppm = 1,099,512). Between -2^39 and 2^39.
    pub rate: i64,
    /// Standard deviation of the map's error as estimated, at the time it was asked for.
    pub sigma: Span,
    /// The true show time is no farther away than this (half the round trip is in it and cannot be known better).
    pub bound: Span,
    /// Whether and how it may be used.
    pub state: SyncState,
}

impl ClockMap {
    /// Show time and local time the same; not usable.
    pub const UNKNOWN: Self = Self {
        local0: Time::ZERO,
        show0: Time::ZERO,
        rate: 0,
        sigma: Span::MAX,
        bound: Span::MAX,
        state: SyncState::Acquiring,
    };

    /// The line it follows.
    pub fn line(&self) -> ClockLine {
        ClockLine { local0: self.local0, show0: self.show0, rate: self.rate }
    }
    /// Show time at a local instant, see [`ClockLine::show_at`].
    pub fn show_at(&self, local: Time<Local>) -> Time<Show> {
        self.line().show_at(local)
    }
    /// Local instant at a show time, see [`ClockLine::local_at`].
    pub fn local_at(&self, show: Time<Show>) -> Time<Local> {
        self.line().local_at(show)
    }
    /// The rate as parts per million; for display.
    pub fn rate_ppm(&self) -> f64 {
        self.line().rate_ppm()
    }
}
