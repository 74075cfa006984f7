//! What one list gives its parameters: where each comes from, where it goes, and how far it is.

use alloc::vec::Vec;

use cuelight_wire::scene::Tempo;
use cuelight_wire::time::{Show, Span, Time};

use super::effects::Effects;
use crate::cell::{Cell, Content};
use crate::fade::{COMPLETE, Progress};
use crate::level::Level;
use crate::playback::{MAX_RUNS, Playback, Run};
use crate::rig::Rig;
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

/// One parameter's way from one end to the other. An end has a level and a weight; of what is not whole the rest is seen
/// through: other lists, or the default. The level is what the list adds, weighted already, so that a fade is straight
/// also where its weight changes: an end of weight 0 has level 0.
#[derive(Clone, Copy, Debug)]
struct Way {
    from: Cell,
    to: Cell,
    from_weight: u16,
    to_weight: u16,
    /// The run that moved it last.
    run: u8,
    pace: Pace,
}

/// The run of a parameter that none moved.
const NO_RUN: u8 = u8::MAX;
const _: () = assert!(MAX_RUNS < NO_RUN as usize);

impl Way {
    const NONE: Self =
        Self { from: Cell::NOTHING, to: Cell::NOTHING, from_weight: 0, to_weight: 0, run: NO_RUN, pace: Pace::Up };
    /// What the cue that moved it gives it.
    const fn goal(&self) -> Cell {
        if self.to_weight == 0 { Cell::NOTHING } else { self.to }
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
    progress: Vec<Progress>,
    effects: Effects,
    /// The list's clock when it was last asked.
    asked_at: Option<Span>,
    /// Working memory.
    picture: Vec<Cell>,
    used: Vec<bool>,
}

impl ListStage {
    pub(super) fn new(list: &Tracked) -> Self {
        let places = list.parameters.len();
        Self {
            ways: alloc::vec![Way::NONE; places],
            runs: Vec::with_capacity(MAX_RUNS),
            progress: Vec::with_capacity(MAX_RUNS),
            effects: Effects::default(),
            asked_at: None,
            picture: Vec::with_capacity(places),
            used: alloc::vec![false; list.effects.len()],
        }
    }

    /// Comes to where `playback` is at `at`; calls `moved` with every place whose level may be another than before. Goes
    /// on from where it was if it can, and else begins anew.
    pub(super) fn come_to(
        &mut self,
        rig: &Rig,
        list: &Tracked,
        playback: &Playback,
        tempo: &Tempo,
        at: Time<Show>,
        moved: &mut dyn FnMut(u32),
    ) {
        let begun = playback.runs.partition_point(|run| run.started_at <= at);
        let runs = &playback.runs[..begun];
        let clock = at.min(playback.paused_at.unwrap_or(at)).since(Time::ZERO) - playback.held;
        let is_continued = runs.starts_with(&self.runs) && self.asked_at.is_none_or(|asked_at| asked_at <= clock);
        if !is_continued {
            self.clear(list, moved);
        }
        if self.runs.is_empty() {
            self.effects.restart(&playback.anchors);
        }
        self.asked_at = Some(clock);
        for run in &runs[self.runs.len()..] {
            self.play(rig, list, *run, tempo, moved);
        }
        self.progress.clear();
        self.progress.extend(runs.iter().map(|run| run.timing(list).progress(playback.elapsed(run, at))));
        self.effects.draw(list, tempo, at);
    }

    fn clear(&mut self, list: &Tracked, moved: &mut dyn FnMut(u32)) {
        for (place, way) in (0..).zip(&mut self.ways) {
            if way.run != NO_RUN {
                moved(place);
            }
            *way = Way::NONE;
        }
        self.runs.clear();
        self.used.clear();
        self.used.resize(list.effects.len(), false);
    }

    /// Starts one more run.
    fn play(&mut self, rig: &Rig, list: &Tracked, run: Run, tempo: &Tempo, moved: &mut dyn FnMut(u32)) {
        // Fades that are under way go on from the levels they have now.
        self.progress.clear();
        self.progress.extend(self.runs.iter().map(|before| {
            let elapsed = run.started_at.since(before.started_at) - (run.held - before.held);
            before.timing(list).progress(elapsed)
        }));
        self.effects.draw(list, tempo, run.started_at);
        let previous = self.runs.last().and_then(|run| run.cue).and_then(|cue| list.index_of(cue));
        let index = run.cue.and_then(|cue| list.index_of(cue));
        let is_assert = index.is_some_and(|index| list.cues[index].is_assert);
        let is_step = |from: Option<usize>, to: Option<usize>| {
            to == from.map_or(Some(0), |from| from.checked_add(1)) && to.is_some()
        };
        if !is_assert && is_step(previous, index) {
            let index = index.expect("a step leads to a cue");
            for change in list.moves(index) {
                self.turn(rig, list, change.place, change.after, moved);
            }
        } else if !is_assert && is_step(index, previous) {
            let previous = previous.expect("a step back comes from a cue");
            for change in list.moves(previous) {
                self.turn(rig, list, change.place, change.before, moved);
            }
        } else if is_assert || previous != index {
            let mut picture = core::mem::take(&mut self.picture);
            list.picture(index, &mut picture);
            for (place, cell) in (0..).zip(&picture) {
                let goal = self.ways[place as usize].goal();
                if goal != *cell || (is_assert && !cell.is_nothing()) {
                    self.turn(rig, list, place, *cell, moved);
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

    /// Lets a place go to `cell` with the run that is about to be added.
    fn turn(&mut self, rig: &Rig, list: &Tracked, place: u32, cell: Cell, moved: &mut dyn FnMut(u32)) {
        let way = self.ways[place as usize];
        let parameter = &rig.parameters()[list.parameters[place as usize] as usize];
        let given = self.given_by(&way);
        // Where it rests on an effect, the effect goes on under the fade; a fade under way stops where it is.
        let (from, from_weight) =
            if self.x(&way) == COMPLETE { (way.to, way.to_weight) } else { (Cell::level(given.level), given.weight) };
        let from = if from_weight == 0 { Cell::level(Level::OFF) } else { from };
        let (to, to_weight) = if cell.is_nothing() { (Cell::level(Level::OFF), 0) } else { (cell, WHOLE) };
        let amount = |cell: Cell| match cell.content() {
            Content::Level(level) => level,
            Content::Effect { .. } => Level::FULL,
            Content::Nothing => Level::OFF,
        };
        let falls = parameter.is_intensity && amount(to) < amount(from);
        let pace = if parameter.snaps {
            Pace::Snap
        } else if falls {
            Pace::Down
        } else {
            Pace::Up
        };
        let run = self.runs.len() as u8;
        self.ways[place as usize] = Way { from, to, from_weight, to_weight, run, pace };
        moved(place);
    }

    /// Draws the effects that any place comes from or goes to, and no others.
    fn choose_effects(&mut self, list: &Tracked) {
        let newest = self.runs.len() - 1;
        let mut used = core::mem::take(&mut self.used);
        used.fill(false);
        for way in &self.ways {
            let is_under_way = usize::from(way.run) == newest || self.x(way) != COMPLETE;
            for cell in Some(way.from).filter(|_| is_under_way).into_iter().chain([way.to]) {
                if let Content::Effect { effect, .. } = cell.content() {
                    used[effect] = true;
                }
            }
        }
        self.effects.keep(list, &used);
        self.used = used;
    }

    /// What the list gives a place, as of the instant it last came to.
    pub(super) fn given(&self, place: u32) -> Given {
        self.given_by(&self.ways[place as usize])
    }

    /// How far a way is.
    fn x(&self, way: &Way) -> u16 {
        let Some(progress) = self.progress.get(usize::from(way.run)) else { return COMPLETE };
        match way.pace {
            Pace::Up => progress.up,
            Pace::Down => progress.down,
            Pace::Snap => progress.snap,
        }
    }

    fn given_by(&self, way: &Way) -> Given {
        let run = usize::from(way.run);
        if way.run == NO_RUN {
            return Given { level: Level::OFF, weight: 0, is_settled: true, run };
        }
        let x = self.x(way);
        if x == COMPLETE {
            let is_settled = !way.to.is_effect();
            return Given { level: self.level(way.to), weight: way.to_weight, is_settled, run };
        }
        let level = self.level(way.from).toward(self.level(way.to), x);
        let weight = Level(way.from_weight).toward(Level(way.to_weight), x).0;
        Given { level, weight, is_settled: false, run }
    }

    fn level(&self, cell: Cell) -> Level {
        match cell.content() {
            Content::Level(level) => level,
            Content::Effect { effect, pixel, component } => self.effects.level(effect, pixel, component),
            Content::Nothing => Level::OFF,
        }
    }
}
