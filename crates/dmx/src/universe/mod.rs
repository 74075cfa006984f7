//! One universe as it is received: its sources come and go, its levels and their owners come out.
//!
//! Sources are sACN sources, Art-Net senders and local ones (a cue list, a fader), in one table and one merge. The machine
//! knows what each protocol wants of a receiver: sequence, priorities, synchronisation, loss. Implements DMX-11 to DMX-26.
//!
//! The table has room for `SOURCES` (at most 255). When it is full a new source is refused, counted and told as an event;
//! those that are there go on undisturbed. Events wait for their reader, at most [`MAX_EVENTS`]; then the oldest is dropped.

mod artnet;
mod event;
mod local;
mod loss;
mod sacn;
mod sequence;
mod settings;
mod source;
#[cfg(test)]
mod tests;

use cuelight_wire::time::{Local, Time};
use heapless::Deque;

pub use event::{Dropped, Drops, Event, Lost};
pub use settings::{OnLoss, Settings};
pub use source::{Owner, SourceId, SourceStatus};

pub(crate) use sequence::is_late;

use crate::merge::{Merged, Mode, Outcome};
use source::Source;

/// Events that wait at most.
pub const MAX_EVENTS: usize = 8;

/// A universe that is received.
#[derive(Clone, Debug)]
pub struct Universe<const SOURCES: usize> {
    settings: Settings,
    sources: [Option<Source>; SOURCES],
    merged: Merged,
    /// Something was said that is not in `merged` yet.
    is_stale: bool,
    /// `merged` may be other than at the last [`Self::poll_outcome`].
    is_unpolled: bool,
    /// Counts what changed levels, for the latest to take precedence.
    stamp: u32,
    artnet: artnet::Universal,
    /// The source that was refused last has been told.
    is_overrun: bool,
    /// Not later than the earliest deadline of any source.
    due_at: Option<Time<Local>>,
    events: Deque<Event, MAX_EVENTS>,
    drops: Drops,
}

impl<const SOURCES: usize> Universe<SOURCES> {
    /// Without sources, all slots at 0.
    pub const fn new(settings: Settings) -> Self {
        const { assert!(SOURCES > 0 && SOURCES < 256, "owners of slots are numbered in a byte") };
        Self {
            settings,
            sources: [const { None }; SOURCES],
            merged: Merged::new(),
            is_stale: false,
            is_unpolled: false,
            stamp: 0,
            artnet: artnet::Universal::new(),
            is_overrun: false,
            due_at: None,
            events: Deque::new(),
            drops: Drops::NONE,
        }
    }
    /// How it was set up.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
    /// From now on the highest, or the latest, takes precedence.
    pub fn set_mode(&mut self, mode: Mode) {
        self.is_stale |= self.settings.mode != mode;
        self.settings.mode = mode;
    }
    /// What was not used, by reason.
    pub const fn drops(&self) -> &Drops {
        &self.drops
    }

    /// The merged levels from slot 1 on, when they are other than at the last poll.
    pub fn poll_levels(&mut self, now: Time<Local>) -> Option<&[u8]> {
        self.refresh(now);
        self.merged.take_news().then(|| self.merged.levels())
    }
    /// What its sources come to, for a merge elsewhere, when anything of it may be other than at the last poll: written to
    /// `outcome`, and the answer is `true`.
    pub fn poll_outcome(&mut self, outcome: &mut Outcome, now: Time<Local>) -> bool {
        self.refresh(now);
        if !core::mem::take(&mut self.is_unpolled) {
            return false;
        }
        self.merged.write(outcome);
        outcome.stamp = self.stamp;
        outcome.is_speaking = self.sources.iter().flatten().any(|source| source.is_speaking);
        true
    }
    /// The merged levels, from slot 1 to the last one that was ever sent.
    pub fn levels(&mut self, now: Time<Local>) -> &[u8] {
        self.refresh(now);
        self.merged.levels()
    }
    /// Why a slot (1..=512) is as it is: who owns it, at which priority, since when. `None`: nobody does (DMX-25).
    pub fn owner(&mut self, slot: u16, now: Time<Local>) -> Option<Owner> {
        self.refresh(now);
        let owned = self.merged.owner(usize::from(slot).checked_sub(1)?)?;
        let source = self.sources.get(owned.source)?.as_ref()?;
        Some(Owner { source: source.id, level: owned.level, priority: owned.priority, since: owned.since })
    }
    /// All sources there are.
    pub fn sources(&self) -> impl Iterator<Item = SourceStatus> + '_ {
        self.sources.iter().flatten().map(Source::status)
    }
    /// The source at a place of the table, which is what owners of an outcome are.
    pub fn source_at(&self, place: usize) -> Option<SourceStatus> {
        self.sources.get(place)?.as_ref().map(Source::status)
    }
    /// What has happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
    /// When [`handle_timeout`](Self::handle_timeout) is wanted next, or earlier.
    pub const fn poll_timeout(&self) -> Option<Time<Local>> {
        self.due_at
    }

    fn refresh<'s>(&'s mut self, now: Time<Local>) {
        if !core::mem::take(&mut self.is_stale) {
            return;
        }
        self.is_unpolled = true;
        let speaking = |(i, source): (usize, &'s Option<Source>)| {
            source.as_ref().filter(|source| source.is_speaking).map(|source| (i, &source.contribution))
        };
        let mut said = self.sources.iter().enumerate().filter_map(speaking).peekable();
        if said.peek().is_some() {
            self.merged.merge(self.settings.mode, said, now);
        } else {
            // DMX-24
            self.merged.abandon(self.settings.on_loss.level(), now);
        }
    }

    fn find(&self, id: SourceId) -> Option<usize> {
        self.sources.iter().position(|source| source.as_ref().is_some_and(|source| source.id == id))
    }

    /// Puts a new source into the table. When there is no room it is refused (DMX-19).
    fn insert(&mut self, source: Source) -> Result<usize, Dropped> {
        let id = source.id;
        match self.sources.iter().position(Option::is_none) {
            Some(free) => {
                self.sources[free] = Some(source);
                Ok(free)
            }
            None => Err(self.refuse(id)),
        }
    }

    /// A source is one too many: told once until there is room again.
    fn refuse(&mut self, id: SourceId) -> Dropped {
        if !core::mem::replace(&mut self.is_overrun, true) {
            self.tell(Event::SourcesExceeded(id));
        }
        Dropped::SourcesExceeded
    }

    fn remove(&mut self, i: usize, why: Lost) {
        let Some(source) = self.sources.get_mut(i).and_then(Option::take) else { return };
        self.is_overrun = false;
        self.is_stale = true;
        if source.is_speaking {
            self.tell(Event::SourceLost(source.id, why));
        }
    }

    fn tell(&mut self, event: Event) {
        if self.events.is_full() {
            self.events.pop_front();
            self.drops.events = self.drops.events.saturating_add(1);
        }
        let pushed = self.events.push_back(event);
        debug_assert!(pushed.is_ok(), "there is room now");
    }

    /// The number of the next change.
    fn next_stamp(&mut self) -> u32 {
        self.stamp = self.stamp.checked_add(1).unwrap_or_else(|| {
            // Once in years: who was latest is forgotten, who changes next is latest.
            self.sources.iter_mut().flatten().for_each(|source| source.contribution.clear_stamps());
            1
        });
        self.stamp
    }

    /// Something is to be done at `at` at the latest.
    fn wake_at(&mut self, at: Time<Local>) {
        self.due_at = Some(self.due_at.map_or(at, |due_at| due_at.min(at)));
    }

    fn count(&mut self, outcome: Result<(), Dropped>) -> Result<(), Dropped> {
        if let Err(why) = outcome {
            self.drops.count(why);
        }
        outcome
    }
}
