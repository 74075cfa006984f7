//! A light that runs to and fro with a fading trail.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, scale, squared};

/// Complexity shortens the trail and adds a second light; intensity is the contrast to the ground; variation
/// makes their ways uneven.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let lights = view.count(0, 2).max(1) as u16;
    let shortening = 256 + 4 * u32::from(view.complexity);
    view.paint(out, |_, point| {
        let (mut level, mut light) = (0, 0);
        for k in 0..lights {
            let now = view.strayed(view.turn(2), 2 * u32::from(k)).wrapping_add(k * (FULL / lights));
            // The light passes a place twice in a cycle: on its way out and on its way back.
            let out = point.along >> 1;
            let since = now.wrapping_sub(out).min(now.wrapping_add(out));
            let trail = squared(FULL - (u32::from(since) * shortening / 256).min(u32::from(FULL)) as u16);
            if trail > level {
                (level, light) = (trail, k);
            }
        }
        let level = scale(level, view.uneven(77));
        view.shade(light.wrapping_mul(21_845), level)
    });
}
