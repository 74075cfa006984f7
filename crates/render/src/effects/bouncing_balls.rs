//! Balls that are thrown up and fall back.

use super::{Shape, View};
use crate::color::Rgb16;
use crate::fixed::scale;

/// Complexity is the number of balls, 1 to 6, each slower and higher than the last; intensity their contrast to the ground;
/// variation gives them heights and moments of their own. On a matrix every ball has its column.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let balls = view.count(1, 6);
    let bump = view.bump(0x0800);
    let mut heights = [0; 6];
    for (k, height) in (0..balls).zip(&mut heights) {
        let time = u64::from(view.strayed(view.turn(8 - k), k));
        // 4 t (1 - t), full in the middle of the throw.
        let throw = (4 * time * (0xffff - time) / 0xffff) as u16;
        let top = 0xffff - (k as u16) * 0x0c00;
        *height = scale(throw, scale(top, view.uneven(k) / 2 + 0x7fff));
    }
    view.paint(out, |_, point| {
        let (mut level, mut index) = (0, view.turn(1));
        for (k, height) in (0..balls).zip(heights) {
            let own = view.shape != Shape::Plane || (u32::from(point.x) * balls) >> 16 == k;
            let ball = if own { bump.level(view.height(point).abs_diff(height)) } else { 0 };
            if ball > level {
                (level, index) = (ball, (k as u16).wrapping_mul(21_845));
            }
        }
        view.shade(index, level)
    });
}
