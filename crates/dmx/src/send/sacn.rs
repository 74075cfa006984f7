//! A universe sent by sACN.

use cuelight_wire::time::{Local, Time};

use super::cadence::Cadence;
use super::{Rate, Slots};
use crate::priority::Priority;
use crate::sacn::{Cid, Data, Options, SourceName, StartCode, Universe};

/// Who sends: the same for all universes of a machine, and after each restart of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Unique in the world.
    pub cid: Cid,
    /// For people.
    pub name: SourceName,
}

/// What does not change from packet to packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SacnSettings {
    /// The universe.
    pub universe: Universe,
    /// Its priority, for all slots.
    pub priority: Priority,
    /// Receivers show the levels when a synchronisation packet comes to this address.
    pub sync: Option<Universe>,
    /// Whether they go on when those are lost.
    pub is_forced: bool,
    /// For visualisers only.
    pub is_preview: bool,
    /// Frames a second at most.
    pub rate: Rate,
}

/// E1.31-2018, 6.2.6: how often the end is said.
const ENDS: u8 = 3;

/// A universe that is sent.
#[derive(Clone, Debug)]
pub struct SacnStream {
    settings: SacnSettings,
    sequence: u8,
    levels: Slots,
    cadence: Cadence,
    priorities: Slots,
    has_priorities: bool,
    priorities_cadence: Cadence,
    /// How often the end is still to be said, once it is there.
    ends: Option<u8>,
}

impl SacnStream {
    /// Says nothing until levels are given.
    pub const fn new(settings: SacnSettings) -> Self {
        let cadence = Cadence::new(settings.rate);
        Self {
            settings,
            sequence: 0,
            levels: Slots::NONE,
            cadence,
            priorities: Slots::NONE,
            has_priorities: false,
            priorities_cadence: cadence,
            ends: None,
        }
    }
    /// What it was set up as.
    pub const fn settings(&self) -> &SacnSettings {
        &self.settings
    }
    /// The levels from now on, from slot 1 on; at most 512.
    pub fn handle_levels(&mut self, levels: &[u8]) {
        let is_new = self.levels.set(levels);
        if is_new || !self.cadence.has_begun() {
            self.cadence.renew();
        }
    }
    /// The priority of all slots from now on.
    pub fn handle_priority(&mut self, priority: Priority) {
        if self.settings.priority != priority {
            self.settings.priority = priority;
            self.cadence.renew();
        }
    }
    /// Priorities of single slots from now on; `None`: no more of them, which receivers notice after 2.5 s.
    pub fn handle_priorities(&mut self, priorities: Option<&[u8]>) {
        let before = self.has_priorities;
        self.has_priorities = priorities.is_some();
        if let Some(priorities) = priorities
            && (self.priorities.set(priorities) || !before)
        {
            self.priorities_cadence.renew();
        }
    }
    /// No more of this universe: the end is said three times, and then nothing (DMX-32).
    pub fn handle_end(&mut self) {
        if self.ends.is_none() {
            self.ends = Some(if self.cadence.has_begun() { ENDS } else { 0 });
        }
    }
    /// Whether the end has been said.
    pub fn is_ended(&self) -> bool {
        self.ends == Some(0)
    }

    /// The next datagram that is due, written to the front of `buf`: its length. Call again until there is none.
    pub fn poll_transmit(
        &mut self,
        identity: &Identity,
        buf: &mut [u8; Data::MAX_LEN],
        now: Time<Local>,
    ) -> Option<usize> {
        let mut is_terminated = false;
        let start_code = match &mut self.ends {
            Some(0) => return None,
            Some(ends) => {
                *ends -= 1;
                is_terminated = true;
                StartCode::LEVELS
            }
            // Before the levels, so that these are not shown at a priority that is not theirs (DMX-33).
            None if self.has_priorities && self.cadence.due_at().is_some() && self.priorities_cadence.is_due(now) => {
                self.priorities_cadence.handle_sent(now);
                StartCode::PRIORITIES
            }
            None if self.cadence.is_due(now) => {
                self.cadence.handle_sent(now);
                StartCode::LEVELS
            }
            None => return None,
        };
        let settings = &self.settings;
        let data = Data {
            cid: identity.cid,
            source_name: identity.name,
            priority: settings.priority,
            sync: settings.sync,
            sequence: self.sequence,
            options: Options { is_preview: settings.is_preview, is_terminated, is_forced: settings.is_forced },
            universe: settings.universe,
            start_code,
            slots: if start_code == StartCode::PRIORITIES { self.priorities.get() } else { self.levels.get() },
        };
        self.sequence = self.sequence.wrapping_add(1);
        Some(data.encode(buf).expect("the buffer holds the longest datagram"))
    }

    /// When [`poll_transmit`](Self::poll_transmit) finds something due next, unless something new is said; an instant that is
    /// past: now.
    pub fn poll_timeout(&self) -> Option<Time<Local>> {
        match self.ends {
            Some(0) => None,
            Some(_) => Some(Time::from_ns(i64::MIN)),
            None => {
                let levels_at = self.cadence.due_at()?;
                let priorities_at = self.priorities_cadence.due_at().filter(|_| self.has_priorities);
                Some(priorities_at.map_or(levels_at, |at| at.min(levels_at)))
            }
        }
    }
}
