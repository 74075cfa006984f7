//! Every few pixels a light, all stepping on together.

use super::View;
use crate::color::Rgb16;

/// Complexity brings the lights closer, from every 8th pixel to every 2nd; intensity is their contrast to the ground;
/// variation gives lights levels and colours of their own.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let spacing = 10 - view.count(2, 8);
    let step = (view.travel(12) >> 16) % spacing;
    view.paint(out, |i, _| {
        let light = i / spacing;
        let on = (i + spacing - step).is_multiple_of(spacing);
        view.shade(view.strayed(view.turn(1), light), if on { view.uneven(light) } else { 0 })
    });
}
