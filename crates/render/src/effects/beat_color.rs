//! A new colour on every beat, melting into the next.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, ease, scale, wave, widen};

/// Complexity is the number of bands, 1 to 8, each a step further in the palette; intensity the flash at the beat; variation
/// makes the steps unequal; speed is the drift through the palette.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let bands = view.count(1, 8);
    let (beat, since) = view.beat();
    let flash = scale(FULL - since.min(0x7fff) * 2, widen(view.intensity));
    let step = |number: u32| view.strayed((number as u16).wrapping_mul(11_213), number);
    let melt = ease(since.min(0x3fff) * 4);
    view.paint(out, |_, point| {
        let band = (u32::from(point.along) * bands) >> 16;
        let drift = view.turn(1).wrapping_add(wave(point.along) / 8);
        let old = view.colors.round(step(beat.wrapping_add(band).wrapping_sub(1)).wrapping_add(drift));
        let new = view.colors.round(step(beat.wrapping_add(band)).wrapping_add(drift));
        old.toward(new, melt).scaled(FULL / 2 + flash / 2)
    });
}
