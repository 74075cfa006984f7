//! Dots that swing past each other at different rates.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{wave, widen};

/// Complexity is the number of dots, 2 to 8; intensity their contrast to the ground; variation lets them start anywhere. Its
/// own palette is `rainbow`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let dots = view.count(2, 8) as u16;
    let bump = view.bump(0x0c00);
    let ground = view.colors.round(view.turn(1)).scaled(view.ground() / 3);
    let mut places = [0; 8];
    for (k, place) in (0_u32..).zip(&mut places) {
        *place = wave(view.strayed(view.turn(k + 2), k));
    }
    view.paint(out, |_, point| {
        let mut color = ground;
        for (k, place) in (0_u16..).zip(&places[..usize::from(dots)]) {
            let level = bump.level(point.along.abs_diff(*place));
            if level > 0 {
                color = color.lighter(view.colors.round(k * (widen(255) / dots)).scaled(level));
            }
        }
        color
    });
}
