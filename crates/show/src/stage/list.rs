//! What one list gives its parameters: where each comes from, where it goes, and how far it is.

use alloc::vec::Vec;

use cuelight_wire::scene::Tempo;
use cuelight_wire::time::{Show, Span, Time};

use super::effects::Effects;
use super::moving::{BLOCK, Many, Moving};
use crate::cell::{Cell, Content};
use crate::fade::{COMPLETE, Progress};
use crate::level::Level;
use crate::playback::{MAX_RUNS, Playback, Run};
use crate::rig::{ParameterIndex, Rig};
use crate::score::Tracked;

/// Full weight: the list alone says what its parameter is.
const WHOLE: u16 = u16::MAX;

/// Which of a cue's times a parameter goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Pace {
    Up,
    Down,
    Snap,
}

/// Places in the table of progress for one run: one for each [`Pace`], and one that is not used.
const PACES: usize = 4;

/// Which run moved a parameter last, and at which pace: its place in the table of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key(u8);

impl Key {
    /// Of a parameter that none moved. No run has it: it is the last place of the last run, which is not used.
    const NONE: Self = Self(u8::MAX);

    const fn new(run: usize, pace: Pace) -> Self {
        Self((run * PACES) as u8 | pace as u8)
    }
    const fn run(self) -> usize {
        self.0 as usize / PACES
    }
    /// The same when the first `forgotten` runs are no more: what they moved counts as moved by the first that is left.
    const fn after_forgetting(self, forgotten: usize) -> Self {
        match self.0.checked_sub((forgotten * PACES) as u8) {
            _ if self.0 == Self::NONE.0 => self,
            Some(key) => Self(key),
            None => Self::new(0, Pace::Up),
        }
    }
}

/// Places in the table of progress: any key has one.
const KEYS: usize = 1 << u8::BITS;
const _: () = assert!(MAX_RUNS * PACES <= KEYS && (Pace::Snap as usize) < PACES - 1);

/// What of a parameter decides its pace.
const IS_INTENSITY: u8 = 1;
const SNAPS: u8 = 2;

/// One parameter's way from one end to the other. An end has a level and a weight; of what is not whole the rest is seen
/// through: other lists, or the default. The level is what the list adds, weighted already, so that a fade is straight
/// also where its weight changes: an end of weight 0 has level 0. The end it goes to is whole, or nothing.
#[derive(Clone, Copy, Debug)]
struct Way {
    from: Cell,
    to: Cell,
    from_weight: u16,
    key: Key,
    /// [`IS_INTENSITY`] and [`SNAPS`].
    traits: u8,
}

// Half a million of them are walked in a frame.
const _: () = assert!(size_of::<Way>() == 12);

impl Way {
    const fn none(traits: u8) -> Self {
        Self { from: Cell::NOTHING, to: Cell::NOTHING, from_weight: 0, key: Key::NONE, traits }
    }
    const fn goal_weight(&self) -> u16 {
        if self.to.is_nothing() { 0 } else { WHOLE }
    }
}

/// What a list gives a parameter at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// What it adds.
    pub(super) level: Level,
    /// How much of what is below it hides; 0 for a list that does not speak of the parameter.
    pub(super) weight: u16,
    /// Whether it will be the same at every later instant, as long as no cue is started.
    pub(super) is_settled: bool,
    /// The run that moved it last.
    pub(super) run: usize,
}

/// One list on the stage.
#[derive(Debug)]
pub(super) struct ListStage {
    ways: Vec<Way>,
    /// The runs that were played, as the playback had them.
    pub(super) runs: Vec<Run>,
    /// How far each run is at each pace, by [`Key`]; complete where there is no run.
    progress: [u16; KEYS],
    effects: Effects,
    /// The list's clock when it was last asked.
    asked_at: Option<Span>,
    /// Working memory.
    picture: Vec<Cell>,
    used: Vec<bool>,
}

impl ListStage {
    pub(super) fn new(rig: &Rig, list: &Tracked) -> Self {
        let way = |parameter: &ParameterIndex| {
            let drive = rig.drives()[*parameter as usize];
            let intensity = if drive.is_intensity() { IS_INTENSITY } else { 0 };
            Way::none(intensity | if drive.snaps() { SNAPS } else { 0 })
        };
        Self {
            ways: list.parameters.iter().map(way).collect(),
            runs: Vec::with_capacity(MAX_RUNS),
            progress: [COMPLETE; KEYS],
            effects: Effects::new(list),
            asked_at: None,
            picture: Vec::with_capacity(list.parameters.len()),
            used: alloc::vec![false; list.effects.len()],
        }
    }

    /// Comes to where `playback` is at `at`; adds to `moving` every parameter whose level may be another than before. Goes
    /// on from where it was if it can, and else begins anew.
    pub(super) fn come_to(
        &mut self,
        list: &Tracked,
        playback: &Playback,
        tempo: &Tempo,
        at: Time<Show>,
        moving: &mut Moving,
    ) {
        let begun = playback.runs.partition_point(|run| run.started_at <= at);
        // A state that was made elsewhere may have more than it should.
        let runs = &playback.runs[begun.saturating_sub(MAX_RUNS)..begun];
        let clock = at.min(playback.paused_at.unwrap_or(at)).since(Time::ZERO) - playback.held;
        let is_later = self.asked_at.is_none_or(|asked_at| asked_at <= clock);
        let is_continued = is_later && (runs.starts_with(&self.runs) || self.forget(list, playback, runs, at));
        if !is_continued {
            self.clear(list, moving);
        }
        if self.runs.is_empty() {
            self.effects.restart(&playback.anchors);
        }
        self.asked_at = Some(clock);
        for run in &runs[self.runs.len()..] {
            self.play(list, *run, tempo, moving);
        }
        self.measure(list, |run| playback.elapsed(run, at));
        self.effects.draw(list, tempo, at);
    }

    /// Forgets the runs that the playback has forgotten, if it is so that no level depends on it: the oldest are gone, the
    /// newest is there, and every fade was complete when the next run began. Then all that is different from a list that
    /// begins anew with the runs that are left is by which run a place was moved. Returns whether it was so.
    ///
    /// A list forgets once in some sixty runs, at the very GO that is waited for: to begin anew is three times the work.
    fn forget(&mut self, list: &Tracked, playback: &Playback, runs: &[Run], at: Time<Show>) -> bool {
        let Some(first) = runs.first() else { return false };
        let Some(forgotten) = self.runs.iter().position(|run| run == first) else { return false };
        let left = self.runs.len() - forgotten;
        if !runs.starts_with(&self.runs[forgotten..]) {
            return false;
        }
        match runs.get(left) {
            Some(next) => self.measure(list, |run| next.started_at.since(run.started_at) - (next.held - run.held)),
            None => self.measure(list, |run| playback.elapsed(run, at)),
        }
        if self.progress.iter().any(|progress| *progress != COMPLETE) {
            return false;
        }
        self.runs.drain(..forgotten);
        self.progress.fill(COMPLETE);
        for way in &mut self.ways {
            way.key = way.key.after_forgetting(forgotten);
        }
        if !list.effects.is_empty() {
            self.effects.count_from(&playback.anchors);
            for run in &self.runs {
                run.cue.into_iter().for_each(|cue| self.effects.begin(list, cue, run.started_at));
            }
        }
        true
    }

    /// Fills the table of progress with how far each run is that began `elapsed` ago.
    fn measure(&mut self, list: &Tracked, elapsed: impl Fn(&Run) -> Span) {
        for (run, places) in self.runs.iter().zip(self.progress.chunks_exact_mut(PACES)) {
            let Progress { up, down, snap } = run.timing(list).progress(elapsed(run));
            places.copy_from_slice(&[up, down, snap, COMPLETE]);
        }
    }

    fn clear(&mut self, list: &Tracked, moving: &mut Moving) {
        for (way, parameter) in self.ways.iter_mut().zip(&list.parameters) {
            if way.key != Key::NONE {
                moving.add(*parameter);
            }
            *way = Way::none(way.traits);
        }
        self.runs.clear();
        self.progress.fill(COMPLETE);
        self.used.clear();
        self.used.resize(list.effects.len(), false);
    }

    /// Starts one more run.
    fn play(&mut self, list: &Tracked, run: Run, tempo: &Tempo, moving: &mut Moving) {
        // Fades that are under way go on from the levels they have now.
        self.measure(list, |before| run.started_at.since(before.started_at) - (run.held - before.held));
        self.effects.draw(list, tempo, run.started_at);
        let previous = self.runs.last().and_then(|run| run.cue).and_then(|cue| list.index_of(cue));
        let index = run.cue.and_then(|cue| list.index_of(cue));
        let is_assert = index.is_some_and(|index| list.cues[index].is_assert);
        let is_step = |from: Option<usize>, to: Option<usize>| {
            to == from.map_or(Some(0), |from| from.checked_add(1)) && to.is_some()
        };
        if !is_assert && is_step(previous, index) {
            let index = index.expect("a step leads to a cue");
            let mut turned = moving.many();
            for (place, after) in list.moves_into(index) {
                self.turn(list, place, after, &mut turned);
            }
        } else if !is_assert && is_step(index, previous) {
            let previous = previous.expect("a step back comes from a cue");
            let mut turned = moving.many();
            for (place, before) in list.moves_out_of(previous) {
                self.turn(list, place, before, &mut turned);
            }
        } else if is_assert || previous != index {
            let mut picture = core::mem::take(&mut self.picture);
            list.picture(index, &mut picture);
            let mut turned = moving.many();
            for (place, cell) in (0..).zip(&picture) {
                if self.ways[place as usize].to != *cell || (is_assert && !cell.is_nothing()) {
                    self.turn(list, place, *cell, &mut turned);
                }
            }
            self.picture = picture;
        }
        self.runs.push(run);
        if !list.effects.is_empty() {
            if let Some(cue) = run.cue {
                self.effects.begin(list, cue, run.started_at);
            }
            self.choose_effects(list);
        }
    }

    /// Lets a place go to `to` with the run that is about to be added.
    // Called for every parameter that a cue moves: it must not cost a call.
    #[inline(always)]
    fn turn(&mut self, list: &Tracked, place: u32, to: Cell, turned: &mut Many<'_>) {
        let way = self.ways[place as usize];
        // Where it rests on an effect, the effect goes on under the fade; a fade under way stops where it is.
        let (from, from_weight) = if self.x(&way) == COMPLETE {
            (way.to, way.goal_weight())
        } else {
            let given = self.given_by(&way);
            (Cell::level(given.level), given.weight)
        };
        let from = if from_weight == 0 { Cell::level(Level::OFF) } else { from };
        let pace = if way.traits & SNAPS != 0 {
            Pace::Snap
        } else if way.traits & IS_INTENSITY != 0 && to.most() < from.most() {
            Pace::Down
        } else {
            Pace::Up
        };
        let key = Key::new(self.runs.len(), pace);
        self.ways[place as usize] = Way { from, to, from_weight, key, traits: way.traits };
        turned.add(list.parameters[place as usize]);
    }

    /// Draws the effects that any place comes from or goes to, and no others.
    fn choose_effects(&mut self, list: &Tracked) {
        let newest = self.runs.len() - 1;
        let mut used = core::mem::take(&mut self.used);
        used.fill(false);
        for way in list.effect_places.iter().map(|place| &self.ways[*place as usize]) {
            let is_under_way = way.key.run() == newest || self.x(way) != COMPLETE;
            for cell in Some(way.from).filter(|_| is_under_way).into_iter().chain([way.to]) {
                if let Content::Effect { effect, .. } = cell.content() {
                    used[effect] = true;
                }
            }
        }
        self.effects.keep(list, &mut used);
        self.used = used;
    }

    /// Writes what [`BLOCK`] places from `place` on give that no other list speaks of, that have no default, and that are never
    /// parts of effects: the upper bytes of their levels. Returns which of them will be others at a later instant.
    pub(super) fn write_block(&self, place: usize, slots: &mut [u8]) -> Option<u64> {
        let ways = self.ways.get(place..place + BLOCK)?;
        let mut moving = 0;
        for (at, (way, slot)) in ways.iter().zip(slots).enumerate() {
            let x = self.x(way);
            // Over no default a level is what it is, whatever its weight; at the end of the way it is the end.
            *slot = way.from.plain().toward(way.to.plain(), x).byte(0);
            moving |= u64::from(x != COMPLETE) << at;
        }
        Some(moving)
    }

    /// What the list gives a place, as of the instant it last came to.
    #[inline]
    pub(super) fn given(&self, place: u32) -> Given {
        self.given_by(&self.ways[place as usize])
    }

    /// How far a way is; one that none moved is complete.
    #[inline]
    fn x(&self, way: &Way) -> u16 {
        self.progress[usize::from(way.key.0)]
    }

    // Walked for every parameter that moves, in every frame: it must not cost a call.
    #[inline(always)]
    fn given_by(&self, way: &Way) -> Given {
        let (x, run, to_weight) = (self.x(way), way.key.run(), way.goal_weight());
        if x == COMPLETE {
            return Given { level: self.level(way.to), weight: to_weight, is_settled: !way.to.is_effect(), run };
        }
        let level = self.level(way.from).toward(self.level(way.to), x);
        let weight =
            if way.from_weight == to_weight { to_weight } else { Level(way.from_weight).toward(Level(to_weight), x).0 };
        Given { level, weight, is_settled: false, run }
    }

    #[inline]
    fn level(&self, cell: Cell) -> Level {
        if cell.is_effect() { self.drawn(cell) } else { cell.plain() }
    }

    #[cold]
    fn drawn(&self, cell: Cell) -> Level {
        match cell.content() {
            Content::Effect { effect, pixel, component } => self.effects.level(effect, pixel, component),
            _ => Level::OFF,
        }
    }
}
