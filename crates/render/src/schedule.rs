//! The changes a node holds until their frame, sorted by applyAt in show time (SCHED-1).
//!
//! The schedule decides which announced changes are kept and in which frame each comes into force. It holds
//! [`SCHEDULE_CAPACITY`] changes and never grows; what happens when it is full is said at [`Schedule::insert`].
//! Implements `docs/protocol/` section "applyAt scheduler".

use cuelight_wire::change::{Change, ScenePatch, ZonePatch};
use cuelight_wire::limits::{MAX_DUE_PER_FRAME, SCHEDULE_CAPACITY, SCHEDULE_HORIZON};
use cuelight_wire::time::{Show, Time};
use heapless::Vec;

use crate::stack::Stack;

/// What became of an offered change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It waits for its frame.
    Queued,
    /// The very same change waits already: a repeat, not counted.
    Known,
    /// The schedule was full; the patch is now part of the newest queued patch of its kind.
    Coalesced,
    /// The schedule was full and the change could not be coalesced: it is gone.
    DroppedNewest,
    /// Its applyAt is beyond the horizon: refused.
    TooFarAhead,
}

/// How often the schedule could not simply queue a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleCounters {
    /// Patches merged into a queued one because the schedule was full.
    pub coalesced: u64,
    /// Changes lost because the schedule was full.
    pub dropped: u64,
    /// Changes refused because they lay beyond the horizon.
    pub too_far: u64,
}

/// At most [`SCHEDULE_CAPACITY`] changes in the order of (applyAt, arrival).
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// Latest first, so that the next one due is at the end and leaves without moving the others.
    queue: Vec<Change, SCHEDULE_CAPACITY>,
    counters: ScheduleCounters,
}

impl Schedule {
    /// An empty schedule.
    pub const fn new() -> Self {
        Self { queue: Vec::new(), counters: ScheduleCounters { coalesced: 0, dropped: 0, too_far: 0 } }
    }

    /// Offers a change; `show_now` is the show time at which it arrived.
    ///
    /// A change more than [`SCHEDULE_HORIZON`] after `show_now` is refused (SCHED-4). When the schedule is full, a patch
    /// is merged into the queued patch of its kind (the same zone, or none) with the latest applyAt: the fields of the
    /// later of the two win and the merged patch holds from the later applyAt, so nothing shows early. Everything else is
    /// dropped (SCHED-2).
    pub fn insert(&mut self, change: Change, show_now: Time<Show>) -> Inserted {
        if change.at() > show_now + SCHEDULE_HORIZON {
            self.counters.too_far += 1;
            return Inserted::TooFarAhead;
        }
        if self.queue.contains(&change) {
            return Inserted::Known;
        }
        if !self.queue.is_full() {
            self.place(change);
            return Inserted::Queued;
        }
        let Change::Patch { at, patch } = change else { return self.drop_newest() };
        // Latest first: the first of its kind is the one with the latest applyAt.
        let queued =
            self.queue.iter().position(|c| matches!(c, Change::Patch { patch: q, .. } if same_kind(q, &patch)));
        let Some(Change::Patch { at: queued_at, patch: queued }) = queued.map(|i| self.queue.remove(i)) else {
            return self.drop_newest();
        };
        let patch = if at >= queued_at { merged(&queued, &patch) } else { merged(&patch, &queued) };
        self.place(Change::Patch { at: at.max(queued_at), patch });
        self.counters.coalesced += 1;
        Inserted::Coalesced
    }

    /// Takes the next change with applyAt <= `show`. A frame takes at most [`MAX_DUE_PER_FRAME`]: use
    /// [`Schedule::apply_due`].
    pub fn pop_due(&mut self, show: Time<Show>) -> Option<Change> {
        if self.next_at()? <= show { self.queue.pop() } else { None }
    }

    /// Moves the changes due at `show`, at most [`MAX_DUE_PER_FRAME`], into `stack` in the order of (applyAt, arrival)
    /// and returns how many; the rest waits for the next frame (SCHED-3).
    pub fn apply_due(&mut self, stack: &mut Stack, show: Time<Show>) -> usize {
        let mut applied = 0;
        while applied < MAX_DUE_PER_FRAME {
            let Some(change) = self.pop_due(show) else { break };
            stack.apply(change, show);
            applied += 1;
        }
        applied
    }

    /// When the next change is due.
    pub fn next_at(&self) -> Option<Time<Show>> {
        self.queue.last().map(Change::at)
    }
    /// The waiting changes, next due first.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.queue.iter().rev()
    }
    /// How many changes wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }
    /// Whether no change waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
    /// Forgets all waiting changes, keeps the counters: for a node that joins another show.
    pub fn clear(&mut self) {
        self.queue.clear();
    }
    /// What could not simply be queued, since the start.
    pub const fn counters(&self) -> ScheduleCounters {
        self.counters
    }

    /// Puts a change behind those with the same applyAt. The queue has room.
    fn place(&mut self, change: Change) {
        let index = self.queue.partition_point(|queued| queued.at() > change.at());
        self.queue.insert(index, change).expect("callers make room first");
    }

    fn drop_newest(&mut self) -> Inserted {
        self.counters.dropped += 1;
        Inserted::DroppedNewest
    }
}

/// Whether one patch can hold what both change: a patch has room for one zone.
fn same_kind(a: &ScenePatch, b: &ScenePatch) -> bool {
    a.zone.map(|zone| zone.id) == b.zone.map(|zone| zone.id)
}

/// The one patch that does what `first` and then `then` do.
fn merged(first: &ScenePatch, then: &ScenePatch) -> ScenePatch {
    let zone = |a: ZonePatch, b: ZonePatch| ZonePatch {
        id: a.id,
        effect: b.effect.or(a.effect),
        palette: b.palette.or(a.palette),
        brightness: b.brightness.or(a.brightness),
        speed: b.speed.or(a.speed),
        blend: b.blend.or(a.blend),
        from: b.from.or(a.from),
        to: b.to.or(a.to),
    };
    ScenePatch {
        effect: then.effect.or(first.effect),
        palette: then.palette.or(first.palette),
        brightness: then.brightness.or(first.brightness),
        speed: then.speed.or(first.speed),
        hue: then.hue.or(first.hue),
        intensity: then.intensity.or(first.intensity),
        saturation: then.saturation.or(first.saturation),
        complexity: then.complexity.or(first.complexity),
        variation: then.variation.or(first.variation),
        zone: match (first.zone, then.zone) {
            (Some(a), Some(b)) => Some(zone(a, b)),
            (a, b) => b.or(a),
        },
    }
}
