//! Blocks that jump on with every beat.

use super::View;
use crate::color::Rgb16;
use crate::fixed::ease;

/// Complexity is the number of blocks, 1 to 8; intensity their contrast to the ground; variation makes them jump by unequal
/// lengths; speed is the drift through the palette.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let blocks = view.count(1, 8) as u16;
    let (beat, since) = view.beat();
    // A quarter of the way round a block's field a beat, done in the first half of the beat.
    let jump = ease(since.min(0x7fff) * 2) / 4;
    let moved = (beat as u16).wrapping_mul(0x4000).wrapping_add(jump);
    let moved = moved.wrapping_add((view.stray(beat) / 4) as u16);
    let bump = view.bump(0x4000);
    view.paint(out, |_, point| {
        let place = point.along.wrapping_mul(blocks).wrapping_sub(moved);
        let block = ((u32::from(point.along) * u32::from(blocks)) >> 16) as u16;
        let index = block.wrapping_mul(21_845).wrapping_add(view.turn(1));
        view.shade(index, bump.level(place.abs_diff(0x8000)))
    });
}
