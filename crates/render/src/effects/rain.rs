//! Drops that fall down the figure.

use super::{Shape, View};
use crate::color::Rgb16;
use crate::fixed::{FULL, hash, hash16, scale, squared, widen};

/// Complexity is the number of drops; intensity their contrast to the ground; variation gives them paces and lengths of
/// their own. On a matrix every column has its drops; on a line they follow each other.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let lanes = if view.shape == Shape::Plane { view.count(4, 24) } else { 1 };
    let drops = if lanes == 1 { view.count(1, 8) as u16 } else { 1 };
    view.paint(out, |_, point| {
        let lane = (u32::from(point.x) * lanes * u32::from(lanes > 1)) >> 16;
        let pace = (3 * 256 + view.stray(lane) / 60) as u32;
        let time = view.travel_256(pace).wrapping_add(hash(view.seed, lane, 13));
        let place = view.height(point).wrapping_mul(drops).wrapping_add(time as u16);
        let drop = view.height(point).wrapping_mul(drops) > FULL - time as u16;
        let number = (time >> 16).wrapping_add(u32::from(drop));
        let length = FULL - scale(hash16(view.seed, number, lane), widen(view.variation) / 2);
        let level = scale(squared(squared(FULL - place)), length);
        view.shade(hash16(view.seed, lane, 14), level)
    });
}
