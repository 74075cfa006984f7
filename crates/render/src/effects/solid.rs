//! One colour over all, with a faint shimmer.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, noise1, scale, wave, widen};

/// The palette's first colour. Intensity is the depth of the shimmer, at most a tenth; complexity the number of its bands;
/// variation spreads neighbouring colours of the palette over the figure.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let depth = scale(FULL / 10, widen(view.intensity));
    let bands = view.count(0, 6) as u16;
    view.paint(out, |_, point| {
        let shimmer = wave(point.along.wrapping_mul(bands).wrapping_add(view.turn(1)));
        let noise = i32::from(noise1(view.seed, u32::from(point.x) * 4)) - 32_768;
        let index = (noise * i32::from(view.variation) / 1_024) as u16;
        view.colors.round(index).scaled(FULL - scale(shimmer, depth))
    });
}
