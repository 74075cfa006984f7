//! Slanting stripes of the palette, like a barber pole.

use super::View;
use crate::color::Rgb16;

/// Complexity is the number of stripes, 1 to 10; intensity the contrast between them; variation makes them unequal.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let stripes = view.count(1, 10);
    view.paint(out, |_, point| {
        // Half a turn of slope from top to bottom of a plane.
        let along = u32::from(point.along) + u32::from(point.y) / 2;
        let place = (along * stripes).wrapping_sub(view.travel(2));
        let stripe = (place >> 16) % (3 * stripes);
        let edge = view.strayed(0x8000, stripe) / 2 + 0x4000;
        let level = if (place as u16) < edge { u16::MAX } else { 0 };
        view.shade((stripe as u16).wrapping_mul(21_845), level)
    });
}
