//! Lights that slowly come and go, each at its own time.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{ease, hash, triangle};

/// Complexity is the share of lights that are on at a time; intensity their contrast to the ground; variation gives them
/// paces of their own.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let share = view.count(24, 230) << 24;
    view.paint(out, |i, _| {
        let own = hash(view.seed, i, 0);
        let pace = (2 * 256 + view.stray(i) / 86) as u32;
        let time = view.travel_256(pace).wrapping_add(own);
        let draw = hash(view.seed, i, time >> 16);
        let level = if draw < share { ease(triangle(time as u16)) } else { 0 };
        view.shade((own >> 8) as u16, level)
    });
}
