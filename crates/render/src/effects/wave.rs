//! Waves of light that run along the figure.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{scale, wave};

/// Complexity is the number of waves, 1 to 8; intensity their depth; variation bends them and makes them uneven.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let waves = view.count(1, 8) as u16;
    view.paint(out, |_, point| {
        let place = view.bent(point).wrapping_mul(waves).wrapping_sub(view.turn(2));
        let slow = wave(point.along.wrapping_add(view.turn(1)));
        let level = scale(wave(place), view.uneven(0) / 2 + slow / 2);
        view.shade(point.along.wrapping_add(view.turn(1)), level)
    });
}
