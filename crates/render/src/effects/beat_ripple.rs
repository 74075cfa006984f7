//! A ring that leaves the centre on every beat.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, scale, squared};

/// Complexity is the number of rings on their way, 1 to 4; intensity their contrast to the ground; variation moves the centre
/// from beat to beat; speed is the drift through the palette.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let rings = view.count(1, 4);
    let (beat, since) = view.beat();
    let bump = view.bump(0x1800);
    view.paint(out, |_, point| {
        let (mut level, mut index) = (0, view.turn(1));
        for age in 0..rings {
            let number = beat.wrapping_sub(age);
            let progress = (((age << 16) + u32::from(since)) / rings) as u16;
            let (x, y) = (view.strayed(0x8000, number) / 2 + 0x4000, view.strayed(0x8000, number ^ 0x55) / 2 + 0x4000);
            let ring = bump.level(view.distance(point, x, y).abs_diff(progress));
            let ring = scale(ring, squared(FULL - progress / 2));
            if ring > level {
                (level, index) = (ring, view.turn(1).wrapping_add((number as u16).wrapping_mul(21_845)));
            }
        }
        view.shade(index, level)
    });
}
