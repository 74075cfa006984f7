//! A sweep over the figure once in every bar.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, squared};

/// Complexity is the number of sweeps side by side, 1 to 4; intensity the contrast of the trail to the ground; variation
/// bends the sweep; speed is the drift through the palette.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let sweeps = view.count(1, 4) as u16;
    let (bar, place) = view.bar();
    let forward = bar.is_multiple_of(2);
    view.paint(out, |_, point| {
        let at = view.bent_within(point.along).wrapping_mul(sweeps);
        let at = if forward { at } else { FULL - at };
        let level = if at <= place { squared(FULL - (place - at)) } else { 0 };
        view.shade(view.turn(1).wrapping_add((bar as u16).wrapping_mul(21_845)), level)
    });
}
