//! Bright heads with long fading tails.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, noise1, scale, squared, widen};

/// Complexity is the number of comets, 1 to 4, and shortens their tails; intensity the contrast of the tail to the ground;
/// variation breaks the tail into sparks.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let comets = view.count(0, 4).max(1) as u16;
    view.paint(out, |i, point| {
        let behind = view.turn(1).wrapping_mul(comets).wrapping_sub(point.along.wrapping_mul(comets));
        let tail = squared(FULL - behind);
        let spark = noise1(view.seed ^ i, view.travel(40));
        let level = scale(tail, FULL - scale(scale(spark, behind.saturating_mul(8)), widen(view.variation)));
        view.shade(behind >> 1, level)
    });
}
