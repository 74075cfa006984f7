//! A show of one scene, rendered frame by frame.
#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part of this module")]

use cuelight_render::{Finish, Geometry, Renderer, Stack};
use cuelight_wire::ids::Revision;
use cuelight_wire::scene::{Layer, Rgb, Scene};
use cuelight_wire::time::{FrameIndex, Show, Time};

/// A cut to `scene` at `at`, from phase 0.
pub fn layer(rev: u32, at: Time<Show>, scene: Scene) -> Layer {
    Layer { rev: Revision(rev), at, fade_ms: 0, scene, phase: 0, zone_phases: [0; 4] }
}

/// A renderer for a geometry in its text form.
pub fn renderer(geometry: &str, finish: Finish) -> Renderer<640> {
    let geometry = geometry.parse::<Geometry>().expect("tests name valid geometries");
    Renderer::new(geometry, finish, 0).expect("tests use at most 640 pixels")
}

/// The pixels of one frame.
pub fn frame(renderer: &mut Renderer<640>, stack: &Stack, index: i64) -> Vec<Rgb> {
    let mut out = vec![Rgb::BLACK; renderer.geometry().len()];
    renderer.render(stack, FrameIndex(index), &mut out);
    out
}

/// The pixels of `scene` on `geometry` at the given frames, as light: no gamma, no dithering.
pub fn film(geometry: &str, scene: &Scene, frames: impl IntoIterator<Item = i64>) -> Vec<Vec<Rgb>> {
    let stack = Stack::of(layer(1, Time::ZERO, scene.clone()));
    let mut renderer = renderer(geometry, Finish::PLAIN);
    frames.into_iter().map(|index| frame(&mut renderer, &stack, index)).collect()
}

/// The largest difference of any part of any pixel of any frame.
pub fn difference(a: &[Vec<Rgb>], b: &[Vec<Rgb>]) -> u8 {
    let pixel = |(a, b): (&Rgb, &Rgb)| a.r.abs_diff(b.r).max(a.g.abs_diff(b.g)).max(a.b.abs_diff(b.b));
    a.iter().flatten().zip(b.iter().flatten()).map(pixel).max().unwrap_or(0)
}
