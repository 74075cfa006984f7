//! Drifting clouds of colour.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{ease, lerp, noise3, widen};

/// Complexity makes the clouds smaller; intensity deepens light and shade; variation lets colours differ from light to light
/// instead of following it.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let grain = u32::from(view.grain(2, 14));
    view.paint(out, |_, point| {
        let (x, y) = (u32::from(point.x) * grain, u32::from(point.y) * grain / 2);
        let cloud = noise3(view.seed, x, y, view.travel(2));
        let other = noise3(view.seed ^ 5, x / 2, y / 2, view.travel(1));
        let index = lerp(cloud, other, widen(view.variation)).wrapping_add((view.travel(1) / 4) as u16);
        view.shade(index, ease(cloud))
    });
}
