//! What a universe hears over Art-Net.

use cuelight_wire::time::{Local, Time};

use super::event::{Dropped, Event, Lost};
use super::sequence::is_late_artnet;
use super::source::{Held, Source, SourceId, Via};
use super::{Universe, loss};
use crate::artnet::Dmx;
use crate::merge::Contribution;

/// Senders that are merged at most (Art-Net 4, "Data merging").
const MAX_SENDERS: usize = 2;

/// What Art-Net needs of a whole universe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Universal {
    /// Who sent levels last.
    pub(super) last_sender: Option<[u8; 4]>,
    /// When a synchronisation that counts came last: levels wait for the next one.
    pub(super) synced_at: Option<Time<Local>>,
    /// The next levels put an end to merging.
    is_cancelled: bool,
}

impl Universal {
    pub(super) const fn new() -> Self {
        Self { last_sender: None, synced_at: None, is_cancelled: false }
    }
}

impl<const SOURCES: usize> Universe<SOURCES> {
    /// Levels of this universe from the IPv4 address `from`.
    ///
    /// # Errors
    /// Why they were not used; it has been counted.
    pub fn handle_artnet(&mut self, dmx: &Dmx<'_>, from: [u8; 4], now: Time<Local>) -> Result<(), Dropped> {
        let outcome = self.take_artnet(dmx, from, now);
        self.count(outcome)
    }

    fn take_artnet(&mut self, dmx: &Dmx<'_>, from: [u8; 4], now: Time<Local>) -> Result<(), Dropped> {
        let id = SourceId::ArtNet { ip: from, physical: dmx.physical };
        let known = self.find(id);
        if let Some(Source { via: Via::ArtNet { sequence }, .. }) = known.and_then(|i| self.sources[i].as_mut()) {
            if is_late_artnet(dmx.sequence.0, *sequence) {
                return Err(Dropped::Late);
            }
            *sequence = dmx.sequence.0;
        }
        if core::mem::take(&mut self.artnet.is_cancelled) {
            self.release_senders(Some(id));
        }
        let i = match known {
            Some(i) => i,
            None => self.new_sender(id, dmx.sequence.0, now)?,
        };
        self.artnet.last_sender = Some(from);
        let is_held = self.artnet.synced_at.is_some() && self.senders() == 1;
        let stamp = self.next_stamp();
        let Some(source) = &mut self.sources[i] else { return Ok(()) };
        source.heard_at = now;
        source.packets = source.packets.wrapping_add(1);
        source.silent_since = None;
        if is_held {
            source.held = Some(Held::new(dmx.slots));
        } else {
            source.held = None;
            self.is_stale |= source.contribution.set_levels(dmx.slots, stamp);
        }
        Ok(())
    }

    /// DMX-23: a third sender is refused.
    fn new_sender(&mut self, id: SourceId, sequence: u8, now: Time<Local>) -> Result<usize, Dropped> {
        if self.senders() >= MAX_SENDERS {
            return Err(self.refuse(id));
        }
        let i = self.insert(Source {
            id,
            contribution: Contribution::new(self.settings.artnet_priority.min(self.settings.highest_priority)),
            is_speaking: true,
            held: None,
            heard_at: now,
            packets: 0,
            silent_since: None,
            via: Via::ArtNet { sequence },
        })?;
        self.is_stale = true;
        self.tell(Event::SourceFound(id));
        self.wake_at(now + loss::ARTNET_LOSS);
        // DMX-22: two senders are merged as their levels come; what waits is shown.
        if self.senders() > 1 {
            self.show_held_senders();
        }
        Ok(i)
    }

    /// A synchronisation packet from the IPv4 address `from` (DMX-22).
    ///
    /// # Errors
    /// Why it does not count; it has been counted.
    pub fn handle_artnet_sync(&mut self, from: [u8; 4], now: Time<Local>) -> Result<(), Dropped> {
        match self.senders() {
            // Nothing here is Art-Net's.
            0 => return Ok(()),
            1 if self.artnet.last_sender == Some(from) => {}
            _ => return self.count(Err(Dropped::Sync)),
        }
        self.artnet.synced_at = Some(now);
        self.wake_at(now + loss::ARTNET_SYNC_LOSS);
        self.show_held_senders();
        Ok(())
    }

    /// The next levels put an end to merging: their sender is the only one that stays (ArtAddress, AcCancelMerge).
    pub fn handle_cancel_merge(&mut self) {
        self.artnet.is_cancelled = self.senders() > 1;
    }

    /// Whether two senders are merged.
    pub fn is_merging(&self) -> bool {
        self.senders() > 1
    }

    fn senders(&self) -> usize {
        self.sources.iter().flatten().filter(|source| matches!(source.via, Via::ArtNet { .. })).count()
    }

    /// Shows what waits for a synchronisation.
    pub(super) fn show_held_senders(&mut self) {
        for i in 0..SOURCES {
            let Some(Source { via: Via::ArtNet { .. }, held, .. }) = &mut self.sources[i] else { continue };
            if let Some(held) = held.take() {
                self.show(i, held.levels());
            }
        }
    }

    /// Takes out all senders but one.
    fn release_senders(&mut self, but: Option<SourceId>) {
        for i in 0..SOURCES {
            let is_other = |s: &Source| matches!(s.via, Via::ArtNet { .. }) && Some(s.id) != but;
            if self.sources[i].as_ref().is_some_and(is_other) {
                self.remove(i, Lost::Released);
            }
        }
    }
}
