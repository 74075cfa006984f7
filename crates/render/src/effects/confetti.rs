//! Coloured dots that flash up anywhere and fade.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash, scale, squared};

/// Complexity is the number of dots; intensity their contrast to the ground; variation how unequal they are in level. Its
/// own palette is `party`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let share = view.count(10, 160) << 24;
    view.paint(out, |i, _| {
        let time = view.travel(6).wrapping_add(hash(view.seed, i, 3));
        let dot = hash(view.seed, i, time >> 16);
        let level = if dot < share { scale(squared(FULL - time as u16), view.uneven(dot)) } else { 0 };
        view.shade((dot as u16).wrapping_add(view.turn(1)), level)
    });
}
