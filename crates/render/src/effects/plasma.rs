//! Soft colour clouds of overlaid waves.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{scale, sin, wave, widen};

/// Complexity makes the waves shorter; intensity deepens light and shade; variation twists the waves into each other. Its
/// own palette is `rainbow`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let grain = view.grain(0x4000, 0xffff);
    let twist = i32::from(view.variation) * 48;
    view.paint(out, |_, point| {
        let (x, y) = (scale(point.x, grain), scale(point.y, grain));
        let bend = (sin(y.wrapping_mul(3).wrapping_add(view.turn(2))) * twist / 32_768) as u16;
        let a = wave(x.wrapping_mul(3).wrapping_add(view.turn(2)).wrapping_add(bend));
        let b = wave(y.wrapping_mul(4).wrapping_sub(view.turn(3)).wrapping_add(x));
        let c = wave(scale(point.reach, grain).wrapping_mul(3).wrapping_sub(view.turn(1)));
        let index = (a / 3 + b / 3 + c / 3).wrapping_add(view.turn(1));
        let shadow = wave(index.wrapping_mul(2).wrapping_add(c));
        view.colors.round(index).scaled(view.lit(shadow) / 2 + view.lit(widen(255)) / 2)
    });
}
