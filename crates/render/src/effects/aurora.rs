//! Curtains of polar light.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{ease, noise2, scale};

/// Complexity makes the curtains narrower; intensity deepens the dark between them; variation lets them wander in colour.
/// Its own palette is `aurora`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let grain = u32::from(view.grain(2, 10));
    view.paint(out, |_, point| {
        let x = u32::from(view.bent_within(point.x)) * grain;
        let fold = noise2(view.seed, x, view.travel(1));
        let ray = noise2(view.seed ^ 3, x * 4, view.travel(4));
        // On a plane the curtain hangs from a seam near the top and thins out downwards.
        let hang = u16::MAX - scale(point.y, point.y) / 2;
        let level = scale(scale(ease(fold), ray / 2 + 0x7fff), hang);
        view.shade((fold / 2).wrapping_add(noise2(view.seed ^ 4, x / 4, view.travel(1)) / 2), level)
    });
}
