//! The whole figure breathes, a colour a breath.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{scale, squared, wave};

/// One breath in a cycle. Complexity lets the ends breathe later than the middle; intensity is the depth; variation lets
/// every pixel breathe at its own time.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let lag = view.grain(0, 0x8000);
    view.paint(out, |i, point| {
        let late = scale(point.reach, lag).wrapping_add((view.stray(i) / 4) as u16);
        let time = view.travel(1).wrapping_sub(u32::from(late)).wrapping_sub(0x4000);
        let level = squared(wave(time as u16));
        view.shade(((time.wrapping_add(0x4000) >> 16) as u16).wrapping_mul(21_845), level)
    });
}
