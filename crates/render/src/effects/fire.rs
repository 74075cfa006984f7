//! Flames that rise from the beginning of the figure, or from the bottom of a matrix.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, noise2, scale, widen};

/// Complexity makes the flames finer; intensity higher; variation adds gusts. Its own palette is `fire`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let grain = u32::from(view.grain(2, 12));
    let rise = view.travel(6);
    let reach = 20_000 + u32::from(view.intensity) * 180;
    view.paint(out, |_, point| {
        let height = u32::from(view.height(point));
        let across = u32::from(point.x) * grain;
        let coarse = noise2(view.seed, across, (height * grain / 2).wrapping_sub(rise));
        let fine = noise2(view.seed ^ 1, across * 2, (height * grain).wrapping_sub(rise.wrapping_mul(2)));
        let gust = noise2(view.seed ^ 2, across / 2, view.travel(3));
        let flame = coarse / 2 + fine / 4 + FULL / 4;
        // What cools grows with the height; a gust takes up to half of the reach.
        let reach = reach - u32::from(scale(scale(gust, widen(view.variation)), (reach / 2) as u16));
        let heat = u32::from(flame).saturating_sub(height * 40_000 / reach);
        let heat = (heat * 5 / 4).min(u32::from(FULL)) as u16;
        view.colors.ramp(heat).scaled(FULL - scale(FULL - heat, FULL - heat))
    });
}
