//! Events and show time to pixels: schedule, layers, effects, patterns, palettes, zones, colour.
//!
//! This crate decides what a node shows and in which frame. A picture is a pure function of the layers in force, the
//! frame's show time, the geometry and two seeds: no effect remembers anything, all arithmetic is on integers, so every
//! machine computes the same bytes. Nothing here allocates, reads a clock or does I/O.
//!
//! One frame, as a node runs it:
//!
//! ```
//! use cuelight_render::{Finish, Geometry, Renderer, Schedule, Stack, pixel_hash};
//! use cuelight_wire::change::Change;
//! use cuelight_wire::scene::{Layer, Rgb, Scene};
//! use cuelight_wire::ids::Revision;
//! use cuelight_wire::time::{FrameIndex, Time};
//!
//! let layer = Layer {
//!     rev: Revision(1), at: Time::from_us(0), fade_ms: 0, scene: Scene::default(), phase: 0, zone_phases: [0; 4],
//! };
//! let (mut schedule, mut stack) = (Schedule::new(), Stack::new());
//! schedule.insert(Change::Layer(layer), Time::ZERO);
//!
//! let geometry: Geometry = "strip:60".parse().unwrap();
//! let mut renderer = Renderer::<60>::new(geometry, Finish::DEFAULT, 0).unwrap();
//! let mut pixels = [Rgb::BLACK; 60];
//! let frame = FrameIndex(120);
//! schedule.apply_due(&mut stack, frame.show_at());
//! let facts = renderer.render(&stack, frame, &mut pixels);
//! assert_eq!(facts.scene_rev, Revision(1));
//! let _hash = pixel_hash(&pixels);
//! ```
#![no_std]

pub mod blend;
pub mod color;
pub mod effects;
pub mod finish;
mod fixed;
pub mod geometry;
pub mod hash;
pub mod palettes;
pub mod pattern;
pub mod presets;
pub mod renderer;
pub mod schedule;
pub mod stack;

pub use color::Rgb16;
pub use finish::Finish;
pub use geometry::{Geometry, MAX_PIXELS};
pub use hash::pixel_hash;
pub use renderer::{FrameFacts, Renderer};
pub use schedule::{Inserted, Schedule};
pub use stack::Stack;
