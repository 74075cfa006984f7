//! Flashes: three a second at the natural speed.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash16, widen};

/// Complexity divides the figure into 1 to 8 parts that flash in turn; intensity is the contrast to the ground; variation
/// leaves out flashes at random.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let parts = view.count(1, 8);
    let time = view.travel(12);
    let (flash, since) = (time >> 16, time as u16);
    view.paint(out, |_, point| {
        let part = (u32::from(point.along) * parts) >> 16;
        let turn = flash % parts == part;
        let kept = hash16(view.seed, flash, part) >= widen(view.variation) / 4 * 3;
        let level = if turn && kept && since < 0x3000 { FULL } else { 0 };
        view.shade((flash as u16).wrapping_mul(21_845), level)
    });
}
