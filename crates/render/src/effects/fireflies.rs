//! Small lights that wander and glow.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{hash, noise1, scale, wave};

/// Complexity is the number of fireflies, 2 to 10; intensity their contrast to the dusk; variation widens their ways.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let flies = view.count(2, 10);
    let bump = view.bump(0x1400);
    let mut places = [(0, 0, 0); 10];
    for (k, place) in (0..flies).zip(&mut places) {
        let seed = hash(view.seed, k, 15);
        let roam = 0x2000 + view.variation as u16 * 0x80;
        let home = (((2 * k + 1) << 15) / flies) as u16;
        let x = home.wrapping_add(scale(noise1(seed, view.travel(2)), roam)).wrapping_sub(roam / 2);
        let y = noise1(seed ^ 1, view.travel(2));
        *place = (x, y, wave((seed as u16).wrapping_add(view.turn(2 + k % 3))));
    }
    view.paint(out, |_, point| {
        let (mut level, mut index) = (0, 0);
        for (k, &(x, y, glow)) in (0_u16..).zip(&places[..flies as usize]) {
            let light = scale(bump.level(view.distance(point, x, y)), glow);
            if light > level {
                (level, index) = (light, k.wrapping_mul(21_845));
            }
        }
        view.shade(index, level)
    });
}
