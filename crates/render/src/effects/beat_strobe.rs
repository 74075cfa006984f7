//! Short flashes on the beat and its parts.

use super::View;
use crate::color::Rgb16;
use crate::fixed::FULL;

/// Complexity is the number of flashes a beat: 1, 2, 4 or 8; intensity their contrast to the ground; variation puts them in
/// different places; speed is the drift through the palette.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let parts = 1 << view.count(0, 3);
    let beats = (view.beats() as u64).wrapping_mul(parts);
    let (flash, since) = ((beats >> 16) as u32, beats as u16);
    let from = view.strayed(0, flash);
    let width = FULL - u16::from(view.variation) * 192;
    let index = view.turn(1).wrapping_add((flash as u16).wrapping_mul(21_845));
    view.paint(out, |_, point| {
        let on = since < 0x4000 && point.along.wrapping_sub(from) <= width;
        view.shade(index, if on { FULL } else { 0 })
    });
}
