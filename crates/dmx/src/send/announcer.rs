//! The list of universes that a machine sends by sACN, every 10 s. Implements DMX-35.

use cuelight_wire::time::{Local, Span, Time};

use super::Identity;
use crate::sacn::{Page, Pages, Universe};

/// Says which universes a machine sends.
#[derive(Clone, Copy, Debug)]
pub struct Announcer {
    /// When the list is due.
    due_at: Time<Local>,
    /// Whether the extra list of this interval has been sent.
    is_extra_used: bool,
    /// The list has changed and this has not been said.
    is_changed: bool,
    /// The next page of the list that is being sent.
    page: Option<usize>,
}

impl Announcer {
    /// From one list to the next (E1.31-2018, appendix A: E131_UNIVERSE_DISCOVERY_INTERVAL).
    pub const INTERVAL: Span = Span::from_s(10);

    /// The first list is due at once.
    pub const fn new(now: Time<Local>) -> Self {
        Self { due_at: now, is_extra_used: false, is_changed: false, page: None }
    }
    /// The list has changed: it is said at once, but only once between two regular lists; a further change is said with
    /// the next regular one.
    pub fn handle_change(&mut self) {
        self.is_changed = true;
    }
    /// The next page that is due, of the list as it is now, written to the front of `buf`: its length. Call again until
    /// there is none. `universes` rise.
    pub fn poll_transmit(
        &mut self,
        identity: &Identity,
        universes: &[Universe],
        buf: &mut [u8; Page::MAX_LEN],
        now: Time<Local>,
    ) -> Option<usize> {
        if self.page.is_none() && !self.begin(now) {
            return None;
        }
        let number = self.page.unwrap_or(0);
        let mut pages = Pages::new(identity.cid, identity.name, universes).skip(number);
        // A list that became shorter meanwhile has no such page any more.
        let page = pages.next();
        self.page = pages.next().map(|_| number + 1);
        Some(page?.encode(buf).expect("the buffer holds the longest page"))
    }
    /// Begins a list, if one is due.
    fn begin(&mut self, now: Time<Local>) -> bool {
        if now >= self.due_at {
            // The grid of intervals goes on, unless nobody asked for long.
            let next = self.due_at + Self::INTERVAL;
            self.due_at = if next > now { next } else { now + Self::INTERVAL };
            (self.is_extra_used, self.is_changed) = (false, false);
            return true;
        }
        let is_extra = self.is_changed && !self.is_extra_used;
        if is_extra {
            (self.is_extra_used, self.is_changed) = (true, false);
        }
        is_extra
    }
    /// When the next regular list is due.
    pub const fn poll_timeout(&self) -> Time<Local> {
        self.due_at
    }
}
