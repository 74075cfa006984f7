//! Which changes of a full state are new (`NODE-32`).

use cuelight_wire::ids::Revision;
use heapless::Deque;

/// A full state holds at most three changes of a kind, so sixteen outlast every copy under way.
const REMEMBERED: usize = 16;

/// The revisions of one kind of change that were given already. Full: the one remembered longest is forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    revisions: Deque<Revision, REMEMBERED>,
}

impl Seen {
    pub(super) fn has(&self, rev: Revision) -> bool {
        self.revisions.iter().any(|r| *r == rev)
    }
    pub(super) fn insert(&mut self, rev: Revision) {
        if self.revisions.is_full() {
            self.revisions.pop_front();
        }
        // There is room: one was just removed if there was none.
        let _ = self.revisions.push_back(rev);
    }
    pub(super) fn forget(&mut self) {
        self.revisions.clear();
    }
}
