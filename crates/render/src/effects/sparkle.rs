//! White sparks on a coloured ground.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash, scale, squared, widen};

/// Complexity is the number of sparks; intensity their contrast to the ground; variation colours them.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let share = view.count(4, 60) << 24;
    let ground = view.colors.round(0).scaled(scale(FULL / 3 + view.ground() / 2, FULL - FULL / 4));
    let drift = view.turn(1);
    view.paint(out, |i, _| {
        let time = view.travel(16).wrapping_add(hash(view.seed, i, 2));
        let draw = hash(view.seed, i, time >> 16);
        if draw >= share {
            return ground;
        }
        let color = Rgb16::WHITE.toward(view.colors.round(draw as u16 ^ drift), widen(view.variation));
        ground.toward(color, squared(FULL - time as u16))
    });
}
