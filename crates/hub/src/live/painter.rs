//! The thread that draws what the nodes show, from the very state the stream carries: a show is a function of show time, so
//! nothing comes back from the nodes (LIVE-5).
//!
//! A picture has few pixels: every effect is a function of the place along the strip, so a short strip shows the same as a long one,
//! seen from further away. What a node is wired to beyond the number of its LEDs the hub does not know: all are drawn as strips.

use std::collections::BTreeMap;
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
/// Strips that are kept ready, one for each length. There are few: nodes of a picture have few lengths.
const MAX_STRIPS: usize = 32;

/// What kind of binary message it is, and which form of it.
const KIND: [u8; 2] = [1, 1];
/// Bytes before the nodes of a picture, and before the pixels of a node.
const HEAD: usize = 24;
const NODE_HEAD: usize = 12;

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
    strips: BTreeMap<u16, Box<Renderer<MAX_PIXELS>>>,
    shelf: Shelf,
    pixels: Box<[Rgb; MAX_PIXELS]>,
}

impl Painter {
    fn new(store: Store) -> Self {
        let pixels = Box::new([Rgb::BLACK; MAX_PIXELS]);
        Self { count: 0, strips: BTreeMap::new(), shelf: Shelf { store, ready: Vec::new() }, pixels }
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
            let length = u16::try_from(most.min(node.topo.leds as usize)).expect("at most 2,000");
            let rev = stacks.get(node.full_state).map_or(0, |stack| stack.newest_rev().0);
            picture.extend(node.id.0.to_le_bytes());
            picture.extend(length.to_le_bytes());
            picture.extend(node.topo.leds.to_le_bytes());
            picture.extend(rev.to_le_bytes());
            let pixels = match stacks.get(node.full_state) {
                Some(stack) if length > 0 => self.draw(stack, frame, length),
                _ => &[],
            };
            picture.extend(pixels.iter().flat_map(|Rgb { r, g, b }| [*r, *g, *b]));
        }
        picture.into()
    }

    fn draw(&mut self, stack: &Stack, frame: FrameIndex, length: u16) -> &[Rgb] {
        if self.strips.len() >= MAX_STRIPS && !self.strips.contains_key(&length) {
            self.strips.clear();
        }
        let renderer = self.strips.entry(length).or_insert_with(|| {
            let strip = Renderer::new(Geometry::strip(length), Finish::PLAIN, SEED);
            Box::new(strip.expect("no strip is longer than a picture"))
        });
        let pixels = &mut self.pixels[..length.into()];
        renderer.render_with(&mut self.shelf, stack, frame, pixels);
        pixels
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
