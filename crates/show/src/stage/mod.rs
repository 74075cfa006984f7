//! The stage: a score and playbacks at an instant, as levels and slots.
//!
//! What comes out depends on score, playbacks, master, tempo and instant alone. The stage remembers the last answer only to
//! be quick: from one instant to the next it touches what moves, and it allocates nothing unless a cue with effects starts.
//!
//! Lists merge in each parameter: intensities highest first, everything else by the list that moved it last. What a list
//! gives while it fades in or out has less than full weight; as much of what is below is seen through it. Then the grand
//! master scales intensities, and blackout takes them away.

mod effects;
mod list;

use alloc::vec;
use alloc::vec::Vec;

use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show, Time};

use crate::fixture::Address;
use crate::level::Level;
use crate::list::{ListNumber, MAX_LISTS};
use crate::playback::Playbacks;
use crate::rig::{Parameter, ParameterIndex};
use crate::score::Score;
use crate::universes::Universes;
use crate::why::{Claim, Reason, Why};

pub use effects::MAX_ACTIVE_EFFECTS;
use list::ListStage;

/// A list that speaks of a parameter.
#[derive(Clone, Copy, Debug)]
struct Speaker {
    list: u16,
    place: u32,
}

/// Works out the levels of one score.
#[derive(Debug)]
pub struct Stage {
    revision: u64,
    lists: Vec<ListStage>,
    /// The lists that speak of each parameter: those of parameter p lie from `begins[p]` to `begins[p + 1]`.
    begins: Vec<u32>,
    speakers: Vec<Speaker>,
    /// Parameters whose slots may not be right any more.
    moving: Vec<ParameterIndex>,
    is_moving: Vec<bool>,
    playbacks: Playbacks,
    /// `playbacks` as they were given, before what followed by itself.
    given: Playbacks,
    asked_at: Option<Time<Show>>,
    /// What the slots were made with.
    master: Option<(u8, bool)>,
    universes: Universes,
}

impl Stage {
    /// A stage for `score`, everything at its default.
    pub fn new(score: &Score) -> Self {
        let parameters = score.rig().len();
        let mut begins = vec![0_u32; parameters + 1];
        let named = || score.lists().iter().take(MAX_LISTS).flat_map(|list| &list.parameters);
        named().for_each(|parameter| begins[*parameter as usize + 1] += 1);
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut speakers = vec![Speaker { list: 0, place: 0 }; named().count()];
        let mut ends = begins.clone();
        for (index, list) in (0..).zip(score.lists().iter().take(MAX_LISTS)) {
            for (place, parameter) in (0..).zip(&list.parameters) {
                let end = &mut ends[*parameter as usize];
                speakers[*end as usize] = Speaker { list: index, place };
                *end += 1;
            }
        }
        Self {
            revision: score.revision(),
            lists: score.lists().iter().take(MAX_LISTS).map(ListStage::new).collect(),
            begins,
            speakers,
            moving: (0..parameters as u32).collect(),
            is_moving: vec![true; parameters],
            playbacks: Playbacks::default(),
            given: Playbacks::default(),
            asked_at: None,
            master: None,
            universes: Universes::dark(score.rig().universes()),
        }
    }

    /// The slots at `at`. `score` is the one the stage was made for, as it is now; `playbacks`, `master` and `tempo` are
    /// those that hold at `at`.
    pub fn levels(
        &mut self,
        score: &Score,
        playbacks: &Playbacks,
        master: &Master,
        tempo: &Tempo,
        at: Time<Show>,
    ) -> &Universes {
        if self.revision != score.revision() || self.is_moving.len() != score.rig().len() {
            *self = Self::new(score);
        }
        self.follow(score, playbacks, at);
        self.dim(score, master);
        self.come_to(score, tempo, at);
        let Self { lists, begins, speakers, moving, is_moving, playbacks: _, universes, .. } = self;
        let (parameters, picture) = (score.rig().parameters(), universes.picture_mut());
        moving.retain(|index| {
            let at = *index as usize;
            let parameter = &parameters[at];
            let speakers = &speakers[begins[at] as usize..begins[at + 1] as usize];
            let (level, is_settled) = merged(lists, speakers, parameter);
            parameter.write(dimmed(level, parameter, master), picture);
            is_moving[at] = !is_settled;
            !is_settled
        });
        &self.universes
    }

    /// Why a slot is as it is, at the instant that was asked for last. Nothing for a slot that no parameter drives.
    pub fn why(&self, score: &Score, master: &Master, address: Address) -> Option<Why> {
        let index = score.rig().driver(address)?;
        let parameter = &score.rig().parameters()[index as usize];
        let speakers = &self.speakers[self.begins[index as usize] as usize..self.begins[index as usize + 1] as usize];
        let mut claims = Vec::new();
        let (merged, _) = merged(&self.lists, speakers, parameter);
        for speaker in speakers {
            let (stage, list) = (&self.lists[usize::from(speaker.list)], &score.lists()[usize::from(speaker.list)]);
            let given = stage.given(speaker.place);
            let Some(run) = stage.runs.get(given.run).filter(|_| given.weight > 0) else { continue };
            let current = stage.runs.last().and_then(|run| run.cue);
            let cue = run.cue.and_then(|cue| list.index_of(cue)).and_then(|at| list.source(at, speaker.place));
            claims.push(Claim {
                list: list.number,
                cue: cue.or(run.cue),
                current,
                since: run.started_at,
                level: given.level,
                weight: given.weight,
                is_fading: !given.is_settled,
            });
        }
        let order = |claim: &Claim| (claim.since, claim.list);
        if parameter.is_intensity {
            claims.sort_by_key(|claim| (over(parameter.default, claim.level, claim.weight), order(claim)));
        } else {
            claims.sort_by_key(order);
        }
        claims.reverse();
        let reason = if claims.is_empty() {
            Reason::Default
        } else if parameter.is_intensity {
            Reason::Highest
        } else {
            Reason::Latest
        };
        let level = dimmed(merged, parameter, master);
        Some(Why { target: parameter.target, reason, claims, merged, level, is_intensity: parameter.is_intensity })
    }

    /// Which cue each list is in at the instant that was asked for last, lists that do nothing left out.
    pub fn playbacks(&self) -> &Playbacks {
        &self.playbacks
    }

    /// Takes over what the lists do, and starts what follows by itself.
    fn follow(&mut self, score: &Score, playbacks: &Playbacks, at: Time<Show>) {
        // What followed by itself after `at` has not followed yet.
        let is_back = self.asked_at.is_some_and(|asked_at| asked_at > at);
        if is_back || self.given != *playbacks {
            self.given.copy_from(playbacks);
            self.playbacks.copy_from(playbacks);
        }
        self.playbacks.advance(score, at);
        self.asked_at = Some(at);
    }

    /// Takes over the master: when it changes, every intensity does.
    fn dim(&mut self, score: &Score, master: &Master) {
        let now = (master.level, master.blackout);
        if self.master.replace(now) == Some(now) {
            return;
        }
        for (index, parameter) in (0..).zip(score.rig().parameters()) {
            if parameter.is_intensity && !self.is_moving[index as usize] {
                self.is_moving[index as usize] = true;
                self.moving.push(index);
            }
        }
    }

    fn come_to(&mut self, score: &Score, tempo: &Tempo, at: Time<Show>) {
        let Self { lists, moving, is_moving, playbacks, .. } = self;
        for (stage, tracked) in lists.iter_mut().zip(score.lists()) {
            let Some(playback) = playbacks.list(tracked.number) else {
                if !stage.runs.is_empty() {
                    let nothing = crate::playback::Playback::new(tracked.number);
                    let mut moved = |place: u32| mark(tracked.parameters[place as usize], moving, is_moving);
                    stage.come_to(score.rig(), tracked, &nothing, tempo, at, &mut moved);
                }
                continue;
            };
            let mut moved = |place: u32| mark(tracked.parameters[place as usize], moving, is_moving);
            stage.come_to(score.rig(), tracked, playback, tempo, at, &mut moved);
        }
    }
}

fn mark(index: ParameterIndex, moving: &mut Vec<ParameterIndex>, is_moving: &mut [bool]) {
    if !core::mem::replace(&mut is_moving[index as usize], true) {
        moving.push(index);
    }
}

/// A level under the master.
fn dimmed(level: Level, parameter: &Parameter, master: &Master) -> Level {
    match (parameter.is_intensity, master.blackout) {
        (false, _) => level,
        (true, true) => Level::OFF,
        (true, false) => level.scaled(Level::from_byte(master.level)),
    }
}

/// What is seen of `below` and `level` together. A list never adds more than it hides, so the sum is at most full.
fn over(below: Level, level: Level, weight: u16) -> Level {
    Level(below.scaled(Level(u16::MAX - weight)).0.saturating_add(level.0))
}

/// What the lists together give a parameter, and whether that stays.
fn merged(lists: &[ListStage], speakers: &[Speaker], parameter: &Parameter) -> (Level, bool) {
    let default = parameter.default;
    if let [speaker] = speakers {
        let given = lists[usize::from(speaker.list)].given(speaker.place);
        return (over(default, given.level, given.weight), given.is_settled);
    }
    let mut is_settled = true;
    if parameter.is_intensity {
        let mut highest = None;
        for speaker in speakers {
            let given = lists[usize::from(speaker.list)].given(speaker.place);
            is_settled &= given.is_settled;
            if given.weight > 0 {
                highest = highest.max(Some(over(default, given.level, given.weight)));
            }
        }
        return (highest.unwrap_or(default), is_settled);
    }
    // The earliest first, so that the latest lies on top; of two moved at one instant the higher list.
    let mut order: [(Time<Show>, Level, u16); MAX_LISTS] = [(Time::ZERO, Level::OFF, 0); MAX_LISTS];
    let mut count = 0;
    for speaker in speakers {
        let stage = &lists[usize::from(speaker.list)];
        let given = stage.given(speaker.place);
        is_settled &= given.is_settled;
        let Some(run) = stage.runs.get(given.run).filter(|_| given.weight > 0) else { continue };
        let at = order[..count].partition_point(|(since, _, _)| *since <= run.started_at);
        order[at..=count].rotate_right(1);
        order[at] = (run.started_at, given.level, given.weight);
        count += 1;
    }
    (order[..count].iter().fold(default, |below, (_, level, weight)| over(below, *level, *weight)), is_settled)
}

/// The number of a list that a stage knows, for those that show what it does.
impl Stage {
    /// The cue a list is in at the instant that was asked for last.
    pub fn current(&self, list: ListNumber) -> Option<crate::number::CueNumber> {
        self.playbacks.list(list)?.current()
    }
}
