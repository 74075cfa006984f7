//! Layered swell with bright crests.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{scale, wave};

/// Complexity is the number of waves; intensity the height of the crests; variation bends the swell. Its own palette is
/// `ocean`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let waves = view.count(1, 5) as u16;
    view.paint(out, |_, point| {
        let place = view.bent(point);
        let long = wave(place.wrapping_mul(waves).wrapping_add(view.turn(2)));
        let short = wave(place.wrapping_mul(waves * 3).wrapping_sub(view.turn(3)));
        let deep = wave(point.y.wrapping_add(place.wrapping_mul(2)).wrapping_add(view.turn(1)));
        let swell = long / 2 + short / 4 + deep / 4;
        let crest = scale(scale(swell, swell), swell);
        view.colors
            .ramp(swell / 4 * 3)
            .scaled(view.lit(swell))
            .plus(Rgb16::WHITE.scaled(scale(scale(crest, crest), u16::from(view.intensity) * 128)))
    });
}
