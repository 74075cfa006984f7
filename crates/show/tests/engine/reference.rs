//! A second engine: every level from the show as it was written, cue by cue, run by run, remembering nothing.

use std::collections::HashMap;

use cuelight_render::{Finish, Geometry, Renderer, Stack};
use cuelight_show::cue::{Drives, EffectContent};
use cuelight_show::{Address, Cue, CueList, CueNumber, Level, Playback, Run, Show, Target, Timing, Value};
use cuelight_wire::change::Change;
use cuelight_wire::ids::Revision;
use cuelight_wire::scene::{Layer, Master, Rgb, Tempo};
use cuelight_wire::time::{FrameIndex, Show as ShowClock, Time};

type At = Time<ShowClock>;

/// What a cue gives a target.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goal {
    Level(u16),
    /// Which effect of which cue, which pixel, which attribute.
    Effect(CueNumber, usize, usize, usize),
}

/// Red, green, blue, cyan, magenta, yellow, dimmer.
const DRIVEN: [&str; 7] =
    ["ColorAdd_R", "ColorAdd_G", "ColorAdd_B", "ColorSub_C", "ColorSub_M", "ColorSub_Y", "Dimmer"];

/// Where a target comes from or goes to: what the list adds, and how much of what is below it hides.
#[derive(Clone, Copy, Debug)]
struct End {
    goal: Goal,
    weight: u16,
}

pub(crate) struct Reference<'a> {
    pub(crate) show: &'a Show,
    pub(crate) playbacks: &'a [Playback],
    pub(crate) master: Master,
}

impl Reference<'_> {
    /// Every slot that anything drives.
    pub(crate) fn slots(&self, at: At) -> HashMap<Address, u8> {
        let mut slots = HashMap::new();
        for fixture in &self.show.fixtures {
            let mode = self.show.mode_of(fixture).unwrap();
            for channel in &mode.channels {
                let attribute = self.show.attributes().id(&channel.attribute).unwrap();
                let target = Target::Fixture { fixture: fixture.number, cell: channel.cell, attribute };
                let level =
                    self.level(target, at, channel.default.0, channel.is_intensity, channel.snaps).to_be_bytes();
                for (i, offset) in channel.offsets.iter().enumerate() {
                    let base = fixture.addresses[0];
                    slots.insert(Address::new(base.universe, base.slot + offset - 1).unwrap(), level[i]);
                }
            }
        }
        let cues = self.show.lists.iter().flat_map(|list| list.cues());
        for target in cues.flat_map(|cue| &cue.look.instructions).map(|i| i.target) {
            if let Target::Slot(address) = target {
                slots.entry(address).or_insert_with(|| self.level(target, at, 0, true, false).to_be_bytes()[0]);
            }
        }
        slots
    }

    fn level(&self, target: Target, at: At, default: u16, is_intensity: bool, snaps: bool) -> u16 {
        let mut claims = Vec::new();
        for playback in self.playbacks {
            let list = self.show.list(playback.list).unwrap();
            let runs = playback.runs.iter().filter(|run| run.started_at <= at).count();
            let one = List { show: self.show, list, playback, target, is_intensity, snaps };
            let given = one.given(runs, Moment::Now(at)).filter(|(_, _, weight)| *weight > 0);
            claims.extend(given.map(|(run, level, weight)| (playback.runs[run].started_at, level, weight)));
        }
        if !is_intensity {
            claims.sort_by_key(|claim| claim.0);
            return claims.into_iter().fold(default, |below, (_, level, weight)| mix(below, 0, weight) + level);
        }
        let level =
            claims.into_iter().map(|(_, level, weight)| mix(default, 0, weight) + level).max().unwrap_or(default);
        if self.master.blackout { 0 } else { mix(0, level, u16::from(self.master.level) * 257) }
    }
}

/// On the way from `a` to `b`, to the nearest.
fn mix(a: u16, b: u16, x: u16) -> u16 {
    let (a, b, x) = (i128::from(a), i128::from(b), i128::from(x));
    ((2 * (a * 65_535 + (b - a) * x) + 65_535) / (2 * 65_535)) as u16
}

/// An instant of a list: that of the question, or the one at which a run began.
#[derive(Clone, Copy)]
enum Moment {
    Now(At),
    Start(usize),
}

/// One list and one target.
struct List<'a> {
    show: &'a Show,
    list: &'a CueList,
    playback: &'a Playback,
    target: Target,
    is_intensity: bool,
    snaps: bool,
}

impl List<'_> {
    fn run(&self, run: usize) -> &Run {
        &self.playback.runs[run]
    }
    fn cue(&self, run: usize) -> Option<&Cue> {
        self.list.cue(self.run(run).cue?)
    }
    fn timing(&self, run: usize) -> Timing {
        let own = self.cue(run).map(|cue| cue.timing).unwrap_or_default();
        match self.run(run).fade_ms {
            Some(fade_ms) => Timing::even(fade_ms, own.curve),
            None => own,
        }
    }
    fn show_at(&self, moment: Moment) -> At {
        match moment {
            Moment::Now(at) => at,
            Moment::Start(run) => self.run(run).started_at,
        }
    }

    /// What a cue itself says for the target.
    fn said(&self, cue: &Cue) -> Option<Option<Goal>> {
        match cue.look.get(self.target) {
            Some(Value::Level(level)) => return Some(Some(Goal::Level(level.0))),
            Some(Value::Release) => return Some(None),
            None => {}
        }
        let Target::Fixture { fixture, attribute, .. } = self.target else { return None };
        let name = self.show.attributes().name(attribute);
        for (index, effect) in cue.look.effects.iter().enumerate().rev() {
            let driven = DRIVEN.iter().position(|driven| *driven == name).filter(|driven| match effect.drives {
                Drives::Color => *driven < 6,
                Drives::Intensity => *driven == 6,
                Drives::Both => true,
            });
            let pixel = self.show.group(&effect.group)?.fixtures.iter().position(|member| *member == fixture);
            if let (Some(driven), Some(pixel)) = (driven, pixel) {
                return Some(Some(Goal::Effect(cue.number, index, pixel, driven)));
            }
        }
        None
    }
    /// What the target has in the cue of a run.
    fn goal(&self, run: usize) -> Option<Goal> {
        let number = self.run(run).cue?;
        let (mut shown, mut tracked) = (None, None);
        for cue in self.list.cues().iter().take_while(|cue| cue.number <= number) {
            shown = match self.said(cue) {
                Some(said) => said,
                None if cue.is_block => None,
                None => tracked,
            };
            if !cue.is_cue_only {
                tracked = shown;
            }
        }
        shown
    }
    fn moves(&self, run: usize) -> bool {
        let goal = self.goal(run);
        let before = run.checked_sub(1).and_then(|before| self.goal(before));
        goal != before || (goal.is_some() && self.cue(run).is_some_and(|cue| cue.is_assert))
    }

    /// The run that moved the target last of the first `runs`, and level and weight at a moment.
    fn given(&self, runs: usize, moment: Moment) -> Option<(usize, u16, u16)> {
        let run = (0..runs).rev().find(|run| self.moves(*run))?;
        let (from, to) = self.ends(run);
        let x = self.x(run, from, to, moment);
        if x == 65_535 {
            return Some((run, self.value(to.goal, runs, moment), to.weight));
        }
        let level = mix(self.value(from.goal, runs, moment), self.value(to.goal, runs, moment), x);
        Some((run, level, mix(from.weight, to.weight, x)))
    }
    fn x(&self, run: usize, from: End, to: End, moment: Moment) -> u16 {
        let elapsed = match moment {
            Moment::Now(at) => self.playback.elapsed(self.run(run), at),
            Moment::Start(later) => {
                let (run, later) = (self.run(run), self.run(later));
                later.started_at.since(run.started_at) - (later.held - run.held)
            }
        };
        let progress = self.timing(run).progress(elapsed);
        let amount = |end: End| match end.goal {
            Goal::Level(level) => level,
            Goal::Effect(..) => u16::MAX,
        };
        if self.snaps {
            progress.snap
        } else if self.is_intensity && amount(to) < amount(from) {
            progress.down
        } else {
            progress.up
        }
    }
    /// The ends of a target's way in a run that moves it.
    fn ends(&self, run: usize) -> (End, End) {
        let goal = self.goal(run);
        let before = (0..run).rev().find(|before| self.moves(*before)).and_then(|before| {
            let (from, to) = self.ends(before);
            let moment = Moment::Start(run);
            if self.x(before, from, to, moment) == 65_535 {
                return Some(to);
            }
            self.given(run, moment).map(|(_, level, weight)| End { goal: Goal::Level(level), weight })
        });
        let nothing = End { goal: Goal::Level(0), weight: 0 };
        (before.unwrap_or(nothing), goal.map_or(nothing, |goal| End { goal, weight: 65_535 }))
    }

    fn value(&self, goal: Goal, runs: usize, moment: Moment) -> u16 {
        let (cue, index, pixel, driven) = match goal {
            Goal::Level(level) => return level,
            Goal::Effect(cue, index, pixel, driven) => (cue, index, pixel, driven),
        };
        let effect = &self.list.cue(cue).unwrap().look.effects[index];
        let rgb = picture(self.show, effect, self.began_at(cue, runs), self.show_at(moment))[pixel];
        u16::from(match driven {
            0 => rgb.r,
            1 => rgb.g,
            2 => rgb.b,
            3 => 255 - rgb.r,
            4 => 255 - rgb.g,
            5 => 255 - rgb.b,
            _ => rgb.r.max(rgb.g).max(rgb.b),
        }) * 257
    }
    /// From when the effects of a cue count after so many runs.
    fn began_at(&self, cue: CueNumber, runs: usize) -> At {
        let mut began = self.playback.anchors.iter().find(|anchor| anchor.cue == cue).map(|anchor| anchor.at);
        for run in &self.playback.runs[..runs] {
            let Some(started) = run.cue else { continue };
            if started == cue || (started > cue && began.is_none()) {
                began = Some(run.started_at);
            }
        }
        began.unwrap_or(Time::ZERO)
    }
}

fn picture(show: &Show, effect: &EffectContent, began_at: At, at: At) -> Vec<Rgb> {
    let pixels = show.group(&effect.group).unwrap().fixtures.len();
    let mut renderer = Renderer::<64>::new(Geometry::strip(pixels as u16), Finish::PLAIN, 0).unwrap();
    let (scene, rev) = (effect.scene.clone(), Revision(1));
    let layer = Layer { rev, at: began_at, fade_ms: 0, scene, phase: 0, zone_phases: [0; 4] };
    let mut stack = Stack::of(layer);
    stack.apply(Change::Tempo(Tempo::DEFAULT), at);
    let mut frame = FrameIndex::first_at_or_after(at);
    while frame.show_at() > at {
        frame = FrameIndex(frame.0 - 1);
    }
    let mut out = vec![Rgb::BLACK; pixels];
    renderer.render(&stack, frame, &mut out);
    out
}

#[test]
fn the_reference_mixes_as_the_engine_does() {
    for (a, b, x) in [(0, 65_535, 1), (65_535, 0, 32_768), (3, 9, 40_000), (60_000, 59_999, 32_767)] {
        assert_eq!(mix(a, b, x), Level(a).toward(Level(b), x).0);
    }
}
