//! Candle light: steady, now and then restless.

use super::View;
use crate::color::Rgb16;
use crate::fixed::{FULL, hash, noise1, scale, widen};

/// Complexity is the number of candles, 1 to 12; intensity the depth of their flicker; variation how restless they are and
/// how they differ in colour. Its own palette is `warm`.
pub(super) fn draw(view: &View<'_>, out: &mut [Rgb16]) {
    let candles = view.count(1, 12);
    let depth = scale(FULL / 2, widen(view.intensity));
    view.paint(out, |_, point| {
        let candle = (u32::from(point.along) * candles) >> 16;
        let seed = hash(view.seed, candle, 12);
        let slow = noise1(seed, view.travel(5));
        let quick = noise1(seed ^ 1, view.travel(24));
        let flicker = scale(slow, FULL / 2) + scale(quick, widen(view.variation) / 2);
        let color = view.colors.ramp(FULL / 3 + slow / 4 - scale(quick / 8, widen(view.variation)));
        color.scaled(FULL - scale(flicker, depth))
    });
}
