//! All hues, moving along the figure.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, scale, wave, widen};

/// The palette's circle laid along the figure, 0 to 2 times by complexity (none: one colour that changes). Intensity is the
/// depth of a slow dimming that runs against it, at most a quarter; variation bends the rainbow.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let times = view.count(0, 2) as u16;
    let depth = scale(FULL / 4, widen(view.intensity));
    view.paint(out, |_, point| {
        let index = view.bent(point).wrapping_mul(times).wrapping_sub(view.turn(1));
        let dim = wave(point.along.wrapping_add(view.turn(2)));
        view.colors.round(index).scaled(FULL - scale(dim, depth))
    });
}
