//! A node's frame loop in virtual time: which frame is next, when, and what it shows.
//!
//! It makes the decisions of the output crate's frame machine with the fallback `hold`: the index rises by one from frame
//! to frame, commands are taken and the frame rendered 2 ms before its deadline by the newest map, frames overdue by more
//! than a period are skipped and counted, and a timeline that goes back by more than a second begins anew. Output happens
//! exactly at the deadline as the node's clock reads it: what a thread adds to that is measured on real machines.

use std::collections::VecDeque;

use cuelight_proto::node::FrameReport;
use cuelight_proto::sync::ClockMap;
use cuelight_render::pattern::{AtHand, Player, work_len};
use cuelight_render::{Finish, Geometry, Renderer, Schedule, Stack, pixel_hash};
use cuelight_wire::change::Change;
use cuelight_wire::ids::{PatternId, Revision};
use cuelight_wire::limits::FRAME_HZ;
use cuelight_wire::prism::Prism;
use cuelight_wire::scene::Rgb;
use cuelight_wire::time::{FrameIndex, Local, Span, Time};

/// Pixels of every node's strip: enough for effects to differ, few enough for minutes of frames in a second.
pub(crate) const PIXELS: usize = 16;
/// A frame is rendered this long before its deadline.
const RENDER_AHEAD: Span = Span::from_ms(2);
/// The time of one frame, rounded down.
const PERIOD: Span = Span::from_ns(1_000_000_000 / FRAME_HZ as i64);
/// A timeline that goes back by no more frames than this is waited for.
const LONGEST_WAIT_FRAMES: i64 = FRAME_HZ as i64;
/// Commands that wait for the next frame; when full the oldest is lost, as in the driver's backlog.
const MAX_COMMANDS: usize = 256;

/// What the driver tells the frame loop.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Change { change: Change, catch_up: bool },
    Restart,
}

/// The frame that was rendered and waits for its deadline.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rendered {
    pub(crate) index: FrameIndex,
    pub(crate) scene_rev: Revision,
    pub(crate) hash: u64,
    pub(crate) is_synced: bool,
}

/// Counts since the loop began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Frames skipped because their time had passed.
    pub(crate) missed: u64,
    /// Times the timeline moved by more than a second.
    pub(crate) steps: u64,
    /// Changes that came after their frame although the node was listening.
    pub(crate) late_changes: u64,
}

/// Pictures the nodes of a world have drawn lately. A frame is a pure function of what is in force, its index and the seed
/// (RENDER-1), so a node that is to draw what another has just drawn need not. Holds the last [`GALLERY`] pictures.
#[derive(Debug, Default)]
pub(crate) struct Gallery(VecDeque<Picture>);

/// Frames of one index are drawn within milliseconds of one another, by nodes of a few companies.
const GALLERY: usize = 8;

#[derive(Debug)]
struct Picture {
    index: FrameIndex,
    seed: u32,
    stack: Stack,
    scene_rev: Revision,
    hash: u64,
}

#[derive(Debug)]
pub(crate) struct FrameLoop {
    seed: u32,
    map: ClockMap,
    commands: VecDeque<Command>,
    last: Option<FrameIndex>,
    planned_at: Option<Time<Local>>,
    schedule: Schedule,
    hub: Stack,
    /// What is shown in place of `hub` until the first layer after a restart.
    stale: Option<Stack>,
    renderer: Box<Renderer<PIXELS>>,
    patterns: Vec<Player<Vec<u8>, Vec<u8>>>,
    pub(crate) rendered: Rendered,
    pub(crate) counts: Counts,
    outputs: u32,
}

impl FrameLoop {
    pub(crate) fn new(seed: u32, finish: Finish) -> Self {
        let geometry = Geometry::strip(PIXELS as u16);
        let renderer = Renderer::new(geometry, finish, seed).expect("the geometry has the renderer's pixels");
        Self {
            seed,
            map: ClockMap::UNKNOWN,
            commands: VecDeque::new(),
            last: None,
            planned_at: None,
            schedule: Schedule::new(),
            hub: Stack::new(),
            stale: None,
            renderer: Box::new(renderer),
            patterns: Vec::new(),
            rendered: Rendered::default(),
            counts: Counts::default(),
            outputs: 0,
        }
    }

    /// The pattern is at hand from the next frame on. Panics when the file is no pattern: worlds play good ones.
    pub(crate) fn give_pattern(&mut self, id: PatternId, file: Vec<u8>) {
        let prism = Prism::read(&file).unwrap_or_else(|bad| panic!("pattern {id}: {bad}"));
        let work = vec![0; work_len(prism.facts())];
        self.patterns.push(Player::new(id, file, work).unwrap_or_else(|bad| panic!("pattern {id}: {bad}")));
    }
    pub(crate) fn set_clock(&mut self, map: ClockMap) {
        self.map = map;
    }
    pub(crate) fn command(&mut self, command: Command) {
        if self.commands.len() == MAX_COMMANDS {
            self.commands.pop_front();
        }
        self.commands.push_back(command);
    }

    /// The next frame, and when to wake for it.
    pub(crate) fn plan(&mut self, now: Time<Local>) -> (FrameIndex, Time<Local>) {
        let show_now = self.map.show_at(now);
        let first = FrameIndex::first_at_or_after(show_now + RENDER_AHEAD);
        let index = match self.last {
            None => first,
            Some(last) => {
                let (next, here) = (last.next(), FrameIndex::first_at_or_after(show_now));
                if here.0 > next.0 + 1 {
                    self.count_skipped(here.0 - next.0, now);
                    here
                } else if next.0 - here.0 > LONGEST_WAIT_FRAMES {
                    self.counts.steps += 1;
                    first
                } else {
                    next
                }
            }
        };
        self.last = Some(FrameIndex(index.0 - 1));
        self.planned_at = Some(now);
        (index, self.due_at(index) - RENDER_AHEAD)
    }
    pub(crate) fn due_at(&self, index: FrameIndex) -> Time<Local> {
        self.map.local_at(index.show_at())
    }
    /// Whether it is time to render the planned frame; else it is to be planned again.
    pub(crate) fn is_current(&self, index: FrameIndex, now: Time<Local>) -> bool {
        let left = self.due_at(index) - now;
        left <= RENDER_AHEAD + Span::from_ns(PERIOD.as_ns() / 2) && left >= -PERIOD
    }
    /// Takes the commands, applies what is due, renders, unless the gallery has the picture.
    pub(crate) fn render(&mut self, index: FrameIndex, gallery: Option<&mut Gallery>) {
        while let Some(command) = self.commands.pop_front() {
            self.take(command, index);
        }
        self.schedule.apply_due(&mut self.hub, index.show_at());
        if !self.hub.layers().is_empty() {
            self.stale = None;
        }
        let is_synced = self.map.state.is_usable();
        let (scene_rev, hash) = match gallery {
            None => self.draw(index),
            Some(Gallery(pictures)) => {
                let (seed, stack) = (self.seed, self.stale.as_ref().unwrap_or(&self.hub));
                let is_it = |p: &&Picture| p.index == index && p.seed == seed && p.stack == *stack;
                match pictures.iter().find(is_it) {
                    Some(picture) => (picture.scene_rev, picture.hash),
                    None => {
                        let stack = stack.clone();
                        let (scene_rev, hash) = self.draw(index);
                        pictures.truncate(GALLERY - 1);
                        pictures.push_front(Picture { index, seed, stack, scene_rev, hash });
                        (scene_rev, hash)
                    }
                }
            }
        };
        self.rendered = Rendered { index, scene_rev, hash, is_synced };
    }
    fn draw(&mut self, index: FrameIndex) -> (Revision, u64) {
        let mut pixels = [Rgb::BLACK; PIXELS];
        let stack = self.stale.as_ref().unwrap_or(&self.hub);
        let facts = self.renderer.render_with(&mut AtHand(&mut self.patterns), stack, index, &mut pixels);
        (facts.scene_rev, pixel_hash(&pixels))
    }
    /// The rendered frame has gone out. Once a second the answer is a report.
    pub(crate) fn handle_output(&mut self) -> Option<FrameReport> {
        self.last = Some(self.rendered.index);
        self.outputs = (self.outputs + 1) % FRAME_HZ;
        (self.outputs == 0).then(|| FrameReport {
            fps: FRAME_HZ as f32,
            output_late: Span::ZERO,
            frames_missed: u32::try_from(self.counts.missed).unwrap_or(u32::MAX),
            late: u32::try_from(self.counts.late_changes).unwrap_or(u32::MAX),
        })
    }

    fn take(&mut self, command: Command, next: FrameIndex) {
        match command {
            Command::Change { change, catch_up } => {
                let own = FrameIndex::first_at_or_after(change.at());
                self.counts.late_changes += u64::from(!catch_up && self.map.state.is_usable() && own < next);
                self.schedule.insert(change, next.show_at());
            }
            Command::Restart => {
                self.schedule.clear();
                let before = std::mem::take(&mut self.hub);
                if !before.layers().is_empty() {
                    self.stale = Some(before);
                }
            }
        }
    }
    /// Frames whose time passed while the loop waited were missed; where the timeline itself went ahead by more than a
    /// second, nothing was.
    fn count_skipped(&mut self, frames: i64, now: Time<Local>) {
        let waited = self.planned_at.map_or(Span::ZERO, |planned_at| now - planned_at);
        if frames - waited.as_ns() / PERIOD.as_ns() > LONGEST_WAIT_FRAMES {
            self.counts.steps += 1;
        } else {
            self.counts.missed += frames.unsigned_abs();
        }
    }
}
