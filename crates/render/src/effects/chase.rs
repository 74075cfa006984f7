//! Blocks of light that run one after the other.

use super::View;
use crate::color::Rgb16;
use crate::fixed::scale;

/// Complexity is the number of blocks, 1 to 12, each in the next third of the palette; intensity their contrast to the
/// ground; variation makes their places and levels uneven.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let blocks = view.count(1, 12);
    let bump = view.bump(0x4000);
    view.paint(out, |_, point| {
        let place = (u32::from(point.along) * blocks).wrapping_sub(view.travel(2));
        // Blocks keep their character while they go once round.
        let block = (place >> 16) % blocks;
        let middle = view.strayed(0x8000, block) / 2 + 0x4000;
        let level = scale(bump.level((place as u16).abs_diff(middle)), view.uneven(block));
        view.shade((block as u16).wrapping_mul(21_845), level)
    });
}
