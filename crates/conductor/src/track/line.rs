//! A value that changes at announced instants: the tempo, the grand master (SHOW-2).
//!
//! One value is in force, one announced, one waiting. What has been announced is never taken back: a change that comes
//! while another is announced waits until that one holds, and later ones coalesce with it.

use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show, Span, Time};

use super::Ticks;

/// A change that knows from when it holds.
pub(crate) trait Dated: Copy {
    /// Its applyAt.
    fn at(&self) -> Time<Show>;
    /// The same change at another instant.
    fn moved_to(self, at: Time<Show>) -> Self;
}

impl Dated for Tempo {
    fn at(&self) -> Time<Show> {
        self.grid.at
    }
    fn moved_to(mut self, at: Time<Show>) -> Self {
        self.grid.at = at;
        self
    }
}

impl Dated for Master {
    fn at(&self) -> Time<Show> {
        self.at
    }
    fn moved_to(mut self, at: Time<Show>) -> Self {
        self.at = at;
        self
    }
}

/// The values of one kind: in force, announced, waiting.
#[derive(Clone, Debug)]
pub(crate) struct Line<T> {
    in_force: T,
    announced: Option<T>,
    waiting: Option<T>,
}

/// What came of a packet's leaving for a line or a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Advanced {
    /// The packet is different from the last one.
    pub(crate) changed: bool,
    /// It announces a change.
    pub(crate) announced: bool,
}

impl<T: Dated> Line<T> {
    pub(crate) const fn new(in_force: T) -> Self {
        Self { in_force, announced: None, waiting: None }
    }
    /// A line as it was saved: oldest first. `None` when there is nothing.
    pub(crate) fn restored(values: &[T]) -> Option<Self> {
        let (&in_force, later) = values.split_first()?;
        Some(Self { in_force, announced: later.first().copied(), waiting: None })
    }
    /// The value in force.
    pub(crate) const fn in_force(&self) -> T {
        self.in_force
    }
    /// The newest value that was accepted.
    pub(crate) fn newest(&self) -> T {
        self.waiting.or(self.announced).unwrap_or(self.in_force)
    }
    /// What is in the packet, oldest first.
    pub(crate) fn packet(&self) -> impl Iterator<Item = T> + '_ {
        core::iter::once(self.in_force).chain(self.announced)
    }
    /// What is in the packet and what waits, oldest first; at most two, so that a saved line can be restored.
    pub(crate) fn saved(&self) -> impl Iterator<Item = T> + '_ {
        let list = [Some(self.in_force), self.announced, self.waiting];
        let skip = if self.waiting.is_some() && self.announced.is_some() { 1 } else { 0 };
        list.into_iter().skip(skip).flatten()
    }
    /// The announced value's applyAt.
    pub(crate) fn pending_at(&self) -> Option<Time<Show>> {
        self.announced.map(|value| value.at())
    }
    /// The earliest applyAt a change accepted now can have.
    pub(crate) fn earliest(&self, ticks: Ticks, lead: Span) -> Time<Show> {
        let sent_at = self.announced.map_or(ticks.soonest_at, |value| ticks.first_at_or_after(value.at()));
        let at = sent_at + lead;
        self.waiting.map_or(at, |value| value.at().max(at)).max(self.in_force.at())
    }
    /// Takes a change with an applyAt that is not before [`Self::earliest`]. It is announced by the next packet that can.
    pub(crate) fn accept(&mut self, value: T) {
        self.waiting = Some(value);
    }
    /// A packet is to leave.
    pub(crate) fn advance(&mut self, now: Time<Show>) -> Advanced {
        let mut advanced = Advanced::default();
        if let Some(value) = self.announced.take_if(|value| value.at() <= now) {
            self.in_force = value;
            advanced.changed = true;
        }
        if self.announced.is_none()
            && let Some(value) = self.waiting.take()
        {
            self.announced = Some(value);
            advanced = Advanced { changed: true, announced: true };
        }
        advanced
    }
    /// Show time was set anew: what lies after `limit` holds from `now` on.
    pub(crate) fn rebase(&mut self, now: Time<Show>, limit: Time<Show>) {
        for value in [Some(&mut self.in_force), self.announced.as_mut(), self.waiting.as_mut()].into_iter().flatten() {
            if value.at() > limit {
                *value = value.moved_to(now);
            }
        }
    }
}
