//! The stage: a score and playbacks at an instant, as levels and slots.
//!
//! What comes out depends on score, playbacks, master, tempo and instant alone. The stage remembers the last answer only to
//! be quick: from one instant to the next it touches what moves, and it asks for memory only when it is given
//! playbacks with more lists than before.
//!
//! Lists merge in each parameter: intensities highest first, everything else by the list that moved it last. What a list
//! gives while it fades in or out has less than full weight; as much of what is below is seen through it. Then the grand
//! master scales intensities, and blackout takes them away.

mod blocks;
mod effects;
mod list;
mod moving;
mod speakers;

use alloc::vec::Vec;

use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show, Time};

use crate::drive::Drive;
use crate::fixture::Address;
use crate::level::Level;
use crate::list::{ListNumber, MAX_LISTS};
use crate::playback::{Playback, Playbacks};
use crate::rig::Rig;
use crate::score::Score;
use crate::universes::Universes;
use crate::why::{Claim, Reason, Why};

use blocks::Blocks;
pub use effects::MAX_ACTIVE_EFFECTS;
use list::ListStage;
use moving::Moving;
use speakers::{Speaker, Speakers, Spoken};

/// Works out the levels of one score.
#[derive(Debug)]
pub struct Stage {
    revision: u64,
    lists: Vec<ListStage>,
    speakers: Speakers,
    blocks: Blocks,
    /// Parameters whose slots may not be right any more.
    moving: Moving,
    /// Those that the master scales.
    intensities: Moving,
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
        let rig = score.rig();
        let mut intensities = Moving::none(rig.len());
        (0..).zip(rig.drives()).filter(|(_, drive)| drive.is_intensity()).for_each(|(index, _)| intensities.add(index));
        let speakers = Speakers::new(score);
        Self {
            revision: score.revision(),
            lists: score.lists().iter().take(MAX_LISTS).map(|list| ListStage::new(rig, list)).collect(),
            blocks: Blocks::new(score, &speakers),
            speakers,
            moving: Moving::all(rig.len()),
            intensities,
            playbacks: Playbacks::default(),
            given: Playbacks::default(),
            asked_at: None,
            master: None,
            universes: Universes::dark(rig.universes()),
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
        if self.revision != score.revision() || self.moving.len() != score.rig().len() {
            *self = Self::new(score);
        }
        self.follow(score, playbacks, at);
        self.dim(master);
        self.come_to(score, tempo, at);
        let Self { lists, speakers, blocks, moving, universes, .. } = self;
        let rig = score.rig();
        let is_plain = master.level == u8::MAX && !master.blackout;
        moving.retain(
            universes.picture_mut(),
            |picture, block| {
                let block = blocks.get(block).filter(|block| is_plain || !block.is_intensity)?;
                lists[usize::from(block.list)].write_block(block.place, picture.get_mut(block.slots())?)
            },
            |picture, index| {
                let (level, is_settled) = merged(lists, speakers.of(index), rig, index);
                rig.write(index, dimmed(level, rig.drives()[index], master), picture);
                !is_settled
            },
        );
        &self.universes
    }

    /// Why a slot is as it is, at the instant that was asked for last. Nothing for a slot that no parameter drives.
    pub fn why(&self, score: &Score, master: &Master, address: Address) -> Option<Why> {
        let index = score.rig().driver(address)?;
        let index = index as usize;
        let (drive, default) = (score.rig().drives()[index], score.rig().default(index));
        let is_intensity = drive.is_intensity();
        let mut claims = Vec::new();
        let (merged, _) = merged(&self.lists, self.speakers.of(index), score.rig(), index);
        for speaker in self.speakers.of(index).iter() {
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
        if is_intensity {
            claims.sort_by_key(|claim| (over(default, claim.level, claim.weight), order(claim)));
        } else {
            claims.sort_by_key(order);
        }
        claims.reverse();
        let reason = if claims.is_empty() {
            Reason::Default
        } else if is_intensity {
            Reason::Highest
        } else {
            Reason::Latest
        };
        let (level, target) = (dimmed(merged, drive, master), score.rig().parameters()[index].target);
        Some(Why { target, reason, claims, merged, level, is_intensity })
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
    fn dim(&mut self, master: &Master) {
        let now = (master.level, master.blackout);
        if self.master.replace(now) != Some(now) {
            self.moving.add_all(&self.intensities);
        }
    }

    fn come_to(&mut self, score: &Score, tempo: &Tempo, at: Time<Show>) {
        let Self { lists, moving, playbacks, .. } = self;
        for (stage, tracked) in lists.iter_mut().zip(score.lists()) {
            match playbacks.list(tracked.number) {
                Some(playback) => stage.come_to(tracked, playback, tempo, at, moving),
                None if stage.runs.is_empty() => {}
                None => stage.come_to(tracked, &Playback::new(tracked.number), tempo, at, moving),
            }
        }
    }
}

/// A level under the master.
#[inline]
fn dimmed(level: Level, drive: Drive, master: &Master) -> Level {
    match (drive.is_intensity(), master.blackout) {
        (false, _) => level,
        (true, true) => Level::OFF,
        // Full scales nothing, and is what it nearly always is.
        (true, false) if master.level == u8::MAX => level,
        (true, false) => level.scaled(Level::from_byte(master.level)),
    }
}

/// What is seen of `below` and `level` together. A list never adds more than it hides, so the sum is at most full.
#[inline]
fn over(below: Level, level: Level, weight: u16) -> Level {
    if weight == u16::MAX || below == Level::OFF {
        return level;
    }
    Level(below.scaled(Level(u16::MAX - weight)).0.saturating_add(level.0))
}

/// What the lists together give a parameter, and whether that stays.
#[inline]
fn merged(lists: &[ListStage], spoken: Spoken<'_>, rig: &Rig, index: usize) -> (Level, bool) {
    match spoken {
        Spoken::By(speaker) => {
            let given = lists[usize::from(speaker.list)].given(speaker.place);
            (over(rig.default(index), given.level, given.weight), given.is_settled)
        }
        Spoken::ByAll(speakers) => merged_of(lists, speakers, rig, index),
    }
}

/// What none or several lists give a parameter, and whether that stays.
#[inline(never)]
fn merged_of(lists: &[ListStage], speakers: &[Speaker], rig: &Rig, index: usize) -> (Level, bool) {
    let default = rig.default(index);
    let mut is_settled = true;
    if rig.drives()[index].is_intensity() {
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
