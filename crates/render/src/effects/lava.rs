//! Slow, heavy blobs that rise, merge and part.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, ease, lerp, noise2, noise3, scale, widen};

/// Complexity is the number of blobs; intensity their contrast to the melt; variation makes them restless. Its own palette is
/// `lava`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let grain = u32::from(view.grain(2, 8));
    let restless = scale(FULL / 2, widen(view.variation));
    view.paint(out, |_, point| {
        let (x, y) = (u32::from(point.x) * grain, (u32::from(view.height(point)) * grain).wrapping_sub(view.travel(1)));
        let blob = noise3(view.seed, x, y, view.travel(1));
        let small = noise2(view.seed ^ 2, x * 3, y.wrapping_mul(3).wrapping_sub(view.travel(3)));
        let heat = lerp(blob, small, restless);
        let bright = ease(ease(heat));
        let melt = lerp(FULL / 2, bright, widen(view.intensity));
        view.colors.ramp(FULL / 10 + scale(melt, FULL - FULL / 10))
    });
}
