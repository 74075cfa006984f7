//! One colour wipes over the other from end to end.

use super::View;
use crate::color::Rgb16;
use crate::fixed::lerp;

/// Complexity is the number of wipes side by side, 1 to 6; intensity the contrast of the fresh edge to what it leaves;
/// variation frays the edge.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let wipes = view.count(1, 6) as u16;
    let time = view.travel(2);
    let edge = view.bump(0x3000);
    view.paint(out, |i, point| {
        let place = point.along.wrapping_mul(wipes);
        let front = time.wrapping_add((view.stray(i) / 4) as u32);
        let fresh = place < front as u16;
        let wipe = (front >> 16).wrapping_sub(u32::from(!fresh)) as u16;
        let glow = if fresh { edge.cone(front as u16 - place) } else { 0 };
        let level = lerp(view.lit(0x8000), u16::MAX, glow);
        view.colors.round(wipe.wrapping_mul(21_845)).scaled(level)
    });
}
