//! Arms that turn round the centre.

use super::{Shape, View};
use crate::color::Rgb16;
use crate::fixed::wave;

/// Complexity is the number of arms, 1 to 6, and how tightly they wind; intensity the contrast between the arms; variation
/// bends them. On a strip the arms are stripes that run outwards. Its own palette is `rainbow`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let arms = view.count(1, 6) as u16;
    view.paint(out, |_, point| {
        let wound = view.bent_within(point.reach).wrapping_mul(arms).wrapping_sub(view.turn(2));
        let round = if view.shape == Shape::Line { 0 } else { point.angle.wrapping_mul(arms) };
        let place = wound.wrapping_add(round);
        view.shade(place, wave(place.wrapping_add(view.turn(1))))
    });
}
