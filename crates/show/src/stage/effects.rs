//! The effects of a list that are at work: their pictures, drawn as on pixels.

use alloc::boxed::Box;
use alloc::vec::Vec;

use cuelight_render::{Finish, Geometry, Renderer, Stack};
use cuelight_wire::change::Change;
use cuelight_wire::ids::Revision;
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{Layer, Rgb, Tempo};
use cuelight_wire::time::{FrameIndex, Show, Time};

use crate::cue::MAX_EFFECT_CELLS;
use crate::level::Level;
use crate::playback::{Anchor, MAX_ANCHORS, put_anchor};
use crate::rig::Component;
use crate::score::Tracked;

/// The most effects of one list at work at once; what further ones set is off.
pub const MAX_ACTIVE_EFFECTS: usize = 64;

/// An effect at work.
#[derive(Debug)]
struct Active {
    effect: usize,
    colors: Vec<Rgb>,
}

/// The effects of one list. All the memory they will ever need is asked for when they are made: cues with effects begin by
/// themselves, on a thread that must not ask for any.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// In rising order of their numbers.
    active: Vec<Active>,
    anchors: Vec<Anchor>,
    /// Draws one after the other: it remembers nothing from picture to picture. None in a list without effects.
    renderer: Option<Box<Renderer<MAX_EFFECT_CELLS>>>,
    /// Room for the pictures of those that are not at work, each large enough for any.
    spare: Vec<Vec<Rgb>>,
}

impl Effects {
    /// Nothing at work, and room for whatever will be.
    pub(super) fn new(list: &Tracked) -> Self {
        if list.effects.is_empty() {
            return Self::default();
        }
        let most = list.effects.len().min(MAX_ACTIVE_EFFECTS);
        let pixels = list.effects.iter().map(|effect| effect.geometry.len()).max().unwrap_or(0);
        // Nodes that work out different universes of one effect draw the same picture: the seed is the scene's alone.
        let renderer = Renderer::new(Geometry::strip(1), Finish::PLAIN, 0).ok().map(Box::new);
        Self {
            active: Vec::with_capacity(most),
            anchors: Vec::with_capacity(list.effects.len() + MAX_ANCHORS),
            renderer,
            spare: (0..most).map(|_| Vec::with_capacity(pixels)).collect(),
        }
    }
    /// Nothing at work, and from when the effects count that are older than the runs that are known.
    pub(super) fn restart(&mut self, anchors: &[Anchor]) {
        while let Some(Active { colors, .. }) = self.active.pop() {
            self.spare.push(colors);
        }
        self.count_from(anchors);
    }
    /// From when the effects count that are older than the runs that are known; what is at work stays so.
    pub(super) fn count_from(&mut self, anchors: &[Anchor]) {
        self.anchors.clear();
        self.anchors.extend_from_slice(anchors);
    }
    /// A cue was started: its effects begin, and those that it passed over and that never began.
    pub(super) fn begin(&mut self, list: &Tracked, cue: crate::number::CueNumber, at: Time<Show>) {
        for effect in list.effects.iter().take_while(|effect| effect.cue <= cue) {
            put_anchor(&mut self.anchors, Anchor { cue: effect.cue, at }, effect.cue == cue);
        }
    }
    /// Keeps at work what `used` says, by number of effect; of more than [`MAX_ACTIVE_EFFECTS`] the first.
    pub(super) fn keep(&mut self, list: &Tracked, used: &mut [bool]) {
        used.iter_mut().filter(|used| **used).skip(MAX_ACTIVE_EFFECTS).for_each(|used| *used = false);
        let mut at = 0;
        while let Some(active) = self.active.get(at) {
            if used.get(active.effect).copied().unwrap_or_default() {
                at += 1;
            } else {
                self.spare.push(self.active.remove(at).colors);
            }
        }
        for (effect, _) in used.iter().enumerate().filter(|(_, used)| **used) {
            let Err(at) = self.active.binary_search_by_key(&effect, |active| active.effect) else { continue };
            let Some(tracked) = list.effects.get(effect) else { continue };
            // There are as many as may be at work.
            let Some(mut colors) = self.spare.pop() else { continue };
            colors.clear();
            colors.resize(tracked.geometry.len(), Rgb::BLACK);
            self.active.insert(at, Active { effect, colors });
        }
    }
    /// Draws what is at work as it is at `at`: the last frame that has begun.
    pub(super) fn draw(&mut self, list: &Tracked, tempo: &Tempo, at: Time<Show>) {
        let next = FrameIndex::first_at_or_after(at);
        let frame = if next.show_at() > at { FrameIndex(next.0 - 1) } else { next };
        let Some(renderer) = &mut self.renderer else { return };
        for active in &mut self.active {
            let Some(tracked) = list.effects.get(active.effect) else { continue };
            let anchor = self.anchors.binary_search_by_key(&tracked.cue, |anchor| anchor.cue);
            let began_at = anchor.map_or(Time::ZERO, |anchor| self.anchors[anchor].at);
            let mut stack = Stack::of(Layer {
                rev: Revision(1),
                at: began_at,
                fade_ms: 0,
                scene: tracked.scene.clone(),
                phase: 0,
                zone_phases: [0; MAX_ZONES],
            });
            stack.apply(Change::Tempo(*tempo), at);
            // Never refused: effects have at most MAX_EFFECT_CELLS pixels. Several at work are mostly of one geometry.
            if renderer.set_geometry(tracked.geometry).is_ok() {
                renderer.render(&stack, frame, &mut active.colors);
            }
        }
    }
    /// A part of a pixel as it was drawn last; off where the effect is not at work.
    pub(super) fn level(&self, effect: usize, pixel: usize, component: Component) -> Level {
        let Ok(at) = self.active.binary_search_by_key(&effect, |active| active.effect) else { return Level::OFF };
        let Some(Rgb { r, g, b }) = self.active[at].colors.get(pixel).copied() else { return Level::OFF };
        let part = |part: u8| {
            if part == 0 {
                r
            } else if part == 1 {
                g
            } else {
                b
            }
        };
        Level::from_byte(match component {
            Component::Light(of) => part(of),
            Component::Dark(of) => u8::MAX - part(of),
            Component::Brightest => r.max(g).max(b),
        })
    }
}
