//! A node's frames where something changes: the decisions of the world's frame loop, for the frames that matter.
//!
//! Frames follow one another without gaps, so the frame that is next at an instant is known: the first whose rendering, 2 ms
//! before its deadline, is ahead. A change comes into force in its own frame, or in that one if its own is past.

use cuelight_proto::sync::ClockMap;
use cuelight_render::{Finish, Geometry, Renderer, Schedule, Stack, pixel_hash};
use cuelight_wire::change::Change;
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::{FRAME_HZ, SCHEDULE_CAPACITY};
use cuelight_wire::scene::Rgb;
use cuelight_wire::time::{FrameIndex, Local, Span, Time};

const PIXELS: usize = 16;
/// A frame is rendered this long before its deadline.
const RENDER_AHEAD: Span = Span::from_ms(2);
/// The time of one frame, rounded down.
const PERIOD: Span = Span::from_ns(1_000_000_000 / FRAME_HZ as i64);
/// The renderer's randomness: all nodes are to look alike.
const SEED: u32 = 7;

/// What draws for all nodes of a lane; they show the same, so most pictures are there already.
#[derive(Debug)]
pub(super) struct Easel {
    renderer: Box<Renderer<PIXELS>>,
    last: Option<(FrameIndex, Stack, u64)>,
}

impl Easel {
    pub(super) fn new() -> Self {
        let renderer = Renderer::new(Geometry::strip(PIXELS as u16), Finish::DEFAULT, SEED);
        Self { renderer: Box::new(renderer.expect("the geometry has the renderer's pixels")), last: None }
    }
    /// The hash of the frame's pixels, a pure function of frame and stack (RENDER-1).
    fn hash(&mut self, index: FrameIndex, stack: &Stack) -> u64 {
        if let Some((of, shown, hash)) = &self.last
            && *of == index
            && shown == stack
        {
            return *hash;
        }
        let mut pixels = [Rgb::BLACK; PIXELS];
        self.renderer.render(stack, index, &mut pixels);
        let hash = pixel_hash(&pixels);
        self.last = Some((index, stack.clone(), hash));
        hash
    }
}

/// A layer that is to come into force, with its own frame.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    rev: Revision,
    own: FrameIndex,
    /// What a node gets that was not listening is late by nature.
    catch_up: bool,
}

/// One node's frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    schedule: Schedule,
    stack: Stack,
    /// The last that was rendered.
    last: Option<FrameIndex>,
    /// One that is looked at whether something changes in it or not.
    wanted: Option<FrameIndex>,
    /// At most as many as the schedule holds.
    awaited: Vec<Awaited>,
}

/// A change that came into force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applied {
    pub(super) own: FrameIndex,
    pub(super) catch_up: bool,
}

impl Frames {
    /// Everything in force comes again.
    pub(super) fn restart(&mut self) {
        self.schedule.clear();
        self.stack = Stack::new();
        self.awaited.clear();
        self.last = None;
    }
    /// This frame is wanted, or the next there is.
    pub(super) fn want(&mut self, index: FrameIndex) {
        self.wanted = Some(index);
    }
    pub(super) fn insert(&mut self, change: Change, catch_up: bool, map: &ClockMap, now: Time<Local>) {
        let next = self.next(map, now);
        if let Change::Layer(layer) = &change
            && self.awaited.len() < SCHEDULE_CAPACITY
        {
            self.awaited.push(Awaited { rev: layer.rev, own: FrameIndex::first_at_or_after(layer.at), catch_up });
        }
        self.schedule.insert(change, next.show_at());
    }
    /// The next frame that matters, and when it is to be rendered.
    pub(super) fn plan(&self, map: &ClockMap, now: Time<Local>) -> Option<(FrameIndex, Time<Local>)> {
        let own = self.schedule.next_at().map(FrameIndex::first_at_or_after);
        let index = own.into_iter().chain(self.wanted).min()?.max(self.next(map, now));
        Some((index, map.local_at(index.show_at()) - RENDER_AHEAD))
    }
    /// The first frame whose rendering is ahead.
    fn next(&self, map: &ClockMap, now: Time<Local>) -> FrameIndex {
        let ahead = FrameIndex::first_at_or_after(map.show_at(now) + RENDER_AHEAD);
        self.last.map_or(ahead, |last| ahead.max(last.next()))
    }
    /// When the frame is put out.
    pub(super) fn due_at(map: &ClockMap, index: FrameIndex) -> Time<Local> {
        map.local_at(index.show_at())
    }
    /// Renders a frame: the newest change in force, and the hash of the pixels. `told` hears of each change that comes into
    /// force with it.
    pub(super) fn render(
        &mut self,
        index: FrameIndex,
        easel: &mut Easel,
        mut told: impl FnMut(Applied),
    ) -> (Revision, u64) {
        self.last = Some(index);
        self.wanted = self.wanted.filter(|wanted| *wanted > index);
        self.schedule.apply_due(&mut self.stack, index.show_at());
        let newest = self.stack.newest_rev();
        self.awaited.retain(|awaited| {
            let is_waiting = awaited.own > index || awaited.rev > newest;
            if !is_waiting {
                told(Applied { own: awaited.own, catch_up: awaited.catch_up });
            }
            is_waiting
        });
        (newest, easel.hash(index, &self.stack))
    }
}

/// Whether it is time to render the planned frame; else it is to be planned again, because the clock was slewed.
pub(super) fn is_current(map: &ClockMap, index: FrameIndex, now: Time<Local>) -> bool {
    let left = Frames::due_at(map, index) - now;
    left <= RENDER_AHEAD + Span::from_ns(PERIOD.as_ns() / 2) && left >= -PERIOD
}
