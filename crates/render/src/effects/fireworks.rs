//! Bursts of sparks that spread, slow down and go out.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash16, scale, squared};

/// Complexity is the number of bursts at a time, 1 to 5; intensity the contrast to the ground; variation how unequal bursts
/// and sparks are. Its own palette is `party`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let bursts = view.count(1, 5);
    let edge = view.bump(0x1800);
    view.paint(out, |i, point| {
        let mut color = view.colors.round(0).scaled(view.ground() / 4);
        for k in 0..bursts {
            let time = view.travel(2).wrapping_add((k << 16) / bursts);
            let burst = (time >> 16).wrapping_mul(bursts).wrapping_add(k);
            let (x, y) = (hash16(view.seed, burst, 6), hash16(view.seed, burst, 7));
            let left = FULL - time as u16;
            // Sparks slow down: the radius goes to its end as 1 - (1 - t)^2.
            let radius = scale((FULL - squared(left)) / 3, view.uneven(burst));
            let distance = view.distance(point, x, y);
            let inside = if distance < radius { FULL / 2 } else { 0 };
            let shell = edge.cone(distance.abs_diff(radius)).max(inside);
            let spark = hash16(view.seed ^ burst, i, time >> 12);
            let level = scale(scale(shell, squared(left)), spark / 2 + scale(FULL / 2, view.uneven(i)));
            color = color.plus(view.colors.round(hash16(view.seed, burst, 8)).scaled(level));
        }
        color
    });
}
