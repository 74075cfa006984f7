//! Two colours that flash in turn, side by side.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, widen};

/// Complexity is the number of pairs, 1 to 4, and of flashes in a row; intensity the contrast to the ground; variation lets
/// pairs flash at times of their own. Its own palette is `police`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let pairs = view.count(1, 4);
    let flashes = view.count(1, 4) as u16;
    view.paint(out, |_, point| {
        let field = (u32::from(point.along) * pairs * 2) >> 16;
        let now = view.strayed(view.turn(6), field / 2);
        let side = field % 2 == 1;
        let turn = side == (now >= 0x8000);
        let level = if turn && now.wrapping_mul(2 * flashes) < 0x8000 { FULL } else { 0 };
        // The first half of the palette against the second.
        view.shade(if side { widen(160) } else { 0 }, level)
    });
}
