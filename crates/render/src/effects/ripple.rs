//! Rings that spread like drops on water.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash16, scale};

/// Complexity is the number of ripples at a time, 1 to 5; intensity their contrast to the ground; variation how irregularly
/// the drops fall in place and strength.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let ripples = view.count(1, 5);
    let bump = view.bump(0x1400);
    let mut drops = [(0, 0, 0, 0, 0); 5];
    for (k, drop) in (0..ripples).zip(&mut drops) {
        let time = view.travel(2).wrapping_add((k << 16) / ripples);
        let number = (time >> 16).wrapping_mul(ripples).wrapping_add(k);
        let x = hash16(view.seed, number, 4) / 2 + 0x4000;
        let y = hash16(view.seed, number, 5) / 2 + 0x4000;
        let strength = scale(FULL - time as u16, view.uneven(number));
        *drop = (view.strayed(x, number), view.strayed(y, number ^ 0x100), time as u16, strength, number);
    }
    view.paint(out, |_, point| {
        let (mut level, mut index) = (0, 0);
        for &(x, y, radius, strength, number) in &drops[..ripples as usize] {
            let ring = scale(bump.level(view.distance(point, x, y).abs_diff(radius)), strength);
            if ring > level {
                (level, index) = (ring, (number as u16).wrapping_mul(21_845));
            }
        }
        view.shade(index, level)
    });
}
