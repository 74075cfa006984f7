//! The palette spread over the figure, slowly drifting.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{scale, triangle, wave, widen};

/// Complexity is how often it is repeated, 1 to 4 times; intensity how much of the palette is seen; variation bends it.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let times = view.count(1, 4);
    let drift = wave(view.turn(1)) / 4;
    view.paint(out, |_, point| {
        let place = view.bent_within(view.height(point));
        let folded = triangle(((u32::from(place) * times) >> 1) as u16);
        view.colors.round(scale(folded, widen(view.intensity)).wrapping_add(drift))
    });
}
