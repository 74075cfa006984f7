//! What a universe hears over sACN.

use cuelight_wire::time::{Local, Time};

use super::event::{Dropped, Event, Lost};
use super::source::{Held, Sacn, Source, SourceId, Via};
use super::{Universe, is_late, loss};
use crate::MAX_SLOTS;
use crate::merge::Contribution;
use crate::priority::Priority;
use crate::sacn::{self, Data, StartCode};

impl<const SOURCES: usize> Universe<SOURCES> {
    /// A data packet of this universe.
    ///
    /// # Errors
    /// Why it was not used; it has been counted.
    pub fn handle_sacn(&mut self, data: &Data<'_>, now: Time<Local>) -> Result<(), Dropped> {
        let outcome = self.take_sacn(data, now);
        self.count(outcome)
    }

    fn take_sacn(&mut self, data: &Data<'_>, now: Time<Local>) -> Result<(), Dropped> {
        if data.options.is_preview && !self.settings.shows_previews {
            return Err(Dropped::Preview);
        }
        if !matches!(data.start_code, StartCode::LEVELS | StartCode::PRIORITIES) {
            return Err(Dropped::StartCode);
        }
        let i = self.sacn_source(data, now)?;
        // DMX-15: the values of an ending stream mean nothing.
        if data.options.is_terminated {
            self.remove(i, Lost::Terminated);
            return Ok(());
        }
        if data.start_code == StartCode::PRIORITIES {
            self.take_priorities(i, data, now);
        } else {
            self.take_levels(i, data, now);
        }
        Ok(())
    }

    /// The place of a packet's source, new or known, and its number checked.
    fn sacn_source(&mut self, data: &Data<'_>, now: Time<Local>) -> Result<usize, Dropped> {
        let id = SourceId::Sacn(data.cid);
        if let Some(i) = self.find(id)
            && let Some(Source { via: Via::Sacn(sacn), .. }) = &mut self.sources[i]
        {
            if is_late(data.sequence, sacn.sequence) {
                return Err(Dropped::Late);
            }
            sacn.sequence = data.sequence;
            return Ok(i);
        }
        // DMX-15: the second and third packet of an end.
        if data.options.is_terminated {
            return Err(Dropped::Terminated);
        }
        let sacn = Sacn {
            name: data.source_name,
            sequence: data.sequence,
            has_levels: false,
            waits_until: now + self.settings.priorities_wait,
            priorities_at: None,
            sync: None,
            is_forced: false,
            synced_at: None,
            is_sync_lost: false,
        };
        self.wake_at(now + loss::SACN_LOSS);
        self.insert(Source {
            id,
            contribution: Contribution::new(data.priority.min(self.settings.highest_priority)),
            is_speaking: false,
            held: None,
            heard_at: now,
            packets: 0,
            silent_since: None,
            via: Via::Sacn(sacn),
        })
    }

    /// DMX-12, DMX-13
    fn take_priorities(&mut self, i: usize, data: &Data<'_>, now: Time<Local>) {
        let Some(Source { contribution, via: Via::Sacn(sacn), .. }) = &mut self.sources[i] else { return };
        sacn.priorities_at = Some(now);
        let mut capped = [0; MAX_SLOTS];
        let capped = &mut capped[..data.slots.len().min(MAX_SLOTS)];
        for (capped, said) in capped.iter_mut().zip(data.slots) {
            // What is no priority stays none.
            *capped = Priority::new(*said).map_or(*said, |said| said.min(self.settings.highest_priority).number());
        }
        self.is_stale |= contribution.set_priorities(capped);
        self.wake_at(now + loss::SACN_LOSS);
        self.speak(i, now);
    }

    fn take_levels(&mut self, i: usize, data: &Data<'_>, now: Time<Local>) {
        let stamp = self.next_stamp();
        let Some(source) = &mut self.sources[i] else { return };
        let Via::Sacn(sacn) = &mut source.via else { return };
        source.heard_at = now;
        source.packets = source.packets.wrapping_add(1);
        source.silent_since = None;
        sacn.has_levels = true;
        sacn.name = data.source_name;
        sacn.is_forced = data.options.is_forced;
        if sacn.sync != data.sync {
            // Levels wait only once it is seen that they are called for (DMX-20).
            (sacn.sync, sacn.synced_at, sacn.is_sync_lost) = (data.sync, None, false);
        }
        let is_held = sacn.synced_at.is_some();
        let waits_until = sacn.waits_until;
        self.is_stale |= source.contribution.set_priority(data.priority.min(self.settings.highest_priority));
        if is_held {
            source.held = Some(Held::new(data.slots));
        } else {
            source.held = None;
            self.is_stale |= source.contribution.set_levels(data.slots, stamp);
        }
        if !source.is_speaking {
            self.wake_at(waits_until);
            self.speak(i, now);
        }
    }

    /// The source counts, if it is time: it has levels, and priorities, or has waited for them long enough (DMX-13).
    pub(super) fn speak(&mut self, i: usize, now: Time<Local>) {
        let Some(source) = &mut self.sources[i] else { return };
        let Via::Sacn(sacn) = &source.via else { return };
        let is_ready = sacn.has_levels && (sacn.priorities_at.is_some() || now >= sacn.waits_until);
        if is_ready && !source.is_speaking {
            source.is_speaking = true;
            let id = source.id;
            self.is_stale = true;
            self.tell(Event::SourceFound(id));
        }
    }

    /// A synchronisation packet, of any source, whose number is not late: what waits for `address` is shown (DMX-20).
    pub fn handle_sacn_sync(&mut self, address: sacn::Universe, now: Time<Local>) {
        let mut is_named = false;
        for i in 0..SOURCES {
            let Some(Source { via: Via::Sacn(sacn), held, .. }) = &mut self.sources[i] else { continue };
            if sacn.sync != Some(address) {
                continue;
            }
            is_named = true;
            (sacn.synced_at, sacn.is_sync_lost) = (Some(now), false);
            if let Some(held) = held.take() {
                self.show(i, held.levels());
            }
        }
        if is_named {
            self.wake_at(now + loss::SYNC_LOSS);
        }
    }

    /// Levels that waited count from now on.
    pub(super) fn show(&mut self, i: usize, levels: &[u8]) {
        let stamp = self.next_stamp();
        if let Some(source) = &mut self.sources[i] {
            self.is_stale |= source.contribution.set_levels(levels, stamp);
        }
    }
}
