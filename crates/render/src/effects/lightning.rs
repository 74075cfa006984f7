//! Dim clouds and sudden flashes.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash, hash16, noise2, scale, squared, widen};

/// Complexity is how often it flashes and how many places are struck; intensity the contrast of flash to cloud; variation
/// how much the flash flickers.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let (slot, since) = (view.travel(4) >> 16, view.turn(4));
    let strikes = view.count(90, 250);
    let struck = hash(view.seed, slot, 9) >> 24 < strikes;
    let (from, width) = (hash16(view.seed, slot, 10), view.grain(0x3000, 0xc000));
    let flicker = FULL - scale(hash16(view.seed, slot, u32::from(since) >> 11), widen(view.variation));
    let flash = if struck { scale(squared(FULL - since), flicker) } else { 0 };
    view.paint(out, |_, point| {
        let cloud = noise2(view.seed, (u32::from(point.x) * 4).wrapping_add(view.travel(1)), u32::from(point.y) * 4);
        let dim = view.colors.round(cloud).scaled(scale(cloud, FULL / 4 + view.ground() / 3));
        let hit = point.along.wrapping_sub(from) < width;
        dim.toward(Rgb16::WHITE, if hit { flash } else { flash / 8 })
    });
}
