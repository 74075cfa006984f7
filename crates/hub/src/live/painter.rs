//! The thread that draws what the nodes show, from the very state the stream carries: a show is a function of show time, so
//! nothing comes back from the nodes (LIVE-5).
//!
//! A picture has few pixels: every effect is a function of the place, so a short strip or a small matrix shows the same as a large
//! one, seen from further away. Matrices are drawn by rows from the top left, however they are wired. A node that does not say how its
//! LEDs are laid out is drawn as a strip.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use cuelight_conductor::{NodeSnapshot, Snapshot, State};
use cuelight_output::load_pattern;
use cuelight_pattern::store::Store;
use cuelight_render::color::Rgb16;
use cuelight_render::pattern::{Patterns, Player};
use cuelight_render::{Finish, Geometry, Renderer, Stack};
use cuelight_wire::ids::PatternId;
use cuelight_wire::scene::{PatternPlay, Rgb};
use cuelight_wire::stream::full_state;
use cuelight_wire::time::{FrameIndex, Show, Time};
use tracing::warn;

use super::gallery::Wish;
use crate::shared::Shared;

/// Pictures a second.
const RATE: u32 = 12;
/// Pixels of a picture, all its nodes together.
pub(crate) const MAX_PIXELS: usize = 2_000;
/// Seed of nodes that are not given one: what is random looks the same on all of them.
const SEED: u32 = 0;
/// Patterns that are kept ready; when another is wanted the one that was longest not drawn goes.
const MAX_PATTERNS: usize = 4;
/// Layouts that are kept ready. There are few: nodes of a picture have few.
const MAX_LAYOUTS: usize = 32;

/// What kind of binary message it is, and which form of it.
const KIND: [u8; 2] = [1, 2];
/// Bytes before the nodes of a picture, and before the pixels of a node.
const HEAD: usize = 24;
const NODE_HEAD: usize = 14;

/// Runs until the hub stops.
pub(super) fn paint(shared: &Shared) {
    let gallery = &shared.live.gallery;
    let mut painter = Painter::new(shared.patterns.store.clone());
    let mut next = Instant::now();
    while let Some(wishes) = gallery.wait(next) {
        next = Instant::now() + Duration::from_secs(1) / RATE;
        let snapshot = shared.snapshot.load_full();
        let now = shared.clock.now();
        let show = snapshot.clock.show_at(now);
        let stacks = stacks(&snapshot, show);
        for wish in wishes {
            gallery.hang(&wish, &painter.picture(&wish, &snapshot, &stacks, show, now.as_us()));
        }
    }
}

/// What is in force in each history of scenes; nothing for one that the stream has not carried yet.
fn stacks(snapshot: &Snapshot, show: Time<Show>) -> Vec<Stack> {
    let stack = |payload: &Vec<u8>| {
        let mut stack = Stack::new();
        if let Ok(state) = full_state::decode(payload) {
            stack.apply_state(&state, show);
        }
        stack
    };
    snapshot.full_states.iter().map(stack).collect()
}

/// What is kept from one picture to the next.
struct Painter {
    count: u32,
    layouts: HashMap<Geometry, Box<Renderer<MAX_PIXELS>>>,
    shelf: Shelf,
    pixels: Box<[Rgb; MAX_PIXELS]>,
}

impl Painter {
    fn new(store: Store) -> Self {
        let pixels = Box::new([Rgb::BLACK; MAX_PIXELS]);
        Self { count: 0, layouts: HashMap::new(), shelf: Shelf { store, ready: Vec::new() }, pixels }
    }

    fn picture(&mut self, wish: &Wish, snapshot: &Snapshot, stacks: &[Stack], show: Time<Show>, now_us: i64) -> Bytes {
        let nodes = nodes(wish, snapshot);
        let most = (MAX_PIXELS / nodes.len().max(1)).min(wish.pixels.into());
        let frame = FrameIndex::first_at_or_after(show);
        self.count = self.count.wrapping_add(1);
        let mut picture = Vec::with_capacity(HEAD + nodes.len() * (NODE_HEAD + 3 * most));
        picture.extend(KIND);
        picture.extend(u16::try_from(nodes.len()).unwrap_or(u16::MAX).to_le_bytes());
        picture.extend(self.count.to_le_bytes());
        picture.extend(frame.show_at().as_us().to_le_bytes());
        picture.extend(now_us.to_le_bytes());
        for node in nodes {
            let stack = stacks.get(node.full_state);
            let layout = stack.and_then(|_| layout(node, most));
            let length = layout.map_or(0, |layout| layout.len());
            let rev = stack.map_or(0, |stack| stack.newest_rev().0);
            picture.extend(node.id.0.to_le_bytes());
            picture.extend(u16::try_from(length).expect("at most 2,000").to_le_bytes());
            picture.extend(layout.map_or(0, columns).to_le_bytes());
            picture.extend(node.topo.leds.to_le_bytes());
            picture.extend(rev.to_le_bytes());
            let pixels = stack.zip(layout).map_or(&[][..], |(stack, layout)| self.draw(stack, frame, layout));
            picture.extend(pixels.iter().flat_map(|Rgb { r, g, b }| [*r, *g, *b]));
        }
        picture.into()
    }

    fn draw(&mut self, stack: &Stack, frame: FrameIndex, layout: Geometry) -> &[Rgb] {
        if self.layouts.len() >= MAX_LAYOUTS && !self.layouts.contains_key(&layout) {
            self.layouts.clear();
        }
        let renderer = self.layouts.entry(layout).or_insert_with(|| {
            let renderer = Renderer::new(layout, Finish::PLAIN, SEED);
            Box::new(renderer.expect("no layout is larger than a picture"))
        });
        let pixels = &mut self.pixels[..layout.len()];
        renderer.render_with(&mut self.shelf, stack, frame, pixels);
        pixels
    }
}

/// How a node's LEDs are drawn with so many pixels at most; none for a node that has none.
fn layout(node: &NodeSnapshot, most: usize) -> Option<Geometry> {
    let leds = node.topo.leds as usize;
    let said = node.geometry().and_then(|text| text.parse().ok());
    let length = u16::try_from(leds.min(most)).expect("at most 2,000");
    match said.filter(|said: &Geometry| said.len() == leds) {
        _ if length == 0 => None,
        Some(Geometry::Matrix { width, height, .. }) => Some(fitted(width, height, most)),
        Some(Geometry::Ring { .. }) => Some(Geometry::ring(length)),
        Some(Geometry::Strip { .. }) | None => Some(Geometry::strip(length)),
    }
}

/// A matrix of the same shape with so many pixels at most.
fn fitted(width: u16, height: u16, most: usize) -> Geometry {
    let all = f64::from(width) * f64::from(height);
    let scale = (most as f64 / all).sqrt().min(1.0);
    let scaled = |side: u16| ((f64::from(side) * scale) as usize).max(1);
    // A side that has become one pixel leaves less for the other.
    let (width, height) = (scaled(width).min(most), scaled(height));
    let height = height.min(most / width);
    let side = |length: usize| u16::try_from(length).expect("no side has become longer");
    Geometry::matrix(side(width), side(height))
}

/// Pixels in a row.
fn columns(layout: Geometry) -> u16 {
    match layout {
        Geometry::Matrix { width, .. } => width,
        Geometry::Strip { len } | Geometry::Ring { len } => len,
    }
}

/// The nodes of a picture, by number: those that are wanted and are in the show.
fn nodes<'a>(wish: &Wish, snapshot: &'a Snapshot) -> Vec<&'a NodeSnapshot> {
    let is_wanted = |node: &&NodeSnapshot| {
        node.state != State::Removed && wish.nodes.as_ref().is_none_or(|ids| ids.binary_search(&node.id).is_ok())
    };
    snapshot.nodes.iter().filter(is_wanted).take(MAX_PIXELS).collect()
}

/// A pattern and its working memory.
type LoadedPattern = Player<Box<[u8]>, Box<[u8]>>;

/// The patterns at hand, most recently drawn last. One that cannot be drawn is remembered too, so that it is not read at
/// every picture; its scene's effect is shown (PLAY-4).
struct Shelf {
    store: Store,
    ready: Vec<(PatternId, Option<Box<LoadedPattern>>)>,
}

impl Patterns for Shelf {
    fn draw(&mut self, play: &PatternPlay, frame: FrameIndex, geometry: &Geometry, out: &mut [Rgb16]) -> bool {
        let place = self.ready.iter().position(|(id, _)| *id == play.id);
        let entry = match place {
            Some(place) => self.ready.remove(place),
            None => (play.id, self.load(play.id)),
        };
        if self.ready.len() >= MAX_PATTERNS {
            self.ready.remove(0);
        }
        self.ready.push(entry);
        let pattern = self.ready.last_mut().and_then(|(_, pattern)| pattern.as_mut());
        pattern.map(|pattern| pattern.draw(play, frame, geometry, out)).is_some()
    }
}

impl Shelf {
    fn load(&self, id: PatternId) -> Option<Box<LoadedPattern>> {
        let entry = self.store.listing().with_id(&id).cloned()?;
        let bytes = self.store.read(&entry).map_err(|error| error.to_string());
        let pattern = bytes.and_then(|bytes| load_pattern(id, bytes).map_err(|error| error.to_string()));
        pattern.inspect_err(|error| warn!(pattern = %id, "no preview of the pattern: {error}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_keeps_its_shape_in_few_pixels_and_never_has_more() {
        assert_eq!(fitted(16, 16, 2_000), Geometry::matrix(16, 16));
        assert_eq!(fitted(64, 32, 512), Geometry::matrix(32, 16));
        assert_eq!(fitted(4_096, 1, 20), Geometry::matrix(20, 1));
        for (width, height) in [(1, 1), (16, 16), (64, 64), (4_096, 1), (1, 4_096), (2, 2_048), (100, 40)] {
            for most in [1, 2, 3, 20, 333, 2_000] {
                let Geometry::Matrix { width: w, height: h, .. } = fitted(width, height, most) else { unreachable!() };
                assert!(
                    usize::from(w) * usize::from(h) <= most && w <= width && h <= height,
                    "{width}x{height} {most}"
                );
                assert!(w > 0 && h > 0);
            }
        }
    }
}
