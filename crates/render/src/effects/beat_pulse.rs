//! The whole figure flashes up on every beat and dies away.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, scale, squared};

/// The first beat of a bar is stronger. Complexity lets the flash reach the ends later; intensity is the contrast to the
/// ground; variation changes colours and levels from beat to beat; speed is the drift through the palette.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let (beat, since) = view.beat();
    let strength = if view.is_downbeat() { FULL } else { FULL - FULL / 4 };
    let lag = view.grain(0, 0x6000);
    let index = view.strayed(view.turn(1), beat);
    view.paint(out, |_, point| {
        let late = scale(point.reach, lag);
        let level = if since < late { 0 } else { squared(FULL - (since - late)) };
        view.shade(index, scale(scale(level, strength), view.uneven(beat)))
    });
}
