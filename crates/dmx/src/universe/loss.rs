//! What happens when nothing comes: sources, priorities and synchronisation are lost.
//!
//! A source that falls silent is not taken out at once. When a cable is pulled all sources fall silent, but not in the same
//! instant: if each were taken out at its own time the ones below would flash. So a silent source stays until each other
//! source of its protocol has been heard after that, or has fallen silent too (DMX-16). At the longest that takes as long as a
//! loss takes again.

use core::mem::discriminant;

use cuelight_wire::time::{Local, Span, Time};

use super::Universe;
use super::event::{Event, Lost};
use super::source::{Source, Via};

/// E1.31-2018, 6.7.1: network data loss, of a source in a universe; also of its priorities.
pub(super) const SACN_LOSS: Span = Span::from_ms(2500);
/// E1.31-2018, 11.1.2: loss of synchronisation.
pub(super) const SYNC_LOSS: Span = Span::from_ms(2500);
/// Art-Net 4, "Data merging": a sender is gone.
pub(super) const ARTNET_LOSS: Span = Span::from_s(10);
/// Art-Net 4, "ArtSync": back to showing levels as they come.
pub(super) const ARTNET_SYNC_LOSS: Span = Span::from_s(4);
/// How often it is looked whether the others have been heard while a source is silent: a quarter of the shortest
/// keep-alive.
const SETTLING: Span = Span::from_ms(200);

impl<const SOURCES: usize> Universe<SOURCES> {
    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Time<Local>) {
        if self.due_at.is_none_or(|due_at| now < due_at) {
            return;
        }
        for i in 0..SOURCES {
            self.expire_sync(i, now);
            self.expire_priorities(i, now);
            self.speak(i, now);
            self.expire_source(i, now);
        }
        self.settle();
        if self.artnet.synced_at.is_some_and(|at| now - at >= ARTNET_SYNC_LOSS) {
            self.artnet.synced_at = None;
            self.show_held_senders();
        }
        self.due_at = self.next_due(now);
    }

    /// DMX-21
    fn expire_sync(&mut self, i: usize, now: Time<Local>) {
        let Some(source) = &mut self.sources[i] else { return };
        let Via::Sacn(sacn) = &mut source.via else { return };
        if sacn.is_sync_lost || sacn.synced_at.is_none_or(|at| now - at < SYNC_LOSS) {
            return;
        }
        sacn.is_sync_lost = true;
        if sacn.is_forced {
            // The next levels are shown as they come.
            sacn.synced_at = None;
        }
        let id = source.id;
        self.tell(Event::SyncLost(id));
    }

    /// DMX-12
    fn expire_priorities(&mut self, i: usize, now: Time<Local>) {
        let Some(Source { contribution, via: Via::Sacn(sacn), .. }) = &mut self.sources[i] else { return };
        if sacn.priorities_at.is_some_and(|at| now - at >= SACN_LOSS) {
            sacn.priorities_at = None;
            contribution.clear_priorities();
            self.is_stale = true;
        }
    }

    /// DMX-14
    fn expire_source(&mut self, i: usize, now: Time<Local>) {
        let Some(source) = &mut self.sources[i] else { return };
        let limit = match &source.via {
            Via::Local => return,
            Via::Sacn(_) => SACN_LOSS,
            Via::ArtNet { .. } => ARTNET_LOSS,
        };
        if source.silent_since.is_none() && now - source.heard_at >= limit {
            source.silent_since = Some(source.heard_at + limit);
        }
        // Nobody misses one that never counted.
        if source.silent_since.is_some() && !source.is_speaking {
            self.remove(i, Lost::Silent);
        }
    }

    /// DMX-16
    fn settle(&mut self) {
        for i in 0..SOURCES {
            let Some(Source { silent_since: Some(since), via, .. }) = &self.sources[i] else { continue };
            let may_be_silent = |other: &Source| {
                discriminant(&other.via) == discriminant(via)
                    && other.is_speaking
                    && other.silent_since.is_none()
                    && other.heard_at < *since
            };
            if !self.sources.iter().flatten().any(may_be_silent) {
                self.remove(i, Lost::Silent);
            }
        }
    }

    fn next_due(&self, now: Time<Local>) -> Option<Time<Local>> {
        let of_source = |source: &Source| match &source.via {
            Via::Local => None,
            // The others may be heard at any time.
            _ if source.silent_since.is_some() => Some(now + SETTLING),
            Via::ArtNet { .. } => Some(source.heard_at + ARTNET_LOSS),
            Via::Sacn(sacn) => {
                let waits = (!source.is_speaking && sacn.has_levels).then_some(sacn.waits_until);
                let sync = sacn.synced_at.filter(|_| !sacn.is_sync_lost).map(|at| at + SYNC_LOSS);
                let priorities = sacn.priorities_at.map(|at| at + SACN_LOSS);
                [Some(source.heard_at + SACN_LOSS), waits, sync, priorities].into_iter().flatten().min()
            }
        };
        let artnet_sync = self.artnet.synced_at.map(|at| at + ARTNET_SYNC_LOSS);
        self.sources.iter().flatten().filter_map(of_source).chain(artnet_sync).min()
    }
}
