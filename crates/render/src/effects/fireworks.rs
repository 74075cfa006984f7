//! Bursts of sparks that spread, slow down and go out.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash16, scale, squared};

/// Complexity is the number of bursts at a time, 1 to 5; intensity the contrast to the ground; variation how unequal bursts
/// and sparks are. Its own palette is `party`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let bursts = view.count(1, 5);
    let edge = view.bump(0x1800);
    let ground = view.colors.round(0).scaled(view.ground() / 4);
    let mut sky = [None; 5];
    for (k, burst) in (0..bursts).zip(&mut sky) {
        *burst = Some(Burst::at(view, k, bursts));
    }
    view.paint(out, |i, point| {
        let mut color = ground;
        for burst in sky.iter().flatten() {
            let distance = view.distance(point, burst.x, burst.y);
            let inside = if distance < burst.radius { FULL / 2 } else { 0 };
            let shell = edge.cone(distance.abs_diff(burst.radius)).max(inside);
            if shell > 0 {
                let spark = hash16(view.seed ^ burst.number, i, burst.flicker);
                let level = scale(scale(shell, burst.level), spark / 2 + scale(FULL / 2, view.uneven(i)));
                color = color.plus(burst.color.scaled(level));
            }
        }
        color
    });
}

/// One burst at this moment.
#[derive(Clone, Copy)]
struct Burst {
    number: u32,
    x: u16,
    y: u16,
    radius: u16,
    level: u16,
    color: Rgb16,
    /// Changes when the sparks do.
    flicker: u32,
}

impl Burst {
    fn at(view: &View<'_>, k: u32, bursts: u32) -> Self {
        let time = view.travel(2).wrapping_add((k << 16) / bursts);
        let number = (time >> 16).wrapping_mul(bursts).wrapping_add(k);
        let random = |key| hash16(view.seed, number, key);
        let level = squared(FULL - time as u16);
        // Sparks slow down: the radius goes to its end as 1 - (1 - t)^2.
        let radius = scale((FULL - level) / 3, view.uneven(number));
        let color = view.colors.round(random(8));
        Self { number, x: random(6), y: random(7), radius, level, color, flicker: time >> 12 }
    }
}
