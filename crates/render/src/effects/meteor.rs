//! Meteors that fall along the figure and leave a crumbling trail.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash16, scale, squared, widen};

/// Complexity is the number of meteors, 1 to 5; intensity the contrast of the trail to the ground; variation how much the
/// trail crumbles and how irregularly meteors come.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let meteors = view.count(1, 5);
    view.paint(out, |i, point| {
        let mut best = 0;
        for k in 0..meteors {
            let time = view.travel(2).wrapping_add((k << 16) / meteors);
            let fall = time >> 16;
            // The head runs over twice the length, so that the trail leaves the figure too.
            let start = view.stray(fall ^ (k << 20)).unsigned_abs() / 2;
            let head = u32::from(time as u16) * 2;
            let Some(behind) = head.checked_sub(u32::from(view.height(point)) + start) else { continue };
            if behind > 0x7fff {
                continue;
            }
            let trail = squared(FULL - (behind as u16) * 2);
            let crumb = hash16(view.seed ^ fall, i, time >> 13);
            let level = scale(trail, FULL - scale(scale(crumb, behind as u16 * 2), widen(view.variation)));
            best = level.max(best);
        }
        view.shade(FULL / 3 - best / 3, best)
    });
}
