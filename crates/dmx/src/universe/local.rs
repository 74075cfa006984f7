//! Sources of this machine: cue lists, faders, tests.

use cuelight_wire::time::{Local, Time};

use super::Universe;
use super::event::{Dropped, Event, Lost};
use super::source::{Source, SourceId, Via};
use crate::merge::Contribution;
use crate::priority::Priority;

impl<const SOURCES: usize> Universe<SOURCES> {
    /// Levels of a source of this machine, which is there until it is released.
    ///
    /// # Errors
    /// When the table is full; it has been counted.
    pub fn handle_local(
        &mut self,
        id: u32,
        levels: &[u8],
        priority: Priority,
        now: Time<Local>,
    ) -> Result<(), Dropped> {
        let outcome = self.take_local(SourceId::Local(id), levels, priority, now);
        self.count(outcome)
    }

    fn take_local(&mut self, id: SourceId, levels: &[u8], priority: Priority, now: Time<Local>) -> Result<(), Dropped> {
        let i = match self.find(id) {
            Some(i) => i,
            None => {
                let i = self.insert(Source {
                    id,
                    contribution: Contribution::new(priority),
                    is_speaking: true,
                    held: None,
                    heard_at: now,
                    packets: 0,
                    silent_since: None,
                    via: Via::Local,
                })?;
                self.is_stale = true;
                self.tell(Event::SourceFound(id));
                i
            }
        };
        let stamp = self.next_stamp();
        let Some(source) = &mut self.sources[i] else { return Ok(()) };
        source.heard_at = now;
        source.packets = source.packets.wrapping_add(1);
        self.is_stale |= source.contribution.set_priority(priority);
        self.is_stale |= source.contribution.set_levels(levels, stamp);
        Ok(())
    }

    /// A source of this machine has nothing more to say.
    pub fn handle_release(&mut self, id: u32) {
        if let Some(i) = self.find(SourceId::Local(id)) {
            self.remove(i, Lost::Released);
        }
    }
}
